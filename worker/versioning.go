package main

import (
	"fmt"
	"strings"

	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

// longestName of a deployment or a build id. Temporal lists orders by both in one keyword, which some stores cut at 255
// bytes.
const longestName = 100

// deployment makes every order stay with the version that it began on. A version gets no orders before it is told to, by
// starter deployment promote, so a worker has one only where its environment says so: a developer's worker that nobody
// promotes would let orders wait for ever.
func (c workerConfig) deployment() worker.DeploymentOptions {
	if c.BuildID == "" {
		return worker.DeploymentOptions{}
	}
	return worker.DeploymentOptions{
		UseVersioning:             true,
		Version:                   worker.WorkerDeploymentVersion{DeploymentName: c.Deployment, BuildID: c.BuildID},
		DefaultVersioningBehavior: workflow.VersioningBehaviorPinned,
	}
}

// checkVersion finds what Temporal would refuse with the first poll, after the start.
func (c workerConfig) checkVersion() []error {
	var problems []error
	if unfit(c.Deployment) || strings.ContainsAny(c.Deployment, ".:") {
		problems = append(problems, fmt.Errorf("RAMP_DEPLOYMENT must have at most %d characters, no full stop or colon, and not begin with __", longestName))
	}
	if unfit(c.BuildID) {
		problems = append(problems, fmt.Errorf("RAMP_BUILD_ID must have at most %d characters and not begin with __", longestName))
	}
	return problems
}

func unfit(name string) bool { return len(name) > longestName || strings.HasPrefix(name, "__") }
