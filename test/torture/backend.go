package torture

import (
	"context"
	"strings"
	"sync"
	"time"

	"go.temporal.io/sdk/client"

	"rampart/ramp"
)

const (
	// callTime is how long the backend waits for an answer before it asks again.
	callTime = 30 * time.Second
	// againAfter is its pause between two tries, and lookEvery between two looks at an order.
	againAfter = 500 * time.Millisecond
	seeEvery   = 2 * time.Second
)

// backend starts an order and talks to it as a careful backend does: whatever got no clear answer is sent again, under the
// same reference and with the same proof.
type backend struct {
	plan   plan
	orders *ramp.Client
	signal func(ctx context.Context, id ramp.ID, proof string) error
	// bare starts an order by a plain call of Temporal's SDK.
	bare func(context.Context, plan) (client.WorkflowRun, error)

	mu sync.Mutex
	told
}

// told is what the backend knows.
type told struct {
	// started is set once the order is known to run.
	started bool
	// run is the order's, where a plain call has started it.
	run string
	// handed are the proofs that were handed in, oldest first, and handedAt is when the last one, or the cancellation, was.
	handed   []string
	handedAt time.Time
	// taken is the proof of which the order said that the provider took it.
	taken string
	// expiresAt is the deadline that the user was shown.
	expiresAt time.Time
	// wrongs are answers that must not be.
	wrongs []string
	// answered is how long the first answer to the start took.
	answered time.Duration
}

func (b *backend) note(change func(*told)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	change(&b.told)
}

func (b *backend) knows() told {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.told
}

func (b *backend) wrong(what string) {
	b.note(func(t *told) { t.wrongs = append(t.wrongs, what) })
}

// run takes an order from its start to where its user has nothing more to do.
func (b *backend) run(ctx context.Context) {
	order := b.start(ctx)
	if order == nil || !sleep(ctx, b.plan.thought) {
		return
	}
	switch b.plan.behaviour {
	case forgets:
	case cancels:
		b.cancel(ctx)
	default:
		b.pay(ctx)
	}
}

func (b *backend) start(ctx context.Context) *ramp.Order {
	begun := time.Now()
	for {
		order, err := b.startOnce(ctx)
		switch {
		case err == nil:
			b.note(func(t *told) { t.started, t.answered, t.expiresAt = true, time.Since(begun), order.ExpiresAt })
			return order
		case ramp.IsError(err, ramp.NotReady):
			b.note(func(t *told) { t.started = true })
		case contractual(err):
			b.wrong("start: " + err.Error())
			return nil
		}
		if !sleep(ctx, againAfter) {
			return nil
		}
	}
}

func (b *backend) startOnce(ctx context.Context) (*ramp.Order, error) {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	if b.plan.bare {
		return b.bareOnce(ctx)
	}
	if b.plan.id.Direction == ramp.Offramp {
		return b.orders.StartOfframp(ctx, b.plan.offramp)
	}
	return b.orders.StartOnramp(ctx, b.plan.onramp)
}

// contractual reports whether an error is an answer, after which nothing is tried again.
func contractual(err error) bool {
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
	b.note(func(t *told) { t.handedAt = time.Now() })
	for {
		calling, done := context.WithTimeout(ctx, callTime)
		_, err := b.orders.Cancel(calling, b.plan.id)
		done()
		if err == nil {
			return
		}
		if contractual(err) {
			if order, gone := b.ended(ctx); !gone || order.Status != ramp.Cancelled {
				b.wrong("cancel: " + err.Error())
			}
			return
		}
		if !sleep(ctx, againAfter) {
			return
		}
	}
}

func (b *backend) ended(ctx context.Context) (*ramp.Order, bool) {
	order, err := b.orders.Get(ctx, b.plan.id)
	return order, err == nil && order.Status.Final()
}

// pay submits the user's proofs, each when the one before was refused, or turns out to be mistyped.
func (b *backend) pay(ctx context.Context) {
	submit := b.update
	if b.plan.bySignal {
		submit = b.signalled
	}
	refusals := 0
	for _, proof := range b.plan.proofs {
		b.note(func(t *told) { t.handed, t.handedAt = append(t.handed, proof), time.Now() })
		switch refused := submit(ctx, proof, refusals); {
		case refused:
			refusals++
		case proof != b.plan.mistyped():
			return
		case !sleep(ctx, b.plan.correction):
			return
		}
	}
	b.wrong("every proof was refused")
}

// update submits a proof by update until there is an answer, and reports whether it was refused.
func (b *backend) update(ctx context.Context, proof string, _ int) (refused bool) {
	for {
		calling, done := context.WithTimeout(ctx, callTime)
		order, err := b.submit(calling, proof)
		done()
		switch {
		case err == nil && order.Accepted() && order.Proof.Reference() == proof:
			b.note(func(t *told) { t.taken = proof })
			return false
		case err == nil:
			b.wrong("a proof was taken, but the order's is another or not accepted")
			return false
		case ramp.IsError(err, ramp.ProofRefused):
			return true
		case contractual(err):
			b.wrong("proof: " + err.Error())
			return false
		}
		if !sleep(ctx, againAfter) {
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

// signalled submits a proof by signal, looks at the order until it shows what became of it, and reports whether it was
// refused.
func (b *backend) signalled(ctx context.Context, proof string, before int) (refused bool) {
	for {
		calling, done := context.WithTimeout(ctx, callTime)
		err := b.signal(calling, b.plan.id, proof)
		done()
		if err == nil {
			break
		}
		if _, over := b.ended(ctx); over || !sleep(ctx, againAfter) {
			return false
		}
	}
	for sleep(ctx, seeEvery) {
		order, err := b.orders.Get(ctx, b.plan.id)
		switch {
		case err != nil:
		case order.Accepted() && order.Proof.Reference() == proof:
			b.note(func(t *told) { t.taken = proof })
			return false
		case refusals(order) > before:
			return true
		case order.Status.Final():
			return false
		}
	}
	return false
}

// refusals is how many proofs the provider has refused for an order, those included that were to replace another.
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
