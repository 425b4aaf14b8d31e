package ramp

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"reflect"

	"rampart/internal/redact"
)

// Awaiting is the optional argument of AwaitOrder. If either field is set, an order that was started with another request is the
// error ReferenceTaken.
type Awaiting struct {
	// Fingerprint is the Fingerprint of the caller's request: 64 hex digits. It is ignored if Request is set.
	Fingerprint string `json:"fingerprint,omitempty"`
	// Request is the caller's request, an OnrampRequest or an OfframpRequest. Missing and empty fields are equal, as are "1000" and
	// "1000.00".
	Request redact.JSON `json:"request,omitempty"`
}

// Fingerprint returns the SHA-256 of the request's JSON in hex digits. Equal requests have the same fingerprint.
func (r *OnrampRequest) Fingerprint() (string, error) { return fingerprint(r) }

// Fingerprint returns the SHA-256 of the request's JSON in hex digits. Equal requests have the same fingerprint.
func (r *OfframpRequest) Fingerprint() (string, error) { return fingerprint(r) }

// fingerprint depends on the order of Go's JSON: fields in the struct's order, keys of maps sorted.
func fingerprint(request any) (string, error) {
	encoded, err := json.Marshal(request)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(encoded)
	return hex.EncodeToString(sum[:]), nil
}

// Identity returns a SHA-256 in hex digits that requests of the same meaning have in common, whether or not they name an order to adopt.
func (r *OnrampRequest) Identity() (string, error) {
	meaning := r.normalized()
	meaning.Adopt = nil
	return meaning.Fingerprint()
}

// Identity returns a SHA-256 in hex digits that requests of the same meaning have in common, whether or not they name an order to adopt.
func (r *OfframpRequest) Identity() (string, error) {
	meaning := r.normalized()
	meaning.Adopt = nil
	return meaning.Fingerprint()
}

// same reports whether two requests have the same meaning: missing and empty fields are equal, and numbers are compared by value. The
// request of an order that took over the provider's may be repeated without that one's id, as before the order was rebuilt.
func (r *OnrampRequest) same(other *OnrampRequest) bool {
	if other.Adopt == nil {
		started := *r
		started.Adopt = nil
		r = &started
	}
	return reflect.DeepEqual(r.normalized(), other.normalized())
}

// same compares as that of OnrampRequest does.
func (r *OfframpRequest) same(other *OfframpRequest) bool {
	if other.Adopt == nil {
		started := *r
		started.Adopt = nil
		r = &started
	}
	return reflect.DeepEqual(r.normalized(), other.normalized())
}

// normalized returns the request in its one canonical form.
func (r *OnrampRequest) normalized() OnrampRequest {
	p := *r
	p.Fiat.Amount = normalizedNumber(p.Fiat.Amount)
	p.UPI, p.Bank, p.KYC, p.Previous = unlessEmpty(p.UPI), unlessEmpty(p.Bank), unlessEmpty(p.KYC), unlessEmpty(p.Previous)
	p.Events, p.Adopt = unlessEmpty(p.Events), unlessEmpty(p.Adopt)
	p.Quote = p.Quote.normalized()
	if len(p.Metadata) == 0 {
		p.Metadata = nil
	}
	return p
}

func (r *OfframpRequest) normalized() OfframpRequest {
	p := *r
	p.Fiat.Amount, p.TokenAmount = normalizedNumber(p.Fiat.Amount), normalizedNumber(p.TokenAmount)
	p.Bank, p.KYC, p.Events, p.Adopt = unlessEmpty(p.Bank), unlessEmpty(p.KYC), unlessEmpty(p.Events), unlessEmpty(p.Adopt)
	p.Quote = p.Quote.normalized()
	if len(p.Metadata) == 0 {
		p.Metadata = nil
	}
	return p
}

func (t *QuoteTerms) normalized() *QuoteTerms {
	if t == nil {
		return nil
	}
	p := *t
	p.MinReceived, p.MaxPaid = normalizedNumber(p.MinReceived), normalizedNumber(p.MaxPaid)
	return unlessEmpty(&p)
}

// normalizedNumber removes redundant zeros from a decimal string. Any other text is returned unchanged.
func normalizedNumber(text string) string {
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

// referenceTaken returns the error of a request whose reference belongs to another one.
func referenceTaken(reference string) *Error {
	return &Error{
		Type:      ReferenceTaken,
		Reference: reference,
		Message:   "this reference belongs to an order with another request; use a new reference for every order",
	}
}

// CheckOnramp compares the caller's request with the one that an order was started with, whose fingerprint is given. The error is
// ReferenceTaken if they differ, and InvalidRequest if Request is not a request.
func (a Awaiting) CheckOnramp(started *OnrampRequest, fingerprint string) error {
	without := *started
	without.Adopt = nil
	return check(a, started.Reference, fingerprint, without.Fingerprint, started.same)
}

// CheckOfframp compares as CheckOnramp does.
func (a Awaiting) CheckOfframp(started *OfframpRequest, fingerprint string) error {
	without := *started
	without.Adopt = nil
	return check(a, started.Reference, fingerprint, without.Fingerprint, started.same)
}

// check compares the request or, if there is none, the fingerprint: with that of the order's request, with and without the order to adopt.
func check[Request any](a Awaiting, reference, fingerprint string, without func() (string, error), same func(*Request) bool) error {
	if len(a.Request) == 0 || string(a.Request) == "null" {
		if a.Fingerprint == "" || a.Fingerprint == fingerprint {
			return nil
		}
		if plain, err := without(); err == nil && a.Fingerprint == plain {
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
