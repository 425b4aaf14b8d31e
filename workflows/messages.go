package workflows

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/workflow"

	"rampart/internal/payloadmeta"
	"rampart/internal/redact"
	"rampart/ramp"
)

// message is a signal and an update of the same name.
type message struct {
	name string
	// awaits is the order's status in which the message counts in clear, where it counts in clear at all; empty for a proof of payment,
	// which counts at any time.
	awaits ramp.Status
	// check reads what was sent and says whether the order takes it now. It changes nothing.
	check func(converter.RawValue) (take, error)
}

// take hands in what was checked, and returns what becomes of it.
type take func(workflow.Context) *outcome

// listen registers every handler: the query, and each message as a signal and as an update.
func (o *orderRun) listen(ctx workflow.Context) error {
	if err := workflow.SetQueryHandlerWithOptions(ctx, ramp.OrderQuery, func() (ramp.Order, error) {
		if o.turnedAway != nil {
			return ramp.Order{}, contractError(o.turnedAway)
		}
		return o.snapshot(), nil
	}, workflow.QueryHandlerOptions{Description: "The state of the order"}); err != nil {
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
		if err := o.handle(ctx, m); err != nil {
			return err
		}
	}
	order := ctx
	workflow.GoNamed(disconnected(ctx), "messages", func(ctx workflow.Context) { o.heedMessages(ctx, order) })
	return nil
}

func (o *orderRun) messages() []message {
	return []message{
		{o.flow.proofMessage(), "", o.checkProof},
		{ramp.SubmitKYC, ramp.AwaitingKYC, o.checkKYC},
		{ramp.SubmitAccount, ramp.AwaitingAccount, o.checkAccount},
		{ramp.ConfirmQuote, ramp.AwaitingConfirmation, o.checkConfirmation},
	}
}

func (o *orderRun) handle(ctx workflow.Context, m message) error {
	o.submissions.signals.AddReceive(workflow.GetSignalChannel(ctx, m.name), func(channel workflow.ReceiveChannel, _ bool) {
		var input converter.RawValue
		channel.Receive(ctx, &input)
		o.heed(ctx, m, input)
	})
	return workflow.SetUpdateHandlerWithOptions(ctx, m.name,
		func(ctx workflow.Context, input converter.RawValue) (ramp.Order, error) {
			return o.answerTo(ctx, m, input)
		},
		workflow.UpdateHandlerOptions{
			Description: "The signal of the same name, with an answer",
			Validator:   func(input converter.RawValue) error { return contractError(o.validate(m, input)) },
		})
}

// heedMessages handles signals, and the order's cancellation, as they come.
func (o *orderRun) heedMessages(ctx, order workflow.Context) {
	heard := false
	cancelled := func() bool { return order.Err() != nil && !heard }
	for {
		_ = workflow.Await(ctx, func() bool { // cannot be cancelled
			return cancelled() || o.unread(ctx) && !o.holds()
		})
		switch {
		case !o.begun && !o.holding && o.unread(ctx) && changed(ctx, changeEarlyMessages):
			o.holding = true
		case o.submissions.pending() && !o.holds():
			o.submissions.signals.Select(ctx)
		case cancelled():
			heard = true
			o.heedCancellation(ctx)
		default:
			o.ignoreUnknown(ctx)
		}
	}
}

// holds reports whether messages wait for the order to begin: before, nobody knows which of them count.
func (o *orderRun) holds() bool { return o.holding && !o.begun }

// readMessages lets what has arrived be heeded first.
func (o *orderRun) readMessages(ctx workflow.Context) {
	_ = workflow.Await(disconnected(ctx), func() bool { return !o.unread(ctx) }) // cannot be cancelled
}

// unread reports whether signals have arrived that nobody has looked at.
func (o *orderRun) unread(ctx workflow.Context) bool {
	return o.submissions.pending() || len(workflow.GetUnhandledSignalNames(ctx)) > 0
}

// ignoreUnknown takes signals of names that no order knows, most likely misspelt, whose senders cannot be told. It takes them
// out of their channels in an order that does not depend on the SDK's map.
func (o *orderRun) ignoreUnknown(ctx workflow.Context) {
	names := workflow.GetUnhandledSignalNames(ctx)
	slices.Sort(names)
	for _, name := range names {
		channel := workflow.GetSignalChannel(ctx, name)
		for channel.ReceiveAsync(new(converter.RawValue)) {
			o.note(ctx, "A signal was ignored: no order knows the name "+redact.Message(name, longestWord)+".")
		}
	}
}

// heed handles a signal. Its sender cannot be told that it was of no use, so the order's timeline says so.
func (o *orderRun) heed(ctx workflow.Context, m message, input converter.RawValue) {
	switch {
	case o.needsKey(input):
		o.setAside(ctx, m, input)
		return
	case o.stillborn && unreadable(input):
		o.note(ctx, "A "+m.name+" signal was ignored: the order is over, and no worker had the key to read it.")
		return
	}
	mustBeReadable(input)
	take, err := o.admit(m, input)
	if err != nil {
		o.log.Warn("signal ignored", "signal", m.name, "problem", err.Error())
		o.note(ctx, fmt.Sprintf("A %s signal was ignored: %s", m.name, err))
		return
	}
	take(ctx)
	o.noteClear(ctx, "The "+m.name+" signal", input)
}

// answerTo handles an update: it returns once it is known what became of what was sent.
func (o *orderRun) answerTo(ctx workflow.Context, m message, input converter.RawValue) (ramp.Order, error) {
	mustBeReadable(input)
	take, err := m.check(input)
	if err != nil {
		return ramp.Order{}, contractError(err)
	}
	outcome := take(ctx)
	o.noteClear(ctx, "The "+m.name+" update", input)
	if err := workflow.Await(disconnected(ctx), func() bool { return outcome.decided }); err != nil {
		return ramp.Order{}, err
	}
	if outcome.refusal != nil {
		return ramp.Order{}, contractError(outcome.refusal)
	}
	return o.snapshot(), nil
}

// checkAwaiting refuses a caller who takes this order for one with another request. A request in clear is of no more use here than
// where an order begins.
func (o *orderRun) checkAwaiting(input converter.RawValue) error {
	if len(input.Payload().GetData()) == 0 {
		return nil // the argument is optional
	}
	if err := o.readable(input); err != nil {
		return contractError(err)
	}
	if count, several := furtherArguments(input); several {
		return contractError(tooManyArguments(count))
	}
	var awaiting ramp.Awaiting
	if err := decode(input, &awaiting); err != nil {
		return contractError(err)
	}
	if len(awaiting.Request) > 0 && inClear(input) && !o.clear {
		return contractError(o.unencrypted("a request"))
	}
	return contractError(o.flow.sameAs(awaiting))
}

// awaitOrder is the update of that name. An order that waits for its user to act on something else first, or is over,
// is an answer too: there will be no payment instructions before that.
func (o *orderRun) awaitOrder(ctx workflow.Context, _ converter.RawValue) (ramp.Order, error) {
	err := workflow.Await(disconnected(ctx), func() bool {
		return o.turnedAway != nil || o.order.Instructions != nil || o.order.Status.AwaitsUser() || o.order.Status.Final()
	})
	if o.turnedAway != nil {
		return ramp.Order{}, contractError(o.turnedAway)
	}
	return o.snapshot(), err
}

// heedCancellation tells whoever cancels an order that is paid for why nothing happens. Before that, the steps of the
// order end by themselves.
func (o *orderRun) heedCancellation(ctx workflow.Context) {
	switch {
	case o.order.Accepted() || o.payment.found():
		o.note(ctx, ramp.CancellationRefused+": the provider has a proof of payment, and only it can end the order now.")
	case o.order.Status == ramp.CreatingOrder && !o.maybeMade:
		o.note(ctx, ramp.CancellationRequested+". It waits for the provider's answer about the new order.")
	case o.order.OrderID != "" && o.submissions.next() != nil:
		o.note(ctx, ramp.CancellationRequested+". It waits for the provider's answer about the "+o.flow.words().proof+".")
	case o.order.OrderID != "":
		o.note(ctx, ramp.CancellationRequested+". The provider is asked first whether it has the payment.")
	}
}

func (o *orderRun) checkProof(input converter.RawValue) (take, error) {
	reference, err := o.flow.parseProof(input)
	if err != nil {
		return nil, err
	}
	if err := o.proofAwaited(reference); err != nil {
		return nil, err
	}
	if o.order.Accepted() && o.order.Proof.Reference() == reference {
		return func(workflow.Context) *outcome { return &outcome{decided: true} }, nil
	}
	return func(ctx workflow.Context) *outcome {
		return &o.submissions.offer(reference, workflow.Now(ctx).UTC()).outcome
	}, nil
}

// proofAwaited says why a proof is not taken now. The accepted one is taken again and again, and another one in its place until
// the provider has the payment.
func (o *orderRun) proofAwaited(reference string) error {
	accepted := o.order.Accepted()
	switch {
	case accepted && o.order.Proof.Reference() == reference:
		return nil
	case o.order.Status.Final():
		return o.overError()
	case o.submissions.waits(reference):
		return nil
	case o.proofsOver:
		return o.tooManyProofs()
	case accepted && !o.replaceable():
		return o.conflict(o.order.Status != ramp.VerifyingPayment)
	case o.payment.found():
		return o.refuse(ramp.NotAwaited, "not awaited: the provider has the payment already")
	case len(o.submissions.proofs) >= proofsKept:
		return o.refuse(ramp.ProofConflict, "too many proofs wait for the provider already")
	}
	return nil
}

func (o *orderRun) tooManyProofs() *ramp.Error {
	return o.refuse(ramp.ProofLimit, fmt.Sprintf(
		"the order takes no more proofs: %d were refused or replaced; ask the provider's support about its order %s", proofLimit, o.order.OrderID))
}

func (o *orderRun) checkKYC(input converter.RawValue) (take, error) {
	var submission ramp.KYCSubmission
	if err := decode(input, &submission); err != nil {
		return nil, err
	}
	if o.identity.handedIn >= dossiersTaken {
		return nil, o.refuse(ramp.NotAwaited, fmt.Sprintf("not awaited: %d KYC dossiers were handed in for this order", dossiersTaken))
	}
	return putIn(o, &o.submissions.kyc, submission, submission.Validate())
}

func (o *orderRun) checkAccount(input converter.RawValue) (take, error) {
	var submission ramp.AccountSubmission
	if err := decode(input, &submission); err != nil {
		return nil, err
	}
	return putIn(o, &o.submissions.account, submission, submission.Validate(o.flow.accountKind()))
}

func (o *orderRun) checkConfirmation(input converter.RawValue) (take, error) {
	var confirmation ramp.QuoteConfirmation
	if err := decode(input, &confirmation); err != nil {
		return nil, err
	}
	if err := confirmation.Validate(); err != nil {
		return nil, err
	}
	if o.order.Status != ramp.AwaitingConfirmation {
		return nil, o.refuse(ramp.NotAwaited, "the order does not wait for a quote to be confirmed")
	}
	if confirmation.QuoteID != o.order.Quote.ID {
		return nil, o.refuse(ramp.QuoteMismatch, "another quote waits for confirmation; show it to the user and confirm that one")
	}
	return putIn(o, &o.submissions.confirmation, confirmation, nil)
}

func putIn[T any](o *orderRun, b *slot[T], content T, invalid error) (take, error) {
	if invalid != nil {
		return nil, invalid
	}
	if o.order.Status.Final() {
		return nil, o.overError()
	}
	if err := b.closed(); err != nil {
		return nil, err
	}
	return func(workflow.Context) *outcome { return &b.put(content).outcome }, nil
}

func (o *orderRun) refuse(kind ramp.ErrorType, message string) *ramp.Error {
	return &ramp.Error{Type: kind, Reference: o.order.Reference, Message: message}
}

func (o *orderRun) overError() *ramp.Error {
	order := o.snapshot()
	err := o.refuse(ramp.OrderOver, strings.TrimSpace(fmt.Sprintf("the order is %s and takes no more. %s", order.Status, ramp.PaidAdvice(&order))))
	err.Order = &order
	return err
}

// longestWord bounds what a sender's own words add to an order.
const longestWord = 60

// decode reads what came from outside, as strictly as ramp.Decode does.
func decode(input converter.RawValue, into any) error {
	payload := input.Payload()
	switch encoding := string(payload.GetMetadata()[converter.MetadataEncoding]); {
	case encoding == converter.MetadataEncodingJSON:
	case encoding == converter.MetadataEncodingNil, encoding == "" && len(payload.GetData()) == 0:
		return undecodable("is missing")
	case encoding == payloadmeta.Encoding:
		return undecodable("does not decrypt: it was encrypted for another order, or was changed")
	default:
		return undecodable(fmt.Sprintf("must be plain JSON (%s), not %q", converter.MetadataEncodingJSON, redact.Message(encoding, longestWord)))
	}
	if err := ramp.Decode(payload.GetData(), into); err != nil {
		return undecodable(err.Error())
	}
	return nil
}

// noteClear tells of what came in clear although the worker encrypts: whoever reads the order's history can read it.
func (o *orderRun) noteClear(ctx workflow.Context, what string, input converter.RawValue) {
	if inClear(input) {
		o.log.Warn("sent unencrypted", "what", what)
		o.note(ctx, what+" was sent unencrypted: who reads this order's history can read it. Give its sender the keyset.")
	}
}

func undecodable(problem string) *ramp.Error {
	return &ramp.Error{Type: ramp.InvalidRequest, Message: "the argument " + problem}
}

// contractError lets an error of the contract cross Temporal with its type.
func contractError(err error) error {
	var contract *ramp.Error
	if errors.As(err, &contract) {
		return contract.ApplicationError()
	}
	return err
}
