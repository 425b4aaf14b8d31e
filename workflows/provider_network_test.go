package workflows_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"sync"
	"syscall"
	"time"

	"rampart/onmeta"
)

// trouble is what happens to a request in place of its plain way to the provider and back.
type trouble func(request *http.Request, next send) (*http.Response, error)

// send passes a request on.
type send func(*http.Request) (*http.Response, error)

// providerNetwork stands between the activities and the sandbox, without sockets, so that it works under controlled
// time. It loses what it is told to lose, and remembers what passed.
type providerNetwork struct {
	provider http.Handler
	routes   *http.ServeMux
	byPath   map[string]onmeta.Route

	mu     sync.Mutex
	queued map[onmeta.Route][]trouble
	always map[onmeta.Route]trouble
	every  trouble
	passed map[onmeta.Route][]time.Time
}

func newProviderNetwork(provider http.Handler) *providerNetwork {
	n := &providerNetwork{
		provider: provider, routes: http.NewServeMux(), byPath: map[string]onmeta.Route{},
		queued: map[onmeta.Route][]trouble{}, always: map[onmeta.Route]trouble{}, passed: map[onmeta.Route][]time.Time{},
	}
	for _, route := range onmeta.Routes() {
		pattern := route.Method() + " " + route.Path()
		n.routes.Handle(pattern, http.NotFoundHandler())
		n.byPath[pattern] = route
	}
	return n
}

// once makes each trouble hit one request to the route, in their order, before whatever always does.
func (n *providerNetwork) once(route onmeta.Route, troubles ...trouble) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.queued[route] = append(n.queued[route], troubles...)
}

// on makes the trouble hit every request to the route.
func (n *providerNetwork) on(route onmeta.Route, t trouble) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.always[route] = t
}

// everywhere makes the trouble hit every request.
func (n *providerNetwork) everywhere(t trouble) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.every = t
}

// sent tells when requests went to the route.
func (n *providerNetwork) sent(route onmeta.Route) []time.Time {
	n.mu.Lock()
	defer n.mu.Unlock()
	return append([]time.Time(nil), n.passed[route]...)
}

func (n *providerNetwork) RoundTrip(request *http.Request) (*http.Response, error) {
	if trace := httptrace.ContextClientTrace(request.Context()); trace != nil && trace.GotConn != nil {
		trace.GotConn(httptrace.GotConnInfo{})
	}
	return n.take(request)(request, n.deliver)
}

func (n *providerNetwork) take(request *http.Request) trouble {
	_, pattern := n.routes.Handler(request)
	route := n.byPath[pattern]
	n.mu.Lock()
	defer n.mu.Unlock()
	n.passed[route] = append(n.passed[route], time.Now())
	if queued := n.queued[route]; len(queued) > 0 {
		n.queued[route] = queued[1:]
		return queued[0]
	}
	if t := n.always[route]; t != nil {
		return t
	}
	if n.every != nil {
		return n.every
	}
	return unharmed
}

func (n *providerNetwork) deliver(request *http.Request) (*http.Response, error) {
	served := request.Clone(request.Context())
	if served.Body == nil {
		served.Body = http.NoBody
	}
	answer := httptest.NewRecorder()
	n.provider.ServeHTTP(answer, served)
	return answer.Result(), errors.Join(served.Body.Close(), request.Context().Err())
}

func unharmed(request *http.Request, next send) (*http.Response, error) { return next(request) }

// answerLost: the provider did it, and its answer was lost.
func answerLost(request *http.Request, next send) (*http.Response, error) {
	answer, err := next(request)
	if err == nil {
		_ = answer.Body.Close()
		err = io.EOF
	}
	return nil, err
}

// resetAfterWrite: the provider did it, and the connection broke.
func resetAfterWrite(request *http.Request, next send) (*http.Response, error) {
	answer, err := next(request)
	if err == nil {
		_ = answer.Body.Close()
		err = syscall.ECONNRESET
	}
	return nil, err
}

// truncated: the provider did it, and its answer broke off.
func truncated(request *http.Request, next send) (*http.Response, error) {
	answer, err := next(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	whole, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, err
	}
	return httpAnswer(request, answer.StatusCode, string(whole[:len(whole)/2])), nil
}

// gatewayGivesUp: the provider did it, and a gateway says otherwise.
func gatewayGivesUp(request *http.Request, next send) (*http.Response, error) {
	answer, err := next(request)
	if err != nil {
		return nil, err
	}
	return httpAnswer(request, http.StatusGatewayTimeout, "<html>504 Gateway Time-out</html>"), answer.Body.Close()
}

// silent: no answer until the client gives up.
func silent(request *http.Request, _ send) (*http.Response, error) {
	dropBody(request)
	<-request.Context().Done()
	return nil, request.Context().Err()
}

// answersWith answers in the provider's failure envelope, the request unseen by the provider. Headers come in pairs.
func answersWith(status int, message string, headers ...string) trouble {
	return func(request *http.Request, _ send) (*http.Response, error) {
		dropBody(request)
		body := fmt.Sprintf(`{"success":false,"error":{"code":%d,"message":%q}}`, status, message)
		return httpAnswer(request, status, body, headers...), nil
	}
}

func httpAnswer(request *http.Request, status int, body string, headers ...string) *http.Response {
	r := &http.Response{
		StatusCode: status, ProtoMajor: 1, ProtoMinor: 1, Request: request, Header: http.Header{},
		Body: io.NopCloser(bytes.NewReader([]byte(body))), ContentLength: int64(len(body)),
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return r
}

func dropBody(request *http.Request) {
	if request.Body != nil {
		_ = request.Body.Close()
	}
}
