package view

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/charmbracelet/lipgloss"
	"golang.org/x/term"
)

// eraseLine empties the line that the cursor is on, and goes to its beginning.
const eraseLine = "\r\x1b[2K"

// Screen is where lines go: a terminal, with colours and a status line below the last line, or anything else that
// takes text, with neither. It is for one goroutine.
type Screen struct {
	out    io.Writer
	styles styles
	// live is set for a terminal that can rewrite a line.
	live    bool
	columns func() int
	status  string
}

// NewScreen returns the screen that out is. Colours are used only on a terminal, and not when NO_COLOR is set.
func NewScreen(out io.Writer) *Screen {
	s := &Screen{out: out, styles: newStyles(lipgloss.NewRenderer(out)), columns: func() int { return 0 }}
	file, isFile := out.(*os.File)
	if !isFile || !term.IsTerminal(int(file.Fd())) {
		return s
	}
	s.live = os.Getenv("TERM") != "dumb"
	s.columns = func() int {
		width, _, err := term.GetSize(int(file.Fd()))
		if err != nil {
			return 0
		}
		return width
	}
	return s
}

// Live reports whether the screen can rewrite a line, so that a status line is of use.
func (s *Screen) Live() bool { return s.live }

// Line prints a line above the status line.
func (s *Screen) Line(text string) {
	s.erase()
	_, _ = fmt.Fprintln(s.out, strings.TrimRight(text, " "))
	s.draw()
}

// Linef prints a line above the status line.
func (s *Screen) Linef(format string, args ...any) { s.Line(fmt.Sprintf(format, args...)) }

// Blank prints an empty line.
func (s *Screen) Blank() { s.Line("") }

// Status replaces the status line; empty takes it away. A screen that is not live has none.
func (s *Screen) Status(text string) {
	s.erase()
	s.status = text
	s.draw()
}

func (s *Screen) erase() {
	if s.live && s.status != "" {
		_, _ = io.WriteString(s.out, eraseLine)
	}
}

// draw keeps the status within one row: what wraps cannot be erased.
func (s *Screen) draw() {
	if !s.live || s.status == "" {
		return
	}
	text := s.status
	if width := s.columns(); width > 1 {
		text = lipgloss.NewStyle().MaxWidth(width - 1).Render(text)
	}
	_, _ = io.WriteString(s.out, text)
}
