package workflows

import (
	"errors"
	"fmt"
	"strings"

	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/workflow"

	"rampart/internal/payloadmeta"
	"rampart/internal/redact"
	"rampart/ramp"
)

// checkUpdate validates an update before it is accepted into the history.
func (o *orderRun) checkUpdate(m message, input converter.RawValue) error {
	if err := o.checkReadable(input); err != nil {
		return err
	}
	if count, several := furtherArguments(input); several {
		return tooManyArguments(count)
	}
	_, err := o.checkMessage(m, input)
	return err
}

// checkAwaiting validates await-order: it refuses a caller that names another request. An unencrypted request is compared only with
// one that came unencrypted itself.
func (o *orderRun) checkAwaiting(input converter.RawValue) error {
	if len(input.Payload().GetData()) == 0 {
		return nil // the argument is optional
	}
	if err := o.checkReadable(input); err != nil {
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
	return contractError(o.flow.checkSame(awaiting))
}

// checkMessage checks a message and, if it came unencrypted, whether it counts. A proof always counts, since the provider decides whether it
// is one. Every other message decides where money goes or at what price: unencrypted, it counts only in an order that began under
// that rule, and only while it is awaited.
func (o *orderRun) checkMessage(m message, input converter.RawValue) (accept, error) {
	if count, several := furtherArguments(input); several && o.admission.rules != nil {
		return nil, tooManyArguments(count)
	}
	accept, err := m.check(input)
	if err != nil || !inClear(input) || m.countsInClear == "" || !o.admission.restrictsClear() {
		return accept, err
	}
	switch {
	case o.admission.decided() && !o.admission.allowsClear():
		return nil, o.unencrypted("a " + m.name)
	case m.countsInClear != anyStatus && o.order.Status != m.countsInClear:
		return nil, o.newError(ramp.NotAwaited, "not awaited: unencrypted, it is accepted only while the order is "+string(m.countsInClear))
	}
	return accept, nil
}

func (o *orderRun) unencrypted(what string) *ramp.Error {
	return o.newError(ramp.Unencrypted, what+" must be encrypted: without that its sender cannot be verified. Give the sender the keyset")
}

// checkReadable refuses an update that no key here can decrypt. Its caller can send it again.
func (o *orderRun) checkReadable(input converter.RawValue) error {
	if !isUnreadable(input) {
		return nil
	}
	return o.newError(ramp.Unreadable, fmt.Sprintf(
		"the argument is encrypted with key %s, which the worker does not have yet; distribute the keyset, and send it again", keyID(input)))
}

// furtherArguments reports whether there was more than one argument, and how many.
func furtherArguments(input converter.RawValue) (count string, several bool) {
	value, several := input.Payload().GetMetadata()[payloadmeta.MetadataArguments]
	return string(value), several
}

func tooManyArguments(count string) *ramp.Error {
	return &ramp.Error{Type: ramp.InvalidRequest, Message: fmt.Sprintf("one argument is expected, and %s were sent", count)}
}

func (o *orderRun) checkProof(input converter.RawValue) (accept, error) {
	reference, err := o.flow.readProof(input)
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

// proofAwaited returns an error if a proof is not taken now. The accepted one is taken again at any time, and another one in its place
// until the provider has found the payment.
func (o *orderRun) proofAwaited(reference string) error {
	accepted := o.order.Accepted()
	switch {
	case accepted && o.order.Proof.Reference() == reference:
		return nil
	case o.order.Status.Final():
		return o.overError()
	case o.submissions.waits(reference):
		return nil
	case o.proofs.exhausted:
		return o.tooManyProofs()
	case accepted && !o.replaceable():
		return o.conflict(o.order.Status != ramp.VerifyingPayment)
	case o.payment.found():
		return o.newError(ramp.NotAwaited, "not awaited: the provider has the payment already")
	case len(o.submissions.proofs) >= queueLimit:
		return o.newError(ramp.ProofConflict, "too many proofs wait for the provider already")
	}
	return nil
}

func (o *orderRun) tooManyProofs() *ramp.Error {
	return o.newError(ramp.ProofLimit, fmt.Sprintf(
		"the order takes no more proofs: %d were refused or replaced; ask the provider's support about its order %s", proofLimit, o.order.OrderID))
}

func (o *orderRun) checkKYC(input converter.RawValue) (accept, error) {
	var submission ramp.KYCSubmission
	if err := decode(input, &submission); err != nil {
		return nil, err
	}
	if o.identification.submitted >= dossierLimit {
		return nil, o.newError(ramp.NotAwaited, fmt.Sprintf("not awaited: %d KYC dossiers were submitted for this order", dossierLimit))
	}
	return offerTo(o, &o.submissions.kyc, submission, submission.Validate())
}

func (o *orderRun) checkAccount(input converter.RawValue) (accept, error) {
	var submission ramp.AccountSubmission
	if err := decode(input, &submission); err != nil {
		return nil, err
	}
	return offerTo(o, &o.submissions.account, submission, submission.Validate(o.request.accountKind))
}

func (o *orderRun) checkConfirmation(input converter.RawValue) (accept, error) {
	var confirmation ramp.QuoteConfirmation
	if err := decode(input, &confirmation); err != nil {
		return nil, err
	}
	if err := confirmation.Validate(); err != nil {
		return nil, err
	}
	if o.order.Status != ramp.AwaitingConfirmation {
		return nil, o.newError(ramp.NotAwaited, "the order does not wait for a quote to be confirmed")
	}
	if confirmation.QuoteID != o.order.Quote.ID {
		return nil, o.newError(ramp.QuoteMismatch, "another quote waits for confirmation; show it to the user and confirm that one")
	}
	return offerTo(o, &o.submissions.confirmation, confirmation, nil)
}

func offerTo[T any](o *orderRun, s *slot[T], content T, invalid error) (accept, error) {
	if invalid != nil {
		return nil, invalid
	}
	if o.order.Status.Final() {
		return nil, o.overError()
	}
	if err := s.checkOpen(); err != nil {
		return nil, err
	}
	return func(workflow.Context) *outcome { return &s.put(content).outcome }, nil
}

func (o *orderRun) newError(kind ramp.ErrorType, message string) *ramp.Error {
	return &ramp.Error{Type: kind, Reference: o.order.Reference, Message: message}
}

func (o *orderRun) overError() *ramp.Error {
	order := o.snapshot()
	err := o.newError(ramp.OrderOver, strings.TrimSpace(fmt.Sprintf("the order is %s and takes no more. %s", order.Status, ramp.PaidAdvice(&order))))
	err.Order = &order
	return err
}

// longestWord bounds the length of what a sender's text adds to an order.
const longestWord = 60

// decode reads an argument as strictly as ramp.Decode does.
func decode(input converter.RawValue, into any) error {
	payload := input.Payload()
	switch encoding := string(payload.GetMetadata()[converter.MetadataEncoding]); {
	case encoding == converter.MetadataEncodingJSON:
	case encoding == converter.MetadataEncodingNil, encoding == "" && len(payload.GetData()) == 0:
		return undecodable("is missing")
	case encoding == payloadmeta.Encoding:
		return undecodable("does not decrypt: it was encrypted for another order, or altered")
	default:
		return undecodable(fmt.Sprintf("must be plain JSON (%s), not %q", converter.MetadataEncodingJSON, redact.Message(encoding, longestWord)))
	}
	if err := ramp.Decode(payload.GetData(), into); err != nil {
		return undecodable(err.Error())
	}
	return nil
}

// noteClear notes a payload that came unencrypted although the worker encrypts.
func (o *orderRun) noteClear(ctx workflow.Context, what string, input converter.RawValue) {
	if inClear(input) {
		o.log.Warn("sent unencrypted", "what", what)
		o.note(ctx, what+" was sent unencrypted: anyone who can read this order's history can read it. Give its sender the keyset.")
	}
}

func undecodable(problem string) *ramp.Error {
	return &ramp.Error{Type: ramp.InvalidRequest, Message: "the argument " + problem}
}

// contractError returns an error of the contract in the form that keeps its type across Temporal.
func contractError(err error) error {
	var contract *ramp.Error
	if errors.As(err, &contract) {
		return contract.ApplicationError()
	}
	return err
}
