package activities

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"rampart/ramp"
)

// PublishEventsRequest is what an order hands over to be delivered: changes of it that a backend can see.
type PublishEventsRequest struct {
	// WorkflowID and RunID are the order's.
	WorkflowID string `json:"order"`
	RunID      string `json:"run"`
	// Endpoints are the names of the endpoints that the events go to.
	Endpoints []string `json:"endpoints,omitempty"`
	// Own is the endpoint that takes the URL of the order's own; empty for none.
	Own string `json:"own,omitempty"`
	// Target is the URL of the order's own.
	Target ramp.Personal `json:"target,omitempty"`
	// Previous is the batch before: see ramp.EventBatch. Empty for the first.
	Previous string `json:"previous,omitempty"`
	// Reset is set if the run continues one that an operator reset.
	Reset bool `json:"reset,omitempty"`
	// Events are the changes, in their order, without ids.
	Events []ramp.Event `json:"events"`
}

// PublishEventsResult says how later events of the order name these.
type PublishEventsResult struct {
	// Batch identifies the events: see ramp.EventBatch.
	Batch string `json:"batch"`
}

// Timeouts of a delivery.
const (
	// deliveryLifetime is how long a delivery is tried: three days, after a day in which it may wait for the deliveries before it.
	deliveryLifetime = 96 * time.Hour
	// deliveryAttempt bounds an attempt, which sends every event of a delivery.
	deliveryAttempt = 10 * time.Minute
	// deliveryHeartbeat is how soon the delivery of a crashed worker is given to another one. It is longer than sendTimeout.
	deliveryHeartbeat = 30 * time.Second
)

// deliveryRetries spaces the attempts that ended without an answer. Those that failed choose their own pause: see deliveryPause.
func deliveryRetries() *temporal.RetryPolicy {
	return &temporal.RetryPolicy{InitialInterval: time.Second, BackoffCoefficient: 1, MaximumInterval: maxDeliveryPause}
}

// PublishEvents starts a delivery for each endpoint. The deliveries outlive the order. Publishing the same events again starts nothing.
func (c *Calls) PublishEvents(ctx context.Context, req PublishEventsRequest) (PublishEventsResult, error) {
	if len(req.Events) == 0 {
		return PublishEventsResult{Batch: req.Previous}, nil
	}
	batch := ramp.EventBatch(req.RunID, req.Events[0].Version)
	for _, endpoint := range req.Endpoints {
		if err := c.startDelivery(ctx, req, batch, endpoint, ""); err != nil {
			return PublishEventsResult{}, err
		}
	}
	if req.Own != "" {
		if err := c.startDelivery(ctx, req, batch, req.Own, req.Target); err != nil {
			return PublishEventsResult{}, err
		}
	}
	return PublishEventsResult{Batch: batch}, nil
}

// startDelivery starts the delivery of a batch to an endpoint, unless there is one.
func (c *Calls) startDelivery(ctx context.Context, req PublishEventsRequest, batch, endpoint string, target ramp.Personal) error {
	delivery := DeliverEventsRequest{
		ID:       ramp.DeliveryID(req.WorkflowID, batch, endpoint),
		Endpoint: endpoint,
		Target:   target,
		Events:   identified(req),
	}
	var err error
	if delivery.Previous, err = c.previousDelivery(ctx, req, endpoint); err != nil {
		return err
	}
	_, err = c.temporal.ExecuteActivity(ctx, client.StartActivityOptions{
		ID:                       delivery.ID,
		TaskQueue:                ramp.EventTaskQueue,
		ScheduleToCloseTimeout:   deliveryLifetime,
		StartToCloseTimeout:      deliveryAttempt,
		HeartbeatTimeout:         deliveryHeartbeat,
		RetryPolicy:              deliveryRetries(),
		ActivityIDReusePolicy:    enumspb.ACTIVITY_ID_REUSE_POLICY_REJECT_DUPLICATE,
		ActivityIDConflictPolicy: enumspb.ACTIVITY_ID_CONFLICT_POLICY_USE_EXISTING,
	}, ramp.EventDelivery, delivery)
	var started *serviceerror.ActivityExecutionAlreadyStarted
	if err == nil || errors.As(err, &started) {
		return nil
	}
	return retryable(ctx, ErrTemporal, fmt.Errorf("start the delivery of events to endpoint %s: %w", endpoint, err), 0)
}

// previousDelivery returns the id of the delivery before, empty for none. The first of a run that was reset follows what the runs before it
// published, also after the point that it was reset to, as far as that is still under way.
func (c *Calls) previousDelivery(ctx context.Context, req PublishEventsRequest, endpoint string) (string, error) {
	previous := ""
	if req.Previous != "" {
		previous = ramp.DeliveryID(req.WorkflowID, req.Previous, endpoint)
	}
	if !req.Reset || strings.HasPrefix(req.Previous, req.RunID+"/") {
		return previous, nil
	}
	listed, err := c.temporal.ListActivities(ctx, client.ListActivitiesOptions{Query: ramp.DeliveriesUnderWay(req.WorkflowID)})
	if err != nil {
		return "", retryable(ctx, ErrTemporal, fmt.Errorf("list the deliveries before the reset: %w", err), 0)
	}
	var last time.Time
	for delivery, err := range listed.Results {
		if err != nil {
			return "", retryable(ctx, ErrTemporal, fmt.Errorf("list the deliveries before the reset: %w", err), 0)
		}
		own := strings.HasPrefix(delivery.ActivityID, ramp.DeliveryID(req.WorkflowID, req.RunID, ""))
		if !own && strings.HasSuffix(delivery.ActivityID, "/"+endpoint) && delivery.ScheduleTime.After(last) {
			previous, last = delivery.ActivityID, delivery.ScheduleTime
		}
	}
	return previous, nil
}

// identified returns the events of a request with their ids, which are the same whenever the events are published.
func identified(req PublishEventsRequest) []ramp.Event {
	events := make([]ramp.Event, len(req.Events))
	for i, event := range req.Events {
		kind := string(event.Type)
		event.ID = fmt.Sprintf("%s-%d-%s", req.RunID, event.Version, kind[strings.LastIndexByte(kind, '.')+1:])
		events[i] = event
	}
	return events
}

// publishTimeout is how long an order's workflow task waits for its events to be handed over.
const publishTimeout = 2 * time.Second

// PublishEventsNow runs the activity within the workflow task, once and for two seconds at most. It adds one event to the history. After
// an error the events may have been published or not; PublishEvents may publish them again.
func PublishEventsNow(ctx workflow.Context, req PublishEventsRequest) (PublishEventsResult, error) {
	var result PublishEventsResult
	err := workflow.ExecuteLocalActivity(workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{
		ScheduleToCloseTimeout: publishTimeout,
		RetryPolicy:            &temporal.RetryPolicy{MaximumAttempts: 1},
		Summary:                "Hand over the order's events",
	}), (*Calls)(nil).PublishEvents, req).Get(ctx, &result)
	return result, err
}

// PublishEvents runs the activity until it has succeeded.
func PublishEvents(ctx workflow.Context, req PublishEventsRequest) (PublishEventsResult, error) {
	return call[PublishEventsResult](WithUnlimitedRetries(ctx), eventPolicy, "Hand over the order's events", (*Calls)(nil).PublishEvents, req)
}

const (
	// minDeliveryPause and maxDeliveryPause bound the pause after an event was not delivered, which doubles, unless the endpoint asks for more.
	minDeliveryPause = 5 * time.Second
	maxDeliveryPause = time.Hour
)

// deliveryPause is the pause after an event was not delivered for the nth time in a row: doubling, with jitter, so that an endpoint that
// comes back does not get all events at once, or the one that the endpoint asks for, if that is longer.
func deliveryPause(n int, retryAfter time.Duration) time.Duration {
	pause := maxDeliveryPause
	if n < 10 {
		pause = minDeliveryPause << max(n-1, 0)
	}
	return max(pause-pause/5+rand.N(pause/5), retryAfter)
}
