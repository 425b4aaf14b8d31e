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

// Screen prints lines to a terminal, with colours and a status line below the last line, or to any other writer, without both. It is not safe
// for concurrent use.
type Screen struct {
	out    io.Writer
	styles styles
	// live is set for a terminal that can rewrite a line.
	live    bool
	columns func() int
	status  string
}

// NewScreen returns a Screen that prints to out. Colours are used only on a terminal, and only if NO_COLOR is not set.
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

// Live reports whether the screen can show a status line.
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

// Status replaces the status line; an empty text removes it. A screen that is not live ignores it.
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

// draw prints the status in one row, because a wrapped line cannot be erased.
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
