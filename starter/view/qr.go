package view

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"github.com/mdp/qrterminal/v3"
)

const (
	// qrMost limits the text of a QR code in bytes. A code holds up to 2953 bytes, but that does not fit a terminal.
	qrMost = 1024
	// qrMargin is the width in modules of the light frame that scanners need.
	qrMargin = 2
)

// QR draws text as a QR code, with two modules in a character, in white on black. It returns no lines for a text that is empty or too
// long.
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
