package sandbox

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"

	"rampart/sandbox/ledger"

	"github.com/golang-jwt/jwt/v5"
	"go.uber.org/zap"
)

// subject is whom and what a call is about, as far as it says so.
type subject struct {
	order     string
	reference string
	email     string
}

// strike is one fault befalling one call.
type strike struct {
	server  *Server
	fault   Fault
	subject subject
	writer  http.ResponseWriter
	request *http.Request
	next    http.Handler // the provider
}

// faulty lets the faults of the rules befall the calls of a route. Nothing is read or kept while there are none.
func (s *Server) faulty(r route, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if s.rules.empty() {
			next.ServeHTTP(w, req)
			return
		}
		x := &strike{server: s, writer: w, request: req, next: next}
		if !x.readSubject() {
			next.ServeHTTP(w, x.request)
			return
		}
		rule, fault := s.rules.choose(r, x.subject)
		if rule == nil {
			next.ServeHTTP(w, x.request)
			return
		}
		x.fault = fault
		x.befall(r, rule)
	})
}

func (x *strike) befall(r route, because *rule) {
	kind := x.server.rules.kinds[x.fault.Kind]
	if kind.strikes != nil && !kind.strikes(x) {
		x.server.rules.takeBack(because)
		x.next.ServeHTTP(x.writer, x.request)
		return
	}
	if kind.change != nil {
		if kind.change(x) {
			x.note(r)
		} else {
			x.server.rules.takeBack(because)
		}
		x.next.ServeHTTP(x.writer, x.request)
		return
	}
	x.note(r)
	if x.fault.After {
		x.letDo()
	}
	kind.replace(x)
}

// note counts the fault and enters it in the ledger.
func (x *strike) note(r route) {
	x.server.traffic.befallen(r.pattern, x.fault)
	x.server.journal.Add(ledger.Event{At: x.server.clock.Now(), Kind: ledger.EventFault, Order: x.subject.order,
		Reference: x.subject.reference, Email: x.subject.email, Detail: x.fault.String() + ": " + r.pattern})
	x.server.logger.Info("fault", zap.String("call", r.pattern), zap.Stringer("fault", x.fault))
}

// letDo lets the provider do what it was asked, and keeps its answer from the client.
func (x *strike) letDo() *recording {
	answer := &recording{header: x.writer.Header().Clone()}
	x.next.ServeHTTP(answer, x.request)
	return answer
}

// readSubject finds out what a call is about. It leaves the body whole for the provider, but for one that could not be
// read; then it is false.
func (x *strike) readSubject() bool {
	var named struct {
		Order    string            `json:"orderId"`
		Email    string            `json:"email"`
		MetaData map[string]string `json:"metaData"`
	}
	if strings.HasPrefix(x.request.Header.Get("Content-Type"), "application/json") {
		body, err := io.ReadAll(http.MaxBytesReader(x.writer, x.request.Body, maxBody))
		x.request = x.request.Clone(x.request.Context())
		x.request.Body = io.NopCloser(bytes.NewReader(body))
		if err != nil {
			return false
		}
		// What is no JSON is about nobody; the provider refuses it.
		_ = json.Unmarshal(body, &named)
	}
	x.subject = subject{order: named.Order, reference: named.MetaData[referenceKey], email: named.Email}
	x.completeSubject()
	return true
}

// completeSubject adds what the provider knows of the order and of the token's user.
func (x *strike) completeSubject() {
	s := x.server
	s.mu.Lock()
	defer s.mu.Unlock()
	if o, ok := s.store.ordersByID[x.subject.order]; ok {
		x.subject.reference, x.subject.email = o.metaData[referenceKey], o.owner.email
	}
	if u := s.userOfToken(x.request); u != nil && x.subject.email == "" {
		x.subject.email = u.email
	}
}

// userOfToken is whom a token says that it belongs to, unverified, or nil.
func (s *Server) userOfToken(r *http.Request) *user {
	_, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	var read claims
	if token == "" {
		return nil
	}
	if _, _, err := jwt.NewParser().ParseUnverified(token, &read); err != nil {
		return nil
	}
	return s.store.usersByID[read.UserID]
}

// recording is an answer that is not sent, or not as it is.
type recording struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recording) Header() http.Header { return r.header }

func (r *recording) WriteHeader(status int) { setDefault(&r.status, status) }

func (r *recording) Write(p []byte) (int, error) {
	setDefault(&r.status, http.StatusOK)
	return r.body.Write(p)
}
