// Package server is the codec server: it decrypts payloads for people who look at orders in the Temporal Web UI or with
// the Temporal CLI, and encrypts what they send where that is allowed.
//
// It speaks the protocol of Temporal's remote codecs: POST …/decode and …/encode with {"payloads": […]} in Temporal's
// JSON, the namespace in the header X-Namespace, under any path. What the SDK's own handler leaves to its surroundings
// is decided here: who asks, from which page, for which namespace, and what is written down about it.
package server

import (
	"errors"
	"fmt"
	"net/http"
	"path"

	"github.com/rs/cors"
	"go.uber.org/zap"

	"rampart/codec"
)

// The headers beside Authorization that say what a request is about.
const (
	// NamespaceHeader names the namespace of the payloads. Web UI and CLI set it.
	NamespaceHeader = "X-Namespace"
	// WorkflowHeader names the workflow that encoded payloads are for. The CLI sets it with
	// --codec-header X-Workflow-Id=onramp/inv-42; the Web UI cannot.
	WorkflowHeader = "X-Workflow-Id"
)

// DefaultMaxBody is the largest request body in bytes unless told otherwise: a page of history with its largest
// payloads, in base64.
const DefaultMaxBody = 8 << 20

// preflightSeconds is how long a browser may remember what it was allowed.
const preflightSeconds = 600

// Options are what a codec server needs.
type Options struct {
	// Keyring decrypts and encrypts.
	Keyring *codec.Keyring
	// Origins are the exact origins of the pages that may ask, such as https://temporal.example.test: see CheckOrigin.
	// Requests without an origin, which no browser sends, need none.
	Origins []string
	// Tokens verifies who asks. Without it everybody on this machine may ask, and nobody else.
	Tokens *Tokens
	// Encode allows encoding too.
	Encode bool
	// MaxBody is the largest request body in bytes; zero is DefaultMaxBody.
	MaxBody int64
	// Audit takes one line for each request to decode or encode: who, which workflows, how many payloads; never what.
	Audit *zap.Logger
}

type server struct {
	keyring *codec.Keyring
	origins map[string]struct{}
	cors    *cors.Cors
	tokens  *Tokens
	encode  bool
	maxBody int64
	audit   *zap.Logger
}

// New returns the codec server's handler. Its error names every origin that is none.
func New(o Options) (http.Handler, error) {
	s := &server{
		keyring: o.Keyring,
		origins: make(map[string]struct{}),
		tokens:  o.Tokens,
		encode:  o.Encode,
		maxBody: o.MaxBody,
		audit:   o.Audit,
	}
	if s.maxBody == 0 {
		s.maxBody = DefaultMaxBody
	}
	var problems []error
	for _, origin := range o.Origins {
		problems = append(problems, CheckOrigin(origin))
		s.origins[origin] = struct{}{}
	}
	s.cors = cors.New(cors.Options{
		AllowOriginFunc: s.allowed,
		AllowedMethods:  []string{http.MethodPost},
		AllowedHeaders:  s.headers(),
		// The Web UI's "include cross-origin credentials" needs it; cookies say nothing here.
		AllowCredentials: true,
		// A Web UI on the internet may ask the codec server on its user's own machine.
		AllowPrivateNetwork: true,
		MaxAge:              preflightSeconds,
	})
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	return s, nil
}

// headers are those that the Web UI sends. With "pass access token" it sends the identity token too, in
// Authorization-Extras; a browser would send nothing if that one were not allowed.
func (s *server) headers() []string {
	headers := []string{"Authorization", "Authorization-Extras", "Content-Type", NamespaceHeader}
	if s.encode {
		headers = append(headers, WorkflowHeader)
	}
	return headers
}

// ServeHTTP implements http.Handler.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	protect(w.Header())
	if r.URL.Path == "/healthz" {
		healthy(w, r)
		return
	}
	asked := action(path.Base(r.URL.Path))
	if asked != decode && asked != encode {
		http.NotFound(w, r)
		return
	}
	entry := newEntry(asked, r)
	if err := s.admit(r); err != nil {
		s.refuse(w, entry, err)
		return
	}
	s.cors.HandlerFunc(w, r)
	if preflight(r) {
		return
	}
	answer, err := s.work(w, r, entry)
	if err != nil {
		s.refuse(w, entry, err)
		return
	}
	entry.write(s.audit, http.StatusOK, "")
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(answer) // #nosec G705 -- JSON that nothing may take for a page; a client that left needs none
}

// protect keeps answers out of caches and from being taken for anything but data.
func protect(headers http.Header) {
	headers.Set("Cache-Control", "no-store")
	headers.Set("X-Content-Type-Options", "nosniff")
	headers.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
}

func healthy(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "only GET is answered here", http.StatusMethodNotAllowed)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = fmt.Fprintln(w, "ok")
}

func preflight(r *http.Request) bool {
	return r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != ""
}

// work decides on a request and does it: the body of the answer, or why there is none.
func (s *server) work(w http.ResponseWriter, r *http.Request, entry *entry) ([]byte, error) {
	if r.Method != http.MethodPost {
		return nil, &refusal{status: http.StatusMethodNotAllowed, reason: "only POST is answered here"}
	}
	who, err := s.identify(r)
	if err != nil {
		return nil, err
	}
	entry.subject = who.subject
	payloads, err := s.read(w, r)
	if err != nil {
		return nil, err
	}
	if entry.action == encode && allEncrypted(payloads) {
		// The Temporal CLI has even a query's missing argument encoded, which takes no right.
		return respond(nil, payloads, entry)
	}
	if entry.action == encode && !s.encode {
		return nil, &refusal{status: http.StatusForbidden, reason: "this codec server only decodes (RAMP_CODEC_ENCODE is not true)"}
	}
	if _, err := one(r, NamespaceHeader); err != nil {
		return nil, err
	}
	if err := s.authorize(who, entry); err != nil {
		return nil, err
	}
	target, err := s.target(r, entry)
	if err != nil {
		return nil, err
	}
	if err := bounded(payloads); err != nil {
		return nil, err
	}
	return respond(target, payloads, entry)
}

func (s *server) identify(r *http.Request) (caller, error) {
	if s.tokens == nil {
		return caller{}, nil
	}
	return s.tokens.identify(r)
}

func (s *server) authorize(who caller, entry *entry) error {
	if s.tokens == nil || who.may(entry.action, entry.namespace) {
		return nil
	}
	return &refusal{
		status:    http.StatusForbidden,
		reason:    s.tokens.lacking(entry.action),
		challenge: `Bearer error="insufficient_scope"`,
	}
}

// one is a header that a request must have exactly once: two values could be read differently on the way.
func one(r *http.Request, header string) (string, error) {
	values := r.Header.Values(header)
	if len(values) != 1 || values[0] == "" {
		return "", &refusal{status: http.StatusBadRequest, reason: "the request needs one header " + header +
			"; the Temporal CLI sends it once the namespace is named, with --namespace or TEMPORAL_NAMESPACE"}
	}
	return values[0], nil
}

// refusal is why a request is not answered. The reason is for the person who asked, and for the audit.
type refusal struct {
	status int
	reason string
	// challenge is the WWW-Authenticate of a request that lacks a permission.
	challenge string
}

// Error implements error.
func (r *refusal) Error() string { return r.reason }

func (s *server) refuse(w http.ResponseWriter, entry *entry, err error) {
	var why *refusal
	if !errors.As(err, &why) {
		why = &refusal{status: http.StatusInternalServerError, reason: "the payloads could not be processed"}
	}
	entry.write(s.audit, why.status, why.reason)
	if why.challenge != "" {
		w.Header().Set("WWW-Authenticate", why.challenge)
	}
	switch why.status {
	case http.StatusMethodNotAllowed:
		w.Header().Set("Allow", http.MethodPost)
	case http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", "5")
	}
	http.Error(w, why.reason, why.status)
}
