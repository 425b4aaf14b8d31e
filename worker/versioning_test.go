package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

func TestWorkerWithoutABuildIDHasNoVersion(t *testing.T) {
	t.Parallel()
	for _, environment := range []map[string]string{{}, {"RAMP_DEPLOYMENT": "orders"}, {"RAMP_BUILD_ID": ""}} {
		c, err := loadConfig(with(environment))
		require.NoError(t, err)
		require.Zero(t, c.Worker.deployment())
	}
}

func TestOrdersArePinnedToTheirWorkersVersion(t *testing.T) {
	t.Parallel()
	for deployment, environment := range map[string]map[string]string{
		"ramp":   {"RAMP_BUILD_ID": "2026.11.23-5c2a"},
		"orders": {"RAMP_BUILD_ID": "2026.11.23-5c2a", "RAMP_DEPLOYMENT": "orders"},
	} {
		c, err := loadConfig(with(environment))
		require.NoError(t, err)
		require.Equal(t, worker.DeploymentOptions{
			UseVersioning:             true,
			Version:                   worker.WorkerDeploymentVersion{DeploymentName: deployment, BuildID: "2026.11.23-5c2a"},
			DefaultVersioningBehavior: workflow.VersioningBehaviorPinned,
		}, c.Worker.deployment())
	}
}

func TestInvalidVersionsAreNamed(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ variable, value string }{
		{"RAMP_DEPLOYMENT", "ramp.orders"},
		{"RAMP_DEPLOYMENT", "ramp:orders"},
		{"RAMP_DEPLOYMENT", "__ramp"},
		{"RAMP_DEPLOYMENT", strings.Repeat("r", 101)},
		{"RAMP_BUILD_ID", "__1"},
		{"RAMP_BUILD_ID", strings.Repeat("1", 101)},
	} {
		_, err := loadConfig(with(map[string]string{test.variable: test.value}))
		require.ErrorContains(t, err, test.variable+" must", test.value)
		require.ErrorContains(t, err, "nothing was started")
	}
}
