package ramptest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"

	"rampart/events/message"
	"rampart/internal/redact"
	"rampart/ramp"
)

const (
	// maxEvent bounds the body of an event, which has some hundred bytes.
	maxEvent = 64 << 10
	// forwardTime bounds a call of a backend's endpoint.
	forwardTime = 10 * time.Second
	// headerTime bounds how long the head of a request may take.
	headerTime = 10 * time.Second
	// manyEvents is more than an order has.
	manyEvents = 1000
)

// receiver is the endpoint of a stack's events. It keeps them by order, and passes them on.
type receiver struct {
	secret redact.Secret

	mu      sync.Mutex
	events  map[ramp.ID][]ramp.Event
	readers map[chan ramp.Event]ramp.ID
	// forwards are the URLs that get every event, by their tests.
	forwards map[testing.TB]string
}

// receive listens where a stack sends its events, as long as this process runs.
func receive(address, secret string) (*receiver, error) {
	at, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", at.Host)
	if err != nil {
		return nil, fmt.Errorf("receive the stack's events: %w", err)
	}
	r := &receiver{
		secret:   redact.Secret(secret),
		events:   make(map[ramp.ID][]ramp.Event),
		readers:  make(map[chan ramp.Event]ramp.ID),
		forwards: make(map[testing.TB]string),
	}
	server := &http.Server{Handler: r, ReadHeaderTimeout: headerTime}
	go func() { _ = server.Serve(listener) }() // until this process exits
	return r, nil
}

// ServeHTTP takes an event once every endpoint that it is forwarded to has taken it. The stack sends it again otherwise.
func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, request.Body, maxEvent))
	if err == nil {
		err = message.Verify(request.Header, r.secret, body, false)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusUnauthorized)
		return
	}
	event, err := message.Read(body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	for _, to := range r.keep(event) {
		if err := forward(request.Context(), to, request.Header, body); err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
	}
	w.WriteHeader(http.StatusNoContent)
}

// keep keeps an event, unless it is a repetition, and returns where it is forwarded to.
func (r *receiver) keep(event ramp.Event) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	id := ramp.ID{Direction: event.Direction, Reference: event.Reference}
	known := slices.ContainsFunc(r.events[id], func(e ramp.Event) bool { return e.ID == event.ID })
	if !known && len(r.events[id]) < manyEvents {
		r.events[id] = append(r.events[id], event)
		for reader, wanted := range r.readers {
			if wanted == id {
				reader <- event // it has room for manyEvents
			}
		}
	}
	return slices.Collect(maps.Values(r.forwards))
}

// forward sends a request to an endpoint as it was received.
func forward(ctx context.Context, to string, header http.Header, body []byte) error {
	ctx, cancel := context.WithTimeout(ctx, forwardTime)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header = header.Clone()
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode/100 != 2 {
		return fmt.Errorf("the backend answers %s", response.Status)
	}
	return nil
}

// Events returns the events of an order, from its first one on, in their order and each once. The channel is closed when the test ends.
func (s *Stack) Events(t testing.TB, id ramp.ID) <-chan ramp.Event {
	t.Helper()
	r, reader := s.receiver, make(chan ramp.Event, manyEvents)
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, event := range r.events[id] {
		reader <- event
	}
	r.readers[reader] = id
	t.Cleanup(func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.readers, reader)
		close(reader)
	})
	return reader
}

// Forward sends the events of all orders to a URL, such as that of the backend under test, until the test ends. A request is as it came, so
// that its signature is valid for EventsSecret. An event that is not answered with a 2xx is sent again. The events of other tests' orders come
// too, and a backend ignores them. A test has one URL.
func (s *Stack) Forward(t testing.TB, url string) {
	t.Helper()
	r := s.receiver
	r.mu.Lock()
	defer r.mu.Unlock()
	r.forwards[t] = url
	t.Cleanup(func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.forwards, t)
	})
}
