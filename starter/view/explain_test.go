package view_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rampart/ramp"
	"rampart/starter/explain"
	"rampart/starter/view"
)

// told is the story of an order that waits for the provider, which has an outage.
func told() *explain.Explanation {
	return &explain.Explanation{
		Reference: "inv-42", Direction: ramp.Onramp, WorkflowID: "onramp/inv-42", Workflow: "running",
		Status: ramp.VerifyingPayment, Standing: "The provider took the UTR and looks for the payment.",
		OrderID: "6b03b894", ProviderStatus: "fiatPending",
		Happened: []explain.Entry{
			{At: at(6, 0, 0), Kind: explain.KindMessage, Text: "The order was asked for"},
			{At: at(6, 0, 1), Over: at(6, 0, 1), Kind: explain.KindCall, Text: "Fetch the price · answered"},
			{At: at(6, 0, 2), Kind: explain.KindStatus, Status: ramp.AwaitingPayment, Text: "Quote: 1000.00 INR"},
			{At: at(6, 0, 2), Over: at(6, 5, 2), Kind: explain.KindTimer, Text: "Deadline · no longer needed"},
			{At: at(6, 5, 3), Kind: explain.KindStatus, Text: "Attention: the provider does not answer.", Problem: true},
		},
		Awaits: []explain.Awaited{{
			What: "Watch the order", From: "the provider", Since: at(6, 5, 2), Until: at(9, 0, 0), Attempt: 3, NextAt: at(6, 10, 0),
			LastAnswer: "fiatPending", CheckedAt: at(6, 5, 0), LastFailure: "HTTP 503",
		}},
		Problems: []explain.Problem{{
			What: "the provider does not answer", Since: at(5, 0, 3),
			Advice: []explain.Advice{{What: "Look whether it has an outage."}},
		}},
		Advice: []explain.Advice{{What: "If the user gives up", Command: []string{"cancel", "onramp/inv-42"}}},
	}
}

func story(e *explain.Explanation) string {
	return plain(func(s *view.Screen) { s.Explanation(e, options()) })
}

func TestExplanationHasHistoryWaitsProblemsAndAdvice(t *testing.T) {
	t.Parallel()
	require.Equal(t, `On-ramp order inv-42  • verifying payment
  The provider took the UTR and looks for the payment.
  Provider's order  6b03b894, status fiatPending

What has happened
  Monday, 23 November 2026, IST
  11:30:00    message                The order was asked for
  11:30:01    call                   Fetch the price · answered
  11:30:02  ◆ awaiting payment       Quote: 1000.00 INR
  11:30:02    timer                  Deadline · no longer needed (5m 00s)
  11:35:03    note                   Attention: the provider does not answer.

What is awaited
  ◆ from the provider: Watch the order
    since 23 Nov 2026, 11:35:02 IST (06:05:02 UTC)
    until 23 Nov 2026, 14:30:00 IST (09:00:00 UTC), 2h 59m left
    last answer: fiatPending, 23 Nov 2026, 11:35:00 IST (06:05:00 UTC)
    attempt 3 starts 23 Nov 2026, 11:40:00 IST (06:10:00 UTC)
    last failure: HTTP 503

What is wrong
  ! the provider does not answer
    since 23 Nov 2026, 10:30:03 IST (05:00:03 UTC), for 1h 00m
  → Look whether it has an outage.

What to do
  → If the user gives up:
    bin/starter cancel onramp/inv-42

  Web UI            http://127.0.0.1:8233/namespaces/default/workflows/onramp%2Finv-42
`, story(told()))
}

func TestEmptySectionsOfAnExplanationAreLeftOut(t *testing.T) {
	t.Parallel()
	over := told()
	over.Awaits, over.Problems, over.Advice = nil, nil, nil
	shown := story(over)
	for _, section := range []string{"What is awaited", "What is wrong", "What to do"} {
		require.NotContains(t, shown, section)
	}
}

func TestHeadingStatesAnEndWithoutAResult(t *testing.T) {
	t.Parallel()
	ended := told()
	ended.Workflow = "timed_out"
	require.Contains(t, strings.Split(story(ended), "\n")[0], "✗ timed out, was verifying payment")
}

func TestAttentionHasProblemsAdviceAndTheExplainCommand(t *testing.T) {
	t.Parallel()
	shown := plain(func(s *view.Screen) { s.Attention(told(), options()) })
	for _, want := range []string{"! the provider does not answer", "for 1h 00m", "→ Look whether", "bin/starter explain onramp/inv-42"} {
		require.Contains(t, shown, want)
	}
	require.NotContains(t, shown, "What has happened")
}

func TestExplanationHasNoControlCharacters(t *testing.T) {
	t.Parallel()
	hostile := "\x1b]0;owned\x07\x1b[2Jpaid\u202e\r\n"
	e := told()
	e.Standing, e.OrderID, e.ProviderStatus = hostile, hostile, hostile
	e.Happened[0].Text, e.Awaits[0].What, e.Awaits[0].LastAnswer, e.Awaits[0].LastFailure = hostile, hostile, hostile, hostile
	e.Problems[0].What, e.Problems[0].Advice[0].What, e.Advice[0].Command = hostile, hostile, []string{hostile}
	shown := story(e)
	require.Contains(t, shown, "paid")
	for _, forbidden := range []string{"\x1b", "\x07", "\r", "\u202e"} {
		require.NotContains(t, shown, forbidden)
	}
}

func TestExplanationIsWrappedOnATerminal(t *testing.T) {
	t.Parallel()
	e := told()
	e.Standing = strings.Repeat("word ", 40)
	shown := onTerminal(80, func(s *view.Screen) { s.Explanation(e, options()) })
	for line := range strings.Lines(shown) {
		if strings.Contains(line, "word") {
			require.LessOrEqual(t, len(strings.TrimRight(line, "\n")), 80)
		}
	}
}
