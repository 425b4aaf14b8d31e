package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"

	"rampart/activities"
	"rampart/internal/payloadmeta"
	"rampart/ramp"
)

// handed is a payload as the worker's data converter hands it to an order.
func handed(t *testing.T, value any, metadata ...string) converter.RawValue {
	t.Helper()
	payload, err := converter.GetDefaultDataConverter().ToPayload(value)
	require.NoError(t, err)
	for i := 0; i < len(metadata); i += 2 {
		payload.Metadata[metadata[i]] = []byte(metadata[i+1])
	}
	return converter.NewRawValue(payload)
}

func TestWhatWasSentInClearIsNotedInTheTimeline(t *testing.T) {
	t.Parallel()
	clear := []string{payloadmeta.MetadataUnencrypted, "true"}
	w := newWorld(t, ramp.Onramp)
	w.happy(activities.OrderState{ProviderStatus: "completed", Status: ramp.Completed})
	w.at(time.Minute, func() {
		w.SignalWorkflow(ramp.SubmitUTR, handed(t, ramp.UTRSubmission{UTR: utr}, clear...))
	})

	order := w.buy(handed(t, onrampRequest(), clear...))

	require.Equal(t, ramp.Completed, order.Status)
	require.Contains(t, notes(order), "The request was sent unencrypted")
	require.Contains(t, notes(order), "The submit-utr signal was sent unencrypted")
}

func TestMessageThatDoesNotDecryptIsIgnoredAndNoted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	w.happy(activities.OrderState{ProviderStatus: "completed", Status: ramp.Completed})
	stolen := converter.NewRawValue(&commonpb.Payload{
		Metadata: map[string][]byte{converter.MetadataEncoding: []byte(payloadmeta.Encoding)},
		Data:     []byte("ciphertext of another order"),
	})
	w.at(time.Minute, func() { w.SignalWorkflow(ramp.SubmitUTR, stolen) })
	refused := w.update(2*time.Minute, ramp.SubmitUTR, stolen)
	w.signalUTR(3*time.Minute, utr)

	order := w.buy(onrampRequest())

	require.Equal(t, ramp.Completed, order.Status)
	require.Equal(t, utr, string(order.Proof.UTR))
	require.Contains(t, notes(order), "A submit-utr signal was ignored: the argument does not decrypt")
	require.NotContains(t, notes(order), "unencrypted")
	requireType(t, refused.rejected, ramp.InvalidRequest)
}
