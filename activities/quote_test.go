package activities_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"rampart/activities"
	"rampart/onmeta"
	"rampart/ramp"
)

func sell() activities.QuoteSellRequest {
	return activities.QuoteSellRequest{
		Token: usdc(), TokenAmount: "100", Fiat: ramp.Amount{Currency: ramp.INR}, SenderWallet: sender,
	}
}

func TestBuyQuoteTellsWhatTheUserPaysAndReceives(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.network.on(onmeta.RouteQuoteBuy, answers(http.StatusOK, `{"success":true,"data":{
		"receivedTokens":"10.63","conversionRate":94.07,"estimateId":"1f0c1c0e-6a0e-4d0e-9f55-000000000003",
		"desiredOrder":{"base":{"gasCharge":{"currency":"inr","value":"0.18"},"transactionFee":1.5}}},"error":{}}`,
		"Date", "Sat, 10 Jan 2026 10:00:00 GMT"))
	request := buy()
	request.Fiat.Amount = "1000"
	result, err := run(w, w.calls.QuoteBuy, request)
	require.NoError(t, err)
	require.Equal(t, ramp.Quote{
		ID:      "1f0c1c0e-6a0e-4d0e-9f55-000000000003",
		Rate:    "94.07",
		Pay:     rupees("1000.00"),
		Receive: ramp.Amount{Amount: "10.63", Currency: "USDC"},
		Fees: []ramp.Fee{
			{Name: "gas", Amount: rupees("0.18")},
			{Name: "transaction", Amount: rupees("1.5")},
		},
		ExpiresAt: result.Quote.ExpiresAt,
	}, result.Quote)
	require.Equal(t, time.Date(2026, 1, 10, 10, 0, 0, 0, time.UTC), result.ProviderTime)
	require.JSONEq(t, `{"buyTokenSymbol":"USDC","buyTokenAddress":"0x3c499c542cef5e3811e1192ce70d8cc03d5c3359","chainId":137,
		"fiatCurrency":"inr","fiatAmount":1000}`, w.network.sent(onmeta.RouteQuoteBuy)[0].body)
}

func TestFeeKeepsTheCurrencyThatTheProviderGivesIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.network.on(onmeta.RouteQuoteBuy, answers(http.StatusOK, `{"success":true,"data":{"receivedTokens":"10.63","conversionRate":"94.07",
		"desiredOrder":{"base":{"gasCharge":{"currency":"matic","value":"0.01"}}}}}`))
	result, err := run(w, w.calls.QuoteBuy, buy())
	require.NoError(t, err)
	require.Equal(t, []ramp.Fee{{Name: "gas", Amount: ramp.Amount{Amount: "0.01", Currency: "MATIC"}}}, result.Quote.Fees)
}

func TestQuoteWithoutFeesListsNone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.network.on(onmeta.RouteQuoteBuy, answers(http.StatusOK, wholeAnswer))
	result, err := run(w, w.calls.QuoteBuy, buy())
	require.NoError(t, err)
	require.Empty(t, result.Quote.Fees)
}

func TestSellQuoteByTokensCountsThePayoutNetOfFeesAndTDS(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.network.on(onmeta.RouteQuoteSell, answers(http.StatusOK, `{"success":true,"data":{"sellTokens":"100.000000",
		"conversionRate":"84.449002","transactionFee":0,"gasFee":0.21,"tdsFee":84.445,"fiatCurrency":"inr","fiatAmount":8444.9}}`))
	result, err := run(w, w.calls.QuoteSell, sell())
	require.NoError(t, err)
	require.Equal(t, ramp.Amount{Amount: "100", Currency: "USDC"}, result.Quote.Pay)
	require.Equal(t, rupees("8360.24"), result.Quote.Receive, "8444.9 - 0.21 - 84.445 = 8360.245, rounded down")
	require.Equal(t, "84.449002", result.Quote.Rate)
	require.Equal(t, []ramp.Fee{{Name: "gas", Amount: rupees("0.21")}, {Name: "tds", Amount: rupees("84.445")}}, result.Quote.Fees)
}

func TestSellQuoteByPayoutTellsTheTokensItTakes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	request := sell()
	request.TokenAmount, request.Fiat = "", rupees("8400.00")
	result, err := run(w, w.calls.QuoteSell, request)
	require.NoError(t, err)
	require.Equal(t, rupees("8315.82"), result.Quote.Receive, "8400 less 0.18 gas and 84 TDS")
	sold := decimal.RequireFromString(result.Quote.Pay.Amount).Mul(decimal.RequireFromString(result.Quote.Rate))
	require.True(t, sold.Sub(decimal.NewFromInt(8400)).Abs().LessThan(decimal.NewFromInt(1)))
	require.NotContains(t, w.network.sent(onmeta.RouteQuoteSell)[0].body, "sellTokenAmount")
}

func TestSellQuotesHaveIDsOfOurs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ids := map[string]bool{}
	for range 2 {
		result, err := run(w, w.calls.QuoteSell, sell())
		require.NoError(t, err)
		require.NoError(t, uuid.Validate(result.Quote.ID))
		ids[result.Quote.ID] = true
	}
	require.Len(t, ids, 2)
}

func TestQuoteExpiresAfterThirtySecondsCountedFromBeforeTheCall(t *testing.T) {
	t.Parallel()
	controlled(t, func(t *testing.T, w *world) {
		w.network.on(onmeta.RouteQuoteBuy, slow(5*time.Second, unharmed))
		w.network.on(onmeta.RouteQuoteSell, slow(5*time.Second, unharmed))
		began := time.Now()
		bought, err := run(w, w.calls.QuoteBuy, buy())
		require.NoError(t, err)
		require.True(t, bought.Quote.ExpiresAt.Equal(began.Add(30*time.Second)), bought.Quote.ExpiresAt)
		sold, err := run(w, w.calls.QuoteSell, sell())
		require.NoError(t, err)
		require.True(t, sold.Quote.ExpiresAt.Equal(began.Add(35*time.Second)), sold.Quote.ExpiresAt)
		// The provider's clock is its own, in whole seconds, and read when it answered.
		require.Equal(t, testStart().Truncate(time.Second).Add(5*time.Second), bought.ProviderTime)
		require.Equal(t, testStart().Truncate(time.Second).Add(10*time.Second), sold.ProviderTime)
	})
}

func TestQuoteThatTheProviderRefusesIsFinal(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	buying, selling := buy(), sell()
	buying.Token.Symbol, selling.Token.ChainID = "DOGE", 1
	_, err := run(w, w.calls.QuoteBuy, buying)
	requireRefused(t, http.StatusBadRequest, "Token is not supported", err)
	_, err = run(w, w.calls.QuoteSell, selling)
	requireRefused(t, http.StatusBadRequest, "Token is not supported", err)
}

func TestSellQuoteOfAnUnreadableAmountIsOurDefect(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	byTokens, byPayout := sell(), sell()
	byTokens.TokenAmount = "-1"
	byPayout.TokenAmount, byPayout.Fiat.Amount = "", "1,000"
	for _, request := range []activities.QuoteSellRequest{byTokens, byPayout} {
		_, err := run(w, w.calls.QuoteSell, request)
		require.Equal(t, string(ramp.InvalidRequest), failure(t, err).Type())
	}
}
