package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"

	"rampart/ramp"
	"rampart/sandbox/fault"
	"rampart/sandbox/ledger"
)

// crashPoint is a call that has an effect at the provider, and an order that makes the call. The request has the proof of payment, so
// that the order completes by itself.
type crashPoint struct {
	activity string
	route    string
	// effect is the event that the sandbox records once the call has taken effect. A quote has none.
	effect ledger.EventKind
	order  func(t *testing.T, n int) crashingOrder
	// remade is set if the provider offers no way to find a created order, so that another one is created without a trace of the first.
	remade bool
}

// crashPoints returns the calls of the lifecycle. Calls that name no user come first, because their fault affects the next caller.
func crashPoints() []crashPoint {
	return []crashPoint{
		{activity: "QuoteBuy", route: "POST /v1/quote/buy", order: onrampOfLinkedUser},
		{activity: "QuoteSell", route: "POST /v1/quote/sell", order: offrampOfLinkedUser},
		{activity: "SubmitUTR", route: "POST /v1/orders/utr", effect: ledger.EventProof, order: onrampOfLinkedUser},
		{activity: "SubmitTransactionHash", route: "POST /v1/offramp/orders/txnhash", effect: ledger.EventProof, order: offrampOfLinkedUser},
		{activity: "CreateOnrampOrder", route: "POST /v1/orders/create", effect: ledger.EventOrder, order: onrampOfLinkedUser},
		{activity: "CreateOfframpOrder", route: "POST /v1/offramp/orders/create", effect: ledger.EventOrder, order: offrampOfLinkedUser, remade: true},
		{activity: "LinkAccount", route: "POST /v1/users/upi-link", effect: ledger.EventUPILink, order: onrampOfUnlinkedUser},
		{activity: "LinkAccount", route: "POST /v1/users/account-link", effect: ledger.EventBankLink, order: offrampOfUnlinkedUser},
		{activity: "UploadKYC", route: "POST /v1/users/upload/kyc", effect: ledger.EventKYC, order: onrampOfUnverifiedUser},
		{activity: "KYCStatus", route: "POST /v1/users/login", effect: ledger.EventLogin, order: onrampOfLinkedUser},
	}
}

// creationAndProof returns the calls that create orders or submit proofs.
func creationAndProof() []crashPoint {
	return slices.DeleteFunc(crashPoints(), func(p crashPoint) bool {
		return p.effect != ledger.EventOrder && p.effect != ledger.EventProof
	})
}

// crashingOrder is an order whose call is interrupted by a crash. It has a user of its own.
type crashingOrder struct {
	crashPoint
	// done is set if the call takes effect before the crash.
	done bool
	// fault keeps the response from the worker.
	fault   fault.Fault
	id      ramp.ID
	email   string
	request any
	// wrong is the mistyped proof in the request, and right the corrected one.
	wrong, right string
}

func onrampOfLinkedUser(_ *testing.T, n int) crashingOrder { return crashingOnramp(n, "linked") }

func onrampOfUnlinkedUser(_ *testing.T, n int) crashingOrder { return crashingOnramp(n, "unlinked") }

func onrampOfUnverifiedUser(t *testing.T, n int) crashingOrder {
	t.Helper()
	c := crashingOnramp(n, "nokyc+linked")
	request := c.request.(ramp.OnrampRequest)
	request.KYC = &ramp.KYC{Dossier: ramp.Dossier(writeDossier(t, dossier(string(request.Email))))}
	c.request = request
	return c
}

func offrampOfLinkedUser(_ *testing.T, n int) crashingOrder { return crashingOfframp(n, "linked") }

func offrampOfUnlinkedUser(_ *testing.T, n int) crashingOrder { return crashingOfframp(n, "unlinked") }

func crashingOnramp(n int, tags string) crashingOrder {
	request := onrampRequest(fmt.Sprintf("crash-%d", n))
	request.Email, request.UTR = ramp.Email(userOf(n, tags)), ramp.UTR(utrOf(n))
	return crashingOrder{id: buy(request.Reference), email: string(request.Email), request: request}
}

func crashingOfframp(n int, tags string) crashingOrder {
	request := offrampRequest(fmt.Sprintf("crash-%d", n))
	request.Email, request.TransactionHash = ramp.Email(userOf(n, tags)), hashOf(n)
	return crashingOrder{id: sell(request.Reference), email: string(request.Email), request: request}
}

func userOf(n int, tags string) string { return fmt.Sprintf("asha+%s+%d@example.test", tags, n) }

// beforeAndAfter returns two orders for each point: one whose call takes effect before the crash, and one whose call does not.
func beforeAndAfter(t *testing.T, points []crashPoint) []crashingOrder {
	t.Helper()
	var orders []crashingOrder
	for _, point := range points {
		for _, done := range []bool{false, true} {
			order := point.order(t, len(orders)+1)
			order.crashPoint, order.done = point, done
			order.fault = fault.Fault{Kind: fault.Timeout, After: done}
			orders = append(orders, order)
		}
	}
	return orders
}

func (c crashingOrder) String() string {
	if c.done {
		return c.route + ", done and not answered"
	}
	return c.route + ", not done"
}

// anonymous reports whether the call does not name its user, so that orders must make it one after another.
func (c crashingOrder) anonymous() bool { return c.effect == "" }

func TestOrderCompletesWhenItsWorkerIsKilledDuringAnyCall(t *testing.T) {
	t.Parallel()
	s := newStack(t, 60)
	orders := beforeAndAfter(t, crashPoints())
	s.startWithFaults(orders)
	s.awaitEffects(orders)
	orders = append(orders, s.startClaimed(len(orders)+1))

	s.worker.Kill()
	s.startWorker()

	s.requireCompletedOnce(orders)
	s.requireMostInterrupted(orders)
}

func TestOrderCompletesWhenTheTemporalServerIsKilledDuringCreationOrProof(t *testing.T) {
	t.Parallel()
	s := newStack(t, 60, onFile)
	orders := beforeAndAfter(t, creationAndProof())
	s.startWithFaults(orders)
	s.awaitEffects(orders)

	s.server.Kill()
	s.startServer()

	s.requireCompletedOnce(orders)
	for _, order := range orders {
		if order.activity == "CreateOnrampOrder" && order.done {
			continue // the attempt whose response was lost finds the order itself
		}
		require.Greater(t, s.lastStart(order).GetAttempt(), int32(1), "%s", order)
	}
}

func TestResponseReceivedWhileTheTemporalServerIsDownIsNotLost(t *testing.T) {
	t.Parallel()
	s := newStack(t, 60, onFile)
	var orders []crashingOrder
	for n, point := range creationAndProof() {
		order := point.order(t, n+1)
		order.crashPoint, order.done, order.remade = point, true, false
		order.fault = fault.Fault{Kind: fault.Latency, Delay: fault.Duration(2 * time.Second)}
		orders = append(orders, order)
	}
	s.startWithFaults(orders)

	s.server.Kill()
	killed := time.Now()
	s.awaitEffects(orders)
	s.startServer()
	down := time.Since(killed)

	for i, order := range orders {
		s.awaitStatus(order.id, completionTime, ramp.Completed)
		orders[i].remade = order.id.Direction == ramp.Offramp && order.effect == ledger.EventOrder && s.lastStart(order).GetAttempt() > 1
		if down < 6*time.Second {
			require.EqualValues(t, 1, s.lastStart(order).GetAttempt(), "%s", order)
		}
	}
	t.Logf("the server was down for %s; after 8 seconds it gives up the calls that were on their way", down.Round(time.Second/10))
	s.requireCompletedOnce(orders)
}

func TestOrderCompletesAfterAPowerCutDuringCreationOrProof(t *testing.T) {
	t.Parallel()
	s := newStack(t, 60, onFile)
	orders := beforeAndAfter(t, creationAndProof())
	s.startWithFaults(orders)
	s.awaitEffects(orders)

	s.worker.Kill()
	s.server.Kill()
	s.startServer()
	s.startWorker()

	s.requireCompletedOnce(orders)
	s.requireMostInterrupted(orders)
}

// The UTR counts although the provider refuses it on the second attempt: it was accepted before the order expired.
func TestUTRAcceptedBeforeACrashCountsAfterTheProviderExpiredTheOrder(t *testing.T) {
	t.Parallel()
	s := newStack(t, 60)
	proving := slices.DeleteFunc(crashPoints(), func(p crashPoint) bool { return p.activity != "SubmitUTR" })
	order := beforeAndAfter(t, proving)[1]
	s.setClock(`{"speed":0}`)
	s.startWithFaults([]crashingOrder{order})
	s.awaitEffects([]crashingOrder{order})
	made := s.ledger().Orders[0]

	s.worker.Kill()
	s.setProviderStatus(made.ID, "expired")
	s.startWorker()

	waiting := s.await(order.id, completionTime, func(order *ramp.Order) bool { return order.ProviderStatus == "expired" })
	require.True(t, waiting.Accepted())
	require.Equal(t, ramp.VerifyingPayment, waiting.Status)
	require.Equal(t, 1, s.ledger().Refusals["POST /v1/orders/utr: 403 Invalid UTR"])
	s.setProviderStatus(made.ID, "completed")
	s.requireCompletedOnce([]crashingOrder{order})
}

// A user corrects a mistyped proof. The worker is killed before or after the provider accepts the corrected one.
func TestCorrectedProofSurvivesACrash(t *testing.T) {
	t.Parallel()
	s := newStack(t, 60)
	points := slices.DeleteFunc(crashPoints(), func(p crashPoint) bool { return p.effect != ledger.EventProof })
	orders := beforeAndAfter(t, points)
	for i := range orders {
		orders[i].mistype(i)
		s.startCrashing(orders[i])
	}
	for _, order := range orders {
		s.await(order.id, patience, (*ramp.Order).Accepted)
		s.addFault(order)
		s.correct(order)
	}
	eventually(t, patience, s.faultsInjected)
	s.awaitCorrections(orders)

	s.worker.Kill()
	s.startWorker()

	for _, order := range orders {
		ended := s.awaitStatus(order.id, completionTime, ramp.Completed)
		require.Equal(t, []string{order.wrong, order.right}, acceptedProofs(ended), "%s", order)
		require.Equal(t, acceptedProofs(ended), s.proofsOf(ended.OrderID), "%s", order)
		require.Equal(t, 1, s.reference(order.id).PaidOut, "%s", order)
		s.requireReplay(order.id)
	}
	s.requireMostInterrupted(orders)
}

// mistype replaces the request's proof by one for which there is no payment.
func (c *crashingOrder) mistype(n int) {
	switch request := c.request.(type) {
	case ramp.OnrampRequest:
		c.right, c.wrong = string(request.UTR), fmt.Sprintf("9999%08d", n)
		request.UTR = ramp.UTR(c.wrong)
		c.request = request
	case ramp.OfframpRequest:
		c.right, c.wrong = request.TransactionHash, fmt.Sprintf("0x%060xdead", n)
		request.TransactionHash = c.wrong
		c.request = request
	}
}

// correct signals the corrected proof.
func (s *stack) correct(order crashingOrder) {
	s.t.Helper()
	name, argument := ramp.SubmitUTR, any(ramp.UTRSubmission{UTR: ramp.UTR(order.right)})
	if order.id.Direction == ramp.Offramp {
		name, argument = ramp.SubmitTransactionHash, ramp.HashSubmission{TransactionHash: order.right}
	}
	id := order.id.Direction.WorkflowID(order.id.Reference)
	require.NoError(s.t, s.Temporal.SignalWorkflow(s.t.Context(), id, "", name, argument))
}

// awaitCorrections waits until the provider has accepted the corrected proofs of the orders that are done.
func (s *stack) awaitCorrections(orders []crashingOrder) {
	s.t.Helper()
	eventually(s.t, patience, func() error {
		taken := s.ledger().Proofs
		for _, order := range orders {
			isRight := func(proof ledger.AcceptedProof) bool { return proof.Proof == order.right }
			if slices.ContainsFunc(taken, isRight) != order.done {
				return fmt.Errorf("not yet, or too early: %s", order)
			}
		}
		return nil
	})
}

// startWithFaults starts orders and returns once each waits for a response.
func (s *stack) startWithFaults(orders []crashingOrder) {
	s.t.Helper()
	for _, order := range orders {
		s.addFault(order)
		s.startCrashing(order)
		if order.anonymous() {
			eventually(s.t, patience, s.faultsInjected)
		}
	}
	eventually(s.t, patience, s.faultsInjected)
}

func (s *stack) startCrashing(order crashingOrder) {
	s.t.Helper()
	_, err := s.Temporal.ExecuteWorkflow(s.t.Context(), client.StartWorkflowOptions{
		ID:        order.id.Direction.WorkflowID(order.id.Reference),
		TaskQueue: ramp.TaskQueue,
	}, order.id.Direction.WorkflowType(), order.request)
	require.NoError(s.t, err)
}

// addFault injects the order's fault into its call, once.
func (s *stack) addFault(order crashingOrder) {
	s.t.Helper()
	rule := map[string]any{"fault": order.fault.Kind, "route": order.route, "times": 1}
	if order.fault.After {
		rule["after"] = true
	}
	if order.fault.Delay > 0 {
		rule["delay"] = order.fault.Delay
	}
	if !order.anonymous() {
		rule["email"] = order.email
	}
	body, err := json.Marshal(rule)
	require.NoError(s.t, err)
	s.post("/sandbox/faults", string(body))
}

func (s *stack) faultsInjected() error {
	var rules []fault.Rule
	if err := s.read("/sandbox/faults", &rules); err != nil {
		return err
	}
	for _, rule := range rules {
		if rule.Injected == 0 {
			return fmt.Errorf("nobody has called %s for %q", rule.Route, rule.Email)
		}
	}
	return nil
}

// awaitEffects waits until the calls of the orders that are done have taken effect.
func (s *stack) awaitEffects(orders []crashingOrder) {
	s.t.Helper()
	eventually(s.t, patience, func() error {
		var events []ledger.Event
		if err := s.read("/sandbox/ledger/events", &events); err != nil {
			return err
		}
		for _, order := range orders {
			if order.done && !order.anonymous() && !slices.ContainsFunc(events, order.isEffect) {
				return fmt.Errorf("not yet: %s", order)
			}
		}
		return nil
	})
}

func (c crashingOrder) isEffect(event ledger.Event) bool {
	return event.Kind == c.effect && event.Email == c.email
}

// startClaimed starts an order whose creation gets no answer, and claims the provider's order for it, as an attempt does that is killed
// before it reports what it found.
func (s *stack) startClaimed(n int) crashingOrder {
	s.t.Helper()
	order := onrampOfLinkedUser(s.t, n)
	request := order.request.(ramp.OnrampRequest)
	byBank(&request)
	order.request = request
	order.crashPoint = crashPoint{activity: "CreateOnrampOrder", route: "POST /v1/orders/create", effect: ledger.EventOrder}
	order.done, order.fault = true, fault.Fault{Kind: fault.Timeout, After: true}
	s.startWithFaults([]crashingOrder{order})
	s.awaitEffects([]crashingOrder{order})
	claimant := order.id.Direction.WorkflowID(order.id.Reference)
	claim, err := s.Temporal.ExecuteWorkflow(s.t.Context(),
		client.StartWorkflowOptions{ID: ramp.AdoptionID(s.reference(order.id).Orders[0]), TaskQueue: ramp.TaskQueue}, ramp.AdoptionWorkflow, claimant)
	require.NoError(s.t, err)
	require.NoError(s.t, claim.Get(s.t.Context(), nil))
	return order
}

// requireCompletedOnce requires that every order has completed with one proof and one payout at the provider.
func (s *stack) requireCompletedOnce(orders []crashingOrder) {
	s.t.Helper()
	for _, order := range orders {
		ended := s.awaitStatus(order.id, completionTime, ramp.Completed)
		there := s.reference(order.id)
		require.Len(s.t, there.Orders, order.providerOrders()+len(ended.LostOrderIDs), "%s", order)
		require.Contains(s.t, there.Orders, ended.OrderID)
		require.Equal(s.t, 1, there.WithProof, "%s", order)
		require.Equal(s.t, 1, there.ProofsAccepted, "%s", order)
		require.Equal(s.t, 1, there.PaidOut, "%s", order)
		require.Empty(s.t, ended.Attention)
		s.requireReplay(order.id)
	}
}

// providerOrders returns how many orders the provider has for it in the end, beside those that it records as lost.
func (c crashingOrder) providerOrders() int {
	if c.remade && c.done {
		return 2
	}
	return 1
}

// reference returns the sandbox's totals for an order.
func (s *stack) reference(id ramp.ID) ledger.ReferenceTotal {
	s.t.Helper()
	var totals []ledger.ReferenceTotal
	require.NoError(s.t, s.read("/sandbox/ledger/references?reference="+url.QueryEscape(id.Reference), &totals))
	require.Len(s.t, totals, 1, id.Reference)
	require.Equal(s.t, string(id.Direction), totals[0].Direction)
	return totals[0]
}

// lastStart returns the last attempt of an order's call, with the failure of the one before. A history has no other attempts.
func (s *stack) lastStart(order crashingOrder) *historypb.ActivityTaskStartedEventAttributes {
	s.t.Helper()
	scheduled := map[int64]string{}
	var last *historypb.ActivityTaskStartedEventAttributes
	for _, event := range s.history(order.id).GetEvents() {
		if a := event.GetActivityTaskScheduledEventAttributes(); a != nil {
			scheduled[event.GetEventId()] = a.GetActivityType().GetName()
		}
		if a := event.GetActivityTaskStartedEventAttributes(); scheduled[a.GetScheduledEventId()] == order.activity {
			last = a
		}
	}
	require.NotNil(s.t, last, "%s", order)
	return last
}

// requireMostInterrupted requires that the crash interrupted most of the calls. A worker waits 15 seconds for a response, so that on a
// busy machine some calls end before.
func (s *stack) requireMostInterrupted(orders []crashingOrder) {
	s.t.Helper()
	cut := 0
	for _, order := range orders {
		failure := s.lastStart(order).GetLastFailure()
		if failure.GetTimeoutFailureInfo() != nil {
			cut++
		} else {
			s.t.Logf("%s was not cut off by the crash: %s", order, failure.GetMessage())
		}
	}
	s.t.Logf("the crash cut off %d of %d calls", cut, len(orders))
	require.Greater(s.t, cut, len(orders)/2)
}
