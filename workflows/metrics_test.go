package workflows_test

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/testsuite"

	"rampart/activities"
	"rampart/internal/telemetry"
	"rampart/ramp"
	"rampart/workflows"
)

// newMeasuredWorld is a world on a worker that measures.
func newMeasuredWorld(t *testing.T, direction ramp.Direction) (*world, *telemetry.Metrics) {
	t.Helper()
	metrics, err := telemetry.NewMetrics(telemetry.Build{}, func(err error) { require.NoError(t, err) })
	require.NoError(t, err)
	workflows.BeginMetrics(metrics.Temporal())
	var suite testsuite.WorkflowTestSuite
	suite.SetMetricsHandler(metrics.Temporal())
	return newWorldOf(t, &suite, direction), metrics
}

// measured is what Prometheus gets, line by line.
func measured(t *testing.T, metrics *telemetry.Metrics) []string {
	t.Helper()
	answer := httptest.NewRecorder()
	metrics.Handler().ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), "GET", "/metrics", nil))
	return strings.Split(answer.Body.String(), "\n")
}

func TestOrderIsMeasuredByStageAndEnding(t *testing.T) {
	t.Parallel()
	w, metrics := newMeasuredWorld(t, ramp.Onramp)
	w.happy(received, completed)
	w.update(10*time.Minute, ramp.SubmitUTR, ramp.UTRSubmission{UTR: utr})

	order := w.buy(onrampRequest())

	require.Equal(t, ramp.Completed, order.Status)
	lines := measured(t, metrics)
	for _, line := range []string{
		`ramp_orders_started_total{direction="onramp"} 1`,
		`ramp_orders_started_total{direction="offramp"} 0`,
		`ramp_order_status_entered_total{direction="onramp",status="verifying_kyc"} 1`,
		`ramp_order_status_entered_total{direction="onramp",status="settling"} 1`,
		`ramp_order_status_entered_total{direction="onramp",status="refunding"} 0`,
		`ramp_order_stage_duration_seconds_count{direction="onramp",status="awaiting_payment"} 1`,
		`ramp_order_stage_duration_seconds_sum{direction="onramp",status="awaiting_payment"} 600`,
		`ramp_proofs_accepted_total{direction="onramp"} 1`,
		`ramp_proofs_refused_total{direction="onramp"} 0`,
		`ramp_orders_ended_total{direction="onramp",status="completed"} 1`,
		`ramp_orders_ended_total{direction="onramp",status="expired"} 0`,
		`ramp_order_duration_seconds_count{direction="onramp",status="completed"} 1`,
		`ramp_attention_raised_total{concern="outage",direction="onramp"} 0`,
	} {
		require.Contains(t, lines, line)
	}
}

func TestRefusedProofsAreCountedAndTheStageGoesOn(t *testing.T) {
	t.Parallel()
	w, metrics := newMeasuredWorld(t, ramp.Onramp)
	w.on((*activities.Calls)(nil).SubmitUTR).Return(activities.SubmitResult{}, refusal("Invalid UTR"))
	w.happy()
	w.update(time.Hour, ramp.SubmitUTR, ramp.UTRSubmission{UTR: utr})
	w.update(2*time.Hour, ramp.SubmitUTR, ramp.UTRSubmission{UTR: otherUTR})

	order := w.buy(onrampRequest())

	require.Equal(t, ramp.Expired, order.Status)
	lines := measured(t, metrics)
	require.Contains(t, lines, `ramp_proofs_refused_total{direction="onramp"} 2`)
	require.Contains(t, lines, `ramp_order_status_entered_total{direction="onramp",status="awaiting_payment"} 1`)
	require.Contains(t, lines, `ramp_order_stage_duration_seconds_sum{direction="onramp",status="awaiting_payment"} 10800`)
	require.Contains(t, lines, `ramp_orders_ended_total{direction="onramp",status="expired"} 1`)
}

func TestQuotesThatAreFetchedAgainAreCounted(t *testing.T) {
	t.Parallel()
	w, metrics := newMeasuredWorld(t, ramp.Onramp)
	w.happy()
	request := onrampRequest()
	request.Quote = &ramp.QuoteTerms{Confirm: true}
	w.update(time.Minute, ramp.ConfirmQuote, ramp.QuoteConfirmation{QuoteID: "quote-1"}) // by then it is too old

	w.buy(request)

	require.Contains(t, measured(t, metrics), `ramp_quote_refetches_total{direction="onramp"} 1`)
}

func TestAttentionIsCountedByItsConcern(t *testing.T) {
	t.Parallel()
	w, metrics := newMeasuredWorld(t, ramp.Onramp)
	w.on((*activities.Calls)(nil).QuoteBuy).Return(activities.QuoteResult{}, unavailable()).Times(8)
	w.happy()

	w.buy(onrampRequest())

	lines := measured(t, metrics)
	require.Contains(t, lines, `ramp_attention_raised_total{concern="outage",direction="onramp"} 1`)
	require.Contains(t, lines, `ramp_attention_raised_total{concern="overdue",direction="onramp"} 0`)
}
