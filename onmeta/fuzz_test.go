package onmeta_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"unicode"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"rampart/onmeta"
)

// FuzzAnswer lets the provider answer anything to every kind of call. Whatever comes, a call must end with a
// usable value or an *Error fit for a log.
func FuzzAnswer(f *testing.F) {
	for _, body := range []string{
		`{"success":true,"data":{"orderId":"1","status":"completed","receivedTokens":"10.63","conversionRate":94.07},"error":{}}`,
		`{"success":true,"data":{"orderId":"1","receiverWalletAddress":"0x2","quote":"5","fiatAmount":445.4}}`,
		`{"success":true,"data":{"sellTokens":1e999999999,"conversionRate":"1e-99","fiatAmount":"-1"}}`,
		`{"success":true,"data":[{"chainId":"137","minLimit":{"INR":50},"paymentModes":[{"extra":""}]}]}`,
		`{"success":false,"error":{"code":"X","details":{"fields":[{"field":"a","error":"b"}]}}}`,
		`{"success":"true","isVerified":1,"data":null}`, `{"res":[{}]}`, `[]`, `[[[`, `null`, `""`, `<html>`, ``,
	} {
		f.Add(200, []byte(body))
		f.Add(404, []byte(body))
	}
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		client := fuzzClient(t, 200+((status%400)+400)%400, body)
		ctx := t.Context()

		quote, err := client.QuoteBuy(ctx, buyRequest)
		checkFuzzed(t, err, quote.ReceivedTokens, quote.Rate, quote.GasCharge, quote.TransactionFee)
		sell, err := client.QuoteSell(ctx, sellRequest)
		checkFuzzed(t, err, sell.SellTokens, sell.Rate, sell.FiatAmount, sell.GasFee, sell.TDSFee)
		offramp, err := client.CreateOfframp(ctx, asha, offrampRequest())
		checkFuzzed(t, err, offramp.TokenAmount, offramp.FiatAmount)
		require.True(t, err != nil || offramp.OrderID != "" && offramp.ReceiverWallet != "")
		onramp, err := client.CreateOnramp(ctx, asha, onrampRequest())
		checkFuzzed(t, err)
		require.True(t, err != nil || onramp.OrderID != "")
		onrampStatus, err := client.OnrampStatus(ctx, asha, "1")
		checkFuzzed(t, err, onrampStatus.Fiat.Decimal, onrampStatus.TransferredAmount.Decimal)
		require.True(t, err != nil || onrampStatus.Status != "")
		_, err = client.ChainLimits(ctx)
		checkFuzzed(t, err)
		_, err = client.Currencies(ctx)
		checkFuzzed(t, err)
		_, err = client.OrderHistory(ctx, asha, 0)
		checkFuzzed(t, err)
		_, err = client.LinkUPI(ctx, asha, onmeta.LinkUPIRequest{Name: "Asha Rao", UPIID: "asha@okbank"})
		checkFuzzed(t, err)
		_, err = client.Login(ctx, email)
		checkFuzzed(t, err)
	})
}

func fuzzClient(t *testing.T, status int, body []byte) *onmeta.Client {
	t.Helper()
	transport, err := onmeta.NewTransport(onmeta.Config{
		BaseURL: "https://api.example.test", APIKey: apiKey,
		HTTPClient: &http.Client{Transport: roundTrip(func(request *http.Request) (*http.Response, error) {
			return &http.Response{
				StatusCode: status, Header: http.Header{}, Request: request, Body: io.NopCloser(bytes.NewReader(body)),
			}, nil
		})},
	})
	require.NoError(t, err)
	return onmeta.New(transport)
}

func checkFuzzed(t *testing.T, err error, amounts ...decimal.Decimal) {
	t.Helper()
	for _, amount := range amounts {
		require.Less(t, len(amount.String()), 200, "an amount is unreasonably long")
	}
	if err == nil {
		return
	}
	failure := failureOf(t, err)
	require.NotZero(t, failure.Kind)
	require.Equal(t, onmeta.Answered, failure.Reached)
	require.LessOrEqual(t, len([]rune(failure.Message)), 300)
	for _, r := range err.Error() {
		require.True(t, unicode.IsPrint(r), "%q in %q", r, err)
	}
}

// FuzzWebhook forges bodies and signatures: only what was signed with the secret verifies, and no body
// breaks the parser.
func FuzzWebhook(f *testing.F) {
	f.Add([]byte(webhookBody), webhookSignature)
	f.Add([]byte(onrampEvent), "")
	f.Add([]byte(`{"request_data":`+offrampEvent+`}`), "00")
	f.Add([]byte(` {"a" : 1e400 } `), "zz")
	f.Fuzz(func(t *testing.T, body []byte, signature string) {
		require.True(t, onmeta.VerifyWebhook(webhookSecret, body, onmeta.SignWebhook(webhookSecret, body)))
		require.False(t, onmeta.VerifyWebhook("another secret", body, onmeta.SignWebhook(webhookSecret, body)))
		if onmeta.VerifyWebhook(webhookSecret, body, signature) {
			require.True(t, isSignatureOf(body, signature), "%q verifies over %q", signature, body)
		}
		event, err := onmeta.ParseWebhook(body)
		if err != nil {
			require.Equal(t, onmeta.WebhookEvent{}, event)
			return
		}
		require.NotEmpty(t, event.OrderID)
		require.NotEmpty(t, event.Status)
		require.Contains(t, []onmeta.EventType{onmeta.EventOnramp, onmeta.EventOfframp}, event.Type)
	})
}

func FuzzDecryptKYCField(f *testing.F) {
	f.Add("000102030405060708090a0b0c0d0e0f:7edfdd4981f1d2278796675648d25a12")
	f.Add(":")
	f.Fuzz(func(t *testing.T, encrypted string) {
		plaintext, err := onmeta.DecryptKYCField(kycSecret, encrypted)
		require.True(t, err == nil || plaintext == "")
	})
}

// isSignatureOf is the provider's recipe, spelled out.
func isSignatureOf(body []byte, signature string) bool {
	var compact bytes.Buffer
	_ = json.Compact(&compact, body)
	for _, signed := range [][]byte{body, compact.Bytes()} {
		if strings.EqualFold(signature, onmeta.SignWebhook(webhookSecret, signed)) {
			return true
		}
	}
	return false
}
