package deployment

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"rampart/ramp"
)

// Pruned is what Prune did.
type Pruned struct {
	// Deleted are the build ids of the versions that were deleted.
	Deleted []string `json:"deleted"`
	// Kept are the versions that are drained, and stay for a reason.
	Kept []Kept `json:"kept"`
}

// Kept is a drained version that was not deleted.
type Kept struct {
	BuildID string `json:"buildId"`
	Reason  string `json:"reason"`
}

// Prune deletes the versions to which no new orders go, on which no order runs, and which have no workers, except one, whose workers may be about
// to start. Temporal itself refuses to delete a version that drains or has had workers in the last minutes.
func (d *Deployment) Prune(ctx context.Context, except string) (Pruned, error) {
	status, err := d.Status(ctx)
	if err != nil {
		return Pruned{}, err
	}
	pruned := Pruned{Deleted: []string{}, Kept: []Kept{}}
	for _, version := range status.Versions {
		if version.BuildID == except || version.State != stateDrained && version.State != stateIdle {
			continue
		}
		reason, err := d.remove(ctx, version)
		switch {
		case err != nil:
			return pruned, err
		case reason == "":
			pruned.Deleted = append(pruned.Deleted, version.BuildID)
		case version.State == stateDrained:
			pruned.Kept = append(pruned.Kept, Kept{version.BuildID, reason})
		}
	}
	return pruned, nil
}

// remove deletes a version, or returns why it stays.
func (d *Deployment) remove(ctx context.Context, version Version) (reason string, err error) {
	switch {
	case version.Orders > 0:
		return fmt.Sprintf("orders run on it: %d", version.Orders), nil
	case version.Workers > 0:
		return fmt.Sprintf("it has workers: %d", version.Workers), nil
	}
	_, err = d.handle.DeleteVersion(ctx, client.WorkerDeploymentDeleteVersionOptions{BuildID: version.BuildID})
	var unknown *serviceerror.NotFound
	switch {
	case errors.As(err, &unknown):
		return "", nil
	case refusal(err):
		return "Temporal refuses: " + err.Error(), nil
	}
	return "", err
}

// refusal reports whether Temporal refuses to delete a version as it is now. It tells of workers that have polled in the last minutes as an
// internal error.
func refusal(err error) bool {
	var precondition *serviceerror.FailedPrecondition
	return errors.As(err, &precondition) || err != nil && (strings.Contains(err.Error(), "active pollers") || strings.Contains(err.Error(), "is draining"))
}

// explainRefused adds to the error of a version that Temporal does not know that there may be no room for it: the drained versions that have
// workers, or had some a moment ago, which Temporal keeps.
func (d *Deployment) explainRefused(ctx context.Context, build string, problem error) error {
	status, err := d.Status(ctx)
	if err != nil {
		return problem
	}
	var drained []string
	for _, version := range status.Versions {
		if version.State == stateDrained || version.State == stateIdle && version.BuildID != build {
			drained = append(drained, version.BuildID)
		}
	}
	if len(drained) == 0 {
		return problem
	}
	return &ramp.Error{Type: ramp.NotReady, Message: fmt.Sprintf("%v. If they run, the deployment may have as many versions as Temporal keeps (now %d): "+
		"stop the workers of those that are done (%s), and five minutes later run \"starter deployment prune\"",
		problem, len(status.Versions), strings.Join(drained, ", "))}
}
