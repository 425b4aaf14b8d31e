package telemetry

import (
	"context"
	"fmt"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/interceptor"
)

// CountWatches returns an interceptor that exports the running activities of a worker by type, as ramp_watches_active.
func CountWatches(meter metric.Meter) (interceptor.WorkerInterceptor, error) {
	active, err := meter.Int64UpDownCounter("ramp_watches_active",
		metric.WithDescription("Watches of orders, accounts and KYC that this worker runs."))
	if err != nil {
		return nil, fmt.Errorf("watches: %w", err)
	}
	return &watchCounter{active: active}, nil
}

type watchCounter struct {
	interceptor.WorkerInterceptorBase
	active metric.Int64UpDownCounter
}

// InterceptActivity implements interceptor.WorkerInterceptor.
func (c *watchCounter) InterceptActivity(_ context.Context, next interceptor.ActivityInboundInterceptor) interceptor.ActivityInboundInterceptor {
	counted := &countedActivity{active: c.active}
	counted.Next = next
	return counted
}

type countedActivity struct {
	interceptor.ActivityInboundInterceptorBase
	active metric.Int64UpDownCounter
}

// ExecuteActivity implements interceptor.ActivityInboundInterceptor.
func (c *countedActivity) ExecuteActivity(ctx context.Context, in *interceptor.ExecuteActivityInput) (any, error) {
	c.count(ctx, 1)
	defer c.count(ctx, -1)
	return c.Next.ExecuteActivity(ctx, in)
}

// count is a function of its own so that its variables do not stay on the stack for as long as the watch runs.
func (c *countedActivity) count(ctx context.Context, by int64) {
	watch := attribute.NewSet(attribute.String("watch", activity.GetInfo(ctx).ActivityType.Name))
	c.active.Add(ctx, by, metric.WithAttributeSet(watch))
}
