// Command go is a shop that sells tokens, as a backend in Go: it creates orders, submits the payments of their users, and receives events.
//
//	POST /purchases/{reference}        {"email", "wallet", "vpa", "name", "rupees"} → how to pay
//	POST /purchases/{reference}/utr    {"utr"}
//	GET  /purchases/{reference}        → the state by the last event
//	POST /hooks/ramp                   Rampart's events
//
// docs/how-to/integrate-go.md explains it part by part.
package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"log"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"rampart/ramp"
)

func main() {
	orders, err := connect(context.Background(), os.Getenv("TEMPORAL_ADDRESS"), os.Getenv("RAMP_KEYSET_FILE"))
	if err != nil {
		log.Fatal(err)
	}
	s := &shop{orders: orders, newest: make(map[string]ramp.Event)}
	hooks, err := receiveEvents(os.Getenv("RAMPART_WEBHOOK_SECRET"), s.changed)
	if err != nil {
		log.Fatal(err)
	}
	routes := http.NewServeMux()
	routes.Handle("POST /hooks/ramp", hooks)
	routes.HandleFunc("POST /purchases/{reference}", s.buy)
	routes.HandleFunc("POST /purchases/{reference}/utr", s.paid)
	routes.HandleFunc("GET /purchases/{reference}", s.latest)
	listener, err := net.Listen("tcp", "127.0.0.1:"+cmp.Or(os.Getenv("PORT"), "3000"))
	if err != nil {
		log.Fatal(err)
	}
	log.Printf("listening on http://%s", listener.Addr())
	server := &http.Server{Handler: routes, ReadHeaderTimeout: 10 * time.Second}
	log.Fatal(server.Serve(listener))
}

// shop remembers the newest event of each order. A real backend keeps them in its database.
type shop struct {
	orders *ramp.Client

	mu     sync.Mutex
	newest map[string]ramp.Event
}

// changed takes an event. One that comes again, or late, changes nothing.
func (s *shop) changed(_ context.Context, event ramp.Event) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	known := s.newest[event.Reference]
	// Versions alone would not do: they begin again where an operator resets an order.
	if event.At.After(known.At) || event.At.Equal(known.At) && event.Version > known.Version {
		s.newest[event.Reference] = event
		log.Printf("%s: %s, now %s", event.Reference, event.Type, event.Status)
	}
	return nil
}

func (s *shop) buy(w http.ResponseWriter, r *http.Request) {
	var wanted purchase
	if !read(w, r, &wanted) {
		return
	}
	order, err := buy(r.Context(), s.orders, r.PathValue("reference"), wanted)
	answer(w, http.StatusCreated, order, err)
}

func (s *shop) paid(w http.ResponseWriter, r *http.Request) {
	var payment struct {
		UTR string `json:"utr"`
	}
	if !read(w, r, &payment) {
		return
	}
	order, err := paid(r.Context(), s.orders, r.PathValue("reference"), payment.UTR)
	answer(w, http.StatusOK, order, err)
}

func (s *shop) latest(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	event, known := s.newest[r.PathValue("reference")]
	s.mu.Unlock()
	if !known {
		http.NotFound(w, r)
		return
	}
	write(w, http.StatusOK, event)
}

// answer writes an order, or what is wrong. Rampart's errors say which field is bad and what to do next; none quotes a value.
func answer(w http.ResponseWriter, status int, order *ramp.Order, err error) {
	var problem *ramp.Error
	switch {
	case err == nil:
		write(w, status, map[string]any{"status": order.Status, "instructions": order.Instructions, "expiresAt": order.ExpiresAt})
	case errors.As(err, &problem):
		write(w, http.StatusUnprocessableEntity, map[string]any{"error": problem.Type, "detail": problem.Message, "fields": problem.Fields})
	default:
		log.Print(err)
		http.Error(w, "try again", http.StatusServiceUnavailable)
	}
}

func read(w http.ResponseWriter, r *http.Request, into any) bool {
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody)).Decode(into)
	if err != nil {
		http.Error(w, "the body is not the JSON of a purchase or payment", http.StatusBadRequest)
	}
	return err == nil
}

func write(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the reader may be gone
}
