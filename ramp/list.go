package ramp

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/converter"
)

// Filter selects orders that meet every condition that is set.
type Filter struct {
	Direction Direction
	// Statuses selects orders in any of these statuses.
	Statuses []Status
	Token    string `redact:"show"`
	// OrderID is the provider's id of the order.
	OrderID string
	// Attention selects orders that a person must look at.
	Attention bool
	// StartedAfter excludes older orders.
	StartedAfter time.Time
	// From and Until select the orders that started or ended at or after the one and before the other. Both are set, or none.
	From, Until time.Time
	// Users selects orders of users with any of these hashes, and Proofs orders with an accepted proof of any of these: see
	// FindRequest.Filter.
	Users, Proofs []string
}

// Query returns the filter in Temporal's list filter language, which the Web UI also accepts.
func (f Filter) Query() string {
	conditions := []string{fmt.Sprintf("WorkflowType IN (%q, %q)", OnrampWorkflow, OfframpWorkflow)}
	if f.Direction != "" {
		conditions = append(conditions, fmt.Sprintf("%s = %q", DirectionKey.GetName(), f.Direction))
	}
	conditions = append(conditions, anyOf(StatusKey.GetName(), f.Statuses)...)
	if f.Token != "" {
		conditions = append(conditions, fmt.Sprintf("%s = %q", TokenKey.GetName(), f.Token))
	}
	if f.OrderID != "" {
		conditions = append(conditions, fmt.Sprintf("%s = %q", OrderIDKey.GetName(), f.OrderID))
	}
	if f.Attention {
		conditions = append(conditions, AttentionKey.GetName()+" = true")
	}
	if !f.StartedAfter.IsZero() {
		conditions = append(conditions, fmt.Sprintf("StartTime > %q", f.StartedAfter.UTC().Format(time.RFC3339)))
	}
	if !f.From.IsZero() {
		from, until := f.From.UTC().Format(time.RFC3339), f.Until.UTC().Format(time.RFC3339)
		conditions = append(conditions, fmt.Sprintf(
			"((StartTime >= %q AND StartTime < %q) OR (CloseTime >= %q AND CloseTime < %q))", from, until, from, until))
	}
	conditions = append(conditions, anyOf(UserKey.GetName(), f.Users)...)
	conditions = append(conditions, anyOf(ProofKey.GetName(), f.Proofs)...)
	return strings.Join(conditions, " AND ")
}

// anyOf returns the condition that a search attribute has any of the values; none for no values.
func anyOf[T ~string](attribute string, values []T) []string {
	if len(values) == 0 {
		return nil
	}
	var quoted []string
	for _, value := range values {
		quoted = append(quoted, fmt.Sprintf("%q", value))
	}
	return []string{fmt.Sprintf("%s IN (%s)", attribute, strings.Join(quoted, ", "))}
}

// Summary is an order in a list, as Temporal's visibility store has it: moments behind the order's current state. Times are in UTC.
type Summary struct {
	// Reference is the reference of the order. Empty if the workflow's id is not that of an order.
	Reference string `json:"reference"`
	// Direction is onramp or offramp.
	Direction Direction `json:"direction"`
	// WorkflowID is the id of the order's workflow in Temporal.
	WorkflowID string `json:"workflowId"`
	// RunID is the id of the workflow's run.
	RunID string `json:"runId"`
	// WorkflowType is Onramp or Offramp.
	WorkflowType string `json:"workflowType"`
	// Status is the order's status; the last one if the workflow failed or was terminated.
	Status Status `json:"status"`
	// Attention is set if a person must look at the order.
	Attention bool `json:"attention,omitempty"`
	// Token is the symbol of the token.
	Token string `json:"token,omitempty" redact:"show"`
	// FiatAmount is a decimal string in INR. Empty until an order by token amount has a price.
	FiatAmount string `json:"fiatAmount,omitempty"`
	// OrderID is the provider's id of the order. Empty until the provider has created it.
	OrderID string `json:"orderId,omitempty"`
	// ExpiresAt is the deadline for an accepted proof. It is missing until the provider has created the order.
	ExpiresAt time.Time `json:"expiresAt,omitzero"`
	// StartedAt is when the workflow started.
	StartedAt time.Time `json:"startedAt"`
	// ClosedAt is when the workflow ended. It is missing while it is open.
	ClosedAt time.Time `json:"closedAt,omitzero"`
	// Running is whether the workflow is open.
	Running bool `json:"running"`
}

// Page is a part of a list of orders, newest first.
type Page struct {
	// Orders are the orders of this page.
	Orders []Summary `json:"orders"`
	// NextCursor is the cursor of the next page. Empty on the last one.
	NextCursor string `json:"nextCursor,omitempty"`
}

// ListPage returns at most limit orders that a filter selects, newest first, from a cursor on. The empty cursor is that of the first
// page. A cursor belongs to its filter. The error is InvalidRequest if the cursor is not one of an earlier page.
func (c *Client) ListPage(ctx context.Context, filter Filter, limit int32, cursor string) (*Page, error) {
	position, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		return nil, invalidCursor()
	}
	found, err := c.temporal.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{
		Query: filter.Query(), PageSize: limit, NextPageToken: position,
	})
	var refused *serviceerror.InvalidArgument
	switch {
	case cursor != "" && errors.As(err, &refused):
		return nil, invalidCursor()
	case err != nil:
		return nil, fmt.Errorf("list orders: %w", err)
	}
	page := &Page{Orders: []Summary{}, NextCursor: base64.RawURLEncoding.EncodeToString(found.GetNextPageToken())}
	for _, execution := range found.GetExecutions() {
		page.Orders = append(page.Orders, summarize(execution))
	}
	return page, nil
}

func invalidCursor() error {
	return &Error{
		Type:    InvalidRequest,
		Message: "the list request is invalid",
		Fields:  []FieldError{{Field: "cursor", Problem: "must be the cursor of an earlier page of the same list"}},
	}
}

// List yields the orders that a filter selects, newest first.
func (c *Client) List(ctx context.Context, filter Filter) iter.Seq2[Summary, error] {
	return c.list(ctx, filter.Query())
}

// Summary returns the current state of an order as a list shows it. It comes from Temporal itself and needs no worker, unlike Get. The
// error is NotFound if there is no such order.
func (c *Client) Summary(ctx context.Context, id ID) (Summary, error) {
	described, err := c.temporal.DescribeWorkflowExecution(ctx, id.workflow(), "")
	if err != nil {
		return Summary{}, c.explain(id, err)
	}
	return summarize(described.GetWorkflowExecutionInfo()), nil
}

// list yields the workflows that a query in Temporal's list filter language selects.
func (c *Client) list(ctx context.Context, query string) iter.Seq2[Summary, error] {
	return func(yield func(Summary, error) bool) {
		request := &workflowservice.ListWorkflowExecutionsRequest{Query: query}
		for {
			page, err := c.temporal.ListWorkflow(ctx, request)
			if err != nil {
				yield(Summary{}, fmt.Errorf("list orders: %w", err))
				return
			}
			for _, execution := range page.GetExecutions() {
				if !yield(summarize(execution), nil) {
					return
				}
			}
			if request.NextPageToken = page.GetNextPageToken(); len(request.NextPageToken) == 0 {
				return
			}
		}
	}
}

func summarize(execution *workflow.WorkflowExecutionInfo) Summary {
	s := Summary{
		WorkflowID:   execution.GetExecution().GetWorkflowId(),
		RunID:        execution.GetExecution().GetRunId(),
		WorkflowType: execution.GetType().GetName(),
		StartedAt:    execution.GetStartTime().AsTime(),
		Running:      execution.GetStatus() == enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING,
	}
	s.Direction, s.Reference = named(s.WorkflowID, s.WorkflowType)
	if closed := execution.GetCloseTime(); closed != nil {
		s.ClosedAt = closed.AsTime()
	}
	attribute(execution, StatusKey.GetName(), &s.Status)
	attribute(execution, AttentionKey.GetName(), &s.Attention)
	attribute(execution, TokenKey.GetName(), &s.Token)
	var amount json.Number
	attribute(execution, FiatAmountKey.GetName(), &amount)
	s.FiatAmount = amount.String()
	attribute(execution, OrderIDKey.GetName(), &s.OrderID)
	attribute(execution, ExpiresAtKey.GetName(), &s.ExpiresAt)
	return s
}

// named returns direction and reference of a workflow. If its id is not that of an order, the type determines the direction.
func named(workflowID, workflowType string) (Direction, string) {
	if direction, reference, err := ParseWorkflowID(workflowID); err == nil {
		return direction, reference
	}
	switch workflowType {
	case OnrampWorkflow:
		return Onramp, ""
	case OfframpWorkflow:
		return Offramp, ""
	default:
		return "", ""
	}
}

// attribute decodes a search attribute, which Temporal keeps as plain JSON. One that cannot be decoded is skipped.
func attribute(execution *workflow.WorkflowExecutionInfo, name string, into any) {
	if payload, found := execution.GetSearchAttributes().GetIndexedFields()[name]; found {
		_ = converter.GetDefaultDataConverter().FromPayload(payload, into)
	}
}
