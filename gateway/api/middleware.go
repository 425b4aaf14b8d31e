package api

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"go.uber.org/zap"

	"rampart/internal/bearer"
	"rampart/ramp"
)

const (
	requestIDHeader = "X-Request-Id"
	// scheme is the name of the security scheme in the document.
	scheme = "bearer"
)

// exchange is what is known of a request while it is served. The log has it afterwards.
type exchange struct {
	requestID string
	caller    string
	id        ramp.ID
	errorType ramp.ErrorType
	cause     error
}

type exchangeKey struct{}

// exchangeOf returns the exchange of a request.
func exchangeOf(ctx context.Context) *exchange {
	if x, found := ctx.Value(exchangeKey{}).(*exchange); found {
		return x
	}
	return new(exchange)
}

// observe gives each request an id, logs it, and answers panics. The log has no data of users: routes, not paths, and references only
// of requests that are about an order.
func (s *service) observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begun := time.Now()
		x := &exchange{requestID: requestID(r)}
		answer := &observed{ResponseWriter: w}
		answer.Header().Set(requestIDHeader, x.requestID)
		answer.Header().Set("Cache-Control", "no-store")
		own := r.WithContext(context.WithValue(r.Context(), exchangeKey{}, x))
		defer func() {
			if cause := recover(); cause != nil {
				s.crashed(answer, own, cause)
			}
			r.Pattern = own.Pattern
			s.log(own, answer.status, x, time.Since(begun))
		}()
		next.ServeHTTP(answer, own)
	})
}

// crashed answers a request whose handler panicked. What the panic says may contain data of the request and is not logged; its type is.
func (s *service) crashed(w *observed, r *http.Request, cause any) {
	if cause == http.ErrAbortHandler {
		panic(cause)
	}
	exchangeOf(r.Context()).cause = fmt.Errorf("the handler panicked with a %T", cause)
	if w.status == 0 {
		newProblem(r.Context(), Internal, "the gateway could not do this; its log has the cause").write(w)
	}
}

func (s *service) log(r *http.Request, status int, x *exchange, took time.Duration) {
	fields := []zap.Field{
		zap.String("requestId", x.requestID), zap.String("route", r.Pattern), zap.Int("status", status), zap.Duration("took", took),
		zap.String("caller", x.caller), zap.String("direction", string(x.id.Direction)), zap.String("reference", x.id.Reference),
		zap.String("errorType", string(x.errorType)),
	}
	if x.cause != nil {
		s.Log.Error("request failed", append(fields, zap.Error(x.cause))...)
		return
	}
	s.Log.Info("request", fields...)
}

// chosenID matches the ids that callers may choose, such as UUIDs. They leave no room for data of users, which the log would have.
var chosenID = regexp.MustCompile(`^[A-Za-z0-9-]{8,64}$`)

// requestID returns the caller's id of a request, if it can be logged, or a new one.
func requestID(r *http.Request) string {
	if given := r.Header.Get(requestIDHeader); chosenID.MatchString(given) {
		return given
	}
	return rand.Text()
}

// observed remembers the status of a response.
type observed struct {
	http.ResponseWriter
	status int
}

func (o *observed) WriteHeader(status int) {
	if o.status == 0 {
		o.status = status
	}
	o.ResponseWriter.WriteHeader(status)
}

func (o *observed) Write(content []byte) (int, error) {
	if o.status == 0 {
		o.status = http.StatusOK
	}
	return o.ResponseWriter.Write(content)
}

// Unwrap lets http.ResponseController reach the connection.
func (o *observed) Unwrap() http.ResponseWriter { return o.ResponseWriter }

// authorize checks that the caller has the scope that the document says the operation needs.
func (s *service) authorize(ctx huma.Context, next func(huma.Context)) {
	if s.Authenticate == nil {
		next(ctx)
		return
	}
	r, w := humago.Unwrap(ctx)
	caller, err := s.Authenticate(r)
	if err != nil {
		refusal(ctx.Context(), err).write(w)
		return
	}
	exchangeOf(ctx.Context()).caller = caller.Name
	for _, scope := range ctx.Operation().Security[0][scheme] {
		if !slices.Contains(caller.Scopes, Scope(scope)) {
			p := newProblem(ctx.Context(), Forbidden, fmt.Sprintf("this call needs the scope %s", scope))
			p.headers.Set("WWW-Authenticate", fmt.Sprintf("%s, scope=%q", bearer.ChallengeScope, scope))
			p.write(w)
			return
		}
	}
	next(ctx)
}

// refusal returns the problem for an error of Authenticate: 401, or 503 if tokens cannot be verified now.
func refusal(ctx context.Context, err error) *Problem {
	var refused *bearer.Refusal
	if !errors.As(err, &refused) {
		refused = bearer.Missing()
	}
	if refused.Status == http.StatusServiceUnavailable {
		return newProblem(ctx, Unavailable, refused.Reason)
	}
	p := newProblem(ctx, Unauthenticated, refused.Reason)
	if refused.Status == http.StatusForbidden {
		p = newProblem(ctx, Forbidden, refused.Reason)
	}
	p.headers.Set("WWW-Authenticate", cmp.Or(refused.Challenge, bearer.ChallengeMissing))
	return p
}
