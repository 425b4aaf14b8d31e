// Package onmeta is a client of the Onmeta on-ramp and off-ramp API.
//
// Client holds one typed method per endpoint. It speaks through a Caller: Transport is the one that sends
// real HTTP, and decorators such as WithRateLimit wrap it. Every failed call returns an *Error that says
// what the provider answered and whether the call can have reached it.
//
// VerifyWebhook and ParseWebhook have no caller in this repository: they are for a backend's webhook gateway.
//
// The comments name the source of a rule of the provider: "provider 3.17" is a section of docs/reference/provider.md, and
// "guide" a step of the provider's integration guide, which docs/guide.md restates.
package onmeta

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"rampart/internal/redact"
)

// Caller performs one provider call. Transport is the real one; decorators (sessions, rate limit, metrics)
// wrap it. A failed call returns an *Error. Implementations are safe for concurrent use.
type Caller interface {
	Call(ctx context.Context, call Call) (Answer, error)
}

// Call is one request to the provider.
type Call struct {
	// Route is the endpoint.
	Route Route
	// Param is the path parameter of the routes that have one, unescaped.
	Param string
	// User is the end user's e-mail on user-scoped routes, "" on merchant-scoped ones. It is never sent;
	// session decorators key on it.
	User redact.Email
	// Name is that user's name, where it is known. It is never sent; errors do not show it.
	Name redact.Personal
	// Token is the bearer token of routes that take one. Left empty, a session decorator must set it.
	Token Secret
	// Body is the request's body, nil for none.
	Body Body
}

// Answer is what the provider said to a call that it fulfilled.
type Answer struct {
	// Status is the HTTP status, 2xx.
	Status int
	// Data is the envelope's "data", or the whole body of an answer that has none.
	Data redact.JSON
	// At is when the provider answered: its Date header, else the local clock. UTC.
	At time.Time
	// RequestID is the x-request-id the call was sent with.
	RequestID string
}

// Body is a request's body. It can be opened more than once, so that a decorator can send a call twice.
type Body interface {
	// Open returns the body from its beginning. The reader must be closed.
	Open(ctx context.Context) (io.ReadCloser, error)
	// ContentType is the Content-Type header; it holds for every opening.
	ContentType() string
	// Size is the length in bytes, or -1 when it is not known before the body was read.
	Size() int64
	// Personal lists the values in the body that must never appear in an error.
	Personal() []string
}

// JSON encodes value, once, as a request's body. personal lists the values in it that must never appear in
// an error: names, account numbers and the like.
func JSON(value any, personal ...string) (Body, error) {
	encoded, err := json.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("encode request: %w", err)
	}
	return jsonBody{encoded: encoded, personal: personal}, nil
}

type jsonBody struct {
	encoded  []byte
	personal []string
}

func (b jsonBody) Open(context.Context) (io.ReadCloser, error) {
	return io.NopCloser(bytes.NewReader(b.encoded)), nil
}

// Format keeps the contents out of logs.
func (jsonBody) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, redacted) }

func (b jsonBody) ContentType() string { return "application/json" }
func (b jsonBody) Size() int64         { return int64(len(b.encoded)) }
func (b jsonBody) Personal() []string  { return b.personal }
