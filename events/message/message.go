// Package message is the form of an event on its way to a backend: CloudEvents 1.0 as JSON, signed by Standard Webhooks.
package message

import (
	"encoding/json"
	"fmt"
	"net/url"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"

	"rampart/ramp"
)

// ContentType is the type of a body: CloudEvents' structured mode (CloudEvents 1.0, HTTP binding 3.2).
const ContentType = "application/cloudevents+json; charset=UTF-8"

// data is what an event says beside the attributes that CloudEvents has of its own.
type data struct {
	Reference string         `json:"reference"`
	Direction ramp.Direction `json:"direction"`
	Status    ramp.Status    `json:"status"`
	Attention bool           `json:"attention"`
	Version   int64          `json:"version"`
	At        time.Time      `json:"at"`
}

// Body returns an event as a backend receives it: a CloudEvents 1.0 document in JSON. Its source is the namespace, as /rampart/orders,
// its subject the order, as onramp/inv-42. The same event has the same bytes each time.
func Body(namespace string, e ramp.Event) ([]byte, error) {
	document := event.New(event.CloudEventsVersionV1)
	document.SetID(e.ID)
	document.SetSource("/rampart/" + url.PathEscape(namespace))
	document.SetType(string(e.Type))
	document.SetSubject(Subject(e))
	document.SetTime(e.At.UTC())
	err := document.SetData(event.ApplicationJSON, data{e.Reference, e.Direction, e.Status, e.Attention, e.Version, e.At.UTC()})
	if err == nil {
		err = document.Validate()
	}
	if err != nil {
		return nil, fmt.Errorf("event %s is no valid CloudEvent: %w", e.ID, err)
	}
	return json.Marshal(document)
}

// Subject returns the order that an event is about, as CloudEvents' subject: its workflow id, such as onramp/inv-42.
func Subject(e ramp.Event) string { return e.Direction.WorkflowID(e.Reference) }

// Read returns the event of a body.
func Read(body []byte) (ramp.Event, error) {
	document := event.New()
	if err := json.Unmarshal(body, &document); err != nil {
		return ramp.Event{}, fmt.Errorf("the body is no CloudEvent in JSON: %w", err)
	}
	if err := document.Validate(); err != nil {
		return ramp.Event{}, fmt.Errorf("the body is no valid CloudEvent: %w", err)
	}
	var content data
	if err := document.DataAs(&content); err != nil {
		return ramp.Event{}, fmt.Errorf("the data of the CloudEvent are not an order's: %w", err)
	}
	return ramp.Event{
		ID: document.ID(), Type: ramp.EventType(document.Type()), Reference: content.Reference, Direction: content.Direction,
		Status: content.Status, Attention: content.Attention, Version: content.Version, At: content.At,
	}, nil
}
