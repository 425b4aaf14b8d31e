package commands

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"

	"rampart/ramp"
	"rampart/starter/connection"
	"rampart/starter/view"
)

// defaultUI is where devserver has the Web UI.
const defaultUI = "http://127.0.0.1:8233"

// outputFormat is the value of --output. Its zero value is text.
type outputFormat struct{ json bool }

// String implements pflag.Value.
func (f *outputFormat) String() string {
	if f.json {
		return "json"
	}
	return "text"
}

// Set implements pflag.Value.
func (f *outputFormat) Set(text string) error {
	if text != "text" && text != "json" {
		return errors.New("must be text or json")
	}
	f.json = text == "json"
	return nil
}

// Type implements pflag.Value.
func (f *outputFormat) Type() string { return "format" }

// writeJSON writes a document for people and programs: indented, and with links as they are.
func writeJSON(w io.Writer, document any) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(document)
}

// writeJSONLine writes a document on a line of its own.
func writeJSONLine(w io.Writer, document any) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(document)
}

// showOrder prints an order, by draw unless JSON is wanted.
func (p *Program) showOrder(order *ramp.Order, qr bool, draw func(*view.Screen, *ramp.Order, view.Desk)) error {
	if p.output.json {
		return writeJSON(p.Stdout, order)
	}
	draw(p.screen(), order, p.desk(qr))
	return nil
}

func (p *Program) desk(qr bool) view.Desk {
	return view.Desk{Program: p.Name, WebUI: p.ui, Now: p.Now(), QR: qr}
}

// webUI is where the Web UI is: where the flag says, or else the environment, or else beside a server on this machine.
func (p *Program) webUI(s *Session) (view.WebUI, error) {
	base, given := p.Environment.LookupEnv("RAMP_UI_URL")
	if p.uiURL != "" {
		base, given = p.uiURL, true
	}
	if !given && connection.Loopback(s.Address) {
		base = defaultUI
	}
	if base == "" {
		return view.WebUI{}, nil
	}
	if parsed, err := url.Parse(base); err != nil || parsed.Host == "" || (parsed.Scheme != "http" && parsed.Scheme != "https") {
		return view.WebUI{}, &usageError{message: fmt.Sprintf("the Web UI's address must be like %s: check --ui-url or RAMP_UI_URL", defaultUI)}
	}
	return view.WebUI{Base: base, Namespace: s.Namespace}, nil
}
