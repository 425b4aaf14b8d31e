package message_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"

	"rampart/events/message"
	"rampart/internal/redact"
	"rampart/ramp"
)

func paid() ramp.Event {
	return ramp.Event{
		ID: "0199-7-status_changed", Type: ramp.StatusChanged, Reference: "inv-42", Direction: ramp.Onramp, Status: ramp.Completed,
		Version: 7, At: time.Date(2026, 11, 27, 10, 30, 0, 0, time.UTC),
	}
}

func secret(letter string) redact.Secret {
	return redact.Secret("whsec_" + base64.StdEncoding.EncodeToString([]byte(strings.Repeat(letter, 32))))
}

func TestBodyIsACloudEventWithTheOrderAsItsSubject(t *testing.T) {
	t.Parallel()
	body, err := message.Body("ramp orders", paid())
	require.NoError(t, err)
	require.JSONEq(t, `{
		"specversion": "1.0", "id": "0199-7-status_changed", "source": "/rampart/ramp%20orders", "type": "ramp.order.status_changed",
		"subject": "onramp/inv-42", "time": "2026-11-27T10:30:00Z", "datacontenttype": "application/json",
		"data": {"reference": "inv-42", "direction": "onramp", "status": "completed", "attention": false, "version": 7, "at": "2026-11-27T10:30:00Z"}
	}`, string(body))
	again, err := message.Body("ramp orders", paid())
	require.NoError(t, err)
	require.Equal(t, body, again)
	read, err := message.Read(body)
	require.NoError(t, err)
	require.Equal(t, paid(), read)
}

func TestDataOfABodyAreTheEventWithoutIDAndType(t *testing.T) {
	t.Parallel()
	body, err := message.Body("orders", paid())
	require.NoError(t, err)
	var document struct{ Data map[string]any }
	require.NoError(t, json.Unmarshal(body, &document))
	whole, err := json.Marshal(paid())
	require.NoError(t, err)
	var fields map[string]any
	require.NoError(t, json.Unmarshal(whole, &fields))
	delete(fields, "id")
	delete(fields, "type")
	require.Equal(t, fields, document.Data, "a new field of ramp.Event belongs in the body")
}

func TestEventWithoutIDHasNoBody(t *testing.T) {
	t.Parallel()
	event := paid()
	event.ID = ""
	_, err := message.Body("orders", event)
	require.Error(t, err)
}

func TestSignatureIsThatOfTheStandard(t *testing.T) {
	t.Parallel()
	// The vector of the specification and of its libraries' tests.
	header := http.Header{}
	err := message.Sign(header, []redact.Secret{"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}, "msg_p5jXN8AQM9LWM0D4loKWxJek",
		time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`))
	require.NoError(t, err)
	require.Equal(t, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", header.Get("webhook-signature"))
	require.Equal(t, "1614265330", header.Get("webhook-timestamp"))
	require.Equal(t, "msg_p5jXN8AQM9LWM0D4loKWxJek", header.Get("webhook-id"))
}

func TestEachSecretOfARotationVerifies(t *testing.T) {
	t.Parallel()
	header, body := http.Header{}, []byte(`{"a":1}`)
	require.NoError(t, message.Sign(header, []redact.Secret{secret("o"), secret("n")}, "e-1", time.Now(), body))
	for _, known := range []redact.Secret{secret("o"), secret("n")} {
		verifier, err := webhooks.NewWebhook(known.Reveal())
		require.NoError(t, err)
		require.NoError(t, verifier.Verify(body, header))
		require.NoError(t, message.Verify(header, known, body, false))
	}
	require.ErrorIs(t, message.Verify(header, secret("x"), body, false), message.ErrSignature)
}

func TestVerifySaysWhyARequestIsRefused(t *testing.T) {
	t.Parallel()
	body := []byte(`{"a":1}`)
	signed := func(at time.Time) http.Header {
		header := http.Header{}
		require.NoError(t, message.Sign(header, []redact.Secret{secret("o")}, "e-1", at, body))
		return header
	}
	with := func(name, value string) http.Header {
		header := signed(time.Now())
		header.Set(name, value)
		return header
	}
	for reason, header := range map[error]http.Header{
		message.ErrUnsigned:  with("webhook-id", ""),
		message.ErrTimestamp: with("webhook-timestamp", "today"),
		message.ErrTooOld:    signed(time.Now().Add(-6 * time.Minute)),
		message.ErrTooNew:    signed(time.Now().Add(6 * time.Minute)),
		message.ErrSignature: with("webhook-id", "e-2"),
	} {
		require.ErrorIs(t, message.Verify(header, secret("o"), body, false), reason)
	}
	require.NoError(t, message.Verify(signed(time.Now().Add(-time.Hour)), secret("o"), body, true))
	require.ErrorIs(t, message.Verify(signed(time.Now()), secret("o"), []byte(`{"a": 1}`), false), message.ErrSignature)
}

func TestSecretHasThePrefixAndEnoughBytes(t *testing.T) {
	t.Parallel()
	require.NoError(t, message.ValidateSecret(secret("o")))
	for _, wrong := range []redact.Secret{
		"", "whsec_", "c2hvcnQ=", "whsec_c2hvcnQ=", "whsec_not base64 at all, but long enough",
		redact.Secret(strings.TrimPrefix(secret("o").Reveal(), "whsec_")),
		redact.Secret("whsec_" + base64.StdEncoding.EncodeToString(make([]byte, 65))),
	} {
		err := message.ValidateSecret(wrong)
		require.Error(t, err)
		if wrong != "" && wrong != "whsec_" {
			require.NotContains(t, err.Error(), wrong.Reveal())
		}
	}
}
