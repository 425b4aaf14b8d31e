package workflows

import (
	"errors"
	"fmt"

	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"rampart/activities"
	"rampart/ramp"
	"rampart/records"
)

// orderRun is one run of an order, from its request to its final status. Each step hands what it found to the next; what is here is
// read or written by more than one step, or by the handlers of messages.
type orderRun struct {
	request orderRequest
	flow    flow
	// order is what the backend sees.
	order ramp.Order
	log   log.Logger

	// clear is set when the request came unencrypted although the worker encrypts.
	clear       bool
	admission   admission
	submissions submissions
	unreadable  unreadableMessages

	identification identification
	creation       creation
	payment        payment
	proofs         proofBudget
	hints          hints
	// unmoved counts the provider's statuses that did not move the order on.
	unmoved int
	// looking is set while the provider is asked once more whether the order is paid, before the order ends.
	looking bool

	// found are the hashes by which the order is found.
	found hashes
	// published are the search attributes as Temporal has them.
	published published
	outbox    outbox

	// account is the account that the user submitted in place of the request's; nil for none.
	account *ramp.AccountSubmission
	open    openRecord
	// resumed is the order that Temporal has lost and that this run follows; nil for a new one.
	resumed *records.OpenOrder
}

// ended is the error by which a step ends the order with a final status. It is not a failure.
type ended struct {
	status ramp.Status
	note   string
}

func (e *ended) Error() string { return fmt.Sprintf("the order is %s: %s", e.status, e.note) }

// end returns the error that ends the order in a status.
func end(status ramp.Status, note string, args ...any) error {
	return &ended{status: status, note: fmt.Sprintf(note, args...)}
}

// runOrder runs the order of a request to its end.
func runOrder(ctx workflow.Context, read requestReader, input converter.RawValue) (*ramp.Order, error) {
	o, err := setup(ctx, read, input)
	if err != nil {
		return nil, err
	}
	return o.run(ctx)
}

// setup validates the request and registers every handler. It does not block, so that the handlers exist before the first message is
// delivered. A workflow ends with the error that setup returns.
func setup(ctx workflow.Context, read requestReader, input converter.RawValue) (*orderRun, error) {
	mustBeReadable(input)
	if count, several := furtherArguments(input); several && changed(ctx, changeOneArgument) {
		return nil, decline(ctx, tooManyArguments(count))
	}
	request, f, err := readRequest(ctx, read, input)
	if err != nil {
		return nil, decline(ctx, err)
	}
	now := workflow.Now(ctx).UTC()
	o := &orderRun{
		request: request,
		flow:    f,
		order: ramp.Order{
			Reference: request.reference, Direction: request.direction, Previous: request.previous, CreatedAt: now,
			AccountKind: request.accountKind,
		},
		log:   log.With(workflow.GetLogger(ctx), "reference", request.reference, "direction", request.direction),
		clear: inClear(input),
	}
	o.enter(ctx, ramp.VerifyingKYC, request.title)
	o.noteClear(ctx, "The request", input)
	if err := o.registerHandlers(ctx); err != nil {
		return nil, err
	}
	if request.proof != "" {
		o.submissions.offer(request.proof, now)
	}
	return o, nil
}

// readRequest returns the request if it is valid and its reference belongs to the workflow id.
func readRequest(ctx workflow.Context, read requestReader, input converter.RawValue) (orderRequest, flow, error) {
	request, f, err := read(input)
	if ramp.OnlyReserved(err) && !changed(ctx, changeReservedMetadata) {
		err = nil
	}
	if err != nil {
		return request, f, err
	}
	if want := request.direction.WorkflowID(request.reference); workflow.GetInfo(ctx).WorkflowExecution.ID != want {
		return request, f, &ramp.Error{
			Type:      ramp.InvalidRequest,
			Reference: request.reference,
			Message:   fmt.Sprintf("the workflow id of this order must be %s, so that one reference is one order", want),
		}
	}
	return request, f, nil
}

// run takes the order from its first call to its end.
func (o *orderRun) run(ctx workflow.Context) (*ramp.Order, error) {
	err := o.steps(ctx)
	if why, refused := activities.NotAdmitted(err); refused {
		return nil, o.refuseAdmission(ctx, why)
	}
	err = o.conclude(ctx, err)
	o.handOverLastEvents(ctx)
	if err != nil {
		return nil, err
	}
	o.keepRecord(ctx)
	o.close(ctx, o.overError())
	order := o.snapshot()
	return &order, nil
}

// steps is the business process. An order ends with the error of the step that ended it.
func (o *orderRun) steps(ctx workflow.Context) error {
	prefetched, err := o.verifyKYC(ctx)
	if err != nil {
		return err
	}
	account := o.request.account
	if o.resumed == nil {
		if account, err = o.linkAccount(ctx, prefetched); err != nil {
			return err
		}
	}
	created, err := o.obtainOrder(ctx, account)
	if err != nil {
		return err
	}
	if err := o.resumeProof(ctx, created); err != nil {
		return err
	}
	o.keepOpen(ctx)
	if err := o.collectPayment(ctx, created); err != nil {
		return err
	}
	return o.followOrder(ctx, created)
}

// conclude turns the error of the last step into the final status of the order. It returns only an error that is a defect.
func (o *orderRun) conclude(ctx workflow.Context, err error) error {
	o.readMessages(ctx) // so that no note follows the final status
	var over *ended
	refused, yes := activities.Refused(err)
	switch {
	case errors.As(err, &over):
		o.enter(ctx, over.status, over.note)
	case temporal.IsCanceledError(err):
		o.order.CancelledBy = ramp.CancelledByRequest
		o.enter(ctx, ramp.Cancelled, o.cancellationNote())
	case yes:
		o.order.ProviderReason = refused.Reason
		o.enter(ctx, ramp.Rejected, "The provider refused: "+refused.Reason)
	default:
		return err
	}
	return nil
}

func (o *orderRun) cancellationNote() string {
	switch {
	case o.order.OrderID == "" && o.creation.mayExist:
		return "Cancelled on request. The provider may have made an order whose answer was lost. Nobody was told how to pay it."
	case o.order.OrderID == "":
		return "Cancelled on request, before there was anything to pay."
	case o.payment.undecided():
		return "Cancelled on request. The provider's status does not say whether it holds a payment; ask it with the order id."
	}
	return "Cancelled on request. The provider holds no payment; its order expires by itself."
}

// refuseAdmission ends a run whose order was not admitted, and answers callers with the reason. The workflow fails with the error.
func (o *orderRun) refuseAdmission(ctx workflow.Context, why *ramp.Error) error {
	o.admission.refuse(why)
	o.readMessages(ctx)
	o.close(ctx, why)
	return contractError(why)
}

// close answers every caller that still waits, and reads every message that has arrived. It waits for no activity, so that nothing
// delays the end of the workflow.
func (o *orderRun) close(ctx workflow.Context, why *ramp.Error) {
	o.unreadable.stop()
	o.submissions.close(why)
	_ = workflow.Await(disconnected(ctx), func() bool { // never fails: the context cannot be cancelled
		return !o.unread(ctx) && workflow.AllHandlersFinished(ctx)
	})
	o.log.Info("order is over", "status", o.order.Status)
}
