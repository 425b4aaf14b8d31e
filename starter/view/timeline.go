package view

import (
	"strings"
	"time"

	"github.com/charmbracelet/lipgloss"

	"rampart/internal/redact"
	"rampart/ramp"
	"rampart/ramp/situation"
)

const (
	indent = "  "
	// statusWidth is the width of the longest status.
	statusWidth = len(ramp.AwaitingConfirmation)
	// leastNote is the width below which a note is not wrapped.
	leastNote = 20
)

// Timeline prints the entries of an order's timeline, each once, with a heading for each day in India.
type Timeline struct {
	screen *Screen
	// lane is the name of the order, if several orders share the screen.
	lane  string
	style lipgloss.Style
	days  *days
	shown int
}

// days is the last date printed, shared by the timelines of a screen.
type days struct{ last time.Time }

// NewTimeline returns the timeline of a single order.
func NewTimeline(screen *Screen) *Timeline {
	return &Timeline{screen: screen, days: &days{}}
}

// NewTimelines returns one timeline for each lane of a screen.
func NewTimelines(screen *Screen, lanes ...string) []*Timeline {
	width := 0
	for _, lane := range lanes {
		width = max(width, len(lane))
	}
	shared := &days{}
	var all []*Timeline
	for i, lane := range lanes {
		style := screen.styles.lanes[i%len(screen.styles.lanes)]
		padded := lane + strings.Repeat(" ", width-len(lane)+2)
		all = append(all, &Timeline{screen: screen, lane: padded, style: style, days: shared})
	}
	return all
}

// Update prints the entries that were added to the order since the last call.
func (t *Timeline) Update(order *ramp.Order) {
	for i := min(t.shown, len(order.Timeline)); i < len(order.Timeline); i++ {
		t.entry(order.Timeline[i])
	}
	t.shown = len(order.Timeline)
}

func (t *Timeline) entry(entry ramp.TimelineEntry) {
	symbol, style := t.screen.styles.status(entry.Status)
	words := Words(entry.Status)
	padding := strings.Repeat(" ", max(0, statusWidth-len(words)))
	t.print(entry.At, style.Render(symbol+" "+words)+padding, redact.Text(entry.Note))
}

// Note prints a line that is not from the order. It is not redacted.
func (t *Timeline) Note(at time.Time, text string) {
	t.print(at, strings.Repeat(" ", statusWidth+2), text)
}

// print prints time, status and note, the note wrapped in its own column on a terminal.
func (t *Timeline) print(at time.Time, status, note string) {
	t.date(at)
	head := indent + t.screen.styles.faint.Render(situation.India(at).Format("15:04:05")) + "  " + t.style.Render(t.lane) + status + "  "
	margin := lipgloss.Width(head)
	for i, line := range t.screen.wrap(clean(note), margin) {
		if i > 0 {
			head = strings.Repeat(" ", margin)
		}
		t.screen.Line(head + line)
	}
}

func (t *Timeline) date(at time.Time) {
	local := situation.India(at)
	if !t.days.last.IsZero() && t.days.last.Format(time.DateOnly) == local.Format(time.DateOnly) {
		return
	}
	t.days.last = local
	t.screen.Line(indent + t.screen.styles.label.Render(local.Format("Monday, 2 January 2006, IST")))
}

// wrap breaks text into lines that fit beside a margin. Without a terminal it returns the text as one line.
func (s *Screen) wrap(text string, margin int) []string {
	width := s.columns() - margin
	if width < leastNote {
		return []string{text}
	}
	return strings.Split(lipgloss.NewStyle().Width(width).Render(text), "\n")
}
