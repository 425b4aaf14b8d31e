package workflows

import (
	"slices"
	"time"

	"go.temporal.io/sdk/workflow"

	"rampart/ramp"
)

const (
	// queueLimit bounds how many proofs wait for the provider at a time, so that no number of messages grows the order without end.
	queueLimit = 20
	// proofLimit bounds how many refused or replaced proofs an order takes.
	proofLimit = 50
)

// submissions holds what users have submitted and the order has not decided on.
type submissions struct {
	signals workflow.Selector

	kyc          slot[ramp.KYCSubmission]
	account      slot[ramp.AccountSubmission]
	confirmation slot[ramp.QuoteConfirmation]
	// proofs is the queue of proofs for the provider, the oldest first. One that the provider accepts replaces the accepted one.
	proofs []*proof
}

// proof is a submitted proof of payment that the provider has not answered.
type proof struct {
	reference   string
	submittedAt time.Time
	outcome
}

// outcome is what became of a submission.
type outcome struct {
	decided bool
	// refusal is why it was refused; nil if it was accepted.
	refusal *ramp.Error
}

func (u *outcome) decide(refusal *ramp.Error) {
	u.decided, u.refusal = true, refusal
}

// newRefusal returns the error of a refused submission; nil if reason is empty.
func newRefusal(kind ramp.ErrorType, reason string) *ramp.Error {
	if reason == "" {
		return nil
	}
	return &ramp.Error{Type: kind, Message: reason}
}

// proofBudget counts the proofs of an order, so that no number of them grows it without end.
type proofBudget struct {
	// spent counts the proofs that were refused or replaced.
	spent int
	// exhausted is set once spent has reached proofLimit. An order of an earlier version has no limit.
	exhausted bool
}

// slot holds the latest submission of one kind.
type slot[T any] struct {
	waiting *submission[T]
	// taken is the one that the order works on.
	taken *submission[T]
	// closedBecause is why no more is taken; empty while the slot is open.
	closedBecause string
}

type submission[T any] struct {
	content T
	outcome
}

func (s *slot[T]) empty() bool { return s.waiting == nil }

// put adds a submission, in place of one that still waits.
func (s *slot[T]) put(content T) *submission[T] {
	if s.waiting != nil {
		s.waiting.decide(&ramp.Error{Type: ramp.NotAwaited, Message: "a later submission took the place of this one"})
	}
	s.waiting = &submission[T]{content: content}
	return s.waiting
}

// take returns the submission that waits.
func (s *slot[T]) take() T {
	s.taken, s.waiting = s.waiting, nil
	return s.taken.content
}

// decide records the outcome of the submission that was taken last. There is none while the order works on what its request brought.
func (s *slot[T]) decide(refusal *ramp.Error) {
	if s.taken != nil {
		s.taken.decide(refusal)
		s.taken = nil
	}
}

// close refuses what waits, and every later submission, with a reason.
func (s *slot[T]) close(why string) {
	if s.closedBecause != "" {
		return
	}
	s.closedBecause = why
	over := &ramp.Error{Type: ramp.NotAwaited, Message: "no longer needed: " + why}
	if s.waiting != nil {
		s.waiting.decide(over)
		s.waiting = nil
	}
	s.decide(over)
}

// checkOpen returns an error if the slot is closed.
func (s *slot[T]) checkOpen() error {
	if s.closedBecause == "" {
		return nil
	}
	return &ramp.Error{Type: ramp.NotAwaited, Message: "not awaited: " + s.closedBecause}
}

// offer queues a proof and returns it. It is idempotent while the proof waits.
func (s *submissions) offer(reference string, at time.Time) *proof {
	for _, p := range s.proofs {
		if p.reference == reference {
			return p
		}
	}
	p := &proof{reference: reference, submittedAt: at}
	s.proofs = append(s.proofs, p)
	return p
}

// offerFirst queues a proof before all others.
func (s *submissions) offerFirst(reference string, at time.Time) {
	first := s.offer(reference, at)
	others := slices.DeleteFunc(slices.Clone(s.proofs), func(p *proof) bool { return p == first })
	s.proofs = append([]*proof{first}, others...)
}

// waits reports whether a proof is in the queue.
func (s *submissions) waits(reference string) bool {
	return slices.ContainsFunc(s.proofs, func(p *proof) bool { return p.reference == reference })
}

// next returns the proof whose turn it is, or nil. It stays in the queue until it is resolved.
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

// dismiss refuses every proof in the queue.
func (s *submissions) dismiss(refusal *ramp.Error) {
	for _, p := range s.proofs {
		p.decide(refusal)
	}
	s.proofs = nil
}

// pending reports whether signals have arrived that are not handled.
func (s *submissions) pending() bool { return s.signals.HasPending() }

// close refuses everything that waits, and everything later.
func (s *submissions) close(why *ramp.Error) {
	s.kyc.close(why.Message)
	s.account.close(why.Message)
	s.confirmation.close(why.Message)
	s.dismiss(why)
}
