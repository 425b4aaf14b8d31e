package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"
	"golang.org/x/sync/errgroup"

	"rampart/ramp"
	"rampart/sandbox/ledger"
)

const (
	// raceCount is how many times each race is run.
	raceCount = 40
	// raceInterval is the time between the starts of two races, so that the actions of one race stay close together.
	raceInterval = 200 * time.Millisecond
)

// race is an order on which several callers act at the same time.
type race struct {
	id      ramp.ID
	order   *ramp.Order
	actions []*action
}

// action is what one caller does, and the response it gets.
type action struct {
	at time.Time
	do func(context.Context) (*ramp.Order, error)
	// proof is the submitted proof; empty if none is.
	proof string
	// refusals are the errors that the caller may get.
	refusals []ramp.ErrorType
	// bySignal is set for a signal, which has no response.
	bySignal bool

	order *ramp.Order
	err   error
}

// newRandom returns the source of a race's timing. The variable SEED sets another seed.
func newRandom(t *testing.T) *rand.Rand {
	t.Helper()
	seed := uint64(1)
	if given := os.Getenv("SEED"); given != "" {
		var err error
		seed, err = strconv.ParseUint(given, 10, 64)
		require.NoError(t, err)
	}
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

// within returns a random duration between two.
func within(r *rand.Rand, from, to time.Duration) time.Duration {
	return from + time.Duration(r.Int64N(int64(to-from)))
}

// startRaces starts orders, alternately on-ramp and off-ramp, each with a user of its own, and returns once each awaits its payment.
func (s *stack) startRaces(n int) []*race {
	s.t.Helper()
	all := make([]*race, n)
	var starting errgroup.Group
	starting.SetLimit(8)
	for i := range all {
		starting.Go(func() error {
			var err error
			all[i], err = s.startRace(i)
			return err
		})
	}
	require.NoError(s.t, starting.Wait())
	return all
}

func (s *stack) startRace(n int) (*race, error) {
	reference := fmt.Sprintf("race-%d", n)
	if n%2 == 0 {
		request := onrampRequest(reference)
		request.Email = ramp.Email(userOf(n, "linked"))
		order, err := s.Orders.StartOnramp(s.t.Context(), request)
		return &race{id: buy(reference), order: order}, err
	}
	request := offrampRequest(reference)
	request.Email = ramp.Email(userOf(n, "linked"))
	order, err := s.Orders.StartOfframp(s.t.Context(), request)
	return &race{id: sell(reference), order: order}, err
}

// proof returns a good proof of payment.
func (c *race) proof(n int) string {
	if c.id.Direction == ramp.Onramp {
		return utrOf(n)
	}
	return hashOf(n)
}

// badProof returns a proof that the provider refuses.
func (c *race) badProof() string {
	if c.id.Direction == ramp.Onramp {
		return "000000000000"
	}
	return fmt.Sprintf("0x%064d", 0)
}

func (s *stack) addSubmission(c *race, at time.Time, proof string) {
	submit := s.Orders.SubmitUTR
	if c.id.Direction == ramp.Offramp {
		submit = s.Orders.SubmitTransactionHash
	}
	c.actions = append(c.actions, &action{at: at, proof: proof,
		refusals: []ramp.ErrorType{ramp.ProofConflict, ramp.ProofRefused, ramp.OrderOver},
		do: func(ctx context.Context) (*ramp.Order, error) {
			return submit(ctx, c.id.Reference, proof)
		}})
}

func (s *stack) addSignal(c *race, at time.Time, proof string) {
	name, argument := ramp.SubmitUTR, any(ramp.UTRSubmission{UTR: ramp.UTR(proof)})
	if c.id.Direction == ramp.Offramp {
		name, argument = ramp.SubmitTransactionHash, ramp.HashSubmission{TransactionHash: proof}
	}
	c.actions = append(c.actions, &action{at: at, proof: proof, bySignal: true,
		do: func(ctx context.Context) (*ramp.Order, error) {
			err := s.Temporal.SignalWorkflow(ctx, c.id.Direction.WorkflowID(c.id.Reference), "", name, argument)
			var over *serviceerror.NotFound
			if errors.As(err, &over) {
				return nil, nil
			}
			return nil, err
		}})
}

func (s *stack) addCancellation(c *race, at time.Time) {
	// On a busy machine the provider's status may not arrive in the time that a cancellation waits.
	c.actions = append(c.actions, &action{at: at, refusals: []ramp.ErrorType{ramp.CancelRefused, ramp.OrderOver, ramp.NotReady},
		do: func(ctx context.Context) (*ramp.Order, error) { return s.Orders.Cancel(ctx, c.id) }})
}

// runRaces performs every action at its time, and returns once all have a response.
func (s *stack) runRaces(all []*race) {
	ctx, cancel := context.WithTimeout(s.t.Context(), completionTime)
	defer cancel()
	var playing errgroup.Group
	for _, c := range all {
		for _, m := range c.actions {
			playing.Go(func() error {
				<-time.After(time.Until(m.at))
				m.order, m.err = m.do(ctx)
				for unanswered(m.err) && ctx.Err() == nil {
					m.order, m.err = m.do(ctx)
				}
				return nil
			})
		}
	}
	_ = playing.Wait() // the actions have the responses
}

// unanswered reports whether Temporal did not answer in time, as under heavy load. Callers then retry.
func unanswered(err error) bool {
	var late *serviceerror.DeadlineExceeded
	var away *serviceerror.Unavailable
	return errors.As(err, &late) || errors.As(err, &away)
}

// requireOneResultEach requires that every order has one result, which agrees with the sandbox's ledger and with all responses. It returns
// the number of orders by status.
func (s *stack) requireOneResultEach(all []*race) map[ramp.Status]int {
	s.t.Helper()
	endings, answers := make(map[ramp.Status]int), make(map[ramp.ErrorType]int)
	for _, c := range all {
		ended := s.await(c.id, completionTime, func(order *ramp.Order) bool { return order.Status.Final() })
		s.requireOneResult(c, ended)
		for _, m := range c.actions {
			s.requireTrueResponse(c, m, ended)
			answers[errorType(m.err)]++
		}
		endings[ended.Status]++
	}
	s.t.Logf("endings: %v; refusals: %v", endings, answers)
	return endings
}

// errorType returns the type of an error; empty without an error.
func errorType(err error) ramp.ErrorType {
	var typed *ramp.Error
	if errors.As(err, &typed) {
		return typed.Type
	}
	return ""
}

// requireOneResult requires that the order was closed once, and that the provider agrees.
func (s *stack) requireOneResult(c *race, ended *ramp.Order) {
	s.t.Helper()
	final := 0
	for _, entry := range ended.Timeline {
		if entry.Status.Final() {
			final++
		}
	}
	require.Equal(s.t, 1, final, "%s: %v", c.id.Reference, ended.Timeline)
	there := s.reference(c.id)
	require.Equal(s.t, []string{ended.OrderID}, there.Orders)
	if ended.Status == ramp.Completed {
		require.Equal(s.t, 1, there.PaidOut, c.id.Reference)
		require.Contains(s.t, []string{"completed", "PayoutSuccess"}, there.Statuses[0])
		require.Equal(s.t, s.proofsOf(ended.OrderID), acceptedProofs(ended), c.id.Reference)
		return
	}
	require.Contains(s.t, []ramp.Status{ramp.Expired, ramp.Cancelled}, ended.Status)
	require.Zero(s.t, there.WithProof, "%s: a proof was lost", c.id.Reference)
	require.Zero(s.t, there.PaidOut, c.id.Reference)
	require.Nil(s.t, ended.Proof, c.id.Reference)
}

// proofsOf returns the proofs of an order that the provider accepted, the oldest first.
func (s *stack) proofsOf(orderID string) []string {
	s.t.Helper()
	var proofs []string
	for _, accepted := range s.ledger().Proofs {
		if accepted.OrderID == orderID {
			proofs = append(proofs, accepted.Proof)
		}
	}
	return proofs
}

// acceptedProofs returns the proofs that the order reports as accepted, the oldest first.
func acceptedProofs(order *ramp.Order) []string {
	var proofs []string
	for _, replaced := range order.Proof.Replaced {
		proofs = append(proofs, replaced.Reference()) // one of them is empty
	}
	return append(proofs, order.Proof.Reference())
}

// requireTrueResponse requires that the response to a caller agrees with the order's result.
func (s *stack) requireTrueResponse(c *race, m *action, ended *ramp.Order) {
	s.t.Helper()
	if m.bySignal {
		require.NoError(s.t, m.err, c.id.Reference)
		return
	}
	if m.err != nil {
		s.requireTrueRefusal(c, m, ended)
		return
	}
	if m.proof == "" {
		require.Equal(s.t, ramp.Cancelled, ended.Status, "%s: the cancellation succeeded", c.id.Reference)
		return
	}
	require.Equal(s.t, ramp.Completed, ended.Status, "%s: the proof was accepted", c.id.Reference)
	require.Contains(s.t, acceptedProofs(ended), m.proof, "%s: the proof was accepted", c.id.Reference)
}

func (s *stack) requireTrueRefusal(c *race, m *action, ended *ramp.Order) {
	s.t.Helper()
	var refused *ramp.Error
	require.ErrorAs(s.t, m.err, &refused, c.id.Reference)
	require.Contains(s.t, m.refusals, refused.Type, "%s: %v", c.id.Reference, m.err)
	if refused.Type == ramp.CancelRefused || refused.Type == ramp.ProofConflict {
		require.Equal(s.t, ramp.Completed, ended.Status, "%s: %v", c.id.Reference, m.err)
	}
	if refused.Type == ramp.ProofConflict {
		require.NotEqual(s.t, m.proof, ended.Proof.Reference(), "%s: %v", c.id.Reference, m.err)
	}
}

func TestProofAtTheDeadlineGivesOneResult(t *testing.T) {
	t.Parallel()
	s := newStack(t, 360) // three hours take thirty seconds
	r := newRandom(t)
	all := s.startRaces(raceCount)
	for i, c := range all {
		s.addSubmission(c, c.order.ExpiresAt.Add(within(r, -time.Second, time.Second)), c.proof(i))
	}
	all[0].actions[0].at = time.Now()
	s.runRaces(all)
	require.NoError(t, all[0].actions[0].err, "this one was in time")
	s.requireOneResultEach(all)
}

func TestConcurrentProofAndCancellationsGiveOneResult(t *testing.T) {
	t.Parallel()
	s := newStack(t, 60)
	r := newRandom(t)
	all := s.startRaces(raceCount)
	start := time.Now().Add(time.Second)
	for i, c := range all {
		soon := func() time.Time { return start.Add(time.Duration(i)*raceInterval + within(r, 0, raceInterval)) }
		s.addSubmission(c, soon(), c.proof(i))
		s.addCancellation(c, soon())
		s.addCancellation(c, soon())
	}
	s.runRaces(all)
	s.requireOneResultEach(all)
}

func TestConcurrentCancellationsAreAllAnswered(t *testing.T) {
	t.Parallel()
	s := newStack(t, 60)
	r := newRandom(t)
	all := s.startRaces(raceCount)
	start := time.Now().Add(time.Second)
	for i, c := range all {
		for range 6 {
			s.addCancellation(c, start.Add(time.Duration(i)*raceInterval+within(r, 0, raceInterval/4)))
		}
	}
	s.runRaces(all)
	require.Equal(t, map[ramp.Status]int{ramp.Cancelled: raceCount}, s.requireOneResultEach(all))
}

// Until the provider has the payment, a good proof replaces another one, and the last one stands.
func TestLastAcceptedOfConcurrentProofsStands(t *testing.T) {
	t.Parallel()
	s := newStack(t, 60)
	r := newRandom(t)
	all := s.startRaces(raceCount)
	start := time.Now().Add(time.Second)
	for i, c := range all {
		one, other := c.proof(2*i), c.proof(2*i+1)
		soon := func() time.Time { return start.Add(time.Duration(i)*raceInterval + within(r, 0, raceInterval)) }
		s.addSubmission(c, soon(), one)
		s.addSubmission(c, soon(), one)
		s.addSignal(c, soon(), one)
		s.addSubmission(c, soon(), other)
		s.addSignal(c, soon(), other)
		s.addSubmission(c, soon(), c.badProof())
	}
	s.runRaces(all)
	require.Equal(t, map[ramp.Status]int{ramp.Completed: raceCount}, s.requireOneResultEach(all))
	for _, proof := range s.ledger().Proofs {
		require.NotEqual(t, "", strings.Trim(strings.TrimPrefix(proof.Proof, "0x"), "0"), "the bad one was taken")
	}
}

func TestMessagesToAClosingOrderAreAnswered(t *testing.T) {
	t.Parallel()
	s := newStack(t, 60)
	r := newRandom(t)
	all := s.startRaces(raceCount)
	start := time.Now().Add(time.Second)
	for i, c := range all {
		s.addSubmission(c, start, c.proof(2*i))
		closing := func() time.Time { return start.Add(within(r, 4*time.Second, 7*time.Second)) } // the provider takes five or six seconds
		s.addSubmission(c, closing(), c.proof(2*i))
		s.addSubmission(c, closing(), c.proof(2*i+1))
		s.addSignal(c, closing(), c.proof(2*i+1))
		s.addCancellation(c, closing())
	}
	s.runRaces(all)
	require.Equal(t, map[ramp.Status]int{ramp.Completed: raceCount}, s.requireOneResultEach(all))
}

// The worker is stopped while another one runs; that one is killed while none runs.
func TestProofsSubmittedWhileTheWorkerRestartsAreAllAccepted(t *testing.T) {
	t.Parallel()
	s := newStack(t, 60)
	r := newRandom(t)
	all := s.startRaces(raceCount)
	for _, route := range []string{"POST /v1/orders/utr", "POST /v1/offramp/orders/txnhash"} {
		s.post("/sandbox/faults", fmt.Sprintf(`{"fault":"latency","delay":"1s","route":%q}`, route))
	}
	start := time.Now().Add(time.Second)
	for i, c := range all {
		s.addSubmission(c, start.Add(within(r, 0, 6*time.Second)), c.proof(i))
	}
	stopAt, killAt := start.Add(within(r, 500*time.Millisecond, 1500*time.Millisecond)), start.Add(within(r, 4*time.Second, 6*time.Second))
	played := make(chan struct{})
	go func() {
		defer close(played)
		s.runRaces(all)
	}()

	<-time.After(time.Until(stopAt))
	next := s.startWorker()
	s.stop(s.worker)
	<-time.After(time.Until(killAt))
	next.Kill()
	s.startWorker()

	<-played
	for _, c := range all {
		require.NoError(t, c.actions[0].err)
	}
	require.Equal(t, map[ramp.Status]int{ramp.Completed: raceCount}, s.requireOneResultEach(all))
}

func TestConcurrentStartsOfOneReferenceAreOneOrder(t *testing.T) {
	t.Parallel()
	s := newStack(t, 60)
	r := newRandom(t)
	start := time.Now().Add(time.Second)
	var all []*race
	for i := range raceCount {
		request := onrampRequest(fmt.Sprintf("race-%d", i))
		request.Email = ramp.Email(userOf(i, "linked"))
		rival := request
		rival.Fiat.Amount = "2000.00"
		c := &race{id: buy(request.Reference)}
		for _, wanted := range []ramp.OnrampRequest{request, request, request, rival} {
			c.actions = append(c.actions, &action{at: start.Add(time.Duration(i)*raceInterval + within(r, 0, raceInterval)),
				do: func(ctx context.Context) (*ramp.Order, error) { return s.Orders.StartOnramp(ctx, wanted) }})
		}
		all = append(all, c)
	}
	s.runRaces(all)
	for _, c := range all {
		there := s.reference(c.id)
		require.Len(t, there.Orders, 1)
		got := 0
		for _, m := range c.actions {
			if m.err != nil {
				require.True(t, ramp.IsError(m.err, ramp.ReferenceTaken), "%s: %v", c.id.Reference, m.err)
				continue
			}
			got++
			require.Equal(t, there.Orders[0], m.order.OrderID)
		}
		require.Contains(t, []int{1, 3}, got, "the three who want the same get the same")
	}
}

// The price is a tenth worse in every second window of 30 seconds: it is good when the users get their quotes, and becomes worse before
// the quotes expire.
func TestQuoteConfirmedAsItExpiresMakesNoOrderAtAWorsePrice(t *testing.T) {
	t.Parallel()
	s := newStack(t, 1)
	r := newRandom(t)
	s.advanceToAGoodPrice()
	start := time.Now()
	agreed := make([]string, raceCount)
	var confirming errgroup.Group
	for i := range raceCount {
		request := onrampRequest(fmt.Sprintf("race-%d", i))
		request.Email, request.Fiat.Amount = ramp.Email(userOf(i, "linked")), fmt.Sprintf("%d.06", 1000+i)
		request.Quote = &ramp.QuoteTerms{Confirm: true}
		jitter := within(r, -300*time.Millisecond, 300*time.Millisecond)
		if i%2 == 0 {
			jitter -= 3 * time.Second // when an order cannot be sent at the quote any more
		}
		confirming.Go(func() error {
			<-time.After(time.Until(start.Add(time.Duration(i) * raceInterval)))
			var err error
			agreed[i], err = s.confirmAtExpiry(request, jitter)
			return err
		})
	}
	require.NoError(t, confirming.Wait())
	asked := 0
	for i := range raceCount {
		id := buy(fmt.Sprintf("race-%d", i))
		order, err := s.Orders.Get(t.Context(), id)
		require.NoError(t, err)
		require.Equal(t, ramp.AwaitingPayment, order.Status)
		require.Equal(t, []string{order.OrderID}, s.reference(id).Orders)
		s.requireAtLeast(order.OrderID, agreed[i])
		for _, entry := range order.Timeline {
			if entry.Status == ramp.AwaitingConfirmation {
				asked++
			}
		}
	}
	t.Logf("users were asked %d times about %d orders", asked, raceCount)
	require.Greater(t, asked, raceCount)
}

// advanceToAGoodPrice moves the provider's clock to the beginning of a window of 30 seconds with a good price.
func (s *stack) advanceToAGoodPrice() {
	s.t.Helper()
	const swing = time.Minute
	var clock struct {
		Now time.Time `json:"now"`
	}
	require.NoError(s.t, s.read("/sandbox/clock", &clock))
	s.setClock(fmt.Sprintf(`{"advance":%q}`, clock.Now.Truncate(swing).Add(swing).Sub(clock.Now)))
}

// confirmAtExpiry confirms an order's quote around its expiry, and any quote that replaces it at once. It returns what the user receives
// by the last quote.
func (s *stack) confirmAtExpiry(request ramp.OnrampRequest, jitter time.Duration) (string, error) {
	ctx, cancel := context.WithTimeout(s.t.Context(), completionTime)
	defer cancel()
	order, err := s.Orders.StartOnramp(ctx, request)
	if err != nil {
		return "", err
	}
	agreed := ""
	<-time.After(time.Until(order.Quote.ExpiresAt.Add(jitter)))
	for ctx.Err() == nil {
		order, err := s.Orders.Get(ctx, buy(request.Reference))
		switch {
		case err != nil: // a query may time out on a busy machine
			continue
		case order.Status == ramp.AwaitingPayment:
			return agreed, nil
		case order.Status != ramp.AwaitingConfirmation:
			<-time.After(raceInterval)
			continue
		}
		if _, err := s.Orders.ConfirmQuote(ctx, buy(request.Reference), order.Quote.ID); err != nil {
			return "", err // there is no other caller, and an unconfirmed quote is not replaced
		}
		agreed = order.Quote.Receive.Amount
	}
	return "", ctx.Err()
}

func (s *stack) requireAtLeast(orderID, agreed string) {
	s.t.Helper()
	least, err := decimal.NewFromString(agreed)
	require.NoError(s.t, err)
	made := s.ledger().Orders
	at := slices.IndexFunc(made, func(order ledger.Order) bool { return order.ID == orderID })
	require.GreaterOrEqual(s.t, at, 0)
	require.True(s.t, made[at].Tokens.GreaterThanOrEqual(least), "order %s delivers %s, and the user agreed to %s", orderID, made[at].Tokens, agreed)
}
