package workflows

import (
	"go.temporal.io/sdk/workflow"

	"rampart/activities"
)

// WorkerLease is open while a worker process holds its lease. If the process stops or falls silent, it is asked to take its lease again: it may
// only have been slow, or Temporal away. If it does not, it is gone, and other workers continue what is left of its watches. A worker that
// stops hands its watches over, but not one that it was given while its pollers stopped.
func WorkerLease(ctx workflow.Context, lease activities.Lease) error {
	for {
		taken, err := activities.HoldLease(ctx, lease)
		if err != nil {
			return err
		}
		if !taken {
			_, err := activities.TakeOverWatches(ctx, lease)
			return err
		}
		if workflow.GetInfo(ctx).GetContinueAsNewSuggested() {
			return workflow.NewContinueAsNewError(ctx, WorkerLease, lease)
		}
	}
}
