package view

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"github.com/mdp/qrterminal/v3"
)

const (
	// qrMost bounds the text of a QR code in bytes; a code holds up to 2953, but no terminal shows that.
	qrMost = 1024
	// qrMargin is the light frame, in modules, without which scanners do not find the code.
	qrMargin = 2
)

// QR draws text as a QR code, two modules a character, white on black as most terminals are. It returns no lines
// for a text that is empty or too long.
func QR(text string) []string {
	if text == "" || len(text) > qrMost {
		return nil
	}
	var drawn bytes.Buffer
	qrterminal.GenerateWithConfig(text, qrterminal.Config{
		Level:      qrterminal.L,
		Writer:     &drawn,
		HalfBlocks: true,
		QuietZone:  qrMargin,
	})
	return strings.Split(strings.TrimRight(drawn.String(), "\n"), "\n")
}

// qr prints a QR code and a blank line, if it fits.
func (s *Screen) qr(text string) {
	lines := QR(text)
	if len(lines) == 0 {
		return
	}
	if needed, have := utf8.RuneCountInString(lines[0])+len(indent), s.columns(); have > 0 && have < needed {
		s.Linef("%s(a terminal of %d columns would show the QR code here)", indent, needed)
		return
	}
	for _, line := range lines {
		s.Line(indent + s.styles.qr.Render(line))
	}
	s.Blank()
}
