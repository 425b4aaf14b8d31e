package workflows

import (
	"fmt"
	"slices"

	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/workflow"

	"rampart/internal/redact"
	"rampart/ramp"
)

// anyStatus stands for every status of an order.
const anyStatus ramp.Status = "any"

// message is a signal and, but for a hint, an update of the same name.
type message struct {
	name string
	// countsInClear is the status of the order in which the message counts unencrypted, if it counts unencrypted at all; empty for a
	// proof of payment, which always counts.
	countsInClear ramp.Status
	// triedOnce is set if a signal under a key that no worker had is not kept until one has it: it would be worth nothing then.
	triedOnce bool
	// check reads the argument and returns an error if the order does not take it now. It changes nothing.
	check func(converter.RawValue) (accept, error)
}

// accept adds a checked submission to the order, and returns its outcome, which may be still open.
type accept func(workflow.Context) *outcome

// registerHandlers registers every handler: the queries, await-order, each message as a signal and as an update, and hints.
func (o *orderRun) registerHandlers(ctx workflow.Context) error {
	if err := workflow.SetQueryHandlerWithOptions(ctx, ramp.OrderQuery, func() (ramp.Order, error) {
		if o.admission.refusal != nil {
			return ramp.Order{}, contractError(o.admission.refusal)
		}
		return o.snapshot(), nil
	}, workflow.QueryHandlerOptions{Description: "The state of the order"}); err != nil {
		return err
	}
	if err := workflow.SetQueryHandlerWithOptions(ctx, ramp.UserQuery, o.isUser, workflow.QueryHandlerOptions{
		Description: "Whether the order is that of the user with this e-mail address",
	}); err != nil {
		return err
	}
	if err := workflow.SetUpdateHandlerWithOptions(ctx, ramp.AwaitOrder, o.awaitOrder, workflow.UpdateHandlerOptions{
		Description: "Waits until the order has something for its user to act on, or is over",
		Validator:   o.checkAwaiting,
	}); err != nil {
		return err
	}
	o.submissions.signals = workflow.NewNamedSelector(ctx, "signals")
	for _, m := range o.messages() {
		if err := o.registerMessage(ctx, m); err != nil {
			return err
		}
	}
	o.registerHints(ctx)
	order := ctx
	workflow.GoNamed(disconnected(ctx), "messages", func(ctx workflow.Context) { o.handleMessages(ctx, order) })
	return nil
}

func (o *orderRun) messages() []message {
	return []message{
		{name: o.request.proofMessage, check: o.checkProof},
		{name: ramp.SubmitKYC, countsInClear: ramp.AwaitingKYC, check: o.checkKYC},
		{name: ramp.SubmitAccount, countsInClear: ramp.AwaitingAccount, check: o.checkAccount},
		{name: ramp.ConfirmQuote, countsInClear: ramp.AwaitingConfirmation, check: o.checkConfirmation},
	}
}

func (o *orderRun) registerMessage(ctx workflow.Context, m message) error {
	o.submissions.signals.AddReceive(workflow.GetSignalChannel(ctx, m.name), func(channel workflow.ReceiveChannel, _ bool) {
		var input converter.RawValue
		channel.Receive(ctx, &input)
		o.handleSignal(ctx, m, input)
	})
	return workflow.SetUpdateHandlerWithOptions(ctx, m.name,
		func(ctx workflow.Context, input converter.RawValue) (ramp.Order, error) {
			return o.handleUpdate(ctx, m, input)
		},
		workflow.UpdateHandlerOptions{
			Description: "The signal of the same name, with an answer",
			Validator:   func(input converter.RawValue) error { return contractError(o.checkUpdate(m, input)) },
		})
}

// handleMessages handles signals, and the cancellation of the order, one after the other. order is the context that a cancellation
// cancels.
func (o *orderRun) handleMessages(ctx, order workflow.Context) {
	noted := false
	cancelled := func() bool { return order.Err() != nil && !noted }
	for {
		_ = workflow.Await(ctx, func() bool { // cannot be cancelled
			return cancelled() || o.unread(ctx) && !o.admission.holdsMessages()
		})
		switch {
		case o.admission.pending() && o.unread(ctx) && changed(ctx, changeEarlyMessages):
			o.admission.hold()
		case o.submissions.pending() && !o.admission.holdsMessages():
			o.submissions.signals.Select(ctx)
		case cancelled():
			noted = true
			o.noteCancellation(ctx)
		default:
			o.ignoreUnknown(ctx)
		}
	}
}

// readMessages blocks until every message that has arrived is handled.
func (o *orderRun) readMessages(ctx workflow.Context) {
	_ = workflow.Await(disconnected(ctx), func() bool { return !o.unread(ctx) }) // cannot be cancelled
}

// unread reports whether signals have arrived that are not handled.
func (o *orderRun) unread(ctx workflow.Context) bool {
	return o.submissions.pending() || len(workflow.GetUnhandledSignalNames(ctx)) > 0
}

// ignoreUnknown notes signals with an unknown name, which is most likely misspelt. It receives them sorted by name, because the
// order in which the SDK lists them is not deterministic.
func (o *orderRun) ignoreUnknown(ctx workflow.Context) {
	names := workflow.GetUnhandledSignalNames(ctx)
	slices.Sort(names)
	for _, name := range names {
		channel := workflow.GetSignalChannel(ctx, name)
		for channel.ReceiveAsync(new(converter.RawValue)) {
			o.noteUnknown(ctx, name)
		}
	}
}

func (o *orderRun) noteUnknown(ctx workflow.Context, name string) {
	o.note(ctx, "A signal was ignored: unknown name "+redact.Message(name, longestWord)+".")
}

// handleSignal handles a signal. Its sender gets no answer, so the timeline notes a signal that was ignored.
func (o *orderRun) handleSignal(ctx workflow.Context, m message, input converter.RawValue) {
	switch {
	case o.needsKey(input):
		o.keepUnreadable(ctx, m, input)
		return
	case o.admission.failed() && isUnreadable(input):
		o.note(ctx, "A "+m.name+" signal was ignored: the order is over, and no worker had the key to read it.")
		return
	}
	mustBeReadable(input)
	accept, err := o.checkMessage(m, input)
	if err != nil {
		o.log.Warn("signal ignored", "signal", m.name, "problem", err.Error())
		o.note(ctx, fmt.Sprintf("A %s signal was ignored: %s", m.name, err))
		return
	}
	accept(ctx)
	o.noteClear(ctx, "The "+m.name+" signal", input)
}

// handleUpdate handles an update, and returns once the outcome of the submission is known.
func (o *orderRun) handleUpdate(ctx workflow.Context, m message, input converter.RawValue) (ramp.Order, error) {
	mustBeReadable(input)
	accept, err := m.check(input)
	if err != nil {
		return ramp.Order{}, contractError(err)
	}
	outcome := accept(ctx)
	o.noteClear(ctx, "The "+m.name+" update", input)
	if err := workflow.Await(disconnected(ctx), func() bool { return outcome.decided }); err != nil {
		return ramp.Order{}, err
	}
	if outcome.refusal != nil {
		return ramp.Order{}, contractError(outcome.refusal)
	}
	return o.snapshot(), nil
}

// awaitOrder handles the update of that name. It returns once the order has payment instructions, or gets none before its user acts, or
// is over.
func (o *orderRun) awaitOrder(ctx workflow.Context, _ converter.RawValue) (ramp.Order, error) {
	err := workflow.Await(disconnected(ctx), func() bool {
		return o.admission.refusal != nil || o.order.Instructions != nil || o.order.Status.AwaitsUser() || o.order.Status.Final()
	})
	if o.admission.refusal != nil {
		return ramp.Order{}, contractError(o.admission.refusal)
	}
	return o.snapshot(), err
}

// noteCancellation notes why a cancellation is refused, or what it waits for. Before the order exists at the provider the step under
// way just ends with it.
func (o *orderRun) noteCancellation(ctx workflow.Context) {
	switch {
	case o.order.Accepted() || o.payment.found():
		o.note(ctx, ramp.CancellationRefused+": the provider has a proof of payment, and only it can end the order now.")
	case o.order.Status == ramp.CreatingOrder && !o.creation.mayExist:
		o.note(ctx, ramp.CancellationRequested+". It waits for the provider's answer about the new order.")
	case o.order.OrderID != "" && o.submissions.next() != nil:
		o.note(ctx, ramp.CancellationRequested+". It waits for the provider's answer about the "+o.request.proofName+".")
	case o.order.OrderID != "":
		o.note(ctx, ramp.CancellationRequested+". The provider is asked first whether it has the payment.")
	}
}
