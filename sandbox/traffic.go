package sandbox

import (
	"maps"
	"net/http"
	"strconv"
	"sync"
	"time"

	"rampart/sandbox/fault"
	"rampart/sandbox/ledger"
)

// traffic counts requests. It is safe for concurrent use.
type traffic struct {
	mu     sync.Mutex
	routes map[string]*ledger.RouteTraffic
	// Requests of the current second of real time, and of the busiest one.
	second  int64
	current int
	busiest int
}

func newTraffic() *traffic { return &traffic{routes: map[string]*ledger.RouteTraffic{}} }

// route returns the counters of a route; t.mu must be held.
func (t *traffic) route(pattern string) *ledger.RouteTraffic {
	r, ok := t.routes[pattern]
	if !ok {
		r = &ledger.RouteTraffic{Answers: map[string]int{}, Faults: map[string]int{}}
		t.routes[pattern] = r
	}
	return r
}

func (t *traffic) arrived(pattern string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.route(pattern).Requests++
	if second := time.Now().Unix(); second != t.second {
		t.second, t.current = second, 0
	}
	t.current++
	t.busiest = max(t.busiest, t.current)
}

func (t *traffic) answered(pattern string, status int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	answer := ledger.Unanswered
	if status != 0 {
		answer = strconv.Itoa(status)
	}
	t.route(pattern).Answers[answer]++
}

func (t *traffic) injected(pattern string, f fault.Fault) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.route(pattern).Faults[f.String()]++
}

func (t *traffic) rateLimited(pattern string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.route(pattern).RateLimited++
}

// snapshot returns a copy of the counters and the number of requests in the busiest second.
func (t *traffic) snapshot() (routes map[string]ledger.RouteTraffic, busiest int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	routes = make(map[string]ledger.RouteTraffic, len(t.routes))
	for pattern, r := range t.routes {
		copied := *r
		copied.Answers, copied.Faults = maps.Clone(r.Answers), maps.Clone(r.Faults)
		routes[pattern] = copied
	}
	return routes, t.busiest
}

func (t *traffic) reset() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.routes, t.second, t.current, t.busiest = map[string]*ledger.RouteTraffic{}, 0, 0, 0
}

// counted returns a handler that counts the requests of a route and their answers.
func (s *Server) counted(pattern string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.traffic.arrived(pattern)
		watched := &watchedWriter{ResponseWriter: w}
		defer func() { s.traffic.answered(pattern, watched.status) }()
		next.ServeHTTP(watched, r)
	})
}

// watchedWriter records the status of the answer; 0 while there is none.
type watchedWriter struct {
	http.ResponseWriter
	status int
}

func (w *watchedWriter) WriteHeader(status int) {
	setDefault(&w.status, status)
	w.ResponseWriter.WriteHeader(status)
}

func (w *watchedWriter) Write(p []byte) (int, error) {
	setDefault(&w.status, http.StatusOK)
	return w.ResponseWriter.Write(p)
}

// Unwrap gives http.ResponseController access to the connection.
func (w *watchedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
