package onmeta_test

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
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
		`{"success":true,"data":{"status":"pending","orderId":"1","fiat":-5,"transferredAmount":"-0.1"}}`,
		`{"success":true,"data":[{"orderId":"1","amount":"-1","chainId":1,"maxLimit":{"INR":-1}}]}`,
		`{"success":true,"data":{"accessToken":"a.b.c","refreshToken":"x","bankStatus":"SUCCESS","referenceId":"1"}}`,
		`{"success":"true","isVerified":1,"data":null}`, `{"res":[{}]}`, `[]`, `[[[`, `null`, `""`, `<html>`, ``,
	} {
		f.Add(200, []byte(body))
		f.Add(404, []byte(body))
	}
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		client := fuzzClient(t, 200+((status%400)+400)%400, http.Header{}, body)
		checkPrices(t, client)
		checkOrders(t, client)
		checkUsers(t, client)
	})
}

func checkPrices(t *testing.T, client *onmeta.Client) {
	t.Helper()
	quote, err := client.QuoteBuy(t.Context(), buyRequest)
	checkFuzzed(t, err, quote.ReceivedTokens, quote.Rate, quote.GasCharge, quote.TransactionFee)
	sell, err := client.QuoteSell(t.Context(), sellRequest)
	checkFuzzed(t, err, sell.SellTokens, sell.Rate, sell.FiatAmount, sell.GasFee, sell.TransactionFee, sell.TDSFee.Decimal)
	limits, err := client.ChainLimits(t.Context())
	checkFuzzed(t, err)
	for _, limit := range limits {
		checkFuzzed(t, nil, slices.Concat(slices.Collect(maps.Values(limit.Min)), slices.Collect(maps.Values(limit.Max)))...)
	}
	_, err = client.Currencies(t.Context(), asha)
	checkFuzzed(t, err)
}

func checkOrders(t *testing.T, client *onmeta.Client) {
	t.Helper()
	offramp, err := client.CreateOfframp(t.Context(), asha, offrampRequest())
	checkFuzzed(t, err, offramp.TokenAmount, offramp.FiatAmount)
	require.True(t, err != nil || offramp.OrderID != "" && offramp.ReceiverWallet != "")
	onramp, err := client.CreateOnramp(t.Context(), asha, onrampRequest())
	checkFuzzed(t, err)
	require.True(t, err != nil || onramp.OrderID != "")
	bought, err := client.OnrampStatus(t.Context(), asha, "1")
	checkFuzzed(t, err, bought.Fiat.Decimal, bought.TransferredAmount.Decimal)
	require.True(t, err != nil || bought.Status != "" && bought.OrderID == "1")
	sold, err := client.OfframpStatus(t.Context(), asha, "1")
	checkFuzzed(t, err, sold.Fiat.Decimal)
	require.True(t, err != nil || sold.Status != "" && sold.OrderID == "1")
	history, err := client.OrderHistory(t.Context(), asha, 0)
	checkFuzzed(t, err)
	for _, order := range history {
		checkFuzzed(t, nil, order.Amount.Decimal)
	}
	checkFuzzed(t, client.SubmitUTR(t.Context(), asha, "1", "412345678901"))
	checkFuzzed(t, client.SubmitTransactionHash(t.Context(), asha, "1", "0x1"))
}

func checkUsers(t *testing.T, client *onmeta.Client) {
	t.Helper()
	session, err := client.Login(t.Context(), email)
	checkFuzzed(t, err)
	require.True(t, err != nil || session.Access.Value != "" && session.Access.Lifetime > 0)
	renewed, err := client.RefreshToken(t.Context(), token)
	checkFuzzed(t, err)
	require.True(t, err != nil || renewed.Value != "" && renewed.Lifetime > 0)
	_, err = client.KYCStatus(t.Context(), asha)
	checkFuzzed(t, err)
	_, err = client.BankAccounts(t.Context(), asha)
	checkFuzzed(t, err)
	_, err = client.UPIIDs(t.Context(), asha)
	checkFuzzed(t, err)
	for _, linked := range []func() (onmeta.Link, error){
		func() (onmeta.Link, error) {
			return client.LinkUPI(t.Context(), asha, onmeta.LinkUPIRequest{Name: "Asha Rao", UPIID: "asha@okbank"})
		},
		func() (onmeta.Link, error) {
			return client.LinkBank(t.Context(), asha, onmeta.LinkBankRequest{
				Name: "Asha Rao", PAN: "ABCPE1234F", AccountName: "Asha Rao", AccountNumber: "50100000004821", IFSC: "HDFC0001234",
			})
		},
		func() (onmeta.Link, error) { return client.BankLinkStatus(t.Context(), asha, "1") },
		func() (onmeta.Link, error) { return client.UPILinkStatus(t.Context(), asha, "1") },
	} {
		link, err := linked()
		checkFuzzed(t, err)
		require.True(t, err != nil || link.Status != "")
	}
}

// FuzzRefusal lets the provider repeat in its refusals what a call holds, and ask for any time to wait.
func FuzzRefusal(f *testing.F) {
	f.Add(429, "429", "slow down", "30")
	f.Add(503, "", "", "Wed, 21 Oct 2099 07:28:00 GMT")
	f.Add(400, "BAD", "user Asha Rao (asha@okbank)", "-1")
	f.Add(200, "401", "\x00\u202e", "9223372036854775807")
	f.Add(403, "\xff", strings.Repeat("x", 2000), "1e9")
	f.Fuzz(func(t *testing.T, status int, code, message, retryAfter string) {
		status = 200 + ((status%400)+400)%400
		const name, vpa = "Ashalata Raorane", "ashalata.raorane@okbank"
		for _, said := range []string{name, vpa, email, token.Reveal()} {
			body, err := json.Marshal(map[string]any{"success": false, "error": map[string]any{"code": code, "message": said + " " + message + " " + said}})
			require.NoError(t, err)
			_, err = fuzzClient(t, status, http.Header{"Retry-After": {retryAfter}}, body).
				LinkUPI(t.Context(), asha, onmeta.LinkUPIRequest{Name: name, UPIID: vpa})
			require.Error(t, err)
			checkFuzzed(t, err)
			require.NotContains(t, err.Error(), said)
			failure := failureOf(t, err)
			require.NotEqual(t, onmeta.KindInvalid, failure.Kind)
			require.GreaterOrEqual(t, failure.RetryAfter, time.Duration(0))
			require.LessOrEqual(t, failure.RetryAfter, time.Hour)
		}
	})
}

func fuzzClient(t *testing.T, status int, header http.Header, body []byte) *onmeta.Client {
	t.Helper()
	transport, err := onmeta.NewTransport(onmeta.Config{
		BaseURL: "https://api.example.test", APIKey: apiKey,
		HTTPClient: &http.Client{Transport: roundTrip(func(request *http.Request) (*http.Response, error) {
			return &http.Response{
				StatusCode: status, Header: header, Request: request, Body: io.NopCloser(bytes.NewReader(body)),
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
		require.True(t, err != nil || !amount.IsNegative(), "an amount is negative")
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
		for _, amount := range []decimal.NullDecimal{event.Fiat, event.TransferredAmount, event.TokensDeducted, event.TDS} {
			checkFuzzed(t, nil, amount.Decimal)
		}
		require.NotEmpty(t, event.OrderID)
		require.NotEmpty(t, event.Status)
		require.Contains(t, []onmeta.EventType{onmeta.EventOnramp, onmeta.EventOfframp}, event.Type)
	})
}

// FuzzKYCWebhook lets a KYC webhook say anything: no body breaks the parser, and what it returns is usable.
func FuzzKYCWebhook(f *testing.F) {
	f.Add([]byte(kycEvent))
	f.Add([]byte(`{"request_data":` + kycEvent + `}`))
	f.Add([]byte(`{"EVENTNAME":"KYCCompleted","email":7,"success":"1","createdAt":-1}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		event, err := onmeta.ParseKYCWebhook(body)
		if err != nil {
			require.Equal(t, onmeta.KYCWebhookEvent{}, event)
			return
		}
		require.NotEmpty(t, event.Name)
		require.LessOrEqual(t, len(event.Name), 128)
		require.NotEmpty(t, string(event.Email))
	})
}

// FuzzKYCField opens anything, and seals and opens anything.
func FuzzKYCField(f *testing.F) {
	f.Add("000102030405060708090a0b0c0d0e0f:7edfdd4981f1d2278796675648d25a12")
	f.Add(":")
	f.Fuzz(func(t *testing.T, text string) {
		plaintext, err := onmeta.DecryptKYCField(kycSecret, text)
		require.True(t, err == nil || plaintext == "")
		sealed, err := onmeta.EncryptKYCField(kycSecret, text, rand.Reader)
		require.NoError(t, err)
		opened, err := onmeta.DecryptKYCField(kycSecret, sealed)
		require.NoError(t, err)
		require.Equal(t, text, opened)
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
