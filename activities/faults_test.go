package activities_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"rampart/onmeta"
)

// send passes a request on.
type send func(*http.Request) (*http.Response, error)

// fault is what happens to a request in place of its plain way to the provider and back.
type fault func(request *http.Request, next send) (*http.Response, error)

// network stands between the client and the sandbox, loses what it is told to lose, and remembers what passed.
type network struct {
	next   http.RoundTripper
	routes *http.ServeMux

	mu     sync.Mutex
	queued map[onmeta.Route][]fault
	always map[onmeta.Route]fault
	passed map[onmeta.Route][]passage
	// spoiler is nil as a rule.
	spoiler *spoiler
}

// passage is one request that was sent.
type passage struct {
	at   time.Time
	body string
}

func newNetwork(next http.RoundTripper) *network {
	n := &network{
		next: next, routes: http.NewServeMux(),
		queued: map[onmeta.Route][]fault{}, always: map[onmeta.Route]fault{}, passed: map[onmeta.Route][]passage{},
	}
	for _, route := range onmeta.Routes() {
		n.routes.HandleFunc(route.Method()+" "+route.Path(), func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Route", string(route))
		})
	}
	return n
}

// once makes each fault hit one request to the route, in their order, before whatever always does.
func (n *network) once(route onmeta.Route, faults ...fault) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.queued[route] = append(n.queued[route], faults...)
}

// on makes the fault hit every request to the route.
func (n *network) on(route onmeta.Route, f fault) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.always[route] = f
}

// sent lists the requests to the route so far.
func (n *network) sent(route onmeta.Route) []passage {
	n.mu.Lock()
	defer n.mu.Unlock()
	return append([]passage(nil), n.passed[route]...)
}

func (n *network) RoundTrip(request *http.Request) (*http.Response, error) {
	if trace := httptrace.ContextClientTrace(request.Context()); trace != nil && trace.GotConn != nil {
		trace.GotConn(httptrace.GotConnInfo{})
	}
	f := n.take(request)
	if s := n.spoils(request); s != nil {
		return s.after(f)(request, n.next.RoundTrip)
	}
	return f(request, n.next.RoundTrip)
}

func (n *network) take(request *http.Request) fault {
	route := n.routeOf(request)
	n.mu.Lock()
	defer n.mu.Unlock()
	n.passed[route] = append(n.passed[route], passage{at: time.Now(), body: bodyOf(request)})
	if queued := n.queued[route]; len(queued) > 0 {
		n.queued[route] = queued[1:]
		return queued[0]
	}
	if f := n.always[route]; f != nil {
		return f
	}
	return unharmed
}

func (n *network) routeOf(request *http.Request) onmeta.Route {
	handler, _ := n.routes.Handler(request)
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, request)
	return onmeta.Route(answer.Header().Get("Route"))
}

// bodyOf copies a JSON body. A streamed form can be read only by whom it is sent to.
func bodyOf(request *http.Request) string {
	if request.ContentLength <= 0 || request.GetBody == nil {
		return ""
	}
	body, err := request.GetBody()
	if err != nil {
		return ""
	}
	defer body.Close()
	contents, _ := io.ReadAll(body)
	return string(contents)
}

func unharmed(request *http.Request, next send) (*http.Response, error) { return next(request) }

// lost: the provider did it, and its answer was lost.
func lost(request *http.Request, next send) (*http.Response, error) {
	response, err := next(request)
	if err == nil {
		_ = response.Body.Close()
		err = syscall.ECONNRESET
	}
	return nil, err
}

// reset: the connection broke before the provider had the request.
func reset(request *http.Request, _ send) (*http.Response, error) {
	discard(request)
	return nil, syscall.ECONNRESET
}

// truncated: the provider did it, and its answer broke off.
func truncated(request *http.Request, next send) (*http.Response, error) {
	response, err := next(request)
	if err != nil {
		return nil, err
	}
	whole, err := io.ReadAll(response.Body)
	_ = response.Body.Close()
	response.Body = io.NopCloser(io.MultiReader(bytes.NewReader(whole[:len(whole)/2]), broken{io.ErrUnexpectedEOF}))
	return response, err
}

type broken struct{ err error }

func (b broken) Read([]byte) (int, error) { return 0, b.err }

// silent: no answer until the client gives up.
func silent(request *http.Request, _ send) (*http.Response, error) {
	discard(request)
	<-request.Context().Done()
	return nil, request.Context().Err()
}

// slow delays a request. It is for controlled time.
func slow(by time.Duration, then fault) fault {
	return func(request *http.Request, next send) (*http.Response, error) {
		timer := time.NewTimer(by)
		defer timer.Stop()
		select {
		case <-timer.C:
			return then(request, next)
		case <-request.Context().Done():
			return nil, request.Context().Err()
		}
	}
}

// first does something before the request is passed on.
func first(do func()) fault {
	return func(request *http.Request, next send) (*http.Response, error) {
		do()
		return next(request)
	}
}

// refuses answers in the provider's failure envelope, the request unseen by the sandbox.
func refuses(status int, message string) fault {
	return answers(status, fmt.Sprintf(`{"success":false,"error":{"code":%d,"message":%q}}`, status, message))
}

// answers with a body of its own. Headers come in pairs.
func answers(status int, body string, headers ...string) fault {
	return func(request *http.Request, _ send) (*http.Response, error) {
		discard(request)
		return response(request, status, body, headers...), nil
	}
}

// echoes refuses with everything that it was sent.
func echoes(request *http.Request, _ send) (*http.Response, error) {
	var all strings.Builder
	all.WriteString(bodyOf(request))
	for _, header := range []string{"X-Api-Key", "Authorization"} {
		all.WriteString(" " + request.Header.Get(header))
	}
	discard(request)
	return refuses(http.StatusBadRequest, all.String())(request, nil)
}

// rewritten changes the text of the provider's answer.
func rewritten(pairs ...string) fault { return edited(strings.NewReplacer(pairs...).Replace) }

// replaced changes what matches in the provider's answer.
func replaced(what *regexp.Regexp, with string) fault {
	return edited(func(answer string) string { return what.ReplaceAllString(answer, with) })
}

func edited(edit func(string) string) fault {
	return func(request *http.Request, next send) (*http.Response, error) {
		answer, err := next(request)
		if err != nil {
			return nil, err
		}
		defer answer.Body.Close()
		whole, err := io.ReadAll(answer.Body)
		if err != nil {
			return nil, err
		}
		return response(request, answer.StatusCode, edit(string(whole))), nil
	}
}

func response(request *http.Request, status int, body string, headers ...string) *http.Response {
	r := &http.Response{
		StatusCode: status, ProtoMajor: 1, ProtoMinor: 1, Request: request, Header: http.Header{},
		Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return r
}

func discard(request *http.Request) {
	if request.Body != nil {
		_ = request.Body.Close()
	}
}

// inProcess hands requests to a handler without a network, so that it can be used under controlled time.
type inProcess struct{ http.Handler }

func (p inProcess) RoundTrip(request *http.Request) (*http.Response, error) {
	served := request.Clone(request.Context())
	if served.Body == nil {
		served.Body = http.NoBody
	}
	answer := httptest.NewRecorder()
	p.ServeHTTP(answer, served)
	return answer.Result(), errors.Join(served.Body.Close(), request.Context().Err())
}

// spoiler puts a text in place of one of the provider's own, in every answer that comes once it is on.
type spoiler struct {
	field int
	text  string

	mu   sync.Mutex
	on   bool
	most int
}

// spoilField prepares to spoil the field of this number; fields are numbered in the order of an answer.
func (n *network) spoilField(field int, text string) *spoiler {
	s := &spoiler{field: field, text: text}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.spoiler = s
	return s
}

// spoils is the spoiler of an answer; nil for one that is left alone, as that to a login is.
func (n *network) spoils(request *http.Request) *spoiler {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.spoiler.active() || n.routeOf(request) == onmeta.RouteLogin {
		return nil
	}
	return n.spoiler
}

// after spoils what another fault has made of the answer.
func (s *spoiler) after(f fault) fault {
	return func(request *http.Request, next send) (*http.Response, error) {
		answer, err := f(request, next)
		if err != nil {
			return nil, err
		}
		defer answer.Body.Close()
		whole, err := io.ReadAll(answer.Body)
		if err != nil {
			return nil, err
		}
		return response(request, answer.StatusCode, s.answer(string(whole))), nil
	}
}

// spoil begins to.
func (n *network) spoil() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.spoiler.mu.Lock()
	defer n.spoiler.mu.Unlock()
	n.spoiler.on = true
}

// seen is how many fields the longest answer had.
func (s *spoiler) seen() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.most
}

func (s *spoiler) active() bool {
	if s == nil {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.on
}

// answer spoils the field in an answer. What is no JSON stays as it is.
func (s *spoiler) answer(whole string) string {
	var body any
	if json.Unmarshal([]byte(whole), &body) != nil {
		return whole
	}
	count := 0
	body = s.walk(body, &count)
	s.mu.Lock()
	s.most = max(s.most, count)
	s.mu.Unlock()
	encoded, err := json.Marshal(body)
	if err != nil {
		return whole
	}
	return string(encoded)
}

func (s *spoiler) walk(v any, count *int) any {
	switch v := v.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			v[name] = s.walk(v[name], count)
		}
		return v
	case []any:
		for i := range v {
			v[i] = s.walk(v[i], count)
		}
		return v
	case string, float64:
		*count++
		if *count-1 == s.field {
			return s.text
		}
	}
	return v
}
