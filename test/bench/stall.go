package bench

import (
	"encoding/json"
	"sync"
	"time"
)

// stall leaves the calls of a route without an answer, and notes when their orders are called about again.
type stall struct {
	mu sync.Mutex
	// route is empty while every call is answered.
	route string
	// again is when each order whose call had no answer was called about next; zero until then.
	again map[string]time.Time
}

// begin leaves calls of a route without an answer from now on.
func (s *stall) begin(route string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.route, s.again = route, map[string]time.Time{}
}

// end answers every call that comes from now on.
func (s *stall) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.route = ""
}

// takes reports whether a call gets no answer.
func (s *stall) takes(path string, body []byte, at time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.again == nil || body == nil {
		return false
	}
	var about struct {
		OrderID string `json:"orderId"`
	}
	_ = json.Unmarshal(body, &about) // the sandbox refuses a malformed body
	before, stalled := s.again[about.OrderID]
	switch {
	case path == s.route:
		s.again[about.OrderID] = time.Time{}
		return true
	case s.route == "" && stalled && before.IsZero():
		s.again[about.OrderID] = at
	}
	return false
}

// counts returns of how many orders a call got no answer, and the times of those that were called about again.
func (s *stall) counts() (stalled int, again []time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, at := range s.again {
		if !at.IsZero() {
			again = append(again, at)
		}
	}
	return len(s.again), again
}
