package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"rampart/ramp"
)

const (
	// streams marks operations without MaxDuration.
	streams = "streams"
	// streamTime bounds a stream, so that a token is checked again. The client continues with Last-Event-ID.
	streamTime = 15 * time.Minute
	// reconnectAfter is when, in milliseconds, a client connects again.
	reconnectAfter = 2000
)

// pace is the timing of a stream.
type pace struct {
	// heartbeat is the interval of comments in a stream, which keep proxies from closing it.
	heartbeat time.Duration
	// send bounds the sending of one event.
	send time.Duration
}

func usualPace() pace { return pace{heartbeat: 15 * time.Second, send: 10 * time.Second} }

// following is a call that follows an order.
type following struct {
	OrderPath
	LastEventID string `header:"Last-Event-ID" doc:"The id of the last event that the client has. Browsers send it when they connect again."`
}

func (s *service) addEvents(a huma.API, direction ramp.Direction, at, name, tag string) {
	o := operation("follow"+name+"Order", http.MethodGet, at+"/events", tag, Read, "Follow an order",
		"Server-sent events: an event `order` now and after every change, whose data is the order and whose id names this state of it, until the "+
			"order has ended. Changes that follow each other at once may be one event. The server closes a stream after 15 minutes; clients "+
			"continue with Last-Event-ID.", http.StatusNotFound)
	o.Metadata = map[string]any{streams: true}
	o.Responses = map[string]*huma.Response{
		"200": {
			Description: "The events.",
			Content:     map[string]*huma.MediaType{"text/event-stream": {Schema: &huma.Schema{Type: huma.TypeString}}},
		},
		"204": {Description: "The order has ended, and the client has its final state. Clients do not connect again."},
	}
	huma.Register(a, o, func(ctx context.Context, in *following) (*huma.StreamResponse, error) {
		return s.follow(ctx, in, in.id(ctx, direction))
	})
}

func (s *service) follow(ctx context.Context, in *following, id ramp.ID) (*huma.StreamResponse, error) {
	last := parseState(in.LastEventID) // another id is none of ours: the stream begins with the order as it is
	within, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	order, err := s.Orders.Get(within, id)
	if err != nil {
		return nil, s.fail(ctx, err)
	}
	return &huma.StreamResponse{Body: func(hctx huma.Context) {
		r, w := humago.Unwrap(hctx)
		if order.Status.Final() && stateOf(order).is(last) {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		w.Header().Set("Content-Type", "text/event-stream")
		w.Header().Set("X-Accel-Buffering", "no")
		w.WriteHeader(http.StatusOK)
		if r.Method != http.MethodHead {
			s.stream(hctx.Context(), &stream{w, http.NewResponseController(w), s.pace.send}, id, last)
		}
	}}, nil
}

// stream sends the order's states after last, until the order has ended.
func (s *service) stream(ctx context.Context, client *stream, id ramp.ID, last state) {
	watching, cancel := s.waiting(ctx, streamTime)
	defer cancel()
	states := make(chan *ramp.Order)
	go func() {
		defer close(states)
		for order, err := range s.Orders.Watch(watching, id) {
			if err != nil {
				return
			}
			select {
			case states <- order:
			case <-watching.Done():
				return
			}
		}
	}()
	beats := time.NewTicker(s.pace.heartbeat)
	defer beats.Stop()
	defer client.limit() // the end of the response is sent too
	err := client.send(fmt.Sprintf("retry: %d\n\n", reconnectAfter))
	for err == nil {
		select {
		case <-beats.C:
			err = client.send(": the order has not changed\n\n")
		case order, more := <-states:
			switch {
			case !more:
				return
			case stateOf(order).lackedBy(last, order.Status.Final()):
				err = client.sendOrder(order)
			}
		}
	}
}

// stream is a response that is sent piece by piece.
type stream struct {
	w          http.ResponseWriter
	connection *http.ResponseController
	// timeout bounds the sending of one piece.
	timeout time.Duration
}

func (c *stream) sendOrder(order *ramp.Order) error {
	content, err := json.Marshal(order)
	if err != nil {
		return err
	}
	return c.send(fmt.Sprintf("id: %v\nevent: order\ndata: %s\n\n", stateOf(order), content))
}

// send sends a piece. Over HTTP/2 a deadline that passes between two pieces would reset the stream, so that there is none until the next.
func (c *stream) send(text string) error {
	c.limit()
	defer func() { _ = c.connection.SetWriteDeadline(time.Time{}) }()
	if _, err := c.w.Write([]byte(text)); err != nil {
		return err
	}
	return c.connection.Flush()
}

// limit bounds what is sent next.
func (c *stream) limit() {
	_ = c.connection.SetWriteDeadline(time.Now().Add(c.timeout)) // not supported in tests without a connection
}
