// Package onmeta is a client of the Onmeta on-ramp and off-ramp API.
//
// Client has one typed method per endpoint. It calls a Caller: Transport sends HTTP, and decorators such as WithRateLimit wrap it. Every
// failed call returns an *Error with the provider's answer and whether the call may have reached the provider.
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
	"errors"
	"fmt"
	"io"
	"time"

	"rampart/internal/redact"
)

// Caller performs one provider call. Transport sends it; decorators (sessions, rate limit, metrics) wrap a Caller. A failed call returns an *Error. Implementations are safe for concurrent use.
type Caller interface {
	Call(ctx context.Context, call Call) (Answer, error)
}

type sendByKey struct{}

// SendBy returns a context whose calls are sent by then or not at all: one that a RateLimit, a login or a connection delays for longer fails
// with KindRateLimited or KindUnavailable. At a RateLimit they get every second turn at the least. A login for them goes with them, and is
// made whatever the time, because other calls may wait for it.
func SendBy(ctx context.Context, by time.Time) context.Context {
	return context.WithValue(ctx, sendByKey{}, by)
}

// sendBy returns the time by which a call must be sent, if there is one.
func sendBy(ctx context.Context, route Route) (by time.Time, has bool) {
	by, has = ctx.Value(sendByKey{}).(time.Time)
	return by, has && !isLogin(route)
}

// isLate reports whether the time by which a call must be sent has passed.
func isLate(ctx context.Context, route Route) bool {
	by, has := sendBy(ctx, route)
	return has && !time.Now().Before(by)
}

// errLate is the cause of the error of a late call.
var errLate = errors.New("the time to send the call by has passed")

func isLogin(route Route) bool { return route == RouteLogin || route == RouteRefreshToken }

// Call is one request to the provider.
type Call struct {
	// Route is the endpoint.
	Route Route
	// Param is the path parameter of the routes that have one, unescaped.
	Param string
	// User is the end user's e-mail on user-scoped routes, "" on merchant-scoped ones. It is never sent;
	// session decorators key on it.
	User redact.Email
	// Name is that user's name, if known. It is never sent; errors do not show it.
	Name redact.Personal
	// Token is the bearer token of routes that take one. If empty, a session decorator must set it.
	Token Secret
	// Body is the request's body, nil for none.
	Body Body
}

// Answer is the provider's answer to a successful call.
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
	// Open returns a reader of the whole body. The caller must close it.
	Open(ctx context.Context) (io.ReadCloser, error)
	// ContentType is the Content-Type header, the same for every Open.
	ContentType() string
	// Size is the length in bytes, or -1 if it is not known before the body is read.
	Size() int64
	// Personal lists the values in the body that must never appear in an error.
	Personal() []string
}

// JSON returns value, encoded once, as a request's body. personal lists the values in it that must never appear in
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

// Format hides the contents from logs.
func (jsonBody) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, redacted) }

func (b jsonBody) ContentType() string { return "application/json" }
func (b jsonBody) Size() int64         { return int64(len(b.encoded)) }
func (b jsonBody) Personal() []string  { return b.personal }
