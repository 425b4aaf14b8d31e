package activities

import (
	"context"
	"errors"
	"sync"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/interceptor"
)

const (
	// callHeartbeatTimeout is how soon the call of a crashed worker is given to another one. The server counts it from the start of an
	// attempt or its last heartbeat.
	callHeartbeatTimeout = 8 * time.Second
	// CallHeartbeatInterval is how often a call that lasts heartbeats; one that is answered sooner sends none. Several heartbeats fit into
	// the timeout, so that a stall of some seconds is not taken for a crash. A worker must not throttle heartbeats to fewer.
	CallHeartbeatInterval = 2 * time.Second
)

// KeepAlive returns an interceptor that heartbeats for the calls of Calls for as long as they last, so that a slow provider or a slow line
// is not taken for a crash.
func KeepAlive() interceptor.WorkerInterceptor { return &keepAlive{} }

type keepAlive struct {
	interceptor.WorkerInterceptorBase
}

func (*keepAlive) InterceptActivity(_ context.Context, next interceptor.ActivityInboundInterceptor) interceptor.ActivityInboundInterceptor {
	return &keptAlive{interceptor.ActivityInboundInterceptorBase{Next: next}}
}

type keptAlive struct {
	interceptor.ActivityInboundInterceptorBase
}

// ExecuteActivity runs an activity. Calls of earlier versions have no heartbeat timeout and need no heartbeats.
func (k *keptAlive) ExecuteActivity(ctx context.Context, in *interceptor.ExecuteActivityInput) (any, error) {
	if activity.GetInfo(ctx).HeartbeatTimeout == 0 {
		return k.Next.ExecuteActivity(ctx, in)
	}
	working, stop := heartbeating(ctx)
	defer stop()
	return k.Next.ExecuteActivity(working, in)
}

// heartbeats are those of one attempt of a call.
type heartbeats struct {
	ctx context.Context // the SDK's, without its cancellation
	end context.CancelFunc

	mu     sync.Mutex
	record func(context.Context) error
}

type heartbeatsKey struct{}

// recordHeartbeatsBy makes the heartbeats of a call those of record, from now on.
func recordHeartbeatsBy(ctx context.Context, record func(context.Context) error) {
	if h, has := ctx.Value(heartbeatsKey{}).(*heartbeats); has {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.record = record
	}
}

// beat sends one heartbeat.
func (h *heartbeats) beat() {
	h.mu.Lock()
	record := h.record
	h.mu.Unlock()
	if record == nil {
		activity.RecordHeartbeat(h.ctx)
		return
	}
	if isGivenAway(record(h.ctx)) {
		h.end()
	}
}

// heartbeating starts the heartbeats of a call and returns the context to make it in. The SDK cancels its own context also when a heartbeat
// does not reach the server, and when an operator pauses or resets the activity. A call that is on its way goes on then: its answer may
// be the only one that holds the payment instructions, and may still be recorded.
func heartbeating(ctx context.Context) (context.Context, context.CancelFunc) {
	h := &heartbeats{ctx: context.WithoutCancel(ctx)}
	started := context.WithValue(h.ctx, heartbeatsKey{}, h)
	working, cancel := context.WithCancel(started)
	if deadline, limited := ctx.Deadline(); limited {
		working, cancel = context.WithDeadline(started, deadline)
	}
	h.end = cancel
	unfollow := context.AfterFunc(ctx, func() {
		if endsCall(context.Cause(ctx)) {
			cancel()
		}
	})
	go func() {
		ticks := time.NewTicker(CallHeartbeatInterval)
		defer ticks.Stop()
		for {
			select {
			case <-working.Done():
				return
			case <-ticks.C:
				h.beat()
			}
		}
	}()
	return working, func() { unfollow(); cancel() }
}

// endsCall reports whether a call ends for this reason: its time is up, its worker stops, or the server has given the call to another
// worker, so that nobody takes its answer any more.
func endsCall(cause error) bool {
	return errors.Is(cause, context.Canceled) || errors.Is(cause, context.DeadlineExceeded) || isGivenAway(cause)
}

// isGivenAway reports whether a heartbeat's error says that the server has given the call to another worker.
func isGivenAway(err error) bool {
	var given *serviceerror.NotFound
	return errors.As(err, &given)
}
