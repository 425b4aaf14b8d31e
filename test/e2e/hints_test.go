package e2e_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rampart/ramp"
)

// hintedPaths are the paths on which the provider's webhooks make the order look. Polls are 10 to 15 seconds apart, those of an idle KYC
// two minutes.
func hintedPaths() []orderPath {
	return []orderPath{
		{name: "onramp-hinted", id: buy, ending: ramp.Completed, act: inTurn(mistype, sees("fiatReceived"), sees("InProgress"), ends("completed"))},
		{name: "onramp-hinted-without-proof", id: buy, ending: ramp.Completed, act: inTurn(sees("fiatReceived"), ends("completed"))},
		{name: "onramp-hinted-expiry-without-proof", id: buy, ending: ramp.Expired, act: ends("expired")},
		{name: "onramp-hinted-falsely", id: buy, ending: ramp.Completed,
			act: inTurn(hint("completed"), mistype, hint("completed"), hint("refunded"), hint("fiatReceived"), sees("fiatReceived"), ends("completed"))},
		{name: "onramp-hinted-malformed", id: buy, ending: ramp.Completed, act: inTurn(mistype, malformedHint, ends("completed"))},
		{name: "onramp-hinted-kyc", id: buy, ending: ramp.Completed, act: inTurn(verifyElsewhere, hint("KYCCompleted"), in(ramp.AwaitingPayment), ends("completed")),
			buy: func(r *ramp.OnrampRequest) {
				r.Email = ramp.Email(strings.Replace(string(r.Email), "+linked", "+nokyc", 1))
			}},
		{name: "onramp-hinted-while-nobody-knows", id: buy, ending: ramp.Cancelled, act: inTurn(cancelUnclear, hint("fiatPending"))},
		{name: "offramp-hinted", id: sell, ending: ramp.Completed, act: inTurn(mistype, sees("CryptoReceived"), paysOut)},
		{name: "offramp-hinted-refund", id: sell, ending: ramp.Refunded, act: inTurn(mistype, sees("fiatFailed"), ends("refunded"))},
	}
}

// TestOrdersOnEveryPathWithHintsEndAtOnceAndReplay runs them in real time.
func TestOrdersOnEveryPathWithHintsEndAtOnceAndReplay(t *testing.T) {
	t.Parallel()
	s := newStack(t, 1, withEnvironment("RAMP_WORKFLOW_CACHE=0"))
	s.runPaths(hintedPaths())
	order, err := s.Orders.Get(t.Context(), sell("offramp-hinted"))
	require.NoError(t, err)
	require.Equal(t, ramp.UTR("HDFCN52026112700001"), order.Settlement.PayoutReference)
	require.Equal(t, ramp.Amount{Amount: "84.00", Currency: "INR"}, order.Settlement.TDS)
	require.Equal(t, ramp.Amount{Amount: "100", Currency: "USDC"}, order.Settlement.TokensDeducted)
}

// at most is how long an order may take until it has seen what a webhook hints at. Polls alone would take 10 seconds at least.
const hintTime = 8 * time.Second

// hint sends the order a hint without any change at the provider.
func hint(status string) func(*pathRun) error {
	return func(t *pathRun) error { return t.Orders.Hint(t.ctx, t.id, ramp.Hint{ProviderStatus: status}) }
}

// sees changes the status at the provider, sends a hint, and waits until the order has seen the change.
func sees(status string) func(*pathRun) error {
	return func(t *pathRun) error { return t.change(ramp.Hint{ProviderStatus: status}) }
}

// ends is sees for a final status.
func ends(status string) func(*pathRun) error { return sees(status) }

func paysOut(t *pathRun) error {
	return t.change(ramp.Hint{ProviderStatus: "PayoutSuccess", PayoutReference: "HDFCN52026112700001", TDS: "84.00", TokensDeducted: "100"})
}

func (t *pathRun) change(told ramp.Hint) error {
	if err := force(told.ProviderStatus)(t); err != nil {
		return err
	}
	changed := time.Now()
	if err := t.Orders.Hint(t.ctx, t.id, told); err != nil {
		return err
	}
	for order, err := range t.Orders.Watch(t.ctx, t.id) {
		if err != nil {
			return err
		}
		if order.ProviderStatus == told.ProviderStatus {
			if took := time.Since(changed); took > hintTime {
				return fmt.Errorf("the order saw %s %v after the hint", told.ProviderStatus, took)
			}
			return nil
		}
	}
	return errors.New("the order ended otherwise")
}

func malformedHint(t *pathRun) error {
	if err := t.signal(ramp.ProviderHint, map[string]any{"providerStatus": 42}); err != nil {
		return err
	}
	return t.until(func(order *ramp.Order) bool {
		for _, entry := range order.Timeline {
			if strings.Contains(entry.Note, "A provider-hint signal was ignored") {
				return true
			}
		}
		return false
	})
}

func TestIsUserTellsWhoseOrderItIs(t *testing.T) {
	t.Parallel()
	s := newStack(t, 1)
	id := buy("whose")
	request := onrampRequest("whose")
	_, err := s.Orders.StartOnramp(t.Context(), request)
	require.NoError(t, err)
	for email, want := range map[ramp.Email]bool{
		request.Email: true, ramp.Email(strings.ToUpper(string(request.Email))): true, "other@example.test": false,
	} {
		same, err := s.Orders.IsUser(t.Context(), id, email)
		require.NoError(t, err)
		require.Equal(t, want, same, string(email))
	}
	_, err = s.Orders.IsUser(t.Context(), id, "nobody")
	require.True(t, ramp.IsError(err, ramp.InvalidRequest))
	_, err = s.Orders.IsUser(t.Context(), buy("absent"), request.Email)
	require.True(t, ramp.IsError(err, ramp.NotFound))
}
