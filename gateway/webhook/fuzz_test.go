package webhook_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"rampart/gateway/webhook"
	"rampart/onmeta"
	"rampart/ramp"
)

// FuzzOrderWebhook sends any bytes with any signature: what is not signed reaches no order, and what is signed is answered with 200.
func FuzzOrderWebhook(f *testing.F) {
	f.Add([]byte(onramp("completed")), "")
	f.Add([]byte(offramp("PayoutSuccess")), "00")
	f.Add([]byte(`{"request_data":`+onramp("expired")+`}`), "zz")
	f.Add([]byte(`{"orderId":"1","status":"completed","eventType":"onramp","metaData":{"reference":"`+"\x00"+`"}}`), "")
	f.Fuzz(func(t *testing.T, body []byte, signature string) { fuzz(t, webhook.OrdersPath, body, signature) })
}

// FuzzKYCWebhook does the same for users' KYC.
func FuzzKYCWebhook(f *testing.F) {
	f.Add([]byte(kyc("KYCCompleted", "asha@example.test")), "")
	f.Add([]byte(`{"eventName":"KYCCompleted","email":"`+"\u202e"+`@example.test"}`), "00")
	f.Fuzz(func(t *testing.T, body []byte, signature string) { fuzz(t, webhook.KYCPath, body, signature) })
}

func fuzz(t *testing.T, path string, body []byte, signature string) {
	t.Helper()
	g := start(t, &orders{known: []ramp.Summary{running(ramp.Onramp, "inv-42", orderID)}})
	if !onmeta.VerifyWebhook(secret, body, signature) {
		require.Contains(t, []int{http.StatusUnauthorized, http.StatusRequestEntityTooLarge}, g.deliver(path, string(body), signature))
		require.Zero(t, g.orders.calls)
	}
	require.Contains(t, []int{http.StatusOK, http.StatusRequestEntityTooLarge}, g.send(path, string(body)))
	for _, hint := range g.done() {
		require.LessOrEqual(t, len(hint.Hint.ProviderStatus), 128)
		require.LessOrEqual(t, len(hint.Hint.PayoutReference), 64)
	}
}
