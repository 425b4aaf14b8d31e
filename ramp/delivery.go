package ramp

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	failurepb "go.temporal.io/api/failure/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
)

// EventDelivery is the type of the activities that deliver events. Each is an activity of its own in Temporal, without a workflow, so that it
// outlives its order.
const EventDelivery = "DeliverEvents"

// deliveryPrefix begins the id of a delivery.
const deliveryPrefix = "event/"

// DeliveryID returns the id of a delivery: of the events that an order published together, to one endpoint. batch is the run of the order
// and the version of the first event, as EventBatch returns it.
func DeliveryID(workflowID, batch, endpoint string) string {
	return deliveryPrefix + workflowID + "/" + batch + "/" + endpoint
}

// EventBatch identifies the events that a run of an order published together, by the version of the first.
func EventBatch(runID string, version int64) string { return fmt.Sprintf("%s/%d", runID, version) }

// Delivery is a delivery of an order's events to one endpoint, as Temporal lists it.
type Delivery struct {
	// ID is the id of the delivery in Temporal: event/<workflow id>/<run id>/<version of the first event>/<endpoint>.
	ID string `json:"id"`
	// RunID is the run of the delivery. A resent delivery has the same id and another run.
	RunID string `json:"runId"`
	// WorkflowID is the workflow id of the order.
	WorkflowID string `json:"workflowId"`
	// Endpoint is the name of the endpoint.
	Endpoint string `json:"endpoint"`
	// Version is the order's version that the first of the events reports.
	Version int64 `json:"version"`
	// State is whether the delivery is under way, delivered or failed.
	State DeliveryState `json:"state"`
	// StartedAt is when the order published the events, in UTC.
	StartedAt time.Time `json:"startedAt"`
	// ClosedAt is when the delivery ended, in UTC. It is missing while it is under way.
	ClosedAt time.Time `json:"closedAt,omitzero"`
	// Attempts is how often the delivery was begun, also to wait for the one before it. Lists leave it and what follows out.
	Attempts int `json:"attempts,omitempty"`
	// NextAttemptAt is when it is tried again, in UTC; missing if it is being tried, or has ended.
	NextAttemptAt time.Time `json:"nextAttemptAt,omitzero"`
	// Failure is the type of the error that the last attempt failed with; empty for none.
	Failure DeliveryFailure `json:"failure,omitempty"`
}

// DeliveryFailure is why an attempt of a delivery failed: the type of its error, or one of Temporal's own reasons.
type DeliveryFailure string

// Failures of deliveries.
const (
	// EventNotDelivered: the endpoint did not take an event. It is sent again.
	EventNotDelivered DeliveryFailure = "EventNotDelivered"
	// EventRefused: sending the event again cannot succeed. The delivery is given up.
	EventRefused DeliveryFailure = "EventRefused"
	// EndpointGone: the endpoint answered 410 Gone. The delivery is given up.
	EndpointGone DeliveryFailure = "EndpointGone"
	// EndpointDisabled: the endpoint answered 410 Gone earlier, and was not enabled since. The delivery is given up.
	EndpointDisabled DeliveryFailure = "EndpointDisabled"
	// PreviousDeliveryUnderWay: the order's events before these are not delivered yet. It is tried again.
	PreviousDeliveryUnderWay DeliveryFailure = "PreviousDeliveryUnderWay"
	// DeliveryTimeout: the worker crashed during the attempt, or the time for all attempts is over.
	DeliveryTimeout DeliveryFailure = "Timeout"
	// DeliveryEnded: somebody cancelled or terminated the delivery in Temporal.
	DeliveryEnded DeliveryFailure = "Ended"
)

// DeliveryState is how far a delivery has come.
type DeliveryState string

// States of deliveries.
const (
	// Delivering: the events are not all delivered, and are sent again until they are, or for three days.
	Delivering DeliveryState = "delivering"
	// Delivered: the endpoint has every event.
	Delivered DeliveryState = "delivered"
	// DeliveryFailed: the delivery was given up. ResendDelivery starts it again.
	DeliveryFailed DeliveryState = "failed"
)

// DeliveryFilter selects deliveries that meet every condition that is set.
type DeliveryFilter struct {
	// Order selects the deliveries of one order.
	Order ID
	// State selects the deliveries in this state.
	State DeliveryState
	// ClosedSince selects the deliveries that ended at this time or later.
	ClosedSince time.Time
}

// DeliveriesUnderWay selects the deliveries of an order that have not ended, in Temporal's list filter language for activities.
func DeliveriesUnderWay(workflowID string) string {
	return fmt.Sprintf("ActivityType = %q AND ActivityId STARTS_WITH %q AND ExecutionStatus = \"Running\"", EventDelivery, deliveryPrefix+workflowID+"/")
}

// Query returns the filter in Temporal's list filter language for activities.
func (f DeliveryFilter) Query() string {
	conditions := []string{fmt.Sprintf("ActivityType = %q", EventDelivery)}
	if f.Order != (ID{}) {
		conditions = append(conditions, fmt.Sprintf("ActivityId STARTS_WITH %q", deliveryPrefix+f.Order.workflow()+"/"))
	}
	switch f.State {
	case Delivering:
		conditions = append(conditions, `ExecutionStatus = "Running"`)
	case Delivered:
		conditions = append(conditions, `ExecutionStatus = "Completed"`)
	case DeliveryFailed:
		conditions = append(conditions, `ExecutionStatus IN ("Failed", "TimedOut", "Canceled", "Terminated")`)
	}
	if !f.ClosedSince.IsZero() {
		conditions = append(conditions, fmt.Sprintf("CloseTime >= %q", f.ClosedSince.UTC().Format(time.RFC3339)))
	}
	return strings.Join(conditions, " AND ")
}

// Deliveries lists deliveries, the newest first. Temporal lists them moments late, and those that ended for as long as the namespace
// retains them.
func (c *Client) Deliveries(ctx context.Context, filter DeliveryFilter) iter.Seq2[Delivery, error] {
	return func(yield func(Delivery, error) bool) {
		listed, err := c.temporal.ListActivities(ctx, client.ListActivitiesOptions{Query: filter.Query()})
		if err != nil {
			yield(Delivery{}, fmt.Errorf("list deliveries: %w", err))
			return
		}
		for info, err := range listed.Results {
			if err != nil {
				yield(Delivery{}, fmt.Errorf("list deliveries: %w", err))
				return
			}
			if !yield(delivery(info), nil) {
				return
			}
		}
	}
}

// Delivery returns the latest run of a delivery, with its attempts. It needs no keys. The error is NotFound if Temporal has no such delivery.
func (c *Client) Delivery(ctx context.Context, id string) (Delivery, error) {
	described, err := c.describeDelivery(ctx, id, client.DescribeActivityOptions{IncludeLastFailure: true, IncludeOutcome: true})
	if err != nil {
		return Delivery{}, err
	}
	d := delivery(&described.ClientActivityExecutionInfo)
	d.Attempts = int(described.Attempt)
	last := described.RawResponse.GetOutcome().GetFailure()
	if d.State == Delivering {
		d.NextAttemptAt = described.NextAttemptScheduleTime.UTC()
		last = described.RawResponse.GetInfo().GetLastFailure()
	}
	d.Failure = deliveryFailure(last)
	return d, nil
}

// deliveryFailure reads the kind of a failure, which is never encrypted.
func deliveryFailure(failure *failurepb.Failure) DeliveryFailure {
	switch {
	case failure == nil:
		return ""
	case failure.GetApplicationFailureInfo() != nil:
		return DeliveryFailure(failure.GetApplicationFailureInfo().GetType())
	case failure.GetTimeoutFailureInfo() != nil:
		return DeliveryTimeout
	default:
		return DeliveryEnded
	}
}

func (c *Client) describeDelivery(ctx context.Context, id string, options client.DescribeActivityOptions) (*client.ActivityExecutionDescription, error) {
	described, err := c.temporal.GetActivityHandle(client.GetActivityHandleOptions{ActivityID: id}).Describe(ctx, options)
	var absent *serviceerror.NotFound
	switch {
	case errors.As(err, &absent), err == nil && described.ActivityType != EventDelivery:
		return nil, &Error{Type: NotFound, Message: "there is no delivery with this id; \"starter events list\" lists them"}
	case err != nil:
		return nil, fmt.Errorf("look at a delivery: %w", err)
	default:
		return described, nil
	}
}

func delivery(info *client.ActivityExecutionInfo) Delivery {
	d := Delivery{
		ID: info.ActivityID, RunID: info.ActivityRunID, State: deliveryState(info.Status), StartedAt: info.ScheduleTime.UTC(),
	}
	if d.State != Delivering {
		d.ClosedAt = info.CloseTime.UTC()
	}
	parts := strings.Split(strings.TrimPrefix(info.ActivityID, deliveryPrefix), "/")
	if last := len(parts) - 1; last >= 4 {
		d.WorkflowID, d.Endpoint = strings.Join(parts[:last-2], "/"), parts[last]
		d.Version, _ = strconv.ParseInt(parts[last-1], 10, 64) // 0 for an id that is none of ours
	}
	return d
}

func deliveryState(status enumspb.ActivityExecutionStatus) DeliveryState {
	switch status {
	case enumspb.ACTIVITY_EXECUTION_STATUS_RUNNING, enumspb.ACTIVITY_EXECUTION_STATUS_PAUSED:
		return Delivering
	case enumspb.ACTIVITY_EXECUTION_STATUS_COMPLETED:
		return Delivered
	default:
		return DeliveryFailed
	}
}

// ResendDelivery delivers the events of a delivery again, whether it failed or succeeded, with the same ids. It needs no keys. The error
// is NotFound if Temporal has no such delivery, and NotAwaited if it is under way.
func (c *Client) ResendDelivery(ctx context.Context, id string) error {
	described, err := c.describeDelivery(ctx, id, client.DescribeActivityOptions{IncludeInput: true})
	if err != nil {
		return err
	}
	_, err = c.temporal.ExecuteActivity(ctx, again(described), EventDelivery, arguments(described)...)
	var running *serviceerror.ActivityExecutionAlreadyStarted
	if errors.As(err, &running) {
		return &Error{Type: NotAwaited, Message: "this delivery is under way: it sends its events until the endpoint has them"}
	}
	if err != nil {
		return fmt.Errorf("resend a delivery: %w", err)
	}
	return nil
}

// again returns the options that start a delivery like one before.
func again(before *client.ActivityExecutionDescription) client.StartActivityOptions {
	return client.StartActivityOptions{
		ID:                       before.ActivityID,
		TaskQueue:                before.TaskQueue,
		ScheduleToCloseTimeout:   before.ScheduleToCloseTimeout,
		StartToCloseTimeout:      before.StartToCloseTimeout,
		HeartbeatTimeout:         before.HeartbeatTimeout,
		RetryPolicy:              before.RetryPolicy,
		Priority:                 before.Priority,
		ActivityIDReusePolicy:    enumspb.ACTIVITY_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		ActivityIDConflictPolicy: enumspb.ACTIVITY_ID_CONFLICT_POLICY_FAIL,
	}
}

// arguments returns the input of a delivery as it is, encrypted for every run of it.
func arguments(before *client.ActivityExecutionDescription) []any {
	var all []any
	for _, payload := range before.RawResponse.GetInput().GetPayloads() {
		all = append(all, converter.NewRawValue(payload))
	}
	return all
}

// EnableEndpoint lets an endpoint get events again, after it had answered that it wants none (HTTP 410). Deliveries that failed meanwhile
// stay failed: ResendDelivery sends them. The error is NotFound if the endpoint is not disabled.
func (c *Client) EnableEndpoint(ctx context.Context, endpoint string) error {
	err := c.temporal.SignalWorkflow(ctx, DisabledEndpointID(endpoint), "", EnableEndpoint, nil)
	var absent *serviceerror.NotFound
	if errors.As(err, &absent) {
		return &Error{Type: NotFound, Message: "no endpoint of this name is disabled"}
	}
	if err != nil {
		return fmt.Errorf("enable an endpoint: %w", err)
	}
	return nil
}

// DisabledEndpoints returns the names of the endpoints that get no events, as Temporal lists them, moments late.
func (c *Client) DisabledEndpoints(ctx context.Context) ([]string, error) {
	request := &workflowservice.ListWorkflowExecutionsRequest{
		Query: fmt.Sprintf("WorkflowType = %q AND ExecutionStatus = \"Running\"", DisabledEndpointWorkflow),
	}
	var names []string
	for {
		page, err := c.temporal.ListWorkflow(ctx, request)
		if err != nil {
			return nil, fmt.Errorf("list disabled endpoints: %w", err)
		}
		for _, execution := range page.GetExecutions() {
			names = append(names, strings.TrimPrefix(execution.GetExecution().GetWorkflowId(), disabledPrefix))
		}
		if request.NextPageToken = page.GetNextPageToken(); len(request.NextPageToken) == 0 {
			slices.Sort(names)
			return names, nil
		}
	}
}
