package commands

import (
	"encoding/json"
	"errors"
	"io"

	"rampart/ramp"
	"rampart/starter/view"
)

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

// writeJSON writes an indented document, without escaping the characters of links.
func writeJSON(w io.Writer, document any) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(document)
}

// writeJSONLine writes a document as one line.
func writeJSONLine(w io.Writer, document any) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(document)
}

// showOrder prints an order: as JSON with -o json, otherwise by draw.
func (p *Program) showOrder(order *ramp.Order, qr bool, draw func(*view.Screen, *ramp.Order, view.Options)) error {
	if p.output.json {
		return writeJSON(p.Stdout, order)
	}
	draw(p.screen(), order, p.viewOptions(qr))
	return nil
}

func (p *Program) viewOptions(qr bool) view.Options {
	return view.Options{Program: p.Name, WebUI: p.ui, Now: p.Now(), QR: qr}
}
