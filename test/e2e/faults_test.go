package e2e_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"rampart/ramp"
)

// network is a proxy between the worker and the sandbox that injects faults.
type network struct {
	mu     sync.Mutex
	faults map[string]*networkFault
	seen   map[string][]time.Time
}

// networkFault is a fault of the next calls of a route.
type networkFault struct {
	// left is the number of calls to affect.
	left int
	// status is returned instead of the provider's response; 0 makes the call and drops the response.
	status int
	// slow is the delay of the response.
	slow time.Duration
	// retryAfter is the value of the header Retry-After, in seconds.
	retryAfter string
	// echo includes the headers and the body of the call in the response, as some servers do.
	echo bool
}

// withNetwork puts a network between the worker and the sandbox.
func withNetwork(n *network) stackOption {
	return func(s *stack) { s.network = n }
}

// proxyTo starts the network in front of the provider and returns its URL.
func (n *network) proxyTo(t *testing.T, provider string) string {
	t.Helper()
	target, err := url.Parse(provider)
	require.NoError(t, err)
	proxy := httputil.NewSingleHostReverseProxy(target)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		route := r.Method + " " + r.URL.Path
		f := n.take(route)
		switch {
		case f == nil:
			proxy.ServeHTTP(w, r)
		case f.status == 0:
			proxy.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler) // closes the connection without a response
		default:
			if f.slow > 0 {
				<-time.After(f.slow)
			}
			if f.retryAfter != "" {
				w.Header().Set("Retry-After", f.retryAfter)
			}
			w.WriteHeader(f.status)
			if f.echo {
				echoRequest(w, r)
			}
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func echoRequest(w io.Writer, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	answer, _ := json.Marshal(map[string]any{"success": false, "error": map[string]any{
		"code": 400, "message": string(body) + " " + r.Header.Get("Authorization") + " " + r.Header.Get("X-Api-Key"),
	}})
	_, _ = w.Write(answer)
}

// fail makes the next calls of a route fail.
func (n *network) fail(route string, f networkFault) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.faults == nil {
		n.faults = make(map[string]*networkFault)
	}
	n.faults[route] = &f
}

func (n *network) take(route string) *networkFault {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.seen == nil {
		n.seen = make(map[string][]time.Time)
	}
	n.seen[route] = append(n.seen[route], time.Now())
	for _, name := range []string{route, "*"} {
		if f := n.faults[name]; f != nil && f.left > 0 {
			f.left--
			taken := *f
			return &taken
		}
	}
	return nil
}

// calls returns the times at which a route was called.
func (n *network) calls(route string) []time.Time {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.seen[route]
}

func TestOrderWhoseCreationResponseIsLostIsMadeOnce(t *testing.T) {
	t.Parallel()
	n := new(network)
	s := newStack(t, 60, withNetwork(n))
	n.fail("POST /v1/orders/create", networkFault{left: 1})
	request := onrampRequest("lost")
	request.PaymentMethod, request.UPI = ramp.IMPS, nil
	request.Bank = &ramp.BankAccount{AccountName: "Asha Rao", AccountNumber: "50100000004821", IFSC: "HDFC0001234"}

	order, err := s.Orders.StartOnramp(t.Context(), request)

	require.NoError(t, err)
	require.NotEmpty(t, order.Instructions.Bank.AccountNumber)
	require.Empty(t, order.Attention)
	require.Len(t, s.ledger().Orders, 1)
	require.Equal(t, s.ledger().Orders[0].ID, order.OrderID)
	s.submit("lost", utrOf(1))
	s.awaitStatus(buy("lost"), completionTime, ramp.Completed)
}

func TestEqualOrdersWhoseResponsesAreLostAdoptOneEach(t *testing.T) {
	t.Parallel()
	n := new(network)
	s := newStack(t, 60, withNetwork(n))
	n.fail("POST /v1/orders/create", networkFault{left: 2})
	references := []string{"twin-1", "twin-2"}
	var starting errgroup.Group
	for _, reference := range references {
		starting.Go(func() error {
			request := onrampRequest(reference)
			byBank(&request)
			_, err := s.Orders.StartOnramp(t.Context(), request)
			return err
		})
	}
	require.NoError(t, starting.Wait())

	var adopted, made []string
	for i, reference := range references {
		order, err := s.Orders.Get(t.Context(), buy(reference))
		require.NoError(t, err)
		require.NotNil(t, order.Instructions.Bank)
		adopted = append(adopted, order.OrderID)
		s.submit(reference, utrOf(i))
		s.awaitStatus(buy(reference), completionTime, ramp.Completed)
	}
	for _, order := range s.ledger().Orders {
		made = append(made, order.ID)
	}
	require.ElementsMatch(t, made, adopted)
}

// Two orders that look the same, whose instructions by UPI were lost, take one each to replace.
func TestOrdersWhoseInstructionsAreLostAreReplacedAtOnce(t *testing.T) {
	t.Parallel()
	n := new(network)
	s := newStack(t, 60, withNetwork(n))
	n.fail("POST /v1/orders/create", networkFault{left: 2})
	references := []string{"twin-1", "twin-2"}
	var starting errgroup.Group
	for _, reference := range references {
		starting.Go(func() error {
			_, err := s.Orders.StartOnramp(t.Context(), onrampRequest(reference))
			return err
		})
	}
	require.NoError(t, starting.Wait())

	var all, made []string
	for i, reference := range references {
		order, err := s.Orders.Get(t.Context(), buy(reference))
		require.NoError(t, err)
		require.NotEmpty(t, order.Instructions.UPI.QR)
		require.Empty(t, order.Attention)
		require.Len(t, order.LostOrderIDs, 1)
		all = append(all, append(order.LostOrderIDs, order.OrderID)...)
		s.submit(reference, utrOf(i))
		s.awaitStatus(buy(reference), completionTime, ramp.Completed)
		s.requireReplay(buy(reference))
	}
	for _, order := range s.ledger().Orders {
		made = append(made, order.ID)
	}
	require.ElementsMatch(t, made, all)
	require.Len(t, s.ledger().Payouts, 2)
}

// The response to the creation of one order is late. That of the other is lost, so that it looks for its order in the user's history and
// finds that of the first.
func TestEqualOrderDoesNotAdoptAnOrderWhoseResponseIsLate(t *testing.T) {
	t.Parallel()
	s := newStack(t, 10)
	s.post("/sandbox/faults", `{"fault":"latency","delay":"10s","route":"POST /v1/orders/create","reference":"late","times":1}`)
	s.post("/sandbox/faults", `{"fault":"reset","route":"POST /v1/orders/create","reference":"lost","times":1}`)
	var starting errgroup.Group
	start := func(reference string) {
		request := onrampRequest(reference)
		byBank(&request)
		starting.Go(func() error {
			_, err := s.Orders.StartOnramp(t.Context(), request)
			return err
		})
	}
	start("late")
	eventually(t, patience, func() error {
		if len(s.ledger().Orders) == 0 {
			return errors.New("the first order is not made")
		}
		return nil
	})
	start("lost")
	require.NoError(t, starting.Wait())

	late, err := s.Orders.Get(t.Context(), buy("late"))
	require.NoError(t, err)
	lost, err := s.Orders.Get(t.Context(), buy("lost"))
	require.NoError(t, err)
	require.NotEqual(t, late.OrderID, lost.OrderID)
	require.Len(t, s.ledger().Orders, 2)
	for i, reference := range []string{"late", "lost"} {
		s.submit(reference, utrOf(i+1))
		s.awaitStatus(buy(reference), completionTime, ramp.Completed)
	}
	require.Len(t, s.ledger().Proofs, 2)
	s.requireReplay(buy("late"), buy("lost"))
}

func TestLatePaymentOfAnExpiredProviderOrderIsFollowed(t *testing.T) {
	t.Parallel()
	s := newStack(t, 60)
	order, err := s.Orders.StartOnramp(t.Context(), onrampRequest("late"))
	require.NoError(t, err)
	s.setClock(`{"speed":0}`)
	s.submit("late", utrOf(1))
	s.setProviderStatus(order.OrderID, "expired")
	waiting := s.await(buy("late"), completionTime, func(order *ramp.Order) bool { return order.ProviderStatus == "expired" })
	require.Equal(t, ramp.VerifyingPayment, waiting.Status)
	require.NotEmpty(t, waiting.Attention)

	s.setProviderStatus(order.OrderID, "fiatReceived")
	going := s.awaitStatus(buy("late"), completionTime, ramp.Settling)
	require.Empty(t, going.Attention)
	s.setProviderStatus(order.OrderID, "completed")
	s.awaitStatus(buy("late"), completionTime, ramp.Completed)
}

func TestProofWhoseResponseIsLostIsAcceptedOnce(t *testing.T) {
	t.Parallel()
	n := new(network)
	s := newStack(t, 60, withNetwork(n))
	n.fail("POST /v1/orders/utr", networkFault{left: 1})
	n.fail("POST /v1/offramp/orders/txnhash", networkFault{left: 1})
	_, err := s.Orders.StartOnramp(t.Context(), onrampRequest("buy"))
	require.NoError(t, err)
	_, err = s.Orders.StartOfframp(t.Context(), offrampRequest("sell"))
	require.NoError(t, err)

	bought, err := s.Orders.SubmitUTR(t.Context(), "buy", utrOf(1))
	require.NoError(t, err)
	sold, err := s.Orders.SubmitTransactionHash(t.Context(), "sell", hashOf(1))
	require.NoError(t, err)

	require.True(t, bought.Accepted())
	require.True(t, sold.Accepted())
	require.Len(t, s.ledger().Proofs, 2)
	s.awaitStatus(buy("buy"), completionTime, ramp.Completed)
	s.awaitStatus(sell("sell"), completionTime, ramp.Completed)
}

func TestEveryCallIsRetriedThroughProviderFailures(t *testing.T) {
	t.Parallel()
	for name, trouble := range map[string]networkFault{
		"unavailable":        {left: 2, status: http.StatusServiceUnavailable},
		"rate limited":       {left: 1, status: http.StatusTooManyRequests, retryAfter: "2"},
		"wrong API key":      {left: 3, status: http.StatusUnauthorized},
		"a gateway's answer": {left: 2, status: http.StatusNotFound},
		"no answer":          {left: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := new(network)
			s := newStack(t, 60, withNetwork(n))
			for _, route := range []string{
				"POST /v1/users/login", "POST /v1/users/kyc-status", "GET /v1/users/bank/fetch", "POST /v1/users/account-link",
				"POST /v1/quote/sell", "POST /v1/offramp/orders/txnhash", "POST /v1/offramp/orders/status",
			} {
				n.fail(route, trouble)
			}

			_, err := s.Orders.StartOfframp(t.Context(), offrampRequest("sell"))
			require.NoError(t, err)
			_, err = s.Orders.SubmitTransactionHash(t.Context(), "sell", hashOf(1))
			require.NoError(t, err)

			order := s.awaitStatus(sell("sell"), completionTime, ramp.Completed)
			require.Empty(t, order.Attention)
			require.Len(t, s.ledger().Proofs, 1)
			require.Len(t, s.ledger().Orders, 1)
		})
	}
}

func TestRetryAfterIsObeyed(t *testing.T) {
	t.Parallel()
	n := new(network)
	s := newStack(t, 60, withNetwork(n))
	n.fail("POST /v1/quote/buy", networkFault{left: 2, status: http.StatusTooManyRequests, retryAfter: "4"})

	_, err := s.Orders.StartOnramp(t.Context(), onrampRequest("slow"))

	require.NoError(t, err)
	calls := n.calls("POST /v1/quote/buy")
	require.Len(t, calls, 3)
	for i := range calls[1:] {
		require.GreaterOrEqual(t, calls[i+1].Sub(calls[i]), 4*time.Second)
	}
}

func TestRevokedTokensAreRenewed(t *testing.T) {
	t.Parallel()
	n := new(network)
	s := newStack(t, 60, withNetwork(n))
	_, err := s.Orders.StartOnramp(t.Context(), onrampRequest("revoked"))
	require.NoError(t, err)
	s.post("/sandbox/users", `{"email":"asha+linked@example.test","revokeTokens":true}`)

	order, err := s.Orders.SubmitUTR(t.Context(), "revoked", utrOf(1))

	require.NoError(t, err)
	require.True(t, order.Accepted())
	require.Len(t, n.calls("POST /v1/users/login"), 2)
	require.Len(t, n.calls("POST /v1/orders/utr"), 2)
}

func TestOrderWithoutWorkersAtItsDeadlineEndsByTheProviderStatus(t *testing.T) {
	t.Parallel()
	s := newStack(t, 360)
	for _, reference := range []string{"unpaid", "paid"} {
		_, err := s.Orders.StartOnramp(t.Context(), onrampRequest(reference))
		require.NoError(t, err)
	}
	order, err := s.Orders.Get(t.Context(), buy("paid"))
	require.NoError(t, err)
	s.stop(s.worker)
	s.setProviderStatus(order.OrderID, "fiatReceived")
	require.NoError(t, s.Temporal.SignalWorkflow(t.Context(), "onramp/unpaid", "", ramp.SubmitUTR, ramp.UTRSubmission{UTR: "000000000000"}))
	eventually(t, patience, func() error {
		if wait := time.Until(order.ExpiresAt); wait > 0 {
			return errors.New("the deadline is still to come")
		}
		return nil
	})
	s.startWorker()

	expired := s.awaitStatus(buy("unpaid"), completionTime, ramp.Expired)
	require.Nil(t, expired.Proof)
	s.awaitStatus(buy("paid"), completionTime, ramp.Settling)
	s.setProviderStatus(order.OrderID, "completed")
	done := s.awaitStatus(buy("paid"), completionTime, ramp.Completed)
	require.Equal(t, "completed", done.ProviderStatus)
}
