package onmeta_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rampart/onmeta"
)

const (
	webhookSecret = onmeta.Secret("sandbox-api-secret")
	webhookBody   = `{"fiat":1000,"receiverWalletAddress":"0x1111111111111111111111111111111111111111","buyTokenSymbol":"USDC",` +
		`"orderId":"650000000000000000000001","status":"completed","currency":"INR","chainId":137,"eventType":"onramp"}`
	webhookSignature = "930b32a6a6c7cd7402de92ae02a550541e1f3663e6878f1ce2333c6d98c1b375"

	onrampEvent = `{ "fiat": 1000, "receiverWalletAddress": "0x1111111111111111111111111111111111111111", "buyTokenSymbol": "USDC",
		"buyTokenAddress": "0x3c499c542cef5e3811e1192ce70d8cc03d5c3359", "orderId": "650000000000000000000001", "status": "completed",
		"currency": "INR", "chainId": 137,
		"customer": { "id": "650000000000000000000030", "email": "asha@example.test", "phone": {}, "created_at": "2026-01-01T00:00:00.000Z" },
		"createdAt": "2026-01-10T10:00:00.000Z", "txnHash": "0xabc", "transferredAmount": "10.63", "transferredAmountWei": "10630000",
		"eventType": "onramp", "metaData": { "myRef": "inv-42", "conversionRate": "94.07", "commission": 0 } }`
	offrampEvent = `{ "fiat": 445.4, "senderWalletAddress": "0x1111111111111111111111111111111111111111", "sellTokenSymbol": "USDC",
		"sellTokenAddress": "0x3c499c542cef5e3811e1192ce70d8cc03d5c3359", "chainId": 137, "orderId": "650000000000000000000001",
		"status": "PayoutSuccess", "currency": "INR", "created_at": "2026-01-10T10:00:00.000Z", "updated_at": "0001-01-01T00:00:00Z",
		"source": "", "customer": { "email": "asha@example.test", "phone": {} }, "tenantId": "", "transactionId": "TRAREF0000000001",
		"tokensDeducted": 5, "tds": 4.45, "eventType": "offramp", "metaData": { "myRef": "wd-7" } }`
)

func TestAWebhookSignatureMatchesTheProvidersScheme(t *testing.T) {
	t.Parallel()
	require.Equal(t, webhookSignature, onmeta.SignWebhook(webhookSecret, []byte(webhookBody)))
	require.True(t, onmeta.VerifyWebhook(webhookSecret, []byte(webhookBody), webhookSignature))
	require.True(t, onmeta.VerifyWebhook(webhookSecret, []byte(webhookBody), strings.ToUpper(webhookSignature)))
}

func TestAWebhookVerifiesOverItsRawBytesOrItsCompactJSON(t *testing.T) {
	t.Parallel()
	spaced := strings.ReplaceAll(webhookBody, ",", " ,\n ")
	require.True(t, onmeta.VerifyWebhook(webhookSecret, []byte(spaced), webhookSignature), "signed compact, sent spaced")
	require.True(t, onmeta.VerifyWebhook(webhookSecret, []byte(spaced), onmeta.SignWebhook(webhookSecret, []byte(spaced))))
}

func TestAForgedWebhookDoesNotVerify(t *testing.T) {
	t.Parallel()
	forged := strings.Replace(webhookBody, "1000", "9000", 1)
	require.False(t, onmeta.VerifyWebhook(webhookSecret, []byte(forged), webhookSignature))
	require.False(t, onmeta.VerifyWebhook("another", []byte(webhookBody), webhookSignature))
	require.False(t, onmeta.VerifyWebhook(webhookSecret, []byte(webhookBody), ""))
	require.False(t, onmeta.VerifyWebhook(webhookSecret, []byte(webhookBody), webhookSignature[:62]))
	require.False(t, onmeta.VerifyWebhook(webhookSecret, []byte(webhookBody), "not hexadecimal"))
	require.False(t, onmeta.VerifyWebhook(webhookSecret, []byte("not JSON"), webhookSignature))
	require.False(t, onmeta.VerifyWebhook("", []byte(webhookBody), onmeta.SignWebhook("", []byte(webhookBody))), "no secret set")
}

func TestAnOnrampEventIsRead(t *testing.T) {
	t.Parallel()
	want := onmeta.WebhookEvent{
		Type: onmeta.EventOnramp, OrderID: orderID, Status: onmeta.OnrampCompleted,
		Fiat: nullDecimal("1000"), Currency: "INR", TokenSymbol: "USDC", TokenAddress: usdc, ChainID: 137, WalletAddress: wallet,
		TransactionHash: "0xabc", TransferredAmount: nullDecimal("10.63"),
		MetaData:  map[string]string{"myRef": "inv-42", "conversionRate": "94.07", "commission": "0"},
		CreatedAt: tenOClock,
	}
	lower := strings.NewReplacer("txnHash", "txnhash", "transferredAmount", "transferredamount", "createdAt", "createdat").Replace(onrampEvent)
	for name, body := range map[string]string{
		"flat":             onrampEvent,
		"wrapped":          `{"request_data":` + onrampEvent + `}`,
		"lower case":       lower,
		"fiat as a text":   strings.Replace(onrampEvent, `"fiat": 1000`, `"fiat": "1000"`, 1),
		"type in capitals": strings.Replace(onrampEvent, `"eventType": "onramp"`, `"eventType": "OnRamp"`, 1),
		"untyped":          strings.Replace(onrampEvent, `"eventType": "onramp"`, `"other": ""`, 1),
	} {
		event, err := onmeta.ParseWebhook([]byte(body))
		require.NoError(t, err, name)
		require.Equal(t, want, event, name)
	}
}

func TestAnOfframpEventIsRead(t *testing.T) {
	t.Parallel()
	want := onmeta.WebhookEvent{
		Type: onmeta.EventOfframp, OrderID: orderID, Status: onmeta.OfframpPayoutSuccess,
		Fiat: nullDecimal("445.4"), Currency: "INR", TokenSymbol: "USDC", TokenAddress: usdc, ChainID: 137, WalletAddress: wallet,
		TokensDeducted: nullDecimal("5"), TDS: nullDecimal("4.45"), PayoutReference: "TRAREF0000000001",
		MetaData: map[string]string{"myRef": "wd-7"}, CreatedAt: tenOClock,
	}
	for name, body := range map[string]string{
		"typed":   offrampEvent,
		"untyped": strings.Replace(offrampEvent, `"eventType": "offramp"`, `"other": ""`, 1),
	} {
		event, err := onmeta.ParseWebhook([]byte(body))
		require.NoError(t, err, name)
		require.Equal(t, want, event, name)
		require.Equal(t, time.Time{}, event.UpdatedAt)
	}
}

func TestAWebhooksStatusMeansTheSameInEverySpelling(t *testing.T) {
	t.Parallel()
	for spelled, want := range map[string]onmeta.Phase{
		"COMPLETED": onmeta.PhaseCompleted, "payoutSuccess": onmeta.PhaseCompleted, "Canceled": onmeta.PhaseCancelled,
		"refunding": onmeta.PhaseRefunding, "held for asha@example.test": onmeta.PhaseUnknown,
	} {
		event, err := onmeta.ParseWebhook([]byte(strings.Replace(offrampEvent, "PayoutSuccess", spelled, 1)))
		require.NoError(t, err, spelled)
		require.Equal(t, want, onmeta.OfframpPhase(event.Status), spelled)
		require.NotContains(t, event.Status, "asha")
	}
}

func TestOfframpEventHasFieldsThatStatusCallsLack(t *testing.T) {
	t.Parallel()
	quoted := strings.NewReplacer(`"tokensDeducted": 5`, `"tokensDeducted": "5.000000000000000001"`, `"tds": 4.45`, `"TDS": "4.450"`,
		`"transactionId"`, `"transactionid"`).Replace(offrampEvent)
	event, err := onmeta.ParseWebhook([]byte(quoted))
	require.NoError(t, err)
	require.Equal(t, "5.000000000000000001", event.TokensDeducted.Decimal.String())
	require.Equal(t, "4.45", event.TDS.Decimal.String())
	require.EqualValues(t, "TRAREF0000000001", event.PayoutReference)

	for _, unusable := range []string{strings.Repeat("7", 65), `TRA\u0000REF`, `TRA\u202eREF`} {
		event, err = onmeta.ParseWebhook([]byte(strings.Replace(offrampEvent, "TRAREF0000000001", unusable, 1)))
		require.NoError(t, err)
		require.Empty(t, event.PayoutReference)
	}
	event, err = onmeta.ParseWebhook([]byte(`{"eventType":"offramp","orderId":"1","status":"pending","tds":"?","transactionId":{}}`))
	require.NoError(t, err)
	require.False(t, event.TokensDeducted.Valid, "not deducted is not zero")
	require.False(t, event.TDS.Valid)
	require.Empty(t, event.PayoutReference)
}

func TestBodyThatIsNotAnOrderEventIsAnError(t *testing.T) {
	t.Parallel()
	for body, problem := range map[string]string{
		``:                      "not a JSON object",
		`[]`:                    "not a JSON object",
		`{"orderId":`:           "not a JSON object",
		`{}`:                    "neither an on-ramp nor an off-ramp event",
		`{"request_data":null}`: "neither an on-ramp nor an off-ramp event",
		`{"eventType":"SelfieSuccess","orderId":"1","status":"x"}`: "neither an on-ramp nor an off-ramp event",
		`{"eventType":"onramp","status":"completed"}`:              "orderId is missing",
		`{"eventType":"onramp","orderId":"1"}`:                     "status is missing",
		strings.Repeat(" ", 1<<20) + onrampEvent:                   "larger than",
	} {
		_, err := onmeta.ParseWebhook([]byte(body))
		require.ErrorContains(t, err, problem)
	}
}
