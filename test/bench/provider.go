package bench

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"

	"rampart/sandbox"
	"rampart/test/testbed"
)

// Routes of the provider that are looked at.
const (
	proofRoute  = "/v1/orders/utr"
	statusRoute = "/v1/orders/status"
)

// course says after how many polls of an order, counted from its proof, the provider takes a status. An order without one stays
// as it is.
type course map[int]string

// settleAfter is a course that ends with the poll of that number, with three changes of status if there are polls enough.
func settleAfter(polls int) course {
	c := course{polls: "completed"}
	switch {
	case polls >= 3:
		c[polls/3], c[2*polls/3] = "fiatReceived", "transferred"
	case polls == 2:
		c[1] = "fiatReceived"
	}
	return c
}

// provider is the sandbox, in this process and over HTTP. An order moves when it is polled, so that every run makes the same
// number of polls, and the time of each call is known.
type provider struct {
	server  *sandbox.Server
	http    *http.Server
	address string

	mu sync.Mutex
	// next is the course of orders whose proof comes from now on.
	next   course
	orders map[string]*seen
	// proofs are when each UTR arrived.
	proofs map[string]time.Time
	calls  int
	polls  int
	// recording is set while the times of polls are kept.
	recording bool
}

// seen is what the provider has seen of an order.
type seen struct {
	course course
	polls  int
	// lastPoll is when it was polled last, and gaps are the times between two polls, while they are recorded.
	lastPoll time.Time
	gaps     []time.Duration
	// completed is when the provider said so first.
	completed time.Time
}

// startProvider serves a sandbox that answers so many requests a second; zero is any number.
func startProvider(seed int64, rateLimit float64) (*provider, error) {
	p := &provider{orders: map[string]*seen{}, proofs: map[string]time.Time{}}
	var err error
	p.server, err = sandbox.New(sandbox.Options{
		APIKey: testbed.APIKey, APISecret: testbed.APISecret, KYCSecret: testbed.KYCSecret, Seed: seed, RateLimit: rateLimit, Middleware: p.watch,
	})
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p.address = "http://" + listener.Addr().String()
	p.http = &http.Server{Handler: p.server, ReadHeaderTimeout: time.Minute}
	go func() { _ = p.http.Serve(listener) }() // it ends with close
	return p, nil
}

func (p *provider) close() {
	p.server.Close()
	_ = p.http.Close() // nobody calls any more
}

// watch takes note of every call before the sandbox answers it.
func (p *provider) watch(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		arrived := time.Now()
		var body []byte
		if r.URL.Path == proofRoute || r.URL.Path == statusRoute {
			var err error
			if body, err = io.ReadAll(r.Body); err != nil {
				http.Error(w, "the body could not be read", http.StatusBadRequest)
				return
			}
			r.Body = io.NopCloser(bytes.NewReader(body))
		}
		if id, status := p.note(r.URL.Path, body, arrived); status != "" {
			p.force(id, status)
		}
		next.ServeHTTP(w, r)
	})
}

// note counts a call, and says which status an order takes with it, if any.
func (p *provider) note(path string, body []byte, at time.Time) (id, status string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls++
	if body == nil {
		return "", ""
	}
	var about struct {
		OrderID string `json:"orderId"`
		UTR     string `json:"utr"`
	}
	_ = json.Unmarshal(body, &about) // the sandbox refuses what is not as it must be
	order := p.orders[about.OrderID]
	if path == proofRoute {
		if order == nil {
			p.orders[about.OrderID] = &seen{course: p.next}
			p.proofs[about.UTR] = at
		}
		return "", ""
	}
	p.polls++
	if order == nil {
		return "", ""
	}
	return about.OrderID, order.poll(at, p.recording)
}

func (s *seen) poll(at time.Time, recording bool) (status string) {
	s.polls++
	if recording && !s.lastPoll.IsZero() {
		s.gaps = append(s.gaps, at.Sub(s.lastPoll))
	}
	s.lastPoll = at
	status = s.course[s.polls]
	if status == "completed" {
		s.completed = at
	}
	return status
}

// force gives an order a status, over the sandbox's control plane.
func (p *provider) force(id, status string) {
	request := httptest.NewRequest(http.MethodPost, "/sandbox/orders/"+id, strings.NewReader(fmt.Sprintf(`{"status":%q}`, status)))
	p.server.ServeHTTP(httptest.NewRecorder(), request)
}

// settle gives the orders whose proof comes from now on a course.
func (p *provider) settle(next course) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.next = next
}

// record begins or ends the recording of the times between polls, and forgets what was recorded.
func (p *provider) record(on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.recording = on
	for _, order := range p.orders {
		order.gaps, order.lastPoll = nil, time.Time{}
	}
}

// counted are the calls so far, and those of them that are polls.
func (p *provider) counted() (calls, polls int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.calls, p.polls
}

// proofArrived is when a UTR came, or zero.
func (p *provider) proofArrived(utr string) time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.proofs[utr]
}

// completedAt is when the provider first said that an order is completed, or zero.
func (p *provider) completedAt(orderID string) time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	if order := p.orders[orderID]; order != nil {
		return order.completed
	}
	return time.Time{}
}

// gaps are the recorded times between two polls of one order, of all orders.
func (p *provider) gaps() []time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []time.Duration
	for _, order := range p.orders {
		all = append(all, order.gaps...)
	}
	return all
}

// polledSince counts the orders under way that were polled after a moment.
func (p *provider) polledSince(moment time.Time) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for _, order := range p.orders {
		if order.lastPoll.After(moment) {
			n++
		}
	}
	return n
}

// refusedForRate is how many requests got a 429.
func (p *provider) refusedForRate() int { return p.server.Ledger().Totals.Answered429 }
