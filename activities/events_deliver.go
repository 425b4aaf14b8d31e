package activities

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/hashicorp/golang-lru/v2/expirable"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"rampart/events"
	"rampart/ramp"
)

// Types of the errors that deliveries end with or are tried again after.
const (
	// ErrNotDelivered: an endpoint did not take an event. Retried.
	ErrNotDelivered = string(ramp.EventNotDelivered)
	// ErrEventRefused: sending the event again cannot succeed. Final.
	ErrEventRefused = string(ramp.EventRefused)
	// ErrEndpointGone: the endpoint answered that it wants no more events. Final, and so is every delivery to it until it is enabled.
	ErrEndpointGone = string(ramp.EndpointGone)
	// ErrEndpointDisabled: the endpoint answered so earlier, and was not enabled since. Final.
	ErrEndpointDisabled = string(ramp.EndpointDisabled)
	// ErrPreviousUnderWay: the events before are not delivered yet. Retried.
	ErrPreviousUnderWay = string(ramp.PreviousDeliveryUnderWay)
	// ErrForeignDelivery: the input is another delivery's. Final.
	ErrForeignDelivery = "ForeignDelivery"
)

const (
	// sendTimeout bounds how long an endpoint may take for an event.
	sendTimeout = 20 * time.Second
	// previousTimeout is how long a delivery holds its slot while the one before it is sent.
	previousTimeout = 10 * time.Second
	// enabledFor is how long a worker relies on an endpoint not to be disabled.
	enabledFor = time.Minute
	// maxEndpoints bounds how many endpoints a worker remembers to be enabled.
	maxEndpoints = 1000
)

// Deliveries is the activity that delivers events, for the task queue ramp-events, which carries nothing else.
type Deliveries struct {
	sender   events.Sender
	temporal client.Client
	enabled  *expirable.LRU[string, bool]
}

// NewDeliveries returns the activity of a worker that sends events by sender.
func NewDeliveries(sender events.Sender, temporal client.Client) *Deliveries {
	return &Deliveries{sender: sender, temporal: temporal, enabled: expirable.NewLRU[string, bool](maxEndpoints, nil, enabledFor)}
}

// DeliverEventsRequest is the input of a delivery.
type DeliverEventsRequest struct {
	// ID is the delivery's own id. It binds the input to the delivery: an encrypted payload of an activity without a workflow is bound to
	// the namespace and the type of the activity only.
	ID string `json:"id"`
	// Previous is the delivery of the order's events before these, to the same endpoint; empty for the first.
	Previous string `json:"previous,omitempty"`
	// Endpoint is the name of the endpoint.
	Endpoint string `json:"endpoint"`
	// Target is the URL of the order's own, for an endpoint that takes such URLs; empty otherwise.
	Target ramp.Personal `json:"target,omitempty"`
	// Events are sent in this order.
	Events []ramp.Event `json:"events"`
}

// DeliveryProgress is the heartbeat of a delivery.
type DeliveryProgress struct {
	// ID is the delivery's.
	ID string `json:"id"`
	// Sent is how many of its events the endpoint has.
	Sent int `json:"sent"`
	// Failed is how often in a row the next one was not delivered.
	Failed int `json:"failed"`
}

// DeliverEvents sends the events of a delivery, each in a request of its own, after those of the delivery before it. An event that was sent
// but not recorded as sent, because the worker crashed, is sent again. What an endpoint does not take is sent again for three days.
func (d *Deliveries) DeliverEvents(ctx context.Context, req DeliverEventsRequest) error {
	if activity.GetInfo(ctx).ActivityID != req.ID {
		return temporal.NewNonRetryableApplicationError("the input is that of another delivery", ErrForeignDelivery, nil)
	}
	if err := d.checkEnabled(ctx, req); err != nil {
		return err
	}
	if err := d.awaitPrevious(ctx, req.Previous); err != nil {
		return err
	}
	for progress := progressOf(ctx, req); progress.Sent < len(req.Events); {
		if stopping(ctx) {
			return temporal.NewApplicationErrorWithOptions("this worker stops; another one continues", ErrHandover,
				temporal.ApplicationErrorOptions{NextRetryDelay: time.Second, Category: temporal.ApplicationErrorCategoryBenign})
		}
		err := d.send(ctx, req, req.Events[progress.Sent])
		countSent(activity.GetMetricsHandler(ctx), req.Endpoint, req.Events[progress.Sent], err)
		if err != nil {
			progress.Failed++
			activity.RecordHeartbeat(ctx, progress)
			return d.notDelivered(ctx, req, progress, err)
		}
		progress.Sent, progress.Failed = progress.Sent+1, 0
		activity.RecordHeartbeat(ctx, progress)
	}
	return nil
}

// progressOf returns how far an earlier attempt has come.
func progressOf(ctx context.Context, req DeliverEventsRequest) DeliveryProgress {
	var recorded DeliveryProgress
	if activity.HasHeartbeatDetails(ctx) && activity.GetHeartbeatDetails(ctx, &recorded) == nil && recorded.ID == req.ID && recorded.Sent >= 0 {
		return recorded
	}
	return DeliveryProgress{ID: req.ID}
}

func (d *Deliveries) send(ctx context.Context, req DeliverEventsRequest, event ramp.Event) error {
	ctx, stop := context.WithTimeout(ctx, sendTimeout)
	defer stop()
	return d.sender.Send(ctx, req.Endpoint, req.Target, event)
}

func stopping(ctx context.Context) bool {
	select {
	case <-activity.GetWorkerStopChannel(ctx):
		return true
	default:
		return false
	}
}

// notDelivered is the error of a delivery whose next event the endpoint did not take.
func (d *Deliveries) notDelivered(ctx context.Context, req DeliverEventsRequest, progress DeliveryProgress, err error) error {
	var refused *events.RefusedError
	if !errors.As(err, &refused) {
		refused = new(events.RefusedError)
	}
	switch {
	case refused.Gone && req.Target == "":
		return d.disable(ctx, req.Endpoint)
	case refused.Gone:
		return temporal.NewNonRetryableApplicationError("the URL of this order wants no more events", ErrEndpointGone, nil)
	case refused.Permanent:
		return temporal.NewNonRetryableApplicationError(message(err), ErrEventRefused, nil)
	}
	return temporal.NewApplicationErrorWithOptions(message(err), ErrNotDelivered, temporal.ApplicationErrorOptions{
		NextRetryDelay: deliveryPause(progress.Failed, refused.RetryAfter),
	})
}

// disable records that an endpoint wants no more events, in a workflow that stays open until somebody enables the endpoint.
func (d *Deliveries) disable(ctx context.Context, endpoint string) error {
	d.enabled.Remove(endpoint)
	_, err := d.temporal.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID:                       ramp.DisabledEndpointID(endpoint),
		TaskQueue:                ramp.TaskQueue,
		WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		StaticSummary:            "Endpoint " + endpoint + " gets no events: it answered 410 Gone",
	}, ramp.DisabledEndpointWorkflow)
	if err != nil {
		return notAsked(ctx, fmt.Errorf("disable endpoint %s: %w", endpoint, err))
	}
	return temporal.NewNonRetryableApplicationError(
		"the endpoint wants no more events; enable it with \"starter events enable "+endpoint+"\", then resend this delivery", ErrEndpointGone, nil)
}

// checkEnabled returns an error if the endpoint is disabled. URLs of orders are not: each is a backend's of its own.
func (d *Deliveries) checkEnabled(ctx context.Context, req DeliverEventsRequest) error {
	if _, known := d.enabled.Get(req.Endpoint); known || req.Target != "" {
		return nil
	}
	described, err := d.temporal.DescribeWorkflow(ctx, ramp.DisabledEndpointID(req.Endpoint), "")
	var absent *serviceerror.NotFound
	switch {
	case errors.As(err, &absent), err == nil && described.Status != enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING:
		d.enabled.Add(req.Endpoint, true)
		return nil
	case err != nil:
		return notAsked(ctx, fmt.Errorf("ask whether endpoint %s is disabled: %w", req.Endpoint, err))
	default:
		return temporal.NewNonRetryableApplicationError(
			"the endpoint is disabled; enable it with \"starter events enable "+req.Endpoint+"\", then resend this delivery", ErrEndpointDisabled, nil)
	}
}

// awaitPrevious returns once the delivery before has ended, or with an error that has this one wait without a slot. One that Temporal
// no longer has ended long ago.
func (d *Deliveries) awaitPrevious(ctx context.Context, id string) error {
	if id == "" {
		return nil
	}
	previous := d.temporal.GetActivityHandle(client.GetActivityHandleOptions{ActivityID: id})
	ended, next, err := d.ended(ctx, previous)
	if err == nil && !ended && time.Until(next) < previousTimeout {
		polling, stop := context.WithTimeout(ctx, previousTimeout)
		_ = previous.Get(polling, nil) // its failure cannot be decrypted, and does not matter
		stop()
		ended, next, err = d.ended(ctx, previous)
	}
	switch {
	case err != nil:
		return notAsked(ctx, fmt.Errorf("ask for the delivery before: %w", err))
	case ended:
		return nil
	}
	return temporal.NewApplicationErrorWithOptions("the events before are not delivered yet", ErrPreviousUnderWay, temporal.ApplicationErrorOptions{
		NextRetryDelay: max(time.Until(next), 0) + time.Second + rand.N(time.Second),
		Category:       temporal.ApplicationErrorCategoryBenign,
	})
}

// ended reports whether a delivery has ended, and when it is tried next if not.
func (d *Deliveries) ended(ctx context.Context, delivery client.ActivityHandle) (bool, time.Time, error) {
	described, err := delivery.Describe(ctx, client.DescribeActivityOptions{})
	var absent *serviceerror.NotFound
	switch {
	case errors.As(err, &absent):
		return true, time.Time{}, nil
	case err != nil:
		return false, time.Time{}, err
	default:
		switch described.Status {
		case enumspb.ACTIVITY_EXECUTION_STATUS_RUNNING, enumspb.ACTIVITY_EXECUTION_STATUS_PAUSED:
			return false, described.NextAttemptScheduleTime, nil
		default:
			return true, time.Time{}, nil
		}
	}
}

// notAsked is the error of a delivery for which Temporal did not answer.
func notAsked(ctx context.Context, err error) error { return retryable(ctx, ErrTemporal, err, 0) }
