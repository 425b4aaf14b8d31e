package workflows

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"rampart/activities"
	"rampart/ramp"
)

// How long an order waits for its user before it gives up. Deadlines of the provider come from the activities.
const (
	// userPatience is for a KYC dossier or another account.
	userPatience = 24 * time.Hour
	// confirmationPatience is for a quote, which is fetched again and again meanwhile.
	confirmationPatience = 15 * time.Minute
	// requotePatience is what is left of it, at the least, for a quote that came in place of a confirmed one.
	requotePatience = 2 * time.Minute
)

// flow is what differs between buying and selling.
type flow interface {
	// read takes the request, if it is valid.
	read(converter.RawValue) error
	reference() string
	direction() ramp.Direction
	terms() terms
	words() words
	// sameAs refuses a caller who awaits an order with another request.
	sameAs(ramp.Awaiting) error
	// previous is the order that the payment was made for, where that is not this one.
	previous() *ramp.PreviousOrder
	// title says in a few words what the order does, and details in a sentence of Markdown.
	title() string
	details() string

	// account is what must be linked before the order is made.
	account() activities.AccountRequest
	accountKind() ramp.AccountKind
	useAccount(ramp.AccountSubmission)

	quote(workflow.Context) (activities.QuoteResult, error)
	create(workflow.Context, activities.CreateOrderRequest) (activities.CreatedOrder, error)

	// proofMessage is the name of the signal and update that bring a proof of payment.
	proofMessage() string
	parseProof(converter.RawValue) (string, error)
	newProof(reference string, at time.Time) *ramp.Proof
	submit(ctx workflow.Context, orderID, proof string) (activities.SubmitResult, error)
}

// terms are the parts of a request that both directions share.
type terms struct {
	email      string
	token      string
	fiatAmount string
	// dossier of the user's KYC documents, where one was given.
	dossier string
	// proof of a payment already made.
	proof       string
	confirm     bool
	minReceived string
	maxPaid     string
}

func (t terms) with(kyc *ramp.KYC, quote *ramp.QuoteTerms) terms {
	if kyc != nil {
		t.dossier = string(kyc.Dossier)
	}
	if quote != nil {
		t.confirm, t.minReceived, t.maxPaid = quote.Confirm, quote.MinReceived, quote.MaxPaid
	}
	return t
}

// words name what a direction calls things.
type words struct {
	proof   string
	payment string
}

// orderRun runs one order.
type orderRun struct {
	flow  flow
	terms terms
	order ramp.Order
	log   log.Logger

	submissions submissions
	// published are the search attributes as Temporal has them.
	published published

	// lookup is what the provider says of the account, where it was asked before its turn.
	lookup *lookup

	// identity is how far the order has come with a user who is not verified.
	identity identity

	// clear is set when the request came in clear.
	clear bool
	// begun is set once the order's first call is over, and rules are what that said the order goes by; nil for an order that began
	// before there were any.
	begun bool
	rules *activities.AdmissionRules
	// holding is set while messages wait for the order to begin.
	holding bool
	// stillborn is set once the first call has failed, which ends the order.
	stillborn bool
	// turnedAway is why the order did not begin; nil for one that did.
	turnedAway *ramp.Error
	// aside are the messages that no key could read so far.
	aside aside

	// since is the provider's clock at the first quote for which an order may have been made.
	since time.Time
	// confirmed is the quote that the user confirmed; nil until then.
	confirmed *ramp.Quote
	// worse is the price of the provider's order that the user has not agreed to; nil for none.
	worse *ramp.Quote
	// confirmBy is when the user's time to confirm a quote is over, once it has begun.
	confirmBy time.Time
	payment   payment
	// tries counts the proofs that were refused or replaced, and proofsOver is set once there were too many.
	tries      int
	proofsOver bool
	// flaps counts the provider's statuses that did not move the order on.
	flaps int
	// looking is set while the provider is asked once more whether the order is paid, before the order ends.
	looking bool
	// maybeMade is set once an attempt to make the order may have succeeded without an answer.
	maybeMade bool
	// unkept is how many orders it made that were another's.
	unkept int
}

// ended is how a step says that the order is over. It is no failure.
type ended struct {
	status ramp.Status
	note   string
}

func (e *ended) Error() string { return fmt.Sprintf("the order is %s: %s", e.status, e.note) }

func end(status ramp.Status, note string, args ...any) error {
	return &ended{status: status, note: fmt.Sprintf(note, args...)}
}

// setup checks the request and makes the order ready to run. Nothing in it blocks, so that every handler is there before
// the first message. The error is what the workflow ends with.
func setup(ctx workflow.Context, f flow, input converter.RawValue) (*orderRun, error) {
	mustBeReadable(input)
	if count, several := furtherArguments(input); several && changed(ctx, changeOneArgument) {
		return nil, decline(ctx, tooManyArguments(count))
	}
	if err := readRequest(ctx, f, input); err != nil {
		return nil, decline(ctx, err)
	}
	reference := f.reference()
	now := workflow.Now(ctx).UTC()
	o := &orderRun{
		flow:  f,
		terms: f.terms(),
		order: ramp.Order{Reference: reference, Direction: f.direction(), Previous: f.previous(), CreatedAt: now, AccountKind: f.accountKind()},
		log:   log.With(workflow.GetLogger(ctx), "reference", reference, "direction", f.direction()),
		clear: inClear(input),
	}
	o.enter(ctx, ramp.VerifyingKYC, o.flow.title())
	o.noteClear(ctx, "The request", input)
	if err := o.listen(ctx); err != nil {
		return nil, err
	}
	if o.terms.proof != "" {
		o.submissions.offer(o.terms.proof, now)
	}
	return o, nil
}

// readRequest takes the request, if it is valid and the workflow id is its reference's.
func readRequest(ctx workflow.Context, f flow, input converter.RawValue) error {
	err := f.read(input)
	if ramp.OnlyReserved(err) && !changed(ctx, changeReservedMetadata) {
		err = nil
	}
	if err != nil {
		return err
	}
	reference := f.reference()
	if want := f.direction().WorkflowID(reference); workflow.GetInfo(ctx).WorkflowExecution.ID != want {
		return &ramp.Error{
			Type:      ramp.InvalidRequest,
			Reference: reference,
			Message:   fmt.Sprintf("the workflow id of this order must be %s, so that one reference is one order", want),
		}
	}
	return nil
}

// run is an order from beginning to end.
func (o *orderRun) run(ctx workflow.Context) (*ramp.Order, error) {
	err := o.walk(ctx)
	if why, turned := activities.NotAdmitted(err); turned {
		return nil, o.turnAway(ctx, why)
	}
	if err = o.conclude(ctx, err); err != nil {
		return nil, err
	}
	o.close(ctx, o.overError())
	order := o.snapshot()
	return &order, nil
}

func (o *orderRun) walk(ctx workflow.Context) error {
	steps := []func(workflow.Context) error{
		o.verifyKYC,
		o.linkAccount,
		o.placeOrder,
		o.collectPayment,
		o.followOrder,
	}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// conclude turns the way in which the last step ended into the order's final status. Only a defect is an error.
func (o *orderRun) conclude(ctx workflow.Context, err error) error {
	o.readMessages(ctx) // so that nothing comes after the end
	var over *ended
	said, refused := activities.Refused(err)
	switch {
	case errors.As(err, &over):
		o.enter(ctx, over.status, over.note)
	case temporal.IsCanceledError(err):
		o.order.CancelledBy = ramp.CancelledByRequest
		o.enter(ctx, ramp.Cancelled, o.cancellationNote())
	case refused:
		o.order.ProviderReason = said.Reason
		o.enter(ctx, ramp.Rejected, "The provider refused: "+said.Reason)
	default:
		return err
	}
	return nil
}

func (o *orderRun) cancellationNote() string {
	switch {
	case o.order.OrderID == "" && o.maybeMade:
		return "Cancelled on request. The provider may have made an order whose answer was lost. Nobody was told how to pay it."
	case o.order.OrderID == "":
		return "Cancelled on request, before there was anything to pay."
	case o.payment.undecided():
		return "Cancelled on request. The provider's status does not say whether it holds a payment; ask it with the order id."
	}
	return "Cancelled on request. The provider holds no payment; its order expires by itself."
}

// turnAway ends a run that is no order, and tells whoever asks why. The error is what the workflow fails with.
func (o *orderRun) turnAway(ctx workflow.Context, why *ramp.Error) error {
	o.turnedAway = why
	o.readMessages(ctx)
	o.close(ctx, why)
	return contractError(why)
}

// close ends the order: it answers whoever still waits, and takes in what has arrived, so that nothing is dropped in
// silence. What it awaits needs no activity, so that nothing can hold it up.
func (o *orderRun) close(ctx workflow.Context, why *ramp.Error) {
	o.aside.stop()
	o.submissions.close(why)
	_ = workflow.Await(disconnected(ctx), func() bool { // fails only when cancelled, which it cannot be
		return !o.unread(ctx) && workflow.AllHandlersFinished(ctx)
	})
	o.log.Info("order is over", "status", o.order.Status)
}

// ask makes a call with a request until the provider answers it.
func ask[Request, Result any](
	ctx workflow.Context, o *orderRun, call func(workflow.Context, Request) (Result, error), request Request,
) (Result, error) {
	return answer(ctx, o, func(ctx workflow.Context) (Result, error) { return call(ctx, request) })
}

// answer makes a call until the provider answers it, and asks for attention while that takes long.
func answer[T any](ctx workflow.Context, o *orderRun, call func(workflow.Context) (T, error)) (T, error) {
	result, err := call(ctx)
	concern, unanswered := activities.Unanswered(err)
	if !unanswered {
		return result, err
	}
	o.raiseConcern(ctx, concern.Type, concern.Reason)
	defer o.clearConcern(ctx, outage)
	if err := pause(ctx, activities.RetryAfter(err)); err != nil {
		return result, err
	}
	return call(activities.WithUnlimitedRetries(ctx))
}

// pause waits for as long as the provider, or the pace of retries, asks.
func pause(ctx workflow.Context, asked time.Duration) error {
	if asked <= 0 {
		return nil
	}
	return workflow.NewTimerWithOptions(ctx, asked, workflow.TimerOptions{Summary: "Until the provider is asked again"}).Get(ctx, nil)
}

// keepWatching runs a watch until it has an answer, and asks for attention while the provider gives none.
func (o *orderRun) keepWatching(
	ctx workflow.Context, since time.Time, watch func(activities.Wait) (activities.WatchEnd, error),
) (activities.End, error) {
	wait := activities.Wait{WaitingSince: since}
	for {
		stopped, err := watch(wait)
		if err != nil {
			return "", err
		}
		wait.InOutage, wait.RetryAfter = stopped.End == activities.Outage, stopped.RetryAfter
		if wait.InOutage {
			o.raiseConcern(ctx, cmp.Or(stopped.Concern, ramp.ConcernProviderUnavailable), stopped.Problem)
			continue
		}
		o.clearConcern(ctx, outage)
		if stopped.End != activities.Recovered {
			return stopped.End, nil
		}
	}
}

// disconnected is a context that a cancellation of the order does not reach.
func disconnected(ctx workflow.Context) workflow.Context {
	protected, _ := workflow.NewDisconnectedContext(ctx)
	return protected
}
