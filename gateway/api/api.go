// Package api is the HTTP API of orders for backends: a thin layer over ramp.Client that decides nothing. Its OpenAPI document is
// generated from the code and committed as openapi.json.
package api

//go:generate go -C ../.. run ./gateway/api/generator

import (
	"context"
	"iter"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"go.temporal.io/sdk/client"
	"go.uber.org/zap"

	"rampart/ramp"
)

// Limits on the time that a request takes.
const (
	// MaxDuration is the most that a request takes, except for a stream of events. It is the longest wait, and what it takes to find out
	// afterwards where the order stands.
	MaxDuration = maxWait + 20*time.Second
	// maxWait is the longest that a caller may wait for an order.
	maxWait = 60 * time.Second
	// usualWait is how long a call waits for an order if the caller does not say.
	usualWait = 30 * time.Second
	// leastWait is what a start or a submission gets to reach Temporal, however short the caller's wait is.
	leastWait = 2 * time.Second
	// readTimeout bounds the reading of an order or a list.
	readTimeout = 10 * time.Second
	// stateTimeout bounds the reading of an order's state after a wait that ran out.
	stateTimeout = 5 * time.Second
	// cancelTimeout bounds a cancellation, which ramp.Client lets wait for the provider for 30 seconds.
	cancelTimeout = 40 * time.Second
	// healthTimeout bounds the question whether Temporal answers.
	healthTimeout = time.Second
)

// Orders are the orders, as *ramp.Client has them.
type Orders interface {
	Exists(ctx context.Context, id ramp.ID) (bool, error)
	StartOnramp(ctx context.Context, request ramp.OnrampRequest) (*ramp.Order, error)
	StartOfframp(ctx context.Context, request ramp.OfframpRequest) (*ramp.Order, error)
	Get(ctx context.Context, id ramp.ID) (*ramp.Order, error)
	Wait(ctx context.Context, id ramp.ID, after int64) (*ramp.Order, error)
	Watch(ctx context.Context, id ramp.ID) iter.Seq2[*ramp.Order, error]
	SubmitUTR(ctx context.Context, reference, utr string) (*ramp.Order, error)
	SubmitTransactionHash(ctx context.Context, reference, hash string) (*ramp.Order, error)
	SubmitKYC(ctx context.Context, id ramp.ID, dossier string) (*ramp.Order, error)
	SubmitAccount(ctx context.Context, id ramp.ID, account ramp.AccountSubmission) (*ramp.Order, error)
	ConfirmQuote(ctx context.Context, id ramp.ID, quoteID string) (*ramp.Order, error)
	Cancel(ctx context.Context, id ramp.ID) (*ramp.Order, error)
	Reorder(ctx context.Context, request ramp.ReorderRequest) (*ramp.Order, error)
	ListPage(ctx context.Context, filter ramp.Filter, limit int32, cursor string) (*ramp.Page, error)
}

// Health tells whether Temporal answers, as client.Client does.
type Health interface {
	CheckHealth(ctx context.Context, request *client.CheckHealthRequest) (*client.CheckHealthResponse, error)
}

// Options are what the API works with.
type Options struct {
	Orders   Orders
	Temporal Health
	// Hasher makes the hashes by which orders are found. Without it none is found.
	Hasher ramp.Hasher
	// Namespace is the namespace of the orders, for messages.
	Namespace string
	// Authenticate returns the caller of a request, or an error: a *bearer.Refusal says how it is answered, every other one is a 401. Nil
	// lets everybody do everything: only a program that listens on a loopback address may leave it out.
	Authenticate func(*http.Request) (Caller, error)
	// Log receives a line for each request, and the causes of failures. Nil logs nothing.
	Log *zap.Logger
	// Stopping is closed when the program stops: waits and streams end then, so that the requests in flight are answered soon.
	Stopping <-chan struct{}
}

// Caller is who sends a request.
type Caller struct {
	// Name is what the log calls the caller.
	Name string
	// Scopes are what the caller may do.
	Scopes []Scope
}

// Scope is what a caller may do. No scope contains another.
type Scope string

// Scopes.
const (
	// Read: read and list orders, and follow their events.
	Read Scope = "read"
	// Write: start and cancel orders, and submit what users give.
	Write Scope = "write"
	// Operate: what operators do about an order that went wrong, such as a new order for a payment of an earlier one; and to find the orders
	// of a user or of a proof.
	Operate Scope = "operate"
)

// Scopes returns every scope.
func Scopes() []Scope { return []Scope{Read, Write, Operate} }

type service struct {
	Options
	pace pace
}

// New returns the handler of the API. After it has served a request, the Pattern of the request is the route's.
func New(o Options) http.Handler { return newHandler(o, usualPace()) }

func newHandler(o Options, p pace) http.Handler {
	if o.Log == nil {
		o.Log = zap.NewNop()
	}
	s := &service{o, p}
	mux := http.NewServeMux()
	document, page := s.routes(mux)
	mux.Handle("GET /openapi.json", static("application/openapi+json", document))
	mux.Handle("GET /docs", static("text/html; charset=utf-8", page))
	return s.observe(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if answer, pattern := mux.Handler(r); pattern == "" {
			unroutable(w, r, answer)
			return
		}
		mux.ServeHTTP(w, r)
	}))
}

// Document returns the OpenAPI document of the API.
func Document() []byte {
	document, _ := new(service).routes(http.NewServeMux())
	return document
}

// routes adds the operations to a mux, and returns their OpenAPI document and the page that shows it.
func (s *service) routes(mux *http.ServeMux) (document, page []byte) {
	a := humago.New(mux, configuration())
	a.UseMiddleware(s.authorize, ignoreBody, bounded)
	s.addOrders(a, ramp.Onramp)
	s.addOrders(a, ramp.Offramp)
	s.addProofs(a)
	s.addReorder(a)
	s.addList(a)
	s.addFind(a)
	document = encoded(a.OpenAPI())
	return document, render(document)
}

// bounded ends the context of a request at MaxDuration at the latest. Streams end by themselves.
func bounded(ctx huma.Context, next func(huma.Context)) {
	if _, isStream := ctx.Operation().Metadata[streams]; isStream {
		next(ctx)
		return
	}
	within, cancel := context.WithTimeout(ctx.Context(), MaxDuration)
	defer cancel()
	next(huma.WithContext(ctx, within))
}

// temporalAnswers reports whether Temporal answers, after a call that had no answer.
func (s *service) temporalAnswers(ctx context.Context) bool {
	if s.Temporal == nil {
		return true
	}
	within, cancel := context.WithTimeout(context.WithoutCancel(ctx), healthTimeout)
	defer cancel()
	_, err := s.Temporal.CheckHealth(within, &client.CheckHealthRequest{})
	return err == nil
}

// waiting returns a context for a wait of at most d, which ends early if the program stops.
func (s *service) waiting(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	within, cancel := context.WithTimeout(ctx, d)
	go func() {
		select {
		case <-s.Stopping:
			cancel()
		case <-within.Done():
		}
	}()
	return within, cancel
}
