package torture

import (
	"context"
	"log/slog"
	"sync"

	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	"golang.org/x/sync/errgroup"

	"rampart/codec"
	"rampart/ramp"
	"rampart/workflows"
)

// Histories are figures of the orders' histories.
type Histories struct {
	Read int `json:"read"`
	// Unread is how many could not be read.
	Unread int `json:"unread"`
	// Events are all of them, MostEvents those of the longest history.
	Events     int `json:"events"`
	MostEvents int `json:"mostEvents"`
	// TaskFailures are failed workflow tasks by cause, and TaskTimeouts those that timed out, as when a worker dies.
	TaskFailures map[string]int `json:"taskFailures"`
	TaskTimeouts int            `json:"taskTimeouts"`
	// ActivityTimeouts are activities that gave up because attempts timed out; retried attempts leave no event.
	ActivityTimeouts int `json:"activityTimeouts"`
	// Unreplayable are the orders whose history the workflow code does not replay, and why.
	Unreplayable []string `json:"unreplayable,omitempty"`
}

// readHistories reads every order's history, and replays it with the code of this program.
func (r *run) readHistories(ctx context.Context) Histories {
	sum := Histories{TaskFailures: map[string]int{}}
	var mu sync.Mutex
	var reading errgroup.Group
	reading.SetLimit(readers)
	for _, b := range r.backends {
		reading.Go(func() error {
			history, err := r.history(ctx, b.plan.id, b.knows().run)
			var replay error
			if err == nil {
				replay = r.replay(b.plan.id, history)
			}
			mu.Lock()
			defer mu.Unlock()
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

// history is of the order's run; empty is the newest.
func (r *run) history(ctx context.Context, id ramp.ID, run string) (*historypb.History, error) {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	events := r.cluster.temporal.GetWorkflowHistory(ctx, id.Direction.WorkflowID(id.Reference), run, false,
		enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	history := new(historypb.History)
	for events.HasNext() {
		event, err := events.Next()
		if err != nil {
			return nil, err
		}
		history.Events = append(history.Events, event)
	}
	return history, nil
}

func (r *run) replay(id ramp.ID, history *historypb.History) error {
	var options client.Options
	codec.Secure(&options, r.cluster.keyring)
	replayer, err := worker.NewWorkflowReplayerWithOptions(worker.WorkflowReplayerOptions{
		DataConverter:    options.DataConverter,
		FailureConverter: options.FailureConverter,
	})
	if err != nil {
		return err
	}
	workflows.Register(replayer)
	return replayer.ReplayWorkflowHistoryWithOptions(log.NewStructuredLogger(slog.New(slog.DiscardHandler)), history,
		worker.ReplayWorkflowHistoryOptions{OriginalExecution: workflow.Execution{ID: id.Direction.WorkflowID(id.Reference)}})
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
