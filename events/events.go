// Package events is what the deliveries of orders' events need: endpoints, and a way to send. Package dispatch has both.
package events

import (
	"context"
	"time"

	"rampart/ramp"
)

// Sender sends one event to one endpoint.
type Sender interface {
	// Send sends an event to the endpoint of that name, and returns once the endpoint has it. target is the URL of the order's own,
	// for an endpoint that takes such URLs; empty otherwise. The error is a *RefusedError if the endpoint has refused the event.
	// Every other error means that the endpoint may or may not have it. No error contains a URL or what the endpoint answered.
	Send(ctx context.Context, endpoint string, target ramp.Personal, event ramp.Event) error
}

// Endpoints are the endpoints that events go to.
type Endpoints interface {
	// Names returns the endpoints that the events of every order go to, sorted.
	Names() []string
	// ForOrder returns the endpoint that takes the URL that an order brings, and whether there is one.
	ForOrder(url ramp.Personal) (name string, found bool)
}

// RefusedError is the error of an event that an endpoint refused.
type RefusedError struct {
	// Problem says what the endpoint answered, such as "HTTP 503", without a URL or a body.
	Problem string
	// Gone is set if the endpoint wants no more events (HTTP 410).
	Gone bool
	// Permanent is set if sending the event again cannot succeed.
	Permanent bool
	// RetryAfter is the pause that the endpoint asks for; zero for none.
	RetryAfter time.Duration
}

// Error returns the problem.
func (e *RefusedError) Error() string { return "the endpoint refused the event: " + e.Problem }
