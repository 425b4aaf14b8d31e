package torture

import (
	"context"
	"strings"
	"sync"
	"time"

	"go.temporal.io/sdk/client"

	"rampart/ramp"
	"rampart/records"
)

const (
	// callTime is how long the backend waits for a response before it retries.
	callTime = 30 * time.Second
	// retryAfter is the pause before a retry, and readEvery the time between two reads of an order.
	retryAfter = 500 * time.Millisecond
	readEvery  = 2 * time.Second
)

// backend starts an order and submits its proofs as a careful backend does: it retries what got no clear response, with the same
// reference and the same proof.
type backend struct {
	plan   plan
	orders *ramp.Client
	signal func(ctx context.Context, id ramp.ID, proof string) error
	// startPlainly starts an order without ramp.Client.
	startPlainly func(context.Context, plan) (client.WorkflowRun, error)
	// records has the orders that ended before Temporal's database was lost; nil in a run that loses none.
	records *records.Store

	mu    sync.Mutex
	state backendState
}

// backendState is what a backend knows about its order.
type backendState struct {
	// started is set once the order is known to run.
	started bool
	// runID is the run of an order that was started without ramp.Client.
	runID string
	// submitted has the proofs that were submitted, the oldest first, and submittedAt is the time of the last one or of the
	// cancellation.
	submitted   []string
	submittedAt time.Time
	// accepted is the latest proof that the order reported as accepted.
	accepted string
	// expiresAt is the deadline that the user was shown.
	expiresAt time.Time
	// problems are responses that no backend may get.
	problems []string
	// calls are what was answered: the start, each proof and the cancellation, with their retries.
	calls []call
}

func (b *backend) update(change func(*backendState)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	change(&b.state)
}

func (b *backend) snapshot() backendState {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.state
}

func (b *backend) reportProblem(problem string) {
	b.update(func(s *backendState) { s.problems = append(s.problems, problem) })
}

// run takes an order from its start until its user has nothing more to do.
func (b *backend) run(ctx context.Context) {
	var order *ramp.Order
	b.timed(ctx, func() { order = b.start(ctx) })
	if order == nil || !sleep(ctx, b.plan.reaction) {
		return
	}
	switch b.plan.behaviour {
	case neverPays:
	case cancels:
		b.timed(ctx, func() { b.cancel(ctx) })
	default:
		b.pay(ctx)
	}
}

// timed does something and notes how long it took, unless ctx ended before.
func (b *backend) timed(ctx context.Context, do func()) {
	begun := time.Now()
	do()
	if ctx.Err() == nil {
		b.update(func(s *backendState) { s.calls = append(s.calls, call{begun, time.Now()}) })
	}
}

func (b *backend) start(ctx context.Context) *ramp.Order {
	for {
		order, err := b.startOnce(ctx)
		switch {
		case err == nil:
			b.update(func(s *backendState) { s.started, s.expiresAt = true, order.ExpiresAt })
			return order
		case ramp.IsError(err, ramp.NotReady):
			b.update(func(s *backendState) { s.started = true })
		case b.isLost(err):
			b.update(func(s *backendState) { s.runID = "" })
		case final(err):
			b.reportProblem("start: " + err.Error())
			return nil
		}
		if !sleep(ctx, retryAfter) {
			return nil
		}
	}
}

func (b *backend) startOnce(ctx context.Context) (*ramp.Order, error) {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	if b.plan.plainStart {
		return b.startPlainlyOnce(ctx)
	}
	if b.plan.id.Direction == ramp.Offramp {
		return b.orders.StartOfframp(ctx, b.plan.offramp)
	}
	return b.orders.StartOnramp(ctx, b.plan.onramp)
}

// final reports whether an error is a response of the order, after which a retry is of no use.
func final(err error) bool {
	for _, kind := range []ramp.ErrorType{
		ramp.InvalidRequest, ramp.ReferenceTaken, ramp.NotFound, ramp.OrderOver, ramp.NotAwaited, ramp.ProofRefused,
		ramp.ProofConflict, ramp.ProofLimit, ramp.CancelRefused,
	} {
		if ramp.IsError(err, kind) {
			return true
		}
	}
	return false
}

func (b *backend) cancel(ctx context.Context) {
	b.update(func(s *backendState) { s.submittedAt = time.Now() })
	for {
		calling, done := context.WithTimeout(ctx, callTime)
		_, err := b.orders.Cancel(calling, b.plan.id)
		done()
		if err == nil || b.overWhenLost(ctx, err) != nil {
			return
		}
		if final(err) && !b.isLost(err) {
			if order, closed := b.closed(ctx); !closed || order.Status != ramp.Cancelled {
				b.reportProblem("cancel: " + err.Error())
			}
			return
		}
		if !sleep(ctx, retryAfter) {
			return
		}
	}
}

// closed returns the order, and reports whether it is closed.
func (b *backend) closed(ctx context.Context) (*ramp.Order, bool) {
	order, err := b.get(ctx)
	return order, err == nil && order.Status.Final()
}

// pay submits the user's proofs: each after the one before was refused, or after the correction of a mistyped one.
func (b *backend) pay(ctx context.Context) {
	submit := b.submitByUpdate
	if b.plan.bySignal {
		submit = b.submitBySignal
	}
	refusals := 0
	for _, proof := range b.plan.proofs {
		b.update(func(s *backendState) { s.submitted, s.submittedAt = append(s.submitted, proof), time.Now() })
		var refused bool
		b.timed(ctx, func() { refused = submit(ctx, proof, refusals) })
		switch {
		case refused:
			refusals++
		case proof != b.plan.mistyped():
			return
		case !sleep(ctx, b.plan.correction):
			return
		}
	}
	b.reportProblem("every proof was refused")
}

// submitByUpdate submits a proof by update until there is a response, and reports whether it was refused.
func (b *backend) submitByUpdate(ctx context.Context, proof string, _ int) (refused bool) {
	for {
		calling, done := context.WithTimeout(ctx, callTime)
		order, err := b.submit(calling, proof)
		done()
		if over := b.overWhenLost(ctx, err); over != nil {
			order, err = over, nil
		}
		switch {
		case err == nil && order.Accepted() && order.Proof.Reference() == proof:
			b.update(func(s *backendState) { s.accepted = proof })
			return false
		case err == nil:
			b.reportProblem("the update succeeded, but the order's proof is another one or not accepted")
			return false
		case ramp.IsError(err, ramp.ProofRefused):
			return true
		case b.isLost(err):
		case final(err):
			b.reportProblem("proof: " + err.Error())
			return false
		}
		if !sleep(ctx, retryAfter) {
			return false
		}
	}
}

func (b *backend) submit(ctx context.Context, proof string) (*ramp.Order, error) {
	if b.plan.id.Direction == ramp.Offramp {
		return b.orders.SubmitTransactionHash(ctx, b.plan.id.Reference, proof)
	}
	return b.orders.SubmitUTR(ctx, b.plan.id.Reference, proof)
}

// submitBySignal submits a proof by signal, reads the order until it shows the result, and reports whether the proof was refused.
// refusalsBefore is how many proofs were refused before.
func (b *backend) submitBySignal(ctx context.Context, proof string, refusalsBefore int) (refused bool) {
	for {
		calling, done := context.WithTimeout(ctx, callTime)
		err := b.signal(calling, b.plan.id, proof)
		done()
		if err == nil {
			break
		}
		if _, closed := b.closed(ctx); closed || !sleep(ctx, retryAfter) {
			return false
		}
	}
	for sleep(ctx, readEvery) {
		order, err := b.get(ctx)
		switch {
		case err != nil:
		case order.Accepted() && order.Proof.Reference() == proof:
			b.update(func(s *backendState) { s.accepted = proof })
			return false
		case refusals(order) > refusalsBefore:
			return true
		case order.Status.Final():
			return false
		case b.records != nil && order.Proof == nil: // the signal may be lost with the database
			_ = b.signal(ctx, b.plan.id, proof) // it is read again in any case
		}
	}
	return false
}

// refusals returns how many proofs of an order the provider has refused, including proofs that were to replace another.
func refusals(order *ramp.Order) int {
	n := 0
	for _, entry := range order.Timeline {
		proving := entry.Status == ramp.AwaitingPayment || entry.Status == ramp.VerifyingPayment
		if proving && strings.HasPrefix(entry.Note, "The provider refused the ") {
			n++
		}
	}
	return n
}
