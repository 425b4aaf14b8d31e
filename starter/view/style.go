package view

import (
	"strings"
	"unicode"

	"github.com/charmbracelet/lipgloss"

	"rampart/internal/redact"
	"rampart/ramp"
)

// styles uses the sixteen colours of the terminal's theme.
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
		// Scanners need dark modules on a light ground, so these colours are fixed.
		qr: r.NewStyle().Foreground(lipgloss.Color("#ffffff")).Background(lipgloss.Color("#000000")),
	}
}

// status returns the symbol and the style of a status.
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

// Words formats a status, such as "awaiting payment".
func Words(status ramp.Status) string {
	return clean(strings.ReplaceAll(string(status), "_", " "))
}

// Title formats a direction: "On-ramp" or "Off-ramp".
func Title(direction ramp.Direction) string {
	if direction == ramp.Offramp {
		return "Off-ramp"
	}
	return "On-ramp"
}

// safe redacts and cleans free text of an order. Workers redact it already; earlier ones may not have.
func safe(text string) string { return clean(redact.Text(text)) }

// clean removes control characters, which a terminal would execute, and marks that reverse the direction of text.
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
