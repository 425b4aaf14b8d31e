package view_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/lipgloss"
	"github.com/stretchr/testify/require"

	"rampart/ramp"
	"rampart/ramp/situation"
	"rampart/starter/view"
)

func TestTimelinePrintsEachEntryOnce(t *testing.T) {
	t.Parallel()
	shown := plain(func(s *view.Screen) {
		timeline := view.NewTimeline(s)
		timeline.Update(awaitingUPI())
		timeline.Update(awaitingUPI())
		timeline.Update(completed())
	})
	require.Equal(t, 1, strings.Count(shown, "awaiting payment"))
	require.Equal(t, 1, strings.Count(shown, "✓ completed"))
}

func TestTimelinePrintsTheDateWhenItChanges(t *testing.T) {
	t.Parallel()
	order := awaitingUPI()
	order.Timeline = append(order.Timeline, ramp.TimelineEntry{Status: ramp.Expired, At: at(18, 31, 0)}) // past midnight in India
	shown := plain(func(s *view.Screen) { view.NewTimeline(s).Update(order) })
	require.Equal(t, 1, strings.Count(shown, "Monday, 23 November 2026, IST"))
	require.Contains(t, shown, "Tuesday, 24 November 2026, IST\n  00:01:00  ✗ expired")
}

func TestLongNotesWrapInTheirColumnOnATerminal(t *testing.T) {
	t.Parallel()
	order := awaitingUPI()
	order.Timeline[0].Note = strings.Repeat("word ", 30)
	shown := onTerminal(80, func(s *view.Screen) { view.NewTimeline(s).Update(order) })
	var wrapped int
	for line := range strings.SplitSeq(shown, "\n") {
		require.LessOrEqual(t, lipgloss.Width(line), 80)
		if strings.HasPrefix(line, strings.Repeat(" ", 37)+"word") {
			wrapped++
		}
	}
	require.Positive(t, wrapped)
	require.Contains(t, plain(func(s *view.Screen) { view.NewTimeline(s).Update(order) }), strings.Repeat("word ", 29)+"word\n",
		"programs that read lines get whole ones")
}

func TestNotesOfAnOrderAreRedactedAndThoseOfTheProgramAreNot(t *testing.T) {
	t.Parallel()
	const text = "to merchant0001@examplebank, with the UTR 412345678901"
	order := awaitingUPI()
	order.Timeline[0].Note = text
	shown := plain(func(s *view.Screen) {
		timeline := view.NewTimeline(s)
		timeline.Update(order)
		timeline.Note(at(6, 0, 4), "The user pays "+text)
	})
	require.Equal(t, 1, strings.Count(shown, "412345678901"))
	require.Contains(t, shown, "The user pays "+text)
}

func TestTimelinesOfSeveralOrdersAreInLanes(t *testing.T) {
	t.Parallel()
	shown := plain(func(s *view.Screen) {
		lanes := view.NewLanes(s, "on-ramp", "off-ramp")
		lanes.Show(0, awaitingUPI(), at(6, 0, 3))
		lanes.Show(1, awaitingTokens(), at(6, 0, 3))
		lanes.Note(0, at(6, 0, 4), "The user pays.")
		lanes.Show(0, completed(), at(6, 9, 0))
		lanes.Close()
	})
	require.Contains(t, shown, "11:30:02  on-ramp   ◆ awaiting payment")
	require.Contains(t, shown, "11:30:02  off-ramp  ◆ awaiting payment")
	require.Regexp(t, `11:30:04  on-ramp +The user pays\.`, shown)
	require.Equal(t, 1, strings.Count(shown, "Monday"), "lanes share the date")
	require.NotContains(t, shown, "\r")
}

func TestStatusLineCountsDownAndIsErasedAtTheEnd(t *testing.T) {
	t.Parallel()
	shown := onTerminal(120, func(s *view.Screen) {
		live := view.NewLive(s, options())
		live.Show(awaitingUPI(), at(6, 0, 3))
		live.Tick(at(6, 0, 4))
		live.Close()
	})
	require.Contains(t, shown, "◆ awaiting payment · 2h 59m left, until 14:30:00 IST")
	require.True(t, strings.HasSuffix(shown, "\r\x1b[2K"), "nothing of it stays")
}

func TestStatusLineNeverWraps(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	order := awaitingUPI()
	order.Attention = strings.Repeat("attention ", 30)
	screen := view.NewTerminal(&out, 40, true)
	view.NewLive(screen, options()).Show(order, at(6, 0, 3))
	status := out.String()[strings.LastIndex(out.String(), "\n")+1:]
	require.LessOrEqual(t, lipgloss.Width(status), 39)
	require.NotEmpty(t, status)
}

func TestLiveViewWithoutATerminalHasNoStatusLine(t *testing.T) {
	t.Parallel()
	shown := plain(func(s *view.Screen) {
		live := view.NewLive(s, options())
		live.Show(awaitingUPI(), at(6, 0, 3))
		live.Tick(at(6, 0, 4))
		live.Lost(at(6, 0, 5))
		live.Lost(at(6, 0, 6))
		live.Show(completed(), at(6, 9, 0))
		live.Close()
	})
	require.NotContains(t, shown, "\r")
	require.NotContains(t, shown, "left, until")
	require.Equal(t, 1, strings.Count(shown, "does not answer"))
	require.Equal(t, 1, strings.Count(shown, "submit-utr"), "the user is asked once")
	require.Contains(t, shown, "On-ramp order inv-42  ✓ completed")
}

func TestInstructionsAreRepeatedForANewQuote(t *testing.T) {
	t.Parallel()
	shown := plain(func(s *view.Screen) {
		live := view.NewLive(s, options())
		for _, quote := range []string{"q-1", "q-1", "q-2"} {
			order := awaitingUPI()
			order.Status, order.Quote.ID = ramp.AwaitingConfirmation, quote
			live.Show(order, at(6, 0, 3))
		}
	})
	require.Equal(t, 1, strings.Count(shown, "confirm-quote onramp/inv-42 q-1"))
	require.Equal(t, 1, strings.Count(shown, "confirm-quote onramp/inv-42 q-2"))
}

func TestColumnsOfTheListAreAligned(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	view.NewTerminal(&out, 200, true).List([]ramp.Summary{
		{
			Reference: "inv-42", Direction: ramp.Onramp, Status: ramp.AwaitingPayment, Token: "USDC", FiatAmount: "1000",
			OrderID: "6b03b894", StartedAt: at(6, 0, 0), ExpiresAt: at(9, 0, 0), Running: true, Attention: true,
		},
		{Reference: "a-much-longer-reference", Direction: ramp.Offramp, Status: ramp.Completed, Token: "WETH", StartedAt: at(5, 0, 0)},
		{Reference: "broken", Direction: ramp.Onramp, Status: ramp.Settling, Token: "USDC", StartedAt: at(4, 0, 0)},
	})
	lines := strings.Split(strings.TrimRight(out.String(), "\n"), "\n")
	require.Len(t, lines, 4)
	for i, token := range []string{"TOKEN", "USDC", "WETH", "USDC"} {
		before, _, found := strings.Cut(lines[i], token)
		require.True(t, found)
		header, _, _ := strings.Cut(lines[0], "TOKEN")
		require.Equal(t, lipgloss.Width(header), lipgloss.Width(before))
	}
	require.Contains(t, lines[1], "1000.00")
	require.Contains(t, lines[1], "23 Nov 14:30")
	require.Contains(t, lines[1], "! needs attention")
	require.Contains(t, lines[3], "! ended without a result")
}

func TestSpanIsNotRounded(t *testing.T) {
	t.Parallel()
	require.Equal(t, "0s", situation.Span(999*time.Millisecond))
	require.Equal(t, "59s", situation.Span(59*time.Second+900*time.Millisecond))
}
