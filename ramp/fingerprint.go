package ramp

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"reflect"

	"rampart/internal/redact"
)

// Awaiting is the optional argument of AwaitOrder. With either field, an order that was started with another request is refused as
// ReferenceTaken instead of being taken for the caller's own.
type Awaiting struct {
	// Fingerprint of the caller's request, as Go's clients make it. It is not looked at where Request is given.
	Fingerprint string `json:"fingerprint,omitempty"`
	// Request is the caller's whole request, an OnrampRequest or an OfframpRequest. It is compared by what it means: fields
	// that are missing and fields that are empty are the same, as are "1000" and "1000.00".
	Request redact.JSON `json:"request,omitempty"`
}

// Fingerprint is the same for equal requests and different for different ones.
func (r *OnrampRequest) Fingerprint() (string, error) { return fingerprint(r) }

// Fingerprint is the same for equal requests and different for different ones.
func (r *OfframpRequest) Fingerprint() (string, error) { return fingerprint(r) }

// fingerprint relies on Go's JSON: fields in the struct's order, the keys of maps sorted.
func fingerprint(request any) (string, error) {
	encoded, err := json.Marshal(request)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(encoded)
	return hex.EncodeToString(sum[:]), nil
}

// Same reports whether two requests mean the same order: empty fields are like missing ones, and numbers are compared by their value.
func (r *OnrampRequest) Same(other *OnrampRequest) bool {
	return reflect.DeepEqual(r.plain(), other.plain())
}

// Same reports whether two requests mean the same order: empty fields are like missing ones, and numbers are compared by their value.
func (r *OfframpRequest) Same(other *OfframpRequest) bool {
	return reflect.DeepEqual(r.plain(), other.plain())
}

// plain is the request in the one way in which it can be written.
func (r *OnrampRequest) plain() OnrampRequest {
	p := *r
	p.Fiat.Amount = plainNumber(p.Fiat.Amount)
	p.UPI, p.Bank, p.KYC, p.Previous = unlessEmpty(p.UPI), unlessEmpty(p.Bank), unlessEmpty(p.KYC), unlessEmpty(p.Previous)
	p.Quote = p.Quote.plain()
	if len(p.Metadata) == 0 {
		p.Metadata = nil
	}
	return p
}

func (r *OfframpRequest) plain() OfframpRequest {
	p := *r
	p.Fiat.Amount, p.TokenAmount = plainNumber(p.Fiat.Amount), plainNumber(p.TokenAmount)
	p.Bank, p.KYC = unlessEmpty(p.Bank), unlessEmpty(p.KYC)
	p.Quote = p.Quote.plain()
	if len(p.Metadata) == 0 {
		p.Metadata = nil
	}
	return p
}

func (t *QuoteTerms) plain() *QuoteTerms {
	if t == nil {
		return nil
	}
	p := *t
	p.MinReceived, p.MaxPaid = plainNumber(p.MinReceived), plainNumber(p.MaxPaid)
	return unlessEmpty(&p)
}

// plainNumber writes a decimal string without the zeros that say nothing, and leaves alone what is none.
func plainNumber(text string) string {
	if text == "" {
		return ""
	}
	number, err := readDecimal(text)
	if err != nil {
		return text
	}
	return number.String()
}

func unlessEmpty[T comparable](value *T) *T {
	var empty T
	if value == nil || *value == empty {
		return nil
	}
	return value
}

// referenceTaken says that the caller's order is not the one of this reference.
func referenceTaken(reference string) *Error {
	return &Error{
		Type:      ReferenceTaken,
		Reference: reference,
		Message:   "this reference belongs to an order with another request; use a reference of its own for every order",
	}
}

// CheckOnramp compares what a caller awaits with the request that an order was started with, and its fingerprint. The error is
// ReferenceTaken, or InvalidRequest for an argument that holds no request.
func (a Awaiting) CheckOnramp(started *OnrampRequest, fingerprint string) error {
	return check(a, started.Reference, fingerprint, started.Same)
}

// CheckOfframp compares as CheckOnramp does.
func (a Awaiting) CheckOfframp(started *OfframpRequest, fingerprint string) error {
	return check(a, started.Reference, fingerprint, started.Same)
}

func check[Request any](a Awaiting, reference, fingerprint string, same func(*Request) bool) error {
	if len(a.Request) == 0 || string(a.Request) == "null" {
		if a.Fingerprint == "" || a.Fingerprint == fingerprint {
			return nil
		}
		return referenceTaken(reference)
	}
	var request Request
	if err := Decode(a.Request, &request); err != nil {
		return &Error{Type: InvalidRequest, Reference: reference, Message: "the request to compare " + err.Error()}
	}
	if !same(&request) {
		return referenceTaken(reference)
	}
	return nil
}
