package onmeta_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"rampart/onmeta"
)

var (
	buyRequest = onmeta.QuoteBuyRequest{
		TokenSymbol: "USDC", TokenAddress: usdc, ChainID: 137, FiatCurrency: "INR", FiatAmount: decimal.NewFromInt(1000),
	}
	sellRequest = onmeta.QuoteSellRequest{
		TokenSymbol: "USDC", TokenAddress: usdc, ChainID: 137, FiatCurrency: "INR", TokenAmount: decimal.NewFromInt(100),
	}
)

func requireDecimal(t *testing.T, want string, got decimal.Decimal) {
	t.Helper()
	require.Equal(t, want, got.String())
}

func TestQuoteBuyReadsTheDocumentedAnswer(t *testing.T) {
	t.Parallel()
	p := startProvider(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Date", "Sat, 10 Jan 2026 10:00:00 GMT")
		_, _ = w.Write([]byte(`{ "success": true,
			"data": { "quote": "10630000", "receivedTokens": "10.63", "conversionRate": "94.07",
				"gasPriceWei": "30139505131", "gasUseEstimate": "", "gasPriceNativeToken": "9723000000000000", "nativeTokenDecimals": 18,
				"source": "0x", "estimateId": "1f0c1c0e-6a0e-4d0e-9f55-000000000003",
				"desiredOrder": { "base": { "gasCharge": { "currency": "inr", "value": "0.18" }, "gasChargeInINR": "0.0", "transactionFee": 0 } },
				"orders": [] },
			"error": {} }`))
	})
	quote, err := p.client(t).QuoteBuy(t.Context(), buyRequest)
	require.NoError(t, err)
	require.Equal(t, "1f0c1c0e-6a0e-4d0e-9f55-000000000003", quote.EstimateID)
	requireDecimal(t, "10.63", quote.ReceivedTokens)
	requireDecimal(t, "94.07", quote.Rate)
	requireDecimal(t, "0.18", quote.GasCharge)
	require.Equal(t, "INR", quote.GasCurrency)
	requireDecimal(t, "0", quote.TransactionFee)
	require.Equal(t, time.Date(2026, 1, 10, 10, 0, 0, 0, time.UTC), quote.At)
}

func TestQuoteBuyAcceptsNumbersAndMissingFees(t *testing.T) {
	t.Parallel()
	for _, data := range []string{
		`{"receivedTokens":10.630000000000000001,"conversionRate":9.407e1}`,
		`{"receivedTokens":" 10.630000000000000001 ","conversionRate":"94.07","desiredOrder":null}`,
		`{"RECEIVEDTOKENS":"10.630000000000000001","conversionRate":"94.07","desiredOrder":{"base":{"gasCharge":{"value":""}}}}`,
	} {
		quote, err := success(t, data).QuoteBuy(t.Context(), buyRequest)
		require.NoError(t, err, data)
		requireDecimal(t, "10.630000000000000001", quote.ReceivedTokens)
		requireDecimal(t, "94.07", quote.Rate)
		requireDecimal(t, "0", quote.GasCharge)
	}
}

func TestQuoteSellReadsTheDocumentedAnswer(t *testing.T) {
	t.Parallel()
	client := success(t, `{ "sellTokens": "100.000000", "conversionRate": "84.449002", "transactionFee": 0,
		"gasFee": 0.21, "tdsFee": 84.45, "fiatCurrency": "inr", "fiatAmount": 8444.9 }`)
	quote, err := client.QuoteSell(t.Context(), sellRequest)
	require.NoError(t, err)
	requireDecimal(t, "100", quote.SellTokens)
	requireDecimal(t, "84.449002", quote.Rate)
	requireDecimal(t, "8444.9", quote.FiatAmount)
	require.Equal(t, "INR", quote.FiatCurrency)
	requireDecimal(t, "0", quote.TransactionFee)
	requireDecimal(t, "0.21", quote.GasFee)
	require.True(t, quote.TDSFee.Valid)
	requireDecimal(t, "84.45", quote.TDSFee.Decimal)
	require.WithinDuration(t, time.Now(), quote.At, time.Minute)
}

func TestQuoteSellReportsTheTaxOnlyIfNamed(t *testing.T) {
	t.Parallel()
	for tds, named := range map[string]bool{
		`,"tdsFee":0`: true, `,"tdsFee":"0.0"`: true, `,"tdsFee":"84.45"`: true, ``: false, `,"tdsFee":null`: false, `,"tdsFee":""`: false,
	} {
		quote, err := success(t, `{"sellTokens":"100","conversionRate":"84.45","fiatAmount":8444.9`+tds+`}`).QuoteSell(t.Context(), sellRequest)
		require.NoError(t, err, tds)
		require.Equal(t, named, quote.TDSFee.Valid, tds)
	}
}

func TestAQuoteWithoutReadableMoneyIsMalformed(t *testing.T) {
	t.Parallel()
	for data, problem := range map[string]string{
		`{}`: "receivedTokens is missing",
		`{"receivedTokens":"","conversionRate":"1"}`:                                                    "receivedTokens is missing",
		`{"receivedTokens":null,"conversionRate":"1"}`:                                                  "receivedTokens is missing",
		`{"receivedTokens":{"value":"1"},"conversionRate":"1"}`:                                         "receivedTokens is missing",
		`{"receivedTokens":"ten","conversionRate":"1"}`:                                                 "receivedTokens is not a number",
		`{"receivedTokens":true,"conversionRate":"1"}`:                                                  "receivedTokens is not a number",
		`{"receivedTokens":"NaN","conversionRate":"1"}`:                                                 "receivedTokens is not a number",
		`{"receivedTokens":"1.` + strings.Repeat("0", 100) + `","conversionRate":"1"}`:                  "receivedTokens is not a number",
		`{"receivedTokens":"-1","conversionRate":"1"}`:                                                  "receivedTokens is negative",
		`{"receivedTokens":"1"}`:                                                                        "conversionRate is missing",
		`{"receivedTokens":1e999999999,"conversionRate":"1"}`:                                           "receivedTokens is not a number",
		`{"receivedTokens":"1e-999999999","conversionRate":"1"}`:                                        "receivedTokens is not a number",
		`{"receivedTokens":"1","conversionRate":1e99999999999999}`:                                      "conversionRate is not a number",
		`{"receivedTokens":"1","conversionRate":"1","desiredOrder":{"base":{"transactionFee":"free"}}}`: "transactionFee is not a number",
		`{"receivedTokens":"1","conversionRate":"1","desiredOrder":{"base":7}}`:                         "desiredOrder.base has an unexpected shape",
	} {
		_, err := success(t, data).QuoteBuy(t.Context(), buyRequest)
		requireMalformed(t, err, problem)
	}
	for data, problem := range map[string]string{
		`{"conversionRate":"1","fiatAmount":1}`:                               "sellTokens is missing",
		`{"sellTokens":"1","fiatAmount":1}`:                                   "conversionRate is missing",
		`{"sellTokens":"1","conversionRate":"1"}`:                             "fiatAmount is missing",
		`{"sellTokens":"1","conversionRate":"1","fiatAmount":1,"gasFee":"x"}`: "gasFee is not a number",
	} {
		_, err := success(t, data).QuoteSell(t.Context(), sellRequest)
		requireMalformed(t, err, problem)
	}
}

func TestQuoteOfZeroIsMalformed(t *testing.T) {
	t.Parallel()
	for data, problem := range map[string]string{
		`{"receivedTokens":"0","conversionRate":"94.07"}`:     "receivedTokens is zero",
		`{"receivedTokens":0e-18,"conversionRate":"94.07"}`:   "receivedTokens is zero",
		`{"receivedTokens":"10.63","conversionRate":"0.000"}`: "conversionRate is zero",
	} {
		quote, err := success(t, data).QuoteBuy(t.Context(), buyRequest)
		requireMalformed(t, err, problem)
		require.Zero(t, quote)
	}
	for data, problem := range map[string]string{
		`{"sellTokens":"0","conversionRate":"84","fiatAmount":8400}`:                                           "sellTokens is zero",
		`{"sellTokens":"100","conversionRate":0,"fiatAmount":8400}`:                                            "conversionRate is zero",
		`{"sellTokens":"100","conversionRate":"84","fiatAmount":"0"}`:                                          "fiatAmount is zero",
		`{"sellTokens":"1","conversionRate":"84","fiatAmount":84,"gasFee":"84"}`:                               "leave nothing",
		`{"sellTokens":"1","conversionRate":"84","fiatAmount":84,"gasFee":80,"transactionFee":5}`:              "leave nothing",
		`{"sellTokens":"1","conversionRate":"84","fiatAmount":84,"gasFee":40,"transactionFee":40,"tdsFee":10}`: "leave nothing",
	} {
		quote, err := success(t, data).QuoteSell(t.Context(), sellRequest)
		requireMalformed(t, err, problem)
		require.Zero(t, quote)
	}
}

func TestAmountsKeepEveryDigitInEveryNotation(t *testing.T) {
	t.Parallel()
	for sent, want := range map[string]string{
		`1.191072e-12`: "0.000000000001191072", `"1.191072e-12"`: "0.000000000001191072", `1.191072E-12`: "0.000000000001191072",
		`8444.90016171818`: "8444.90016171818", `"8444.90016171818"`: "8444.90016171818", `8.44490016171818e+3`: "8444.90016171818",
		`0.1234567890123456789012345678901234567890`: "0.123456789012345678901234567890123456789",
	} {
		bought, err := success(t, `{"receivedTokens":`+sent+`,"conversionRate":`+sent+`}`).QuoteBuy(t.Context(), buyRequest)
		require.NoError(t, err, sent)
		requireDecimal(t, want, bought.ReceivedTokens)
		requireDecimal(t, want, bought.Rate)
		sold, err := success(t, `{"sellTokens":`+sent+`,"conversionRate":`+sent+`,"fiatAmount":`+sent+`}`).QuoteSell(t.Context(), sellRequest)
		require.NoError(t, err, sent)
		requireDecimal(t, want, sold.SellTokens)
		requireDecimal(t, want, sold.Rate)
		requireDecimal(t, want, sold.FiatAmount)
		created, err := success(t, `{"orderId":"1","receiverWalletAddress":"0x2","quote":`+sent+`,"fiatAmount":`+sent+`}`).
			CreateOfframp(t.Context(), asha, offrampRequest())
		require.NoError(t, err, sent)
		requireDecimal(t, want, created.TokenAmount)
		requireDecimal(t, want, created.FiatAmount)
		status, err := success(t, `{"status":"completed","transferredAmount":`+sent+`,"fiat":`+sent+`}`).OnrampStatus(t.Context(), asha, orderID)
		require.NoError(t, err, sent)
		requireDecimal(t, want, status.TransferredAmount.Decimal)
		requireDecimal(t, want, status.Fiat.Decimal)
	}
}
