package workflows

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/workflow"

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
type take func(workflow.Context) *verdict

// listen registers every handler: the query, and each message as a signal and as an update.
func (l *lifecycle) listen(ctx workflow.Context) error {
	if err := workflow.SetQueryHandlerWithOptions(ctx, ramp.OrderQuery, func() (ramp.Order, error) {
		if l.turnedAway != nil {
			return ramp.Order{}, contractError(l.turnedAway)
		}
		return l.order, nil
	}, workflow.QueryHandlerOptions{Description: "The state of the order"}); err != nil {
		return err
	}
	if err := workflow.SetUpdateHandlerWithOptions(ctx, ramp.AwaitOrder, l.awaitOrder, workflow.UpdateHandlerOptions{
		Description: "Waits until the order has something for its user to act on, or is over",
		Validator:   l.checkAwaiting,
	}); err != nil {
		return err
	}
	l.inbox.signals = workflow.NewNamedSelector(ctx, "signals")
	for _, m := range l.messages() {
		if err := l.handle(ctx, m); err != nil {
			return err
		}
	}
	order := ctx
	workflow.GoNamed(disconnected(ctx), "messages", func(ctx workflow.Context) { l.heedMessages(ctx, order) })
	return nil
}

func (l *lifecycle) messages() []message {
	return []message{
		{l.route.proofMessage(), "", l.checkProof},
		{ramp.SubmitKYC, ramp.AwaitingKYC, l.checkKYC},
		{ramp.SubmitAccount, ramp.AwaitingAccount, l.checkAccount},
		{ramp.ConfirmQuote, ramp.AwaitingConfirmation, l.checkConfirmation},
	}
}

func (l *lifecycle) handle(ctx workflow.Context, m message) error {
	l.inbox.signals.AddReceive(workflow.GetSignalChannel(ctx, m.name), func(channel workflow.ReceiveChannel, _ bool) {
		var input converter.RawValue
		channel.Receive(ctx, &input)
		l.heed(ctx, m, input)
	})
	return workflow.SetUpdateHandlerWithOptions(ctx, m.name,
		func(ctx workflow.Context, input converter.RawValue) (ramp.Order, error) {
			return l.answerTo(ctx, m, input)
		},
		workflow.UpdateHandlerOptions{
			Description: "The signal of the same name, with an answer",
			Validator:   func(input converter.RawValue) error { return contractError(l.validate(m, input)) },
		})
}

// heedMessages handles signals, and the order's cancellation, as they come.
func (l *lifecycle) heedMessages(ctx, order workflow.Context) {
	heard := false
	cancelled := func() bool { return order.Err() != nil && !heard }
	for {
		_ = workflow.Await(ctx, func() bool { // cannot be cancelled
			return cancelled() || l.unread(ctx) && !l.holds()
		})
		switch {
		case !l.begun && !l.holding && l.unread(ctx) && changed(ctx, changeEarlyMessages):
			l.holding = true
		case l.inbox.pending() && !l.holds():
			l.inbox.signals.Select(ctx)
		case cancelled():
			heard = true
			l.heedCancellation(ctx)
		default:
			l.ignoreUnknown(ctx)
		}
	}
}

// holds reports whether messages wait for the order to begin: before, nobody knows which of them count.
func (l *lifecycle) holds() bool { return l.holding && !l.begun }

// readMessages lets what has arrived be heeded first.
func (l *lifecycle) readMessages(ctx workflow.Context) {
	_ = workflow.Await(disconnected(ctx), func() bool { return !l.unread(ctx) }) // cannot be cancelled
}

// unread reports whether signals have arrived that nobody has looked at.
func (l *lifecycle) unread(ctx workflow.Context) bool {
	return l.inbox.pending() || len(workflow.GetUnhandledSignalNames(ctx)) > 0
}

// ignoreUnknown takes signals of names that no order knows, most likely misspelt, whose senders cannot be told. It takes them
// out of their channels in an order that does not depend on the SDK's map.
func (l *lifecycle) ignoreUnknown(ctx workflow.Context) {
	names := workflow.GetUnhandledSignalNames(ctx)
	slices.Sort(names)
	for _, name := range names {
		channel := workflow.GetSignalChannel(ctx, name)
		for channel.ReceiveAsync(new(converter.RawValue)) {
			l.note(ctx, "A signal was ignored: no order knows the name "+redact.Message(name, longestWord)+".")
		}
	}
}

// heed handles a signal. Its sender cannot be told that it was of no use, so the order's timeline says so.
func (l *lifecycle) heed(ctx workflow.Context, m message, input converter.RawValue) {
	switch {
	case l.needsKey(input):
		l.setAside(ctx, m, input)
		return
	case l.stillborn && unreadable(input):
		l.note(ctx, "A "+m.name+" signal was ignored: the order is over, and no worker had the key to read it.")
		return
	}
	mustBeReadable(input)
	take, err := l.admit(m, input)
	if err != nil {
		l.log.Warn("signal ignored", "signal", m.name, "problem", err.Error())
		l.note(ctx, fmt.Sprintf("A %s signal was ignored: %s", m.name, err))
		return
	}
	take(ctx)
	l.noteClear(ctx, "The "+m.name+" signal", input)
}

// answerTo handles an update: it returns once it is known what became of what was sent.
func (l *lifecycle) answerTo(ctx workflow.Context, m message, input converter.RawValue) (ramp.Order, error) {
	mustBeReadable(input)
	take, err := m.check(input)
	if err != nil {
		return ramp.Order{}, contractError(err)
	}
	verdict := take(ctx)
	l.noteClear(ctx, "The "+m.name+" update", input)
	if err := workflow.Await(disconnected(ctx), func() bool { return verdict.decided }); err != nil {
		return ramp.Order{}, err
	}
	if verdict.refusal != nil {
		return ramp.Order{}, contractError(verdict.refusal)
	}
	return l.order, nil
}

// checkAwaiting refuses a caller who takes this order for one with another request. A request in clear is of no more use here than
// where an order begins.
func (l *lifecycle) checkAwaiting(input converter.RawValue) error {
	if len(input.Payload().GetData()) == 0 {
		return nil // the argument is optional
	}
	if err := l.readable(input); err != nil {
		return contractError(err)
	}
	if count, several := furtherArguments(input); several {
		return contractError(tooManyArguments(count))
	}
	var awaiting ramp.Awaiting
	if err := decode(input, &awaiting); err != nil {
		return contractError(err)
	}
	if len(awaiting.Request) > 0 && inClear(input) && !l.clear {
		return contractError(l.unencrypted("a request"))
	}
	return contractError(l.route.sameAs(awaiting))
}

// awaitOrder is the update of that name. An order that waits for its user to act on something else first, or is over,
// is an answer too: there will be no payment instructions before that.
func (l *lifecycle) awaitOrder(ctx workflow.Context, _ converter.RawValue) (ramp.Order, error) {
	err := workflow.Await(disconnected(ctx), func() bool {
		return l.turnedAway != nil || l.order.Instructions != nil || l.order.Status.AwaitsUser() || l.order.Status.Final()
	})
	if l.turnedAway != nil {
		return ramp.Order{}, contractError(l.turnedAway)
	}
	return l.order, err
}

// heedCancellation tells whoever cancels an order that is paid for why nothing happens. Before that, the steps of the
// order end by themselves.
func (l *lifecycle) heedCancellation(ctx workflow.Context) {
	switch {
	case l.order.Accepted() || l.paid:
		l.note(ctx, ramp.CancellationRefused+": the provider has a proof of payment, and only it can end the order now.")
	case l.order.Status == ramp.CreatingOrder && !l.maybeMade:
		l.note(ctx, ramp.CancellationRequested+". It waits for the provider's answer about the new order.")
	case l.order.OrderID != "" && l.inbox.next() != nil:
		l.note(ctx, ramp.CancellationRequested+". It waits for the provider's answer about the "+l.route.words().proof+".")
	case l.order.OrderID != "":
		l.note(ctx, ramp.CancellationRequested+". The provider is asked first whether it has the payment.")
	}
}

func (l *lifecycle) checkProof(input converter.RawValue) (take, error) {
	reference, err := l.route.parseProof(input)
	if err != nil {
		return nil, err
	}
	if err := l.proofAwaited(reference); err != nil {
		return nil, err
	}
	if l.order.Accepted() && l.order.Proof.Reference() == reference {
		return func(workflow.Context) *verdict { return &verdict{decided: true} }, nil
	}
	return func(ctx workflow.Context) *verdict {
		return &l.inbox.offer(reference, workflow.Now(ctx).UTC()).verdict
	}, nil
}

// proofAwaited says why a proof is not taken now. The accepted one is taken again and again, and another one in its place until
// the provider has the payment.
func (l *lifecycle) proofAwaited(reference string) error {
	accepted := l.order.Accepted()
	switch {
	case accepted && l.order.Proof.Reference() == reference:
		return nil
	case l.order.Status.Final():
		return l.overError()
	case l.inbox.waits(reference):
		return nil
	case l.proofsOver:
		return l.tooManyProofs()
	case accepted && !l.replaceable():
		return l.conflict(l.order.Status != ramp.VerifyingPayment)
	case l.paid:
		return l.refuse(ramp.NotAwaited, "not awaited: the provider has the payment already")
	case len(l.inbox.proofs) >= proofsKept:
		return l.refuse(ramp.ProofConflict, "too many proofs wait for the provider already")
	}
	return nil
}

func (l *lifecycle) tooManyProofs() *ramp.Error {
	return l.refuse(ramp.ProofLimit, fmt.Sprintf(
		"the order takes no more proofs: %d were refused or replaced; ask the provider's support about its order %s", proofLimit, l.order.OrderID))
}

func (l *lifecycle) checkKYC(input converter.RawValue) (take, error) {
	var submission ramp.KYCSubmission
	if err := decode(input, &submission); err != nil {
		return nil, err
	}
	if l.identity.handedIn >= dossiersTaken {
		return nil, l.refuse(ramp.NotAwaited, fmt.Sprintf("not awaited: %d KYC dossiers were handed in for this order", dossiersTaken))
	}
	return putIn(l, &l.inbox.kyc, submission, submission.Validate())
}

func (l *lifecycle) checkAccount(input converter.RawValue) (take, error) {
	var submission ramp.AccountSubmission
	if err := decode(input, &submission); err != nil {
		return nil, err
	}
	return putIn(l, &l.inbox.account, submission, submission.Validate(l.route.accountKind()))
}

func (l *lifecycle) checkConfirmation(input converter.RawValue) (take, error) {
	var confirmation ramp.QuoteConfirmation
	if err := decode(input, &confirmation); err != nil {
		return nil, err
	}
	if err := confirmation.Validate(); err != nil {
		return nil, err
	}
	if l.order.Status != ramp.AwaitingConfirmation {
		return nil, l.refuse(ramp.NotAwaited, "the order does not wait for a quote to be confirmed")
	}
	if confirmation.QuoteID != l.order.Quote.ID {
		return nil, l.refuse(ramp.QuoteMismatch, "another quote waits for confirmation; show it to the user and confirm that one")
	}
	return putIn(l, &l.inbox.confirmation, confirmation, nil)
}

func putIn[T any](l *lifecycle, b *box[T], content T, invalid error) (take, error) {
	if invalid != nil {
		return nil, invalid
	}
	if l.order.Status.Final() {
		return nil, l.overError()
	}
	if err := b.closed(); err != nil {
		return nil, err
	}
	return func(workflow.Context) *verdict { return &b.put(content).verdict }, nil
}

func (l *lifecycle) refuse(kind ramp.ErrorType, message string) *ramp.Error {
	return &ramp.Error{Type: kind, Reference: l.order.Reference, Message: message}
}

func (l *lifecycle) overError() *ramp.Error {
	order := l.order
	err := l.refuse(ramp.OrderOver, strings.TrimSpace(fmt.Sprintf("the order is %s and takes no more. %s", order.Status, ramp.PaidAdvice(&order))))
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
	case encoding == ramp.EncodingEncrypted:
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
func (l *lifecycle) noteClear(ctx workflow.Context, what string, input converter.RawValue) {
	if inClear(input) {
		l.log.Warn("sent unencrypted", "what", what)
		l.note(ctx, what+" was sent unencrypted: who reads this order's history can read it. Give its sender the keyset.")
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
