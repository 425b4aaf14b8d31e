package ramp

import (
	"context"
	"errors"
	"fmt"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/converter"
)

// OnrampRequest returns the request of a run of an on-ramp order, with the user's data. The error is NotFound if Temporal does not have the
// run any more.
func (c *Client) OnrampRequest(ctx context.Context, reference, runID string) (*OnrampRequest, error) {
	request := new(OnrampRequest)
	return request, c.requestOf(ctx, ID{Onramp, reference}, runID, request)
}

// OfframpRequest returns the request of a run of an off-ramp order as OnrampRequest does.
func (c *Client) OfframpRequest(ctx context.Context, reference, runID string) (*OfframpRequest, error) {
	request := new(OfframpRequest)
	return request, c.requestOf(ctx, ID{Offramp, reference}, runID, request)
}

// request reads the request of an order from its history.
func (c *Client) request(ctx context.Context, id ID, into any) error {
	run, err := c.orderRun(ctx, id)
	if err != nil {
		return err
	}
	return c.requestOf(ctx, id, run, into)
}

// requestOf reads the request of a run from its history.
func (c *Client) requestOf(ctx context.Context, id ID, run string, into any) error {
	history := c.temporal.GetWorkflowHistory(ctx, id.workflow(), run, false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	if !history.HasNext() {
		return c.explain(id, errors.New("the history that Temporal returned is empty"))
	}
	first, err := history.Next()
	if err != nil {
		return c.explain(id, err)
	}
	return c.decode(id, c.asOrder(id), first.GetWorkflowExecutionStartedEventAttributes().GetInput(), into)
}

// readHistory calls read for every event of the order, oldest first, until read returns an error.
func (c *Client) readHistory(ctx context.Context, id ID, read func(*historypb.HistoryEvent) error) error {
	run, err := c.orderRun(ctx, id)
	if err != nil {
		return err
	}
	history := c.temporal.GetWorkflowHistory(ctx, id.workflow(), run, false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for history.HasNext() {
		event, err := history.Next()
		if err != nil {
			return c.explain(id, err)
		}
		if err := read(event); err != nil {
			return err
		}
	}
	return nil
}

// asOrder returns the converter for the payloads of the order's workflow.
func (c *Client) asOrder(id ID) converter.DataConverter {
	return converter.WithDataConverterSerializationContext(c.converter, converter.WorkflowSerializationContext{WorkflowID: id.workflow()})
}

// asActivity returns the converter for the payloads of an activity of the order.
func (c *Client) asActivity(id ID, activityType string) converter.DataConverter {
	return converter.WithDataConverterSerializationContext(c.converter,
		converter.ActivitySerializationContext{WorkflowID: id.workflow(), ActivityType: activityType})
}

// decode decodes an input, which may be unencrypted.
func (c *Client) decode(id ID, own converter.DataConverter, input *commonpb.Payloads, into any) error {
	var value converter.RawValue
	err := own.FromPayloads(input, &value)
	if err == nil {
		err = converter.GetDefaultDataConverter().FromPayload(value.Payload(), into)
	}
	if err != nil {
		return c.explain(id, fmt.Errorf("its request cannot be read from the history: %w", err))
	}
	return nil
}

// orderRun returns the run that the reference belongs to. Empty is the newest run.
func (c *Client) orderRun(ctx context.Context, id ID) (string, error) {
	description, err := c.temporal.DescribeWorkflow(ctx, id.workflow(), "")
	if err != nil {
		return "", c.explain(id, err)
	}
	if description.Status != enumspb.WORKFLOW_EXECUTION_STATUS_FAILED {
		return "", nil
	}
	var taken *Error
	err = fromTemporal(c.temporal.GetWorkflow(ctx, id.workflow(), "").Get(ctx, nil))
	if ofEarlierOrder(err) && errors.As(err, &taken) {
		return taken.RunID, nil
	}
	return "", nil
}
