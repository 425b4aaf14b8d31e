package activities

import (
	"sync"
	"sync/atomic"
	"time"

	"go.temporal.io/sdk/activity"
)

// running are the watches that run in this process. A watch that starts ends the one whose place it takes: the server tells a cancelled
// watch so only with the answer to its next heartbeat, up to two minutes later, and it would poll until then.
type running struct {
	mu      sync.Mutex
	watches map[watchKey]*runningWatch
}

// watchKey is what there is at most one watch of: a kind of watch of a run.
type watchKey struct{ workflowID, runID, kind string }

func keyOf(info activity.Info) watchKey {
	return watchKey{info.WorkflowExecution.ID, info.WorkflowExecution.RunID, info.ActivityType.Name}
}

type runningWatch struct {
	scheduled time.Time
	// replaced is closed once another watch has taken the place of this one.
	replaced chan struct{}
	// state is what it knows of its polls; nil before the first.
	state atomic.Pointer[WatchHeartbeat]
}

// begin adds a watch and ends the one whose place it takes. It returns what that one knew of its polls; nil for nothing. A watch that was
// scheduled before the one that runs is itself replaced: its task came late.
func (r *running) begin(info activity.Info) (*runningWatch, *WatchHeartbeat) {
	own := &runningWatch{scheduled: info.ScheduledTime, replaced: make(chan struct{})}
	r.mu.Lock()
	defer r.mu.Unlock()
	before := r.watches[keyOf(info)]
	switch {
	case before == nil:
	case before.scheduled.After(own.scheduled):
		close(own.replaced)
		return own, nil
	default:
		close(before.replaced)
	}
	if r.watches == nil {
		r.watches = make(map[watchKey]*runningWatch)
	}
	r.watches[keyOf(info)] = own
	if before == nil {
		return own, nil
	}
	return own, before.state.Load()
}

// end removes a watch, unless another one has its place.
func (r *running) end(info activity.Info, own *runningWatch) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if key := keyOf(info); r.watches[key] == own {
		delete(r.watches, key)
	}
}
