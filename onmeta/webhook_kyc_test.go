package onmeta_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rampart/onmeta"
)

const kycEvent = `{ "success": true, "message": "selfie uploaded successfully!", "createdAt": "2026-01-10T10:00:00.000Z", "email": "asha@example.test",
	"webhookUrl": "https://merchant.example.test/kyc", "tenantId": "650000000000000000000010", "eventName": "SelfieSuccess" }`

func TestAKYCEventIsRead(t *testing.T) {
	t.Parallel()
	want := onmeta.KYCWebhookEvent{Name: onmeta.KYCSelfieSuccess, Email: "asha@example.test", Success: true, CreatedAt: tenOClock}
	for name, body := range map[string]string{
		"flat":       kycEvent,
		"wrapped":    `{"request_data":` + kycEvent + `}`,
		"lower case": strings.NewReplacer("eventName", "eventname", "createdAt", "createdat").Replace(kycEvent),
		"as texts":   strings.Replace(kycEvent, "true", `"true"`, 1),
	} {
		event, err := onmeta.ParseKYCWebhook([]byte(body))
		require.NoError(t, err, name)
		require.Equal(t, want, event, name)
	}
}

func TestOnlyOneKYCEventVerifiesAUser(t *testing.T) {
	t.Parallel()
	require.True(t, onmeta.KYCCompleted.Completes())
	require.True(t, onmeta.KYCEventName("kycCompleted").Completes())
	for _, name := range []onmeta.KYCEventName{
		onmeta.KYCInit, onmeta.KYCSelfieSuccess, onmeta.KYCSelfieFailure, onmeta.KYCPANSuccess, onmeta.KYCPANFailure,
		onmeta.KYCAadhaarFrontSuccess, onmeta.KYCAadhaarFrontFailure, onmeta.KYCAadhaarBackSuccess, onmeta.KYCAadhaarBackFailure,
	} {
		require.False(t, name.Completes(), name)
	}
}

func TestBodyThatIsNotAKYCEventIsAnError(t *testing.T) {
	t.Parallel()
	for body, problem := range map[string]string{
		``:                                    "not a JSON object",
		`[]`:                                  "not a JSON object",
		`{}`:                                  "eventName is missing",
		`{"request_data":null}`:               "eventName is missing",
		onrampEvent:                           "eventName is missing",
		`{"eventName":"not a name"}`:          "eventName is missing",
		`{"eventName":"KYCInit"}`:             "email is missing",
		`{"eventName":"KYCInit","email":[1]}`: "email is missing",
		strings.Repeat(" ", 1<<20) + kycEvent: "larger than",
	} {
		_, err := onmeta.ParseKYCWebhook([]byte(body))
		require.ErrorContains(t, err, problem)
	}
}
