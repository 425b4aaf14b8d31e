package workflows

import (
	"go.temporal.io/sdk/workflow"

	"rampart/activities"
)

// WorkerLease is open while a worker process holds its lease, and ends when the process stops. If the process falls silent, it is asked to
// take its lease again: it may only have been slow, or Temporal away. If it does not, it has crashed, and other workers continue its watches.
func WorkerLease(ctx workflow.Context, lease activities.Lease) error {
	for {
		switch end, err := activities.HoldLease(ctx, lease); {
		case err != nil:
			return err
		case end == activities.LeaseReturned:
			return nil
		case end == activities.LeaseRefused:
			_, err := activities.TakeOverWatches(ctx, lease)
			return err
		case workflow.GetInfo(ctx).GetContinueAsNewSuggested():
			return workflow.NewContinueAsNewError(ctx, WorkerLease, lease)
		}
	}
}
