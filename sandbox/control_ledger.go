package sandbox

import (
	"errors"
	"net/http"
	"slices"
	"strconv"

	"rampart/sandbox/ledger"
)

// eventsPage is how many events one answer holds.
const eventsPage = 1000

// controlLedger serves the ledger, whole and in parts.
func (s *Server) controlLedger(mux *http.ServeMux) {
	mux.Handle("GET /sandbox/ledger", s.controlled(func(*http.Request, []byte) (any, error) { return s.Ledger(), nil }))
	mux.Handle("GET /sandbox/ledger/totals", s.controlled(s.showTotals))
	mux.Handle("GET /sandbox/ledger/references", s.controlled(s.showReferences))
	mux.Handle("GET /sandbox/ledger/events", s.controlled(s.showEvents))
}

func (s *Server) showTotals(*http.Request, []byte) (any, error) { return s.Ledger().Totals, nil }

// showReferences answers with the totals of all references, or of the one in the query.
func (s *Server) showReferences(r *http.Request, _ []byte) (any, error) {
	totals := s.Ledger().ByReference()
	if query := r.URL.Query(); query.Has("reference") {
		totals = slices.DeleteFunc(totals, func(t ledger.ReferenceTotal) bool { return t.Reference != query.Get("reference") })
	}
	return totals, nil
}

// showEvents answers with a page of events after the number in the query.
func (s *Server) showEvents(r *http.Request, _ []byte) (any, error) {
	after := 0
	if text := r.URL.Query().Get("after"); text != "" {
		number, err := strconv.Atoi(text)
		if err != nil || number < 0 {
			return nil, errors.New("after must be the number of an event")
		}
		after = number
	}
	return s.Events(after, eventsPage), nil
}
