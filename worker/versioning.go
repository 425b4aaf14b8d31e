package main

import (
	"fmt"
	"strings"

	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

// maxNameLength is the maximum length of a deployment's name and of a build id. Temporal joins both in one keyword, which some
// visibility stores limit to 255 bytes.
const maxNameLength = 100

// deployment returns the options that pin each order to the version that it started on. Without a build id the worker has no
// version: a new version receives no orders until "starter deployment promote", for which a developer's worker would wait
// forever.
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

// checkVersion finds names that Temporal would refuse at the first poll, after the start.
func (c workerConfig) checkVersion() []error {
	var problems []error
	if invalidName(c.Deployment) || strings.ContainsAny(c.Deployment, ".:") {
		problems = append(problems, fmt.Errorf("RAMP_DEPLOYMENT must have at most %d characters, no full stop or colon, and not begin with __", maxNameLength))
	}
	if invalidName(c.BuildID) {
		problems = append(problems, fmt.Errorf("RAMP_BUILD_ID must have at most %d characters and not begin with __", maxNameLength))
	}
	return problems
}

func invalidName(name string) bool { return len(name) > maxNameLength || strings.HasPrefix(name, "__") }
