package onmeta

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"rampart/internal/redact"
)

const (
	maxAnswerBytes = 1 << 20
	// maxRetryAfter bounds Retry-After, so that a mistake in the header does not delay an order for days.
	maxRetryAfter = time.Hour
)

// Transport is the Caller that sends HTTP requests. It is safe for concurrent use. Every error it returns is an
// *Error.
type Transport struct {
	base          *url.URL
	apiKey        func() Secret
	client        *http.Client
	callTimeout   time.Duration
	uploadTimeout time.Duration
}

var _ Caller = (*Transport)(nil)

// NewTransport checks the configuration and returns a Transport. It opens no connection.
func NewTransport(config Config) (*Transport, error) {
	base, err := parseBaseURL(config.BaseURL)
	if err != nil {
		return nil, fmt.Errorf("onmeta base URL: %w", err)
	}
	key := config.currentKey()
	if err := CheckAPIKey(key()); err != nil {
		return nil, err
	}
	if config.CallTimeout < 0 || config.UploadTimeout < 0 {
		return nil, errors.New("onmeta timeouts: must not be negative")
	}
	return &Transport{
		base:          base,
		apiKey:        key,
		client:        withoutRedirects(config.HTTPClient),
		callTimeout:   cmp.Or(config.CallTimeout, defaultCallTimeout),
		uploadTimeout: cmp.Or(config.UploadTimeout, defaultUploadTimeout),
	}, nil
}

// Format writes the base URL alone, for every verb.
func (t *Transport) Format(state fmt.State, _ rune) {
	_, _ = fmt.Fprintf(state, "onmeta.Transport(%s)", t.base)
}

// CloseIdleConnections closes the connections that no call is using.
func (t *Transport) CloseIdleConnections() { t.client.CloseIdleConnections() }

// Call implements Caller. It sends the request once: the caller decides whether a repetition is safe.
func (t *Transport) Call(ctx context.Context, call Call) (Answer, error) {
	if err := checkCall(call); err != nil {
		return Answer{}, err
	}
	timeout := t.timeout(call.Route)
	tooLate := fmt.Errorf("no answer within %s: %w", timeout, context.DeadlineExceeded)
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, tooLate)
	defer cancel()

	x := &exchange{call: call, apiKey: t.apiKey(), requestID: uuid.NewString(), tooLate: tooLate}
	request, err := x.request(ctx, t.base)
	if err != nil {
		return Answer{}, x.unsent(ctx, err)
	}
	if isLate(ctx, call.Route) {
		return Answer{}, x.failure(KindUnavailable, NotSent, errLate)
	}
	response, err := t.client.Do(request)
	if err != nil {
		return Answer{}, x.unanswered(ctx, err)
	}
	defer response.Body.Close()
	return x.read(ctx, response)
}

func checkCall(call Call) error {
	e := call.Route.endpoint()
	switch {
	case e.method == "":
		return invalid(call.Route, "no such endpoint")
	case e.hasParam && call.Param == "":
		return invalid(call.Route, "the path parameter is empty")
	case e.hasParam && (call.Param == "." || call.Param == ".."):
		return invalid(call.Route, "the path parameter is not a name")
	case !e.hasParam && call.Param != "":
		return invalid(call.Route, "the endpoint takes no path parameter")
	case e.auth != AuthMerchant && call.Token == "":
		return invalid(call.Route, "the user's token is missing")
	case !fitsHeader(call.Token):
		return invalid(call.Route, "the user's token holds a space or a character that is not ASCII")
	}
	return nil
}

func (t *Transport) timeout(route Route) time.Duration {
	if route == RouteUploadKYC {
		return t.uploadTimeout
	}
	return t.callTimeout
}

// exchange is one call in progress.
type exchange struct {
	call      Call
	apiKey    Secret
	requestID string
	tooLate   error
	connected atomic.Bool
	bodyError atomic.Pointer[error]
	// late is set once the body was withheld, because its time to be sent by had passed, and whole once all of it was read.
	late, whole atomic.Bool
}

func (x *exchange) request(ctx context.Context, base *url.URL) (*http.Request, error) {
	e := x.call.Route.endpoint()
	target := base.JoinPath(e.path) // #nosec G125 -- the path is one of our own, and its parameter escaped
	if e.hasParam {
		target = target.JoinPath(url.PathEscape(x.call.Param))
	}
	request, err := http.NewRequestWithContext(x.trace(ctx), e.method, target.String(), nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "application/json")
	request.Header.Set("X-Api-Key", x.apiKey.Reveal())
	request.Header.Set("X-Request-Id", x.requestID)
	if x.call.Token != "" {
		request.Header.Set("Authorization", "Bearer "+x.call.Token.Reveal())
	}
	return request, x.attachBody(request)
}

// trace records when the request gets a connection. From then on net/http writes in a goroutine that a cancelled call does not wait for: a
// later mark could miss a request that was sent.
func (x *exchange) trace(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { x.connected.Store(true) },
	})
}

func (x *exchange) attachBody(request *http.Request) error {
	body := x.call.Body
	if body == nil {
		return nil
	}
	open := func() (io.ReadCloser, error) {
		reader, err := body.Open(request.Context())
		if err != nil {
			x.bodyError.CompareAndSwap(nil, &err)
			return nil, err
		}
		return &watchedBody{ReadCloser: reader, exchange: x, isLate: func() bool { return isLate(request.Context(), x.call.Route) }}, nil
	}
	reader, err := open()
	if err != nil {
		return err
	}
	request.Body, request.GetBody = reader, open
	request.ContentLength = body.Size()
	request.Header.Set("Content-Type", body.ContentType())
	return nil
}

// watchedBody records why the body could not be read, which net/http reports like a network error. It withholds a body whose time to be sent
// by has passed when net/http has a connection at last, or repeats the request.
type watchedBody struct {
	io.ReadCloser
	exchange *exchange
	isLate   func() bool
	begun    bool
}

func (b *watchedBody) Read(p []byte) (int, error) {
	if !b.begun && b.isLate() {
		b.exchange.late.Store(true)
		return 0, errLate
	}
	b.begun = true
	n, err := b.ReadCloser.Read(p)
	switch err {
	case nil, io.ErrClosedPipe: // a bare ErrClosedPipe is net/http closing a form that it no longer needs
	case io.EOF:
		b.exchange.whole.Store(true)
	default:
		b.exchange.bodyError.CompareAndSwap(nil, &err)
	}
	return n, err
}

// unsent returns the error of a request that could not be built.
func (x *exchange) unsent(ctx context.Context, err error) *Error {
	if x.bodyError.Load() != nil {
		return x.unanswered(ctx, err)
	}
	return x.failure(KindInvalid, NotSent, withoutURL(err))
}

// unanswered returns the error of a call without an answer.
func (x *exchange) unanswered(ctx context.Context, err error) *Error {
	if bodyError := x.bodyError.Load(); bodyError != nil && ctx.Err() == nil {
		return x.failure(KindDocument, NotSent, *bodyError)
	}
	if x.late.Load() && !x.whole.Load() {
		return x.failure(KindUnavailable, NotSent, errLate)
	}
	reached := NotSent
	if x.connected.Load() {
		reached = MayHaveReached
	}
	return x.failure(KindUnavailable, reached, x.networkError(ctx, err))
}

func (x *exchange) failure(kind ErrorKind, reached Reached, err error) *Error {
	return &Error{
		Route: x.call.Route, Kind: kind, Reached: reached, RequestID: x.requestID,
		Message: x.cleaner().clean(err.Error(), maxMessageLength), err: err,
	}
}

// networkError names our own timeout, keeps the caller's own cancellation recognisable, and drops the URL
// that net/http puts in front.
func (x *exchange) networkError(ctx context.Context, err error) error {
	if errors.Is(context.Cause(ctx), x.tooLate) {
		return x.tooLate
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return withoutURL(err)
}

func withoutURL(err error) error {
	var urlError *url.Error
	if errors.As(err, &urlError) {
		return urlError.Err
	}
	return err
}

func (x *exchange) read(ctx context.Context, response *http.Response) (Answer, error) {
	at := answeredAt(response)
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswerBytes+1))
	if err != nil {
		return Answer{}, x.brokenOff(ctx, response, err)
	}
	if len(body) > maxAnswerBytes {
		return Answer{}, x.answered(response, KindMalformed, "the answer is larger than 1 MiB")
	}
	e := parseEnvelope(body)
	kind := verdict(response.StatusCode, e)
	if kind == 0 {
		return Answer{Status: response.StatusCode, Data: redact.JSON(e.data), At: at, RequestID: x.requestID}, nil
	}
	failure := x.answered(response, kind, cmp.Or(e.message, describe(response, e)))
	failure.Code = x.cleaner().clean(e.code, maxCodeLength)
	failure.RetryAfter = retryAfter(response.Header.Get("Retry-After"), at)
	return Answer{}, failure
}

func (x *exchange) answered(response *http.Response, kind ErrorKind, message string) *Error {
	return &Error{
		Route: x.call.Route, Kind: kind, Reached: Answered, RequestID: x.requestID,
		Status: response.StatusCode, Message: x.cleaner().clean(message, maxMessageLength),
	}
}

// brokenOff returns the error of an answer whose body was cut off.
func (x *exchange) brokenOff(ctx context.Context, response *http.Response, err error) *Error {
	kind, known := kindOfStatus(response.StatusCode)
	switch {
	case known:
	case errors.Is(err, io.ErrUnexpectedEOF):
		kind = KindMalformed
	default:
		kind = KindUnavailable
	}
	failure := x.failure(kind, Answered, fmt.Errorf("the answer broke off: %w", x.networkError(ctx, err)))
	failure.Status = response.StatusCode
	return failure
}

// cleaner returns a cleaner of the secret and personal values in the call, which the provider or the network may echo.
func (x *exchange) cleaner() cleaner {
	values := []string{x.apiKey.Reveal(), x.call.Token.Reveal(), string(x.call.User), string(x.call.Name)}
	if x.call.Body != nil {
		values = append(values, x.call.Body.Personal()...)
	}
	return newCleaner(values...)
}

// describe returns a description of an answer without a message.
func describe(response *http.Response, e envelope) string {
	if response.StatusCode >= 300 && response.StatusCode < 400 {
		return redirection(response)
	}
	if e.recognised {
		return "the provider gives no reason"
	}
	return "the answer is not the provider's JSON but a gateway's page, or the base URL is wrong"
}

func redirection(response *http.Response) string {
	location, err := response.Location()
	if err != nil {
		return "redirected nowhere: check the base URL"
	}
	return fmt.Sprintf("redirected to %s, which is not followed: check the base URL", location.Host)
}

func answeredAt(response *http.Response) time.Time {
	if at, err := http.ParseTime(response.Header.Get("Date")); err == nil {
		return at.UTC()
	}
	return time.Now().UTC()
}

// retryAfter parses seconds or an HTTP date, which is relative to the answer's Date header.
func retryAfter(header string, at time.Time) time.Duration {
	wait := time.Duration(0)
	if seconds, err := strconv.ParseInt(header, 10, 32); err == nil {
		wait = time.Duration(seconds) * time.Second
	} else if until, err := http.ParseTime(header); err == nil {
		wait = until.Sub(at)
	}
	return min(max(wait, 0), maxRetryAfter)
}
