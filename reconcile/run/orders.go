package run

import (
	"context"
	"errors"
	"fmt"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/grpc/codes"

	"rampart/ramp"
	"rampart/reconcile"
)

// orders are the orders here that Temporal has.
type orders interface {
	// page returns the orders that started or ended on a day, from a cursor on, and the cursor of the next page; empty after the last.
	page(ctx context.Context, day reconcile.Day, cursor string) ([]ramp.Summary, string, error)
	// read returns an order; nil if the run was none. The error is *unreadableError if the order cannot be read, and asking again does not help.
	read(ctx context.Context, summary ramp.Summary) (*ours, error)
	// owned reports whether an order here owns an order of the provider.
	owned(ctx context.Context, orderID string) (bool, error)
	// exists reports whether Temporal has an order of the books.
	exists(ctx context.Context, entry reconcile.Entry) (bool, error)
}

// unreadableError says why an order cannot be read.
type unreadableError struct{ cause error }

func (e *unreadableError) Error() string { return e.cause.Error() }

// pageSize is how many orders are compared between two records of how far a reconciliation has come.
const pageSize = 100

// temporalOrders are the orders of a namespace.
type temporalOrders struct {
	temporal client.Client
	client   *ramp.Client
}

var _ orders = temporalOrders{}

func (t temporalOrders) page(ctx context.Context, day reconcile.Day, cursor string) ([]ramp.Summary, string, error) {
	page, err := t.client.ListPage(ctx, ramp.Filter{From: day.Begin(), Until: day.End()}, pageSize, cursor)
	if err != nil {
		return nil, "", err
	}
	return page.Orders, page.NextCursor, nil
}

func (t temporalOrders) read(ctx context.Context, summary ramp.Summary) (*ours, error) {
	if summary.Reference == "" {
		return nil, nil
	}
	id := ramp.ID{Direction: summary.Direction, Reference: summary.Reference}
	order, err := t.client.GetRun(ctx, id, summary.RunID)
	switch {
	case err == nil:
		summary.Running = !order.Status.Final()
	case isRefused(err), ramp.IsError(err, ramp.NotFound):
		return nil, nil
	case outOfReach(ctx, err) && !summary.Running:
		return nil, err
	case summary.OrderID == "":
		return nil, nil // it made nothing at the provider, or has not yet
	default:
		newest, err := t.isNewest(ctx, id, summary.RunID)
		if err != nil || !newest {
			return nil, err // the run that continues it is the order
		}
		order = &ramp.Order{Reference: summary.Reference, Direction: summary.Direction, Status: summary.Status, OrderID: summary.OrderID}
	}
	entry, err := t.entry(ctx, summary, order)
	switch {
	case ramp.IsError(err, ramp.NotFound):
		return nil, nil
	case err != nil && outOfReach(ctx, err):
		return nil, err
	case err != nil:
		return nil, &unreadableError{err}
	}
	return &ours{Entry: entry, running: summary.Running}, nil
}

// entry returns the order with what of its request is compared.
func (t temporalOrders) entry(ctx context.Context, summary ramp.Summary, order *ramp.Order) (reconcile.Entry, error) {
	if summary.Direction == ramp.Offramp {
		request, err := t.client.OfframpRequest(ctx, summary.Reference, summary.RunID)
		return reconcile.Entry{
			Order: *order, Email: request.Email, Fiat: request.Fiat, Token: request.Token, Wallet: request.SenderWallet,
		}, err
	}
	request, err := t.client.OnrampRequest(ctx, summary.Reference, summary.RunID)
	return reconcile.Entry{
		Order: *order, Email: request.Email, Fiat: request.Fiat, Token: request.Token, Wallet: request.WalletAddress,
	}, err
}

// isRefused reports whether a run ended without having been an order.
func isRefused(err error) bool {
	return ramp.IsError(err, ramp.InvalidRequest) || ramp.IsError(err, ramp.Unencrypted) || ramp.IsError(err, ramp.ReferenceTaken)
}

// outOfReach reports whether a call failed because Temporal, or the worker that it asked, did not answer.
func outOfReach(ctx context.Context, err error) bool {
	var missing *serviceerror.NotFound
	if errors.As(err, &missing) {
		return false
	}
	return ctx.Err() != nil || errors.Is(err, context.DeadlineExceeded) || serviceerror.ToStatus(rootOf(err)).Code() != codes.Unknown
}

// rootOf returns the innermost error.
func rootOf(err error) error {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}

func (t temporalOrders) isNewest(ctx context.Context, id ramp.ID, runID string) (bool, error) {
	described, err := t.temporal.DescribeWorkflowExecution(ctx, id.Direction.WorkflowID(id.Reference), "")
	var missing *serviceerror.NotFound
	if errors.As(err, &missing) {
		return true, nil
	}
	return described.GetWorkflowExecutionInfo().GetExecution().GetRunId() == runID, err
}

// owned reports whether an order has published the provider's order as its own, or has claimed it.
func (t temporalOrders) owned(ctx context.Context, orderID string) (bool, error) {
	count, err := t.temporal.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{
		Query: fmt.Sprintf("%s = %q", ramp.OrderIDKey.GetName(), orderID),
	})
	if err != nil || count.GetCount() > 0 {
		return err == nil, err
	}
	return t.has(ctx, ramp.AdoptionID(orderID), "")
}

// exists asks for the order's own run: a later one may have been refused because the reference is on record.
func (t temporalOrders) exists(ctx context.Context, entry reconcile.Entry) (bool, error) {
	return t.has(ctx, entry.Order.Direction.WorkflowID(entry.Order.Reference), entry.RunID)
}

// has reports whether Temporal has a run of a workflow id, or any if the run is empty.
func (t temporalOrders) has(ctx context.Context, workflowID, runID string) (bool, error) {
	_, err := t.temporal.DescribeWorkflowExecution(ctx, workflowID, runID)
	var missing *serviceerror.NotFound
	if errors.As(err, &missing) {
		return false, nil
	}
	return err == nil, err
}
