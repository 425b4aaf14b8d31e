package torture

import (
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"

	"rampart/ramp"
)

// told returns a completed order whose proof was replaced, and the events that tell all of it.
func told() (outcome, []ramp.Event) {
	o, _ := corrected()
	o.order.Instructions, o.order.Version = &ramp.Instructions{}, 9
	event := func(version int64, kind ramp.EventType, status ramp.Status, attention bool) ramp.Event {
		id := "run-" + strconv.FormatInt(version, 10) + "-" + string(kind)
		return ramp.Event{ID: id, Type: kind, Reference: "order-1", Direction: ramp.Onramp, Status: status, Attention: attention, Version: version}
	}
	for _, status := range []ramp.Status{ramp.VerifyingKYC, ramp.AwaitingPayment, ramp.AwaitingPayment, ramp.VerifyingPayment, ramp.Completed} {
		o.order.Timeline = append(o.order.Timeline, ramp.TimelineEntry{Status: status})
	}
	return o, []ramp.Event{
		event(1, ramp.StatusChanged, ramp.VerifyingKYC, false),
		event(3, ramp.StatusChanged, ramp.AwaitingPayment, false),
		event(3, ramp.InstructionsChanged, ramp.AwaitingPayment, false),
		event(5, ramp.StatusChanged, ramp.VerifyingPayment, false),
		event(6, ramp.ProofReplaced, ramp.VerifyingPayment, false),
		event(7, ramp.AttentionChanged, ramp.VerifyingPayment, true),
		event(9, ramp.StatusChanged, ramp.Completed, false),
		event(9, ramp.AttentionChanged, ramp.Completed, false),
	}
}

func TestEventsThatTellAllOfAnOrderAreNoViolation(t *testing.T) {
	t.Parallel()
	o, events := told()
	counts, violations := checkEvents([]outcome{o}, map[ramp.ID][]ramp.Event{o.plan.id: events})
	require.Empty(t, violations)
	require.True(t, counts.Good())
}

func TestEveryEventThatIsMissingOrOutOfOrderIsAViolation(t *testing.T) {
	t.Parallel()
	_, all := told()
	for i, left := range all {
		t.Run(left.ID, func(t *testing.T) {
			t.Parallel()
			o, events := told()
			counts, _ := checkEvents([]outcome{o}, map[ramp.ID][]ramp.Event{o.plan.id: slices.Delete(events, i, i+1)})
			require.NotZero(t, counts.Missing)
			require.False(t, counts.Good())
		})
	}
	o, events := told()
	events[3], events[4] = events[4], events[3]
	counts, violations := checkEvents([]outcome{o}, map[ramp.ID][]ramp.Event{o.plan.id: events})
	require.Equal(t, 1, counts.Misordered)
	require.Len(t, violations, 1)
	counts, _ = checkEvents([]outcome{o}, nil)
	require.Equal(t, 1, counts.Missing)
}

// hook returns the request of an event.
func hook(t *testing.T, event ramp.Event) (http.Header, []byte) {
	t.Helper()
	body, err := json.Marshal(cloudEvent{
		SpecVersion: "1.0", ID: event.ID, Type: event.Type, Subject: "onramp/order-1", Time: time.Now(), Data: event,
	})
	require.NoError(t, err)
	webhook, err := webhooks.NewWebhook(endpointSecret)
	require.NoError(t, err)
	signature, err := webhook.Sign(event.ID, time.Now(), body)
	require.NoError(t, err)
	header := http.Header{}
	header.Set(webhooks.HeaderWebhookID, event.ID)
	header.Set(webhooks.HeaderWebhookTimestamp, strconv.FormatInt(time.Now().Unix(), 10))
	header.Set(webhooks.HeaderWebhookSignature, signature)
	return header, body
}

func TestReceiverTakesSignedEventsAndFailsAsEndpointsDo(t *testing.T) {
	t.Parallel()
	r, err := startReceiver(1)
	require.NoError(t, err)
	t.Cleanup(r.close)
	_, events := told()
	header, body := hook(t, events[0])
	answers := map[answer]int{}
	for range 400 {
		answers[r.take(header, body)]++
	}
	require.InDelta(t, 400*refusedShare, answers[refuse]+answers[takeSilently], 25)
	delivered, received := r.snapshot()
	require.Equal(t, events[:1], delivered[ramp.ID{Direction: ramp.Onramp, Reference: "order-1"}])
	require.Equal(t, 1, received.Events)
	require.Equal(t, 400-answers[refuse]-1, received.Repeated)
	require.Zero(t, received.Unsigned)

	r.setAway(true)
	require.Equal(t, refuse, r.take(header, body))
}

func TestReceiverCountsWhatIsNotSignedOrNoEvent(t *testing.T) {
	t.Parallel()
	r, err := startReceiver(1)
	require.NoError(t, err)
	t.Cleanup(r.close)
	r.random = rand.New(steady{}) // refuses nothing by chance
	_, events := told()
	header, body := hook(t, events[0])
	r.take(header, []byte(strings.Replace(string(body), "order-1", "order-2", 1)))
	other := header.Clone()
	other.Set(webhooks.HeaderWebhookID, "another")
	r.take(other, body)
	r.take(http.Header{}, body)
	_, received := r.snapshot()
	require.Equal(t, 3, received.Unsigned)
	require.Zero(t, received.Events)
}

// steady is a source of the largest numbers.
type steady struct{}

func (steady) Uint64() uint64 { return 1<<64 - 1 }
