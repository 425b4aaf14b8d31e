package view

import (
	"strings"
	"unicode"

	"github.com/charmbracelet/lipgloss"

	"rampart/internal/redact"
	"rampart/ramp"
)

// styles uses the terminal's own sixteen colours, which its user has chosen to be readable.
type styles struct {
	title, label, faint  lipgloss.Style
	good, bad, wait, run lipgloss.Style
	lanes                []lipgloss.Style
	qr                   lipgloss.Style
}

func newStyles(r *lipgloss.Renderer) styles {
	colour := func(code string) lipgloss.Style { return r.NewStyle().Foreground(lipgloss.Color(code)) }
	return styles{
		title: r.NewStyle().Bold(true),
		label: r.NewStyle().Faint(true),
		faint: r.NewStyle().Faint(true),
		good:  colour("2"),
		bad:   colour("1"),
		wait:  colour("3"),
		run:   colour("6"),
		lanes: []lipgloss.Style{colour("5"), colour("4")},
		// A scanner needs dark on light, whatever the terminal's theme is.
		qr: r.NewStyle().Foreground(lipgloss.Color("#ffffff")).Background(lipgloss.Color("#000000")),
	}
}

// status gives a status its symbol and its style.
func (s styles) status(status ramp.Status) (string, lipgloss.Style) {
	switch {
	case status == ramp.Completed:
		return "✓", s.good
	case status.Final():
		return "✗", s.bad
	case status.AwaitsUser():
		return "◆", s.wait
	default:
		return "•", s.run
	}
}

// Words is a status as people read it.
func Words(status ramp.Status) string {
	return clean(strings.ReplaceAll(string(status), "_", " "))
}

// Title is a direction as people read it.
func Title(direction ramp.Direction) string {
	if direction == ramp.Offramp {
		return "Off-ramp"
	}
	return "On-ramp"
}

// said is free text of an order. The worker has hidden in it what must not be shown; what an older one has not, is hidden
// here.
func said(text string) string { return clean(redact.Text(text)) }

// clean drops what is not to be seen: control characters, which could steer the terminal, and marks that reverse the
// direction of text.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return ' '
		case unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r):
			return -1
		default:
			return r
		}
	}, text)
}
