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
		"ramp":          {"RAMP_BUILD_ID": "2026.11.23-5c2a"},
		"orders":        {"RAMP_BUILD_ID": "2026.11.23-5c2a", "RAMP_DEPLOYMENT": "orders"},
		"payments/ramp": {"TEMPORAL_WORKER_BUILD_ID": "2026.11.23-5c2a", "TEMPORAL_DEPLOYMENT_NAME": "payments/ramp"},
		"payments/both": {
			"TEMPORAL_WORKER_BUILD_ID": "2026.11.23-5c2a", "TEMPORAL_DEPLOYMENT_NAME": "payments/both", "RAMP_DEPLOYMENT": "payments/both",
		},
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
		{"RAMP_DEPLOYMENT", strings.Repeat("r", 128)},
		{"TEMPORAL_DEPLOYMENT_NAME", "ramp.orders"},
		{"TEMPORAL_WORKER_BUILD_ID", strings.Repeat("1", 101)},
		{"RAMP_BUILD_ID", "__1"},
		{"RAMP_BUILD_ID", strings.Repeat("1", 101)},
	} {
		_, err := loadConfig(with(map[string]string{test.variable: test.value}))
		require.ErrorContains(t, err, test.variable+" must", test.value)
		require.ErrorContains(t, err, "nothing was started")
	}
}

func TestVersionsThatDifferAreAnError(t *testing.T) {
	t.Parallel()
	_, err := loadConfig(with(map[string]string{
		"RAMP_BUILD_ID": "v1", "TEMPORAL_WORKER_BUILD_ID": "v2", "RAMP_DEPLOYMENT": "ramp", "TEMPORAL_DEPLOYMENT_NAME": "payments/ramp",
	}))
	require.ErrorContains(t, err, "RAMP_BUILD_ID and TEMPORAL_WORKER_BUILD_ID differ")
	require.ErrorContains(t, err, "RAMP_DEPLOYMENT and TEMPORAL_DEPLOYMENT_NAME differ")
}
