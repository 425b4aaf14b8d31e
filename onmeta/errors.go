package onmeta

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// ErrorKind is how a call failed, by which the caller decides what to do next.
type ErrorKind int

// The kinds of failure.
const (
	// KindInvalid: the call was not sent, because something in it is missing or cannot be sent.
	KindInvalid ErrorKind = iota + 1
	// KindDocument: a file of the body could not be opened or read. Unwrap returns the file's error. The provider did not receive a whole
	// request.
	KindDocument
	// KindRefused: the provider refused this request, in its failure envelope. Final.
	KindRefused
	// KindUnauthorized: 401. A bad or expired token, a wrong API key, an address that is not on the
	// merchant's list, or a look-up of the merchant that failed at the provider: it does not tell them apart
	// (provider 1.4, 1.6, 13). Never final.
	KindUnauthorized
	// KindRateLimited: 429, or this process's own rate limit (Reached is then NotSent).
	KindRateLimited
	// KindUnavailable: 5xx, 408, 421, 423, 425, no answer in time, a network error, or the caller's own
	// cancellation (Unwrap gives the context's error).
	KindUnavailable
	// KindMalformed: an answer that is not the provider's or lacks a required value: a gateway's page, a redirect, truncated or oversized
	// JSON, a missing amount. What the provider did is unknown.
	KindMalformed
)

// String returns the kind's name in error texts.
func (k ErrorKind) String() string {
	switch k {
	case KindInvalid:
		return "invalid call"
	case KindDocument:
		return "unreadable document"
	case KindRefused:
		return "refused"
	case KindUnauthorized:
		return "unauthorized"
	case KindRateLimited:
		return "rate limited"
	case KindUnavailable:
		return "unavailable"
	case KindMalformed:
		return "malformed answer"
	default:
		return "failed"
	}
}

// Reached is how far a failed call came, and so whether it can have had an effect at the provider.
type Reached int

// How far a call came, in ascending order.
const (
	// NotSent: the provider did not receive the request; sending it again is safe.
	NotSent Reached = iota + 1
	// MayHaveReached: the request was sent on a connection, and no answer arrived.
	MayHaveReached
	// Answered: an answer of some kind arrived.
	Answered
)

// String returns the phrase in error texts.
func (r Reached) String() string {
	switch r {
	case NotSent:
		return "not sent"
	case MayHaveReached:
		return "may have reached the provider"
	case Answered:
		return "answered"
	default:
		return "unknown"
	}
}

// Error is the error of every failed call. It holds no secret and no personal value that the call carried.
type Error struct {
	Route   Route
	Kind    ErrorKind
	Reached Reached
	// Status is the HTTP status, 0 when no answer came.
	Status int
	// Code is the provider's own code, a number or a word; "" if it gave none.
	Code string
	// Message is the provider's message, or the client's if it gave none. One line, at most 300 characters.
	Message string
	// RetryAfter is how long the provider asks to wait; 0 if it does not.
	RetryAfter time.Duration
	// RequestID is the x-request-id the call was sent with; the provider's support asks for it.
	RequestID string

	err error
}

// Error returns a text such as "onmeta orders/create: refused (HTTP 404): Bank details are not found for the user".
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "onmeta %s: %s", e.Route, e.Kind)
	if e.Status != 0 {
		fmt.Fprintf(&b, " (HTTP %d)", e.Status)
	} else if e.Reached == MayHaveReached || e.Reached == NotSent && e.Kind != KindInvalid {
		fmt.Fprintf(&b, " (%s)", e.Reached)
	}
	if e.Message != "" {
		b.WriteString(": " + e.Message)
	}
	return b.String()
}

// Unwrap returns the network's, the context's or the file's error, nil for the provider's answers.
func (e *Error) Unwrap() error { return e.err }

// IsKind reports whether err is, or wraps, an *Error of that kind.
func IsKind(err error, kind ErrorKind) bool {
	var failure *Error
	return errors.As(err, &failure) && failure.Kind == kind
}

// invalid returns the error of a call that cannot be sent.
func invalid(route Route, format string, args ...any) *Error {
	return &Error{Route: route, Kind: KindInvalid, Reached: NotSent, Message: fmt.Sprintf(format, args...)}
}

// malformed returns the error of an answer that lacks a required value.
func malformed(route Route, answer Answer, problem string) *Error {
	return &Error{
		Route: route, Kind: KindMalformed, Reached: Answered,
		Status: answer.Status, RequestID: answer.RequestID, Message: problem,
	}
}
