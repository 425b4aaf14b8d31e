package baseline

import (
	"context"
	"sync/atomic"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"rampart/activities"
	"rampart/onmeta"
	"rampart/ramp"
	"rampart/workflows"
)

// newWatches returns workers whose watches heartbeat so often that their timeout tells of a crash. They hold no lease.
func newWatches(settings Settings, temporal client.Client, provider onmeta.Caller) []worker.Worker {
	calls, watched := newActivities(settings, temporal, provider)
	beats := &heartbeats{timeout: settings.Heartbeat}
	orders := worker.New(temporal, ramp.TaskQueue, worker.Options{
		Interceptors:                 []interceptor.WorkerInterceptor{activities.KeepAlive(), beats},
		MaxHeartbeatThrottleInterval: activities.CallHeartbeatInterval,
	})
	workflows.Register(orders)
	orders.RegisterActivity(calls)
	watches := worker.New(temporal, ramp.WatchTaskQueue, worker.Options{
		DisableWorkflowWorker: true, Interceptors: []interceptor.WorkerInterceptor{beats}, MaxHeartbeatThrottleInterval: settings.Heartbeat,
	})
	activities.RegisterWatches(watches, watched)
	return []worker.Worker{orders, watches}
}

// heartbeats sets the heartbeat timeout of watches, and heartbeats for them. A replay does not compare timeouts.
type heartbeats struct {
	interceptor.WorkerInterceptorBase
	timeout time.Duration
}

func (h *heartbeats) InterceptWorkflow(_ workflow.Context, next interceptor.WorkflowInboundInterceptor) interceptor.WorkflowInboundInterceptor {
	return &orderInbound{interceptor.WorkflowInboundInterceptorBase{Next: next}, h.timeout}
}

type orderInbound struct {
	interceptor.WorkflowInboundInterceptorBase
	timeout time.Duration
}

func (i *orderInbound) Init(next interceptor.WorkflowOutboundInterceptor) error {
	return i.Next.Init(&orderOutbound{interceptor.WorkflowOutboundInterceptorBase{Next: next}, i.timeout})
}

type orderOutbound struct {
	interceptor.WorkflowOutboundInterceptorBase
	timeout time.Duration
}

func (o *orderOutbound) ExecuteActivity(ctx workflow.Context, activityType string, args ...any) workflow.Future {
	if options := workflow.GetActivityOptions(ctx); options.TaskQueue == ramp.WatchTaskQueue {
		options.HeartbeatTimeout = o.timeout
		ctx = workflow.WithActivityOptions(ctx, options)
	}
	return o.Next.ExecuteActivity(ctx, activityType, args...)
}

func (h *heartbeats) InterceptActivity(_ context.Context, next interceptor.ActivityInboundInterceptor) interceptor.ActivityInboundInterceptor {
	return &watchInbound{ActivityInboundInterceptorBase: interceptor.ActivityInboundInterceptorBase{Next: next}, timeout: h.timeout}
}

// watchInbound heartbeats for a watch with what the watch recorded last.
type watchInbound struct {
	interceptor.ActivityInboundInterceptorBase
	timeout time.Duration
	last    atomic.Pointer[[]any]
}

func (w *watchInbound) Init(next interceptor.ActivityOutboundInterceptor) error {
	return w.Next.Init(&watchOutbound{interceptor.ActivityOutboundInterceptorBase{Next: next}, &w.last})
}

type watchOutbound struct {
	interceptor.ActivityOutboundInterceptorBase
	last *atomic.Pointer[[]any]
}

func (w *watchOutbound) RecordHeartbeat(ctx context.Context, details ...any) {
	w.last.Store(&details)
	w.Next.RecordHeartbeat(ctx, details...)
}

// ExecuteActivity runs an activity. Of a watch's heartbeats the SDK sends one in four fifths of the timeout.
func (w *watchInbound) ExecuteActivity(ctx context.Context, in *interceptor.ExecuteActivityInput) (any, error) {
	if activity.GetInfo(ctx).TaskQueue != ramp.WatchTaskQueue {
		return w.Next.ExecuteActivity(ctx, in)
	}
	watching, stop := context.WithCancel(ctx)
	defer stop()
	go func() {
		ticks := time.NewTicker(w.timeout / 4)
		defer ticks.Stop()
		for {
			select {
			case <-watching.Done():
				return
			case <-ticks.C:
			}
			var details []any
			if last := w.last.Load(); last != nil {
				details = *last
			}
			activity.RecordHeartbeat(ctx, details...)
		}
	}()
	return w.Next.ExecuteActivity(ctx, in)
}
