package view

import (
	"io"

	"github.com/charmbracelet/lipgloss"
	"github.com/muesli/termenv"
)

// NewTerminal returns a screen that is a terminal of this width, with or without colours.
func NewTerminal(out io.Writer, columns int, colours bool) *Screen {
	renderer := lipgloss.NewRenderer(out)
	renderer.SetColorProfile(termenv.Ascii)
	if colours {
		renderer.SetColorProfile(termenv.ANSI)
	}
	return &Screen{out: out, styles: newStyles(renderer), live: true, columns: func() int { return columns }}
}
