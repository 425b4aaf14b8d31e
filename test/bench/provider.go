package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"maps"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"rampart/sandbox"
	"rampart/sandbox/fault"
	"rampart/sandbox/ledger"
	"rampart/test/testbed"
)

// Routes of the provider that are observed.
const (
	proofRoute  = "/v1/orders/utr"
	statusRoute = "/v1/orders/status"
)

// schedule is the statuses of an order by the number of the poll that returns them first, counted from its proof. An order without a
// schedule keeps its status.
type schedule map[int]string

// completeAfter returns a schedule that completes the order with the poll of a number. From three polls it has three changes of status.
func completeAfter(polls int) schedule {
	c := schedule{polls: "completed"}
	switch {
	case polls >= 3:
		c[polls/3], c[2*polls/3] = "fiatReceived", "transferred"
	case polls == 2:
		c[1] = "fiatReceived"
	}
	return c
}

// provider serves the sandbox over HTTP from this process. An order changes its status when it is polled, so that every run makes the
// same number of polls, and the time of each call is known.
type provider struct {
	server *sandbox.Server
	http   *http.Server
	// https is nil, and certificate empty, unless it serves by TLS.
	https       *httptest.Server
	certificate string
	address     string

	mu sync.Mutex
	// next is the schedule of orders whose proof arrives from now on.
	next schedule
	// orders has the orders with a proof, by id.
	orders map[string]*polledOrder
	// proofs is when each UTR arrived, and proven the order that it was for.
	proofs map[string]time.Time
	proven map[string]*polledOrder
	// calls counts all requests, and polls those for the status of an order.
	calls int
	polls int
	// recording is set while the times between polls are recorded.
	recording bool

	stall stall
}

// polledOrder is what the provider records about an order.
type polledOrder struct {
	schedule schedule
	polls    int
	// lastPoll is when it was polled last, and gaps are the recorded times between two polls.
	lastPoll time.Time
	gaps     []time.Duration
	// completed is when the provider first reported it as completed.
	completed time.Time
	// over is set once the provider has reported the last status of its schedule.
	over bool
}

// startProvider serves a sandbox with a limit of requests a second; 0 means no limit.
func startProvider(seed int64, rateLimit float64) (*provider, error) {
	p := &provider{orders: map[string]*polledOrder{}, proofs: map[string]time.Time{}, proven: map[string]*polledOrder{}}
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
	go func() { _ = p.http.Serve(listener) }() // until close
	return p, nil
}

// encrypt serves the sandbox by TLS, too, as the provider is, and leaves its certificate in a directory. The address is that from then on.
func (p *provider) encrypt(dir string) error {
	p.https = httptest.NewUnstartedServer(p.server)
	p.https.Config.ReadHeaderTimeout = time.Minute
	p.https.StartTLS()
	p.address, p.certificate = p.https.URL, filepath.Join(dir, "provider.pem")
	block := pem.Block{Type: "CERTIFICATE", Bytes: p.https.Certificate().Raw}
	return os.WriteFile(p.certificate, pem.EncodeToMemory(&block), 0o600)
}

// environment are the variables of programs that call the provider: they trust its certificate.
func (p *provider) environment() []string {
	if p.certificate == "" {
		return nil
	}
	return []string{"SSL_CERT_FILE=" + p.certificate}
}

func (p *provider) close() {
	if p.https != nil {
		defer p.https.Close()
	}
	p.server.Close()
	_ = p.http.Close() // the workers have stopped
}

// watch records every call before the sandbox answers it.
func (p *provider) watch(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		arrived := time.Now()
		var body []byte
		if r.URL.Path == proofRoute || r.URL.Path == statusRoute {
			var err error
			if body, err = io.ReadAll(r.Body); err != nil {
				http.Error(w, "cannot read the body", http.StatusBadRequest)
				return
			}
			r.Body = io.NopCloser(bytes.NewReader(body))
		}
		if p.stall.takes(r.URL.Path, body, arrived) {
			<-r.Context().Done()
			return
		}
		if id, status := p.record(r.URL.Path, body, arrived); status != "" {
			p.force(id, status)
		}
		next.ServeHTTP(w, r)
	})
}

// record counts a call, and returns the order and the status that it takes with the call; empty if it keeps its status.
func (p *provider) record(path string, body []byte, at time.Time) (id, status string) {
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
	_ = json.Unmarshal(body, &about) // the sandbox refuses a malformed body
	order := p.orders[about.OrderID]
	if path == proofRoute {
		if order == nil {
			p.orders[about.OrderID] = &polledOrder{schedule: p.next}
			p.proofs[about.UTR], p.proven[about.UTR] = at, p.orders[about.OrderID]
		}
		return "", ""
	}
	p.polls++
	if order == nil {
		return "", ""
	}
	return about.OrderID, order.poll(at, p.recording)
}

func (o *polledOrder) poll(at time.Time, recording bool) (status string) {
	o.polls++
	if recording && !o.lastPoll.IsZero() {
		o.gaps = append(o.gaps, at.Sub(o.lastPoll))
	}
	o.lastPoll = at
	status = o.schedule[o.polls]
	if status == "completed" {
		o.completed = at
	}
	o.over = o.over || len(o.schedule) > 0 && o.polls == slices.Max(slices.Collect(maps.Keys(o.schedule)))
	return status
}

// force sets the status of an order by the sandbox's control plane.
func (p *provider) force(id, status string) {
	request := httptest.NewRequest(http.MethodPost, "/sandbox/orders/"+id, strings.NewReader(fmt.Sprintf(`{"status":%q}`, status)))
	p.server.ServeHTTP(httptest.NewRecorder(), request)
}

// setClockSpeed sets the speed of the sandbox's own clock, which is 1 otherwise.
func (p *provider) setClockSpeed(speed float64) error {
	request := httptest.NewRequest(http.MethodPost, "/sandbox/clock", strings.NewReader(fmt.Sprintf(`{"speed":%g}`, speed)))
	answer := httptest.NewRecorder()
	p.server.ServeHTTP(answer, request)
	if answer.Code != http.StatusOK {
		return fmt.Errorf("set the clock of the sandbox: %d %s", answer.Code, answer.Body)
	}
	return nil
}

// injected reports whether a call got the fault of a rule.
func (p *provider) injected(rule string) bool {
	return slices.ContainsFunc(p.server.Faults(), func(r fault.Rule) bool { return r.ID == rule && r.Injected > 0 })
}

// lastEvent returns the number of the latest event of the sandbox's journal.
func (p *provider) lastEvent() int {
	events := p.server.Events(0, math.MaxInt32)
	if len(events) == 0 {
		return 0
	}
	return events[len(events)-1].Number
}

// hasHappened reports whether the sandbox's journal has an event of a user after the event of a number.
func (p *provider) hasHappened(after int, kind ledger.EventKind, email string) bool {
	return slices.ContainsFunc(p.server.Events(after, math.MaxInt32), func(e ledger.Event) bool { return e.Kind == kind && e.Email == email })
}

// setSchedule sets the schedule of the orders whose proof arrives from now on.
func (p *provider) setSchedule(next schedule) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.next = next
}

// recordGaps starts or stops the recording of the times between polls, and discards what was recorded.
func (p *provider) recordGaps(on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.recording = on
	for _, order := range p.orders {
		order.gaps, order.lastPoll = nil, time.Time{}
	}
}

// counts returns the number of calls so far, and of the polls among them.
func (p *provider) counts() (calls, polls int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.calls, p.polls
}

// proofArrived returns when a UTR arrived; zero if it did not.
func (p *provider) proofArrived(utr string) time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.proofs[utr]
}

// completedAt returns when the provider first reported an order as completed; zero if it did not.
func (p *provider) completedAt(orderID string) time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	if order := p.orders[orderID]; order != nil {
		return order.completed
	}
	return time.Time{}
}

// awaitEnd blocks until the provider has reported the last status of the order of a UTR.
func (p *provider) awaitEnd(ctx context.Context, utr string) error {
	for {
		p.mu.Lock()
		order := p.proven[utr]
		over := order != nil && order.over
		p.mu.Unlock()
		if over {
			return nil
		}
		if !sleep(ctx, 20*time.Millisecond) {
			return context.Cause(ctx)
		}
	}
}

// gaps returns the recorded times between two polls of one order, for all orders.
func (p *provider) gaps() []time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []time.Duration
	for _, order := range p.orders {
		all = append(all, order.gaps...)
	}
	return all
}

// polledSince returns how many orders with a proof were polled after a time.
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

// firstPolls adds to found when each order of some was polled first after a moment, as far as it was and found does not have it.
func (p *provider) firstPolls(moment time.Time, ids []string, found map[string]time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, id := range ids {
		order := p.orders[id]
		if _, known := found[id]; !known && order != nil && order.lastPoll.After(moment) {
			found[id] = order.lastPoll
		}
	}
}

// refusedForRate returns how many requests were answered with 429.
func (p *provider) refusedForRate() int { return p.server.Ledger().Totals.Answered429 }
