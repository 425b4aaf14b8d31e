// Package server is the codec server: it decrypts payloads for users of the Temporal Web UI and the Temporal CLI, and encrypts
// what they send where that is enabled.
//
// It implements Temporal's remote codec protocol: POST …/decode and …/encode with {"payloads": […]} in Temporal's JSON and the
// namespace in the header X-Namespace, under any path. It authenticates users, checks origins and permissions, and writes an
// audit log.
//
// It does not use the SDK's NewPayloadHTTPHandler, which answers every failure with 400 and an error that quotes the body, fails
// a whole page for one payload that does not decrypt, and hides payloads from the checks and the audit log that depend on them.
package server

import (
	"errors"
	"fmt"
	"net/http"
	"path"

	"github.com/rs/cors"
	"go.uber.org/zap"

	"rampart/codec"
	"rampart/internal/bearer"
)

// Request headers.
const (
	// NamespaceHeader names the namespace of the payloads. Web UI and CLI set it.
	NamespaceHeader = "X-Namespace"
	// WorkflowHeader names the workflow that payloads are encoded for. The CLI sets it with
	// --codec-header X-Workflow-Id=onramp/inv-42; the Web UI cannot.
	WorkflowHeader = "X-Workflow-Id"
)

// defaultMaxBody is the default limit of a request body in bytes. It admits a page of history with the largest payloads, in base64.
const defaultMaxBody = 8 << 20

// preflightSeconds is how long a browser may cache the response to a preflight request.
const preflightSeconds = 600

// Options are the settings of a codec server.
type Options struct {
	// Keyring decrypts and encrypts payloads.
	Keyring *codec.Keyring
	// Origins are the exact origins of the pages that may send requests, such as https://temporal.example.test: see CheckOrigin.
	// Requests without an Origin header, which browsers do not send, are not affected.
	Origins []string
	// Tokens authenticates callers. Without it, requests from this machine are served without authentication, and no others.
	Tokens *bearer.OIDC
	// Encode enables encoding.
	Encode bool
	// MaxBody is the limit of a request body in bytes; zero means 8 MiB.
	MaxBody int64
	// Audit receives one line for each request: the caller, the workflows and the number of payloads, and never their content.
	Audit *zap.Logger
}

type server struct {
	keyring *codec.Keyring
	origins map[string]struct{}
	cors    *cors.Cors
	tokens  *bearer.OIDC
	encode  bool
	maxBody int64
	audit   *zap.Logger
}

// New returns the handler of a codec server. Its error names every invalid origin.
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
		s.maxBody = defaultMaxBody
	}
	var problems []error
	for _, origin := range o.Origins {
		problems = append(problems, CheckOrigin(origin))
		s.origins[origin] = struct{}{}
	}
	s.cors = cors.New(cors.Options{
		AllowOriginFunc: s.allowsOrigin,
		AllowedMethods:  []string{http.MethodPost},
		AllowedHeaders:  s.allowedHeaders(),
		// The Web UI's "include cross-origin credentials" requires it. The server ignores cookies.
		AllowCredentials: true,
		// A public Web UI may use a codec server on its user's machine.
		AllowPrivateNetwork: true,
		MaxAge:              preflightSeconds,
	})
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	return s, nil
}

// allowedHeaders returns the headers that the Web UI sends. With "pass access token" it also sends the identity token in
// Authorization-Extras; a browser would block the request if that header were not allowed.
func (s *server) allowedHeaders() []string {
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
	requested := action(path.Base(r.URL.Path))
	if requested != decode && requested != encode {
		http.NotFound(w, r)
		return
	}
	entry := newEntry(requested, r)
	if err := s.admit(r); err != nil {
		s.refuse(w, entry, err)
		return
	}
	s.cors.HandlerFunc(w, r)
	if preflight(r) {
		return
	}
	response, err := s.handle(w, r, entry)
	if err != nil {
		s.refuse(w, entry, err)
		return
	}
	entry.write(s.audit, http.StatusOK, "")
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(response) // #nosec G705 -- JSON with nosniff; the client may be gone
}

// protect sets headers that keep responses out of caches and from being rendered as a page.
func protect(headers http.Header) {
	headers.Set("Cache-Control", "no-store")
	headers.Set("X-Content-Type-Options", "nosniff")
	headers.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
}

func healthy(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "only GET is allowed", http.StatusMethodNotAllowed)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = fmt.Fprintln(w, "ok")
}

func preflight(r *http.Request) bool {
	return r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != ""
}

// handle checks a request and returns the body of the response, or a *refusal.
func (s *server) handle(w http.ResponseWriter, r *http.Request, entry *entry) ([]byte, error) {
	if r.Method != http.MethodPost {
		return nil, &refusal{Status: http.StatusMethodNotAllowed, Reason: "only POST is allowed"}
	}
	caller, err := s.authenticate(r)
	if err != nil {
		return nil, err
	}
	entry.subject = caller.Name
	payloads, err := s.read(w, r)
	if err != nil {
		return nil, err
	}
	if entry.action == encode && allEncrypted(payloads) {
		// There is nothing to encode, as in the Temporal CLI's request for a query without arguments. No permission is required.
		return respond(nil, payloads, entry)
	}
	if entry.action == encode && !s.encode {
		return nil, &refusal{Status: http.StatusForbidden, Reason: "this codec server only decodes (RAMP_CODEC_ENCODE is not true)"}
	}
	if _, err := singleHeader(r, NamespaceHeader); err != nil {
		return nil, err
	}
	if err := s.authorize(caller, entry); err != nil {
		return nil, err
	}
	payloadCodec, err := s.codecFor(r, entry)
	if err != nil {
		return nil, err
	}
	if err := checkSize(payloads); err != nil {
		return nil, err
	}
	return respond(payloadCodec, payloads, entry)
}

// singleHeader returns a header that a request must have exactly once: proxies and servers could choose different values.
func singleHeader(r *http.Request, header string) (string, error) {
	values := r.Header.Values(header)
	if len(values) != 1 || values[0] == "" {
		return "", &refusal{Status: http.StatusBadRequest, Reason: "the request must have exactly one header " + header +
			"; the Temporal CLI sends it with --namespace or TEMPORAL_NAMESPACE"}
	}
	return values[0], nil
}

// refusal is the error of a refused request. The reason goes to the caller and to the audit log.
type refusal = bearer.Refusal

func (s *server) refuse(w http.ResponseWriter, entry *entry, err error) {
	var why *refusal
	if !errors.As(err, &why) {
		why = &refusal{Status: http.StatusInternalServerError, Reason: "the payloads could not be processed"}
	}
	entry.write(s.audit, why.Status, why.Reason)
	if why.Challenge != "" {
		w.Header().Set("WWW-Authenticate", why.Challenge)
	}
	switch why.Status {
	case http.StatusMethodNotAllowed:
		w.Header().Set("Allow", http.MethodPost)
	case http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", "5")
	}
	http.Error(w, why.Reason, why.Status)
}
