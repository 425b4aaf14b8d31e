package ramp_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/mocks"

	"rampart/ramp"
	"rampart/ramptest"
)

func TestTakeOverStartsAnOrderAndDoesNotWait(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		err     error
		started bool
	}{
		"new":                   {nil, true},
		"an order of this name": {serviceerror.NewWorkflowExecutionAlreadyStarted("it runs", "", ""), false},
	} {
		temporal := mocks.NewClient(t)
		for _, id := range []string{"onramp/inv-42", "offramp/inv-42"} {
			temporal.On("ExecuteWorkflow", mock.Anything, mock.MatchedBy(func(options client.StartWorkflowOptions) bool {
				return options.ID == id && options.WorkflowExecutionErrorWhenAlreadyStarted && options.StaticSummary != ""
			}), mock.Anything, mock.Anything).Return(nil, tc.err).Once()
		}
		orders := ramp.NewClient(temporal, nil)
		bought, sold := ramptest.OnrampRequest("inv-42"), ramptest.OfframpRequest("inv-42")
		bought.Adopt = &ramp.AdoptedOrder{OrderID: "650000000000000000000001"}
		sold.Adopt = &ramp.AdoptedOrder{OrderID: "650000000000000000000002"}
		started, err := orders.TakeOverOnramp(t.Context(), bought)
		require.NoError(t, err, name)
		require.Equal(t, tc.started, started)
		started, err = orders.TakeOverOfframp(t.Context(), sold)
		require.NoError(t, err, name)
		require.Equal(t, tc.started, started)
	}
}

func TestTakeOverNeedsAnOrderOfTheProviderAndTemporal(t *testing.T) {
	t.Parallel()
	orders := ramp.NewClient(mocks.NewClient(t), nil)
	_, err := orders.TakeOverOnramp(t.Context(), ramptest.OnrampRequest("inv-42"))
	require.True(t, ramp.IsError(err, ramp.InvalidRequest), "it would create one")
	_, err = orders.TakeOverOfframp(t.Context(), ramptest.OfframpRequest("inv-42"))
	require.True(t, ramp.IsError(err, ramp.InvalidRequest))
	_, err = orders.TakeOverOnramp(t.Context(), ramp.OnrampRequest{})
	require.True(t, ramp.IsError(err, ramp.InvalidRequest))

	temporal := mocks.NewClient(t)
	temporal.On("ExecuteWorkflow", mock.Anything, mock.Anything, mock.Anything, mock.Anything).Return(nil, errors.New("away"))
	request := ramptest.OnrampRequest("inv-42")
	request.Adopt = &ramp.AdoptedOrder{OrderID: "650000000000000000000001"}
	_, err = ramp.NewClient(temporal, nil).TakeOverOnramp(context.Background(), request)
	require.ErrorContains(t, err, "away")
}

func asJSON(t *testing.T, request any) []byte {
	t.Helper()
	document, err := json.Marshal(request)
	require.NoError(t, err)
	return document
}

func TestIdentityIsThatOfTheMeaning(t *testing.T) {
	t.Parallel()
	identity := func(change func(*ramp.OnrampRequest)) string {
		request := ramptest.OnrampRequest("inv-42")
		change(&request)
		sum, err := request.Identity()
		require.NoError(t, err)
		return sum
	}
	plain := identity(func(*ramp.OnrampRequest) {})
	require.Equal(t, plain, identity(func(r *ramp.OnrampRequest) { r.Adopt = &ramp.AdoptedOrder{OrderID: "1"} }))
	require.Equal(t, plain, identity(func(r *ramp.OnrampRequest) { r.Fiat.Amount += "0"; r.Quote = &ramp.QuoteTerms{} }))
	require.NotEqual(t, plain, identity(func(r *ramp.OnrampRequest) { r.WalletAddress = "0x2222222222222222222222222222222222222222" }))
	require.NotEqual(t, plain, identity(func(r *ramp.OnrampRequest) { r.Reference = "inv-43" }))

	sale := ramptest.OfframpRequest("inv-42")
	first, err := sale.Identity()
	require.NoError(t, err)
	sale.Adopt = &ramp.AdoptedOrder{OrderID: "1"}
	second, err := sale.Identity()
	require.NoError(t, err)
	require.Equal(t, first, second)
}

// TestRequestIsThatOfTheOrderThatTookOver compares the backend's request with that of an order that was rebuilt.
func TestRequestIsThatOfTheOrderThatTookOver(t *testing.T) {
	t.Parallel()
	started := ramptest.OnrampRequest("inv-42")
	started.Adopt = &ramp.AdoptedOrder{OrderID: "650000000000000000000001"}
	fingerprint, err := started.Fingerprint()
	require.NoError(t, err)
	plain := ramptest.OnrampRequest("inv-42")
	sum, err := plain.Fingerprint()
	require.NoError(t, err)
	for _, same := range []string{sum, fingerprint} {
		require.NoError(t, ramp.Awaiting{Fingerprint: same}.CheckOnramp(&started, fingerprint))
	}
	require.NoError(t, ramp.Awaiting{Request: asJSON(t, plain)}.CheckOnramp(&started, fingerprint))
	require.NoError(t, ramp.Awaiting{Request: asJSON(t, started)}.CheckOnramp(&started, fingerprint))

	other := started
	other.Adopt = &ramp.AdoptedOrder{OrderID: "650000000000000000000002"}
	require.Error(t, ramp.Awaiting{Request: asJSON(t, other)}.CheckOnramp(&started, fingerprint), "another order of the provider")
	require.Error(t, ramp.Awaiting{Request: asJSON(t, started)}.CheckOnramp(&plain, sum), "one that made its own")

	sale := ramptest.OfframpRequest("wd-7")
	taken := sale
	taken.Adopt = &ramp.AdoptedOrder{OrderID: "650000000000000000000001"}
	require.NoError(t, ramp.Awaiting{Request: asJSON(t, sale)}.CheckOfframp(&taken, ""))
}
