// Package dispatch sends the events of orders by HTTP, and to queues.
package dispatch

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"
	"gocloud.dev/pubsub"

	"rampart/events"
	"rampart/events/message"
	"rampart/internal/redact"
	"rampart/ramp"
)

// Dispatcher sends events to the endpoints of a file, in YAML:
//
//	endpoints:
//	  - name: shop                       # 1 to 40 lower-case letters, digits, dashes
//	    url: https://shop.example.com/hooks
//	    secretFiles: [shop.secret]       # and/or secrets: whsec_ and base64; all of them sign each event
//	  - name: tenants
//	    url: https://hooks.example.com/tenants
//	    perOrder: true                   # only for orders whose request names a URL that begins so
//	    secretFiles: [tenants.secret]
//	  - name: inside
//	    url: https://10.1.2.3:8443/hook
//	    allowPrivate: true               # may be on this machine or in a private network
//	    secretFiles: [inside.secret]
//	  - name: lake
//	    url: awssqs://sqs.ap-south-1.amazonaws.com/123456789012/orders.fifo?region=ap-south-1
//
// Paths are relative to the file. A changed file takes effect with the next event; if it is invalid, the endpoints before stay. A Dispatcher
// is an events.Sender and events.Endpoints. It is safe for concurrent use.
type Dispatcher struct {
	path      string
	namespace string
	log       *zap.Logger
	now       func() time.Time
	schemes   *pubsub.URLMux
	// The clients differ in the addresses that they connect to.
	public, private, local *http.Client
	topics                 topics

	mu        sync.Mutex
	endpoints map[string]endpoint
	files     []version
	problem   error
}

var (
	_ events.Sender    = (*Dispatcher)(nil)
	_ events.Endpoints = (*Dispatcher)(nil)
)

// Open reads the file of endpoints. The namespace is the source of the events. The error names every problem by line and endpoint, and quotes
// neither URLs nor secrets.
//
// Queues are those of gocloud.dev/pubsub whose drivers the program imports.
func Open(path, namespace string, log *zap.Logger) (*Dispatcher, error) {
	d := &Dispatcher{
		path: path, namespace: namespace, log: log, now: time.Now, schemes: pubsub.DefaultURLMux(),
		public: newClient(toPublic, nil), private: newClient(toPrivate, nil), local: newClient(toThisMachine, nil),
		topics: topics{open: make(map[redact.Secret]*pubsub.Topic)},
	}
	if err := d.load(); err != nil {
		return nil, err
	}
	return d, nil
}

// Names returns the endpoints that the events of every order go to, sorted: those without perOrder.
func (d *Dispatcher) Names() []string {
	var names []string
	for name, e := range d.current() {
		if !e.perOrder {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// ForOrder returns the endpoint that takes the URL that an order brings: the one with perOrder that has the same scheme, host and port, and a
// path that is the URL's or above it. Of several, it is the one with the longest path.
func (d *Dispatcher) ForOrder(url ramp.Personal) (name string, found bool) {
	to, err := parseAddress(string(url))
	if err != nil {
		return "", false
	}
	longest := -1
	endpoints := d.current()
	for _, candidate := range slices.Sorted(maps.Keys(endpoints)) {
		e := endpoints[candidate]
		if e.perOrder && len(e.to.path) > longest && e.to.covers(to) {
			name, longest = candidate, len(e.to.path)
		}
	}
	return name, longest >= 0
}

// Problem returns why the file of endpoints cannot be used as it is now, or nil. The endpoints before stay in use then.
func (d *Dispatcher) Problem() error {
	d.current()
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.problem
}

// Send sends an event to the endpoint of that name, as events.Sender describes.
func (d *Dispatcher) Send(ctx context.Context, name string, target ramp.Personal, event ramp.Event) error {
	e, known := d.current()[name]
	if !known {
		return fmt.Errorf("endpoint %s is not in the file of endpoints of this worker", name)
	}
	if (target != "") != e.perOrder { // whether the endpoint is perOrder has changed
		return e.changed()
	}
	body, err := message.Body(d.namespace, event)
	if err != nil {
		return &events.RefusedError{Problem: err.Error(), Permanent: true}
	}
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	if e.queue != "" {
		return d.enqueue(ctx, e, event, body)
	}
	to, err := e.addressOf(target)
	if err != nil {
		return err
	}
	return d.post(ctx, e, to, event.ID, body)
}

// Close ends the connections. Events that are being sent may fail.
func (d *Dispatcher) Close(ctx context.Context) {
	d.topics.close(ctx)
	for _, client := range []*http.Client{d.public, d.private, d.local} {
		client.CloseIdleConnections()
	}
}

// current returns the endpoints as the file has them now. The map is not changed afterwards.
func (d *Dispatcher) current() map[string]endpoint {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !slices.ContainsFunc(d.files, func(v version) bool { return !v.current() }) {
		return d.endpoints
	}
	before := d.problem
	err := d.load()
	switch {
	case err == nil:
		d.log.Info("file of endpoints reloaded", zap.Int("endpoints", len(d.endpoints)))
	case before == nil || before.Error() != err.Error():
		d.log.Error("the file of endpoints is invalid; the endpoints before stay in use", zap.Error(err))
	}
	return d.endpoints
}

// load reads the file.
func (d *Dispatcher) load() error {
	endpoints, files, err := read(d.path, d.schemes.ValidTopicScheme)
	d.files, d.problem = files, err
	if err == nil {
		d.endpoints = endpoints
	}
	return err
}
