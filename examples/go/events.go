package main

import (
	"context"
	"encoding/json"
	"io"
	"log"
	"net/http"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"rampart/ramp"
)

// maxBody bounds the bodies of requests. An event has some hundred bytes.
const maxBody = 64 << 10

// receiveEvents returns the handler that receives the events of orders. It verifies each with the endpoint's secret and calls changed with it. An
// error of changed makes Rampart send the event again, and an event may come twice in any case: compare its ID, or its time and version.
func receiveEvents(secret string, changed func(context.Context, ramp.Event) error) (http.Handler, error) {
	webhook, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		return nil, err
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		if err != nil || webhook.Verify(body, r.Header) != nil {
			http.Error(w, "the event is not signed with the secret of this endpoint", http.StatusUnauthorized)
			return
		}
		var event struct {
			ID   string         `json:"id"`
			Type ramp.EventType `json:"type"`
			Data ramp.Event     `json:"data"`
		}
		if err := json.Unmarshal(body, &event); err != nil {
			http.Error(w, "the event is not a CloudEvent in JSON", http.StatusBadRequest)
			return
		}
		event.Data.ID, event.Data.Type = event.ID, event.Type
		if err := changed(r.Context(), event.Data); err != nil {
			log.Printf("event %s cannot be handled now: %v", event.ID, err)
			http.Error(w, "send the event again later", http.StatusServiceUnavailable)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	}), nil
}
