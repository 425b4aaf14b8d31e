// Package webhook receives the provider's webhooks and tells orders that there is news. A webhook is a hint to ask the provider now, and
// never the news itself: it may come late, twice, out of order or not at all (provider 5).
package webhook

import (
	"context"
	"errors"
	"io"
	"iter"
	"net/http"
	"time"

	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"
	"go.uber.org/zap"
	"golang.org/x/time/rate"

	"rampart/onmeta"
	"rampart/ramp"
)

// Paths that a Handler serves.
const (
	// OrdersPath receives the events of orders (provider 5).
	OrdersPath = "/provider/onmeta/orders"
	// KYCPath receives the events of users' KYC (provider 6).
	KYCPath = "/provider/onmeta/kyc"
)

const (
	// maxBody bounds a webhook's body. The documented ones have about 1 KiB, and an order's metadata 10 KiB at the most.
	maxBody = 64 << 10
	// readTime bounds how long a sender may take for the body.
	readTime = 10 * time.Second
	// logPause is how often refused webhooks are logged at the most.
	logPause = time.Minute
)

// Orders finds orders and sends them hints. A *ramp.Client is one.
type Orders interface {
	// Summary returns the current state of an order. The error is a *ramp.Error of type NotFound if there is none.
	Summary(ctx context.Context, id ramp.ID) (ramp.Summary, error)
	// List yields the orders that a filter selects, newest first.
	List(ctx context.Context, filter ramp.Filter) iter.Seq2[ramp.Summary, error]
	// IsUser reports whether an order is of the user with the e-mail.
	IsUser(ctx context.Context, id ramp.ID, email ramp.Email) (bool, error)
	// Hint sends an order a hint. The error is a *ramp.Error of type NotFound if no such order runs.
	Hint(ctx context.Context, id ramp.ID, hint ramp.Hint) error
}

// Options are the settings of a Handler. Secret and Orders are required.
type Options struct {
	// Secret returns the merchant's API secret, which signs webhooks. While it is empty every webhook is refused.
	Secret func() onmeta.Secret
	// Orders finds orders and sends them hints.
	Orders Orders
	// Meter counts webhooks as ramp_webhooks by kind and result. Default: none.
	Meter metric.Meter
	// Logger gets what an operator must know, without personal data. Default: none.
	Logger *zap.Logger
}

// Handler serves OrdersPath and KYCPath. It answers a signed webhook with 200 at once, whatever it says, and does the rest afterwards. It is safe for
// concurrent use.
type Handler struct {
	secret   func() onmeta.Secret
	orders   Orders
	log      *zap.Logger
	counts   counts
	backlog  *backlog
	reported memory
	verified memory
	mux      *http.ServeMux
	// refusals limits what refused webhooks write to the log.
	refusals rate.Sometimes
}

// New returns a Handler.
func New(o Options) *Handler {
	if o.Meter == nil {
		o.Meter = noop.Meter{}
	}
	if o.Logger == nil {
		o.Logger = zap.NewNop()
	}
	h := &Handler{
		secret: o.Secret, orders: o.Orders, log: o.Logger, counts: newCounts(o.Meter, o.Logger), backlog: newBacklog(),
		reported: newMemory(), verified: newMemory(), mux: http.NewServeMux(),
		refusals: rate.Sometimes{Interval: logPause},
	}
	h.mux.Handle("POST "+OrdersPath, h.receive(orderKind, h.takeOrder))
	h.mux.Handle("POST "+KYCPath, h.receive(kycKind, h.takeKYC))
	return h
}

// ServeHTTP answers a request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) { h.mux.ServeHTTP(w, r) }

// Close waits until what was received is done, and gives up what is not done when ctx ends. Webhooks that come later are dropped.
func (h *Handler) Close(ctx context.Context) { h.backlog.close(ctx) }

// receive returns the handler of a kind of webhook: take gets the bodies with a valid signature, and must not block.
func (h *Handler) receive(k kind, take func(body []byte)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		signature := r.Header.Get(onmeta.SignatureHeader)
		if signature == "" {
			h.refuse(w, k, unsigned, http.StatusUnauthorized, "the header "+onmeta.SignatureHeader+" is missing")
			return
		}
		body, err := readBody(w, r)
		var large *http.MaxBytesError
		switch {
		case errors.As(err, &large):
			h.refuse(w, k, unreadable, http.StatusRequestEntityTooLarge, "the body is larger than 64 KiB")
		case err != nil:
			h.refuse(w, k, unreadable, http.StatusBadRequest, "the body could not be read")
		case !onmeta.VerifyWebhook(h.secret(), body, signature):
			h.refuse(w, k, forged, http.StatusUnauthorized, "the signature is not one of this body under the API secret")
		default:
			take(body)
			w.WriteHeader(http.StatusOK)
		}
	})
}

func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	// A writer without deadlines leaves that to the server.
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(readTime))
	return io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
}

func (h *Handler) refuse(w http.ResponseWriter, k kind, because result, status int, why string) {
	h.counts.add(k, because)
	h.refusals.Do(func() {
		h.log.Warn("a webhook was refused; further ones are only counted for a minute",
			zap.String("kind", string(k)), zap.String("result", string(because)), zap.String("problem", why))
	})
	http.Error(w, why, status)
}

// malformed counts a webhook that is signed and cannot be used. It is answered with 200: what the provider signs is no attack, and another
// answer might make it stop sending.
func (h *Handler) malformed(k kind, err error) {
	h.counts.add(k, malformed)
	h.refusals.Do(func() {
		h.log.Warn("a signed webhook cannot be used; check that the URL in the provider's dashboard has the path of its kind",
			zap.String("kind", string(k)), zap.Error(err))
	})
}
