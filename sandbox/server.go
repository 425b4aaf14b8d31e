package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"sync"
	"time"

	"rampart/sandbox/fault"
	"rampart/sandbox/ledger"

	"go.uber.org/zap"
	"golang.org/x/time/rate"
)

// Default credentials. They are not secret.
const (
	DefaultAPIKey    = "5a9db0c5-0000-4000-8000-000000000001"
	DefaultAPISecret = "sandbox-api-secret"
	DefaultKYCSecret = "sandbox-kyc-secret"
)

// ReasonHeader is the response header that names the rule that a refused request broke, never a value of the request. The provider
// has no such header.
const ReasonHeader = "X-Sandbox-Reason"

// maxBody bounds a request's body, KYC documents included.
const maxBody = 64 << 20

// Options configure a Server. The zero value is complete.
type Options struct {
	// APIKey is what x-api-key must hold. Default: DefaultAPIKey.
	APIKey string
	// APISecret is the merchant's secret, from which the keys that sign tokens are derived. Default: DefaultAPISecret.
	APISecret string
	// KYCSecret decrypts the encrypted fields of a KYC upload (provider 3.4). Default: DefaultKYCSecret.
	KYCSecret string
	// Seed decides ids, prices, courses and faults: the same seed, clock and requests give the same answers.
	Seed int64
	// Clock is the sandbox's time. Default: real time.
	Clock *Clock
	// Logger gets one line for each call, without personal data. Default: none.
	Logger *zap.Logger
	// Faults are the initial fault rules. Default: none.
	Faults []fault.Rule
	// RateLimit is how many requests a second of real time the provider answers; the others get a 429. Default: 0,
	// no limit.
	RateLimit float64
	// Courses are the shares of orders that take a course other than the usual one. Default: none.
	Courses []CourseShare
	// Staging simulates the provider's staging host, where no money moves: amounts are not compared, an on-ramp order delivers
	// and an off-ramp order asks for 0.01 WMATIC, and nothing is paid out (provider 13). Default: production.
	Staging bool
	// Webhooks are the URLs that webhooks are sent to. Default: none.
	Webhooks Webhooks
	// Middleware wraps the provider's routes but not the control plane.
	Middleware func(http.Handler) http.Handler
}

// Server simulates the provider. It is an http.Handler, safe for concurrent use. Faults that break a connection require HTTP/1.1;
// otherwise they panic with http.ErrAbortHandler, which net/http handles.
type Server struct {
	options Options
	clock   *Clock
	logger  *zap.Logger
	handler http.Handler
	faults  *fault.Book
	limiter *rate.Limiter // nil: no limit
	traffic *traffic
	journal *ledger.Journal
	mailer  *mailer

	closing chan struct{} // closed by Close
	close   sync.Once

	mu    sync.Mutex // guards store
	store *store
}

// New returns a sandbox without users or orders. It fails on a credential that is not valid in a header and on an invalid fault
// rule, rate limit or course share.
func New(options Options) (*Server, error) {
	options = withDefaults(options)
	if strings.TrimSpace(options.APIKey) != options.APIKey || strings.ContainsAny(options.APIKey, "\r\n\x00") {
		return nil, errors.New("the API key must not begin or end with a space, nor hold a line break")
	}
	if err := checkCourses(options.Courses); err != nil {
		return nil, err
	}
	limiter, err := newLimiter(options.RateLimit)
	if err != nil {
		return nil, err
	}
	s := &Server{
		options: options, clock: options.Clock, logger: options.Logger, limiter: limiter,
		traffic: newTraffic(), journal: ledger.NewJournal(), mailer: newMailer(), closing: make(chan struct{}), store: newStore(options.Seed),
	}
	s.faults, err = fault.NewBook(options.Seed, append(faultRoutes(s.routes()), webhookRoutes()...), options.Faults)
	if err != nil {
		return nil, err
	}
	s.handler = s.root()
	if err := s.SetWebhooks(options.Webhooks); err != nil {
		return nil, err
	}
	return s, nil
}

// Close ends the calls that a fault delays or leaves unanswered, current and later ones, so that an http.Server can shut down, and
// stops webhooks. It is not needed otherwise.
func (s *Server) Close() { s.close.Do(func() { close(s.closing) }) }

func withDefaults(o Options) Options {
	setDefault(&o.APIKey, DefaultAPIKey)
	setDefault(&o.APISecret, DefaultAPISecret)
	setDefault(&o.KYCSecret, DefaultKYCSecret)
	if o.Clock == nil {
		o.Clock = NewClock(time.Now(), 1)
	}
	if o.Logger == nil {
		o.Logger = zap.NewNop()
	}
	if o.Middleware == nil {
		o.Middleware = func(next http.Handler) http.Handler { return next }
	}
	return o
}

func setDefault[T comparable](value *T, fallback T) {
	var none T
	if *value == none {
		*value = fallback
	}
}

// ServeHTTP answers a request. The Date header carries the sandbox's clock.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Date", s.clock.Now().Format(http.TimeFormat))
	s.handler.ServeHTTP(w, r)
}

// root routes to the control plane, which the middleware does not wrap, and to the provider.
func (s *Server) root() http.Handler {
	provider := http.NewServeMux()
	for _, r := range s.routes() {
		provider.Handle(r.pattern, s.counted(r.pattern, s.limited(r.pattern, s.withFaults(r, s.serve(r)))))
	}
	provider.Handle("/", s.counted(unknownPathCalls, s.limited(unknownPathCalls, http.HandlerFunc(s.unknownPath))))
	mux := http.NewServeMux()
	mux.Handle("/", s.options.Middleware(provider))
	mux.Handle("/sandbox/", s.control())
	return mux
}

// call is one request at one moment of the sandbox's clock.
type call struct {
	request *http.Request
	body    []byte
	now     time.Time
	user    *user // nil where the API key is enough
}

// read reads the JSON body strictly; see object.
func (c *call) read(read func(*object)) error {
	if !c.hasMediaType("application/json") {
		return errors.New("Content-Type must be application/json")
	}
	return readObject(c.body, read)
}

func (c *call) hasMediaType(want string) bool {
	got, _, err := mime.ParseMediaType(c.request.Header.Get("Content-Type"))
	return err == nil && got == want
}

// serve returns the handler of a route. It reads the body before it locks the store, so that a slow client does not block others.
func (s *Server) serve(r route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, req.Body, maxBody))
		if err != nil {
			s.write(w, r, nil, r.malformed("the body could not be read"))
			return
		}
		data, err := s.respond(r, &call{request: req, body: body})
		s.write(w, r, data, err)
	})
}

func (s *Server) respond(r route, c *call) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.now = s.clock.Now()
	data, err := s.authorizeAndHandle(r, c)
	err = asRefusal(r, err)
	s.store.count(r.pattern, err)
	return data, err
}

func (s *Server) authorizeAndHandle(r route, c *call) (any, error) {
	if err := s.authorize(r.access, c); err != nil {
		return nil, err
	}
	return r.handle(c)
}

// asRefusal turns the error of a malformed request into the route's refusal.
func asRefusal(r route, err error) error {
	var refused *refusal
	if err == nil || errors.As(err, &refused) {
		return err
	}
	return r.malformed(err.Error())
}

func (s *Server) write(w http.ResponseWriter, r route, data any, err error) {
	status := http.StatusOK
	var refused *refusal
	if errors.As(err, &refused) {
		status, data = refused.status, refused.body
		w.Header().Set(ReasonHeader, refused.why)
		s.logger.Info("refused", zap.String("call", r.pattern), zap.Int("status", status), zap.String("reason", refused.why))
	} else {
		s.logger.Debug("answered", zap.String("call", r.pattern))
	}
	writeJSON(w, status, data)
}

// unknownPath answers as the provider's gateway does, not in JSON (provider 1.5).
func (s *Server) unknownPath(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.store.count(unknownPathCalls, nil)
	s.mu.Unlock()
	s.logger.Info("unknown path", zap.String("method", r.Method))
	http.NotFound(w, r)
}

func writeJSON(w http.ResponseWriter, status int, data any) {
	var body bytes.Buffer
	if err := json.NewEncoder(&body).Encode(data); err != nil {
		http.Error(w, fmt.Sprintf("encode the answer: %v", err), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	// The client may have disconnected.
	_, _ = body.WriteTo(w)
}
