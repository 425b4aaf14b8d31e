package workflows

import (
	"slices"
	"time"

	"go.temporal.io/sdk/workflow"

	"rampart/ramp"
)

const (
	// proofsKept bounds how many proofs wait their turn, so that a flood of them cannot grow the order.
	proofsKept = 20
	// proofLimit bounds how many proofs an order sees refused or replaced.
	proofLimit = 50
)

// inbox is what the order's user has handed in and the order has not dealt with.
type inbox struct {
	signals workflow.Selector

	kyc          box[ramp.KYCSubmission]
	account      box[ramp.AccountSubmission]
	confirmation box[ramp.QuoteConfirmation]
	// proofs wait in the order in which they came. One that the provider accepts takes the place of the one before it.
	proofs []*proof
}

// proof is a proof of payment on its way to the provider.
type proof struct {
	reference string
	at        time.Time
	verdict
}

// verdict is what became of something handed in.
type verdict struct {
	decided bool
	// refusal is why it was not taken; nil if it was.
	refusal *ramp.Error
}

func refusal(kind ramp.ErrorType, reason string) *ramp.Error {
	if reason == "" {
		return nil
	}
	return &ramp.Error{Type: kind, Message: reason}
}

func (v *verdict) decide(refusal *ramp.Error) {
	v.decided, v.refusal = true, refusal
}

// box holds one thing handed in: the latest one.
type box[T any] struct {
	waiting *letter[T]
	opened  *letter[T]
	// shut says why no more is taken; empty while it is.
	shut string
}

type letter[T any] struct {
	content T
	verdict
}

func (b *box[T]) empty() bool { return b.waiting == nil }

// put leaves a thing for the order to take. It replaces one that still waits.
func (b *box[T]) put(content T) *letter[T] {
	if b.waiting != nil {
		b.waiting.decide(&ramp.Error{Type: ramp.NotAwaited, Message: "a later submission took the place of this one"})
	}
	b.waiting = &letter[T]{content: content}
	return b.waiting
}

// take opens what was put.
func (b *box[T]) take() T {
	b.opened, b.waiting = b.waiting, nil
	return b.opened.content
}

// decide tells whoever put what was taken last. There may be none, if the order works with what its request brought.
func (b *box[T]) decide(refusal *ramp.Error) {
	if b.opened != nil {
		b.opened.decide(refusal)
		b.opened = nil
	}
}

// finish takes no more, and says why to whoever put what was never taken.
func (b *box[T]) finish(why string) {
	if b.shut != "" {
		return
	}
	b.shut = why
	over := &ramp.Error{Type: ramp.NotAwaited, Message: "not needed any more: " + why}
	if b.waiting != nil {
		b.waiting.decide(over)
		b.waiting = nil
	}
	b.decide(over)
}

// closed says that this is not the time for what was handed in.
func (b *box[T]) closed() error {
	if b.shut == "" {
		return nil
	}
	return &ramp.Error{Type: ramp.NotAwaited, Message: "not awaited: " + b.shut}
}

// offer queues a proof, once: one that waits already is found, not added.
func (i *inbox) offer(reference string, at time.Time) *proof {
	for _, p := range i.proofs {
		if p.reference == reference {
			return p
		}
	}
	p := &proof{reference: reference, at: at}
	i.proofs = append(i.proofs, p)
	return p
}

// waits reports whether a proof is on its way to the provider already.
func (i *inbox) waits(reference string) bool {
	return slices.ContainsFunc(i.proofs, func(p *proof) bool { return p.reference == reference })
}

// next is the proof whose turn it is. It stays in the queue until it is decided.
func (i *inbox) next() *proof {
	if len(i.proofs) == 0 {
		return nil
	}
	return i.proofs[0]
}

// settle removes a proof that is decided.
func (i *inbox) settle(p *proof, refusal *ramp.Error) {
	p.decide(refusal)
	for n, queued := range i.proofs {
		if queued == p {
			i.proofs = append(i.proofs[:n:n], i.proofs[n+1:]...)
			return
		}
	}
}

// dismiss decides against every proof that still waits.
func (i *inbox) dismiss(refusal *ramp.Error) {
	for _, p := range i.proofs {
		p.decide(refusal)
	}
	i.proofs = nil
}

// pending reports whether signals have arrived that nobody has read.
func (i *inbox) pending() bool { return i.signals.HasPending() }

// close takes nothing more.
func (i *inbox) close(why *ramp.Error) {
	i.kyc.finish(why.Message)
	i.account.finish(why.Message)
	i.confirmation.finish(why.Message)
	i.dismiss(why)
}
