package torture

import (
	"context"
	"errors"
	"sync"

	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/serviceerror"
	"golang.org/x/sync/errgroup"

	"rampart/test/testbed"
)

// Histories summarizes the histories of the orders.
type Histories struct {
	Read int `json:"read"`
	// Unread is how many could not be read.
	Unread int `json:"unread"`
	// Lost is how many Temporal has lost with its database.
	Lost int `json:"lost"`
	// Events counts all events, MostEvents those of the longest history.
	Events     int `json:"events"`
	MostEvents int `json:"mostEvents"`
	// TaskFailures counts failed workflow tasks by cause, and TaskTimeouts those that timed out, as when a worker is killed.
	TaskFailures map[string]int `json:"taskFailures"`
	TaskTimeouts int            `json:"taskTimeouts"`
	// ActivityTimeouts counts the activities that failed by a timeout; an attempt that is retried leaves no event.
	ActivityTimeouts int `json:"activityTimeouts"`
	// Unreplayable lists the orders whose history the workflow code does not replay, with the reason.
	Unreplayable []string `json:"unreplayable,omitempty"`
}

// readHistories reads the history of every order, and replays it with the workflow code of this program.
func (r *run) readHistories(ctx context.Context) Histories {
	sum := Histories{TaskFailures: map[string]int{}}
	var mu sync.Mutex
	var reading errgroup.Group
	reading.SetLimit(readers)
	for _, b := range r.backends {
		reading.Go(func() error {
			ctx, cancel := context.WithTimeout(ctx, callTime)
			defer cancel()
			workflowID := b.plan.id.Direction.WorkflowID(b.plan.id.Reference)
			runID := b.snapshot().runID
			if r.records != nil {
				runID = "" // the run may be one that was lost
			}
			history, err := testbed.History(ctx, r.stack.Temporal, workflowID, runID)
			var absent *serviceerror.NotFound
			lost := r.records != nil && errors.As(err, &absent)
			var replay error
			if err == nil {
				replay = testbed.Replay(r.stack.Keyring, workflowID, history)
			}
			mu.Lock()
			defer mu.Unlock()
			if lost {
				sum.Lost++
				return nil
			}
			if err != nil {
				sum.Unread++
				return nil
			}
			sum.add(history)
			if replay != nil {
				sum.Unreplayable = append(sum.Unreplayable, b.plan.id.Reference+": "+replay.Error())
			}
			return nil
		})
	}
	_ = reading.Wait() // no reader fails
	return sum
}

func (h *Histories) add(history *historypb.History) {
	h.Read++
	h.Events += len(history.Events)
	h.MostEvents = max(h.MostEvents, len(history.Events))
	for _, event := range history.Events {
		switch event.EventType {
		case enumspb.EVENT_TYPE_WORKFLOW_TASK_FAILED:
			h.TaskFailures[event.GetWorkflowTaskFailedEventAttributes().GetCause().String()]++
		case enumspb.EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT:
			h.TaskTimeouts++
		case enumspb.EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT:
			h.ActivityTimeouts++
		}
	}
}
