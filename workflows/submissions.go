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

// submissions are what the order's user has handed in and the order has not dealt with.
type submissions struct {
	signals workflow.Selector

	kyc          slot[ramp.KYCSubmission]
	account      slot[ramp.AccountSubmission]
	confirmation slot[ramp.QuoteConfirmation]
	// proofs wait in the order in which they came. One that the provider accepts takes the place of the one before it.
	proofs []*proof
}

// proof is a proof of payment on its way to the provider.
type proof struct {
	reference string
	at        time.Time
	outcome
}

// outcome is what became of something handed in.
type outcome struct {
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

func (v *outcome) decide(refusal *ramp.Error) {
	v.decided, v.refusal = true, refusal
}

// slot holds one thing handed in: the latest one.
type slot[T any] struct {
	waiting *submission[T]
	opened  *submission[T]
	// closedBecause says why no more is taken; empty while it is.
	closedBecause string
}

type submission[T any] struct {
	content T
	outcome
}

func (b *slot[T]) empty() bool { return b.waiting == nil }

// put leaves a thing for the order to take. It replaces one that still waits.
func (b *slot[T]) put(content T) *submission[T] {
	if b.waiting != nil {
		b.waiting.decide(&ramp.Error{Type: ramp.NotAwaited, Message: "a later submission took the place of this one"})
	}
	b.waiting = &submission[T]{content: content}
	return b.waiting
}

// take opens what was put.
func (b *slot[T]) take() T {
	b.opened, b.waiting = b.waiting, nil
	return b.opened.content
}

// decide tells whoever put what was taken last. There may be none, if the order works with what its request brought.
func (b *slot[T]) decide(refusal *ramp.Error) {
	if b.opened != nil {
		b.opened.decide(refusal)
		b.opened = nil
	}
}

// finish takes no more, and says why to whoever put what was never taken.
func (b *slot[T]) finish(why string) {
	if b.closedBecause != "" {
		return
	}
	b.closedBecause = why
	over := &ramp.Error{Type: ramp.NotAwaited, Message: "not needed any more: " + why}
	if b.waiting != nil {
		b.waiting.decide(over)
		b.waiting = nil
	}
	b.decide(over)
}

// closed says that this is not the time for what was handed in.
func (b *slot[T]) closed() error {
	if b.closedBecause == "" {
		return nil
	}
	return &ramp.Error{Type: ramp.NotAwaited, Message: "not awaited: " + b.closedBecause}
}

// offer queues a proof, once: one that waits already is found, not added.
func (s *submissions) offer(reference string, at time.Time) *proof {
	for _, p := range s.proofs {
		if p.reference == reference {
			return p
		}
	}
	p := &proof{reference: reference, at: at}
	s.proofs = append(s.proofs, p)
	return p
}

// waits reports whether a proof is on its way to the provider already.
func (s *submissions) waits(reference string) bool {
	return slices.ContainsFunc(s.proofs, func(p *proof) bool { return p.reference == reference })
}

// next is the proof whose turn it is. It stays in the queue until it is decided.
func (s *submissions) next() *proof {
	if len(s.proofs) == 0 {
		return nil
	}
	return s.proofs[0]
}

// resolve removes a proof from the queue and records its outcome.
func (s *submissions) resolve(p *proof, refusal *ramp.Error) {
	p.decide(refusal)
	for n, queued := range s.proofs {
		if queued == p {
			s.proofs = append(s.proofs[:n:n], s.proofs[n+1:]...)
			return
		}
	}
}

// dismiss decides against every proof that still waits.
func (s *submissions) dismiss(refusal *ramp.Error) {
	for _, p := range s.proofs {
		p.decide(refusal)
	}
	s.proofs = nil
}

// pending reports whether signals have arrived that nobody has read.
func (s *submissions) pending() bool { return s.signals.HasPending() }

// close takes nothing more.
func (s *submissions) close(why *ramp.Error) {
	s.kyc.finish(why.Message)
	s.account.finish(why.Message)
	s.confirmation.finish(why.Message)
	s.dismiss(why)
}
