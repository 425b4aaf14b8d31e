package torture

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"time"

	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"rampart/ramp"
)

// refusedShare is the share of requests that the receiver refuses or leaves without an answer.
const refusedShare = 0.2

// endpointSecret signs the events of a run.
const endpointSecret = "whsec_dG9ydHVyZS10b3J0dXJlLXRvcnR1cmUtdG9ydHVyZQ==" // #nosec G101 -- of this test alone

// largestEvent bounds the bodies that the receiver reads, in bytes.
const largestEvent = 1 << 20

// news is what a receiver knows of an order.
type news struct {
	// events are in the sequence of their first deliveries.
	events []ramp.Event
	seen   map[string]bool
}

// receiver is the endpoint of a backend, which fails as endpoints do: it answers errors, takes an event and answers nothing, or is away
// for a while. It records an event once it has taken it, whatever it answers then.
type receiver struct {
	url      string
	server   *http.Server
	webhook  *webhooks.Webhook
	mu       sync.Mutex
	random   *rand.Rand
	away     bool
	orders   map[ramp.ID]*news
	received Received
}

// Received counts the requests of a receiver.
type Received struct {
	// Requests are all of them, Refused those that it took nothing of, and Unanswered those whose event it took without saying so.
	Requests   int `json:"requests"`
	Refused    int `json:"refused"`
	Unanswered int `json:"unanswered"`
	// Events are different events, and Repeated further deliveries of them.
	Events   int `json:"events"`
	Repeated int `json:"repeated"`
	// Unsigned are requests without a valid signature, or whose body is no event.
	Unsigned int `json:"unsigned"`
}

func startReceiver(seed int64) (*receiver, error) {
	webhook, err := webhooks.NewWebhook(endpointSecret)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r := &receiver{
		url: "http://" + listener.Addr().String() + "/hook", webhook: webhook,
		random: rand.New(rand.NewPCG(uint64(seed), 3)), orders: map[ramp.ID]*news{},
	}
	r.server = &http.Server{Handler: r, ReadHeaderTimeout: time.Minute}
	go func() { _ = r.server.Serve(listener) }() // until it is closed
	return r, nil
}

func (r *receiver) close() { _ = r.server.Close() }

// configuration returns the file that makes workers send events to the receiver.
func (r *receiver) configuration() string {
	return fmt.Sprintf("endpoints:\n  - name: backend\n    url: %s\n    secrets: [%s]\n    allowPrivate: true\n", r.url, endpointSecret)
}

// setAway begins or ends an outage.
func (r *receiver) setAway(away bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.away = away
}

// answer is what a receiver does with a request.
type answer int

const (
	accept answer = iota
	refuse
	takeSilently
)

// ServeHTTP receives an event.
func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, request.Body, largestEvent))
	if err != nil {
		return // the worker was killed
	}
	switch r.take(request.Header, body) {
	case accept:
		w.WriteHeader(http.StatusNoContent)
	case refuse:
		w.WriteHeader(http.StatusServiceUnavailable)
	case takeSilently:
		panic(http.ErrAbortHandler) // closes the connection
	}
}

// take records an event, unless the request is refused.
func (r *receiver) take(header http.Header, body []byte) answer {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.received.Requests++
	fate := r.random.Float64()
	if r.away || fate < refusedShare*3/4 {
		r.received.Refused++
		return refuse
	}
	event, err := r.read(header, body)
	if err != nil {
		r.received.Unsigned++
		return refuse
	}
	r.record(event)
	if fate < refusedShare {
		r.received.Unanswered++
		return takeSilently
	}
	return accept
}

// cloudEvent is an event as any backend reads it.
type cloudEvent struct {
	SpecVersion string         `json:"specversion"`
	ID          string         `json:"id"`
	Type        ramp.EventType `json:"type"`
	Subject     string         `json:"subject"`
	Time        time.Time      `json:"time"`
	Data        ramp.Event     `json:"data"`
}

// read verifies a request without Rampart's own code.
func (r *receiver) read(header http.Header, body []byte) (ramp.Event, error) {
	if err := r.webhook.Verify(body, header); err != nil {
		return ramp.Event{}, err
	}
	var received cloudEvent
	if err := json.Unmarshal(body, &received); err != nil {
		return ramp.Event{}, err
	}
	event := received.Data
	event.ID, event.Type = received.ID, received.Type
	id := ramp.ID{Direction: event.Direction, Reference: event.Reference}
	if received.SpecVersion != "1.0" || event.ID == "" || event.ID != header.Get(webhooks.HeaderWebhookID) ||
		received.Subject != id.Direction.WorkflowID(id.Reference) || received.Time.IsZero() {
		return ramp.Event{}, errors.New("the event lacks an attribute")
	}
	return event, nil
}

// record records an event.
func (r *receiver) record(event ramp.Event) {
	id := ramp.ID{Direction: event.Direction, Reference: event.Reference}
	order := r.orders[id]
	if order == nil {
		order = &news{seen: map[string]bool{}}
		r.orders[id] = order
	}
	if order.seen[event.ID] {
		r.received.Repeated++
		return
	}
	order.seen[event.ID] = true
	order.events = append(order.events, event)
	r.received.Events++
}

// snapshot returns what the receiver has until now.
func (r *receiver) snapshot() (map[ramp.ID][]ramp.Event, Received) {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := make(map[ramp.ID][]ramp.Event, len(r.orders))
	for id, order := range r.orders {
		all[id] = append([]ramp.Event(nil), order.events...)
	}
	return all, r.received
}
