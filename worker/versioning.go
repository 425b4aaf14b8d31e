package main

import (
	"cmp"
	"fmt"
	"strings"

	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

// defaultDeployment is the name of the deployment unless a variable names another.
const defaultDeployment = "ramp"

// Maximum lengths of a deployment's name, as long as Temporal's worker controller makes it (namespace/name), and of a build id. Temporal joins both
// in one keyword, which some visibility stores limit to 255 bytes.
const (
	maxDeploymentLength = 127
	maxBuildLength      = 100
)

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

// chooseVersion takes the version from Rampart's own variables or from those of Temporal's worker controller, and finds names that Temporal would
// refuse at the first poll, after the start.
func (c *config) chooseVersion() []error {
	var problems []error
	choose := func(own *string, variable, injected, injectedVariable string) string {
		if *own != "" && injected != "" && *own != injected {
			problems = append(problems, fmt.Errorf("%s and %s differ: a worker has one version; leave %s to Temporal's worker controller", variable, injectedVariable, injectedVariable))
		}
		if *own == "" && injected != "" {
			*own = injected
			return injectedVariable
		}
		return variable
	}
	named := choose(&c.Worker.Deployment, "RAMP_DEPLOYMENT", c.Controller.DeploymentName, "TEMPORAL_DEPLOYMENT_NAME")
	built := choose(&c.Worker.BuildID, "RAMP_BUILD_ID", c.Controller.BuildID, "TEMPORAL_WORKER_BUILD_ID")
	c.Worker.Deployment = cmp.Or(c.Worker.Deployment, defaultDeployment)
	if invalidName(c.Worker.Deployment, maxDeploymentLength) || strings.ContainsAny(c.Worker.Deployment, ".:") {
		problems = append(problems, fmt.Errorf("%s must have at most %d characters, no full stop or colon, and not begin with __", named, maxDeploymentLength))
	}
	if invalidName(c.Worker.BuildID, maxBuildLength) {
		problems = append(problems, fmt.Errorf("%s must have at most %d characters and not begin with __", built, maxBuildLength))
	}
	return problems
}

func invalidName(name string, length int) bool {
	return len(name) > length || strings.HasPrefix(name, "__")
}
