package sandbox

import (
	"net/http"
	"time"

	"rampart/sandbox/fault"
)

// controlFaults serves the fault rules.
func (s *Server) controlFaults(mux *http.ServeMux) {
	mux.Handle("GET /sandbox/faults", s.controlled(func(*http.Request, []byte) (any, error) { return s.Faults(), nil }))
	mux.Handle("GET /sandbox/faults/kinds", s.controlled(func(*http.Request, []byte) (any, error) { return fault.Table(), nil }))
	mux.Handle("POST /sandbox/faults", s.controlled(s.postFault))
	mux.Handle("DELETE /sandbox/faults", s.controlled(s.deleteFault))
	mux.Handle("DELETE /sandbox/faults/{id}", s.controlled(s.deleteFault))
}

// Faults returns the fault rules in the order in which they are tried: the first that selects a call wins.
func (s *Server) Faults() []fault.Rule { return s.faults.List() }

// AddFault appends a rule to those added before, in front of those of Options, and returns it with its id and defaults. It fails on
// a rule that is invalid or could never apply.
func (s *Server) AddFault(r fault.Rule) (fault.Rule, error) { return s.faults.Add(r) }

// ClearFaults removes every rule, those of Options included.
func (s *Server) ClearFaults() { s.faults.Clear() }

// RemoveFault removes the rule with the id; it fails if there is none.
func (s *Server) RemoveFault(id string) error { return s.faults.Remove(id) }

func (s *Server) postFault(_ *http.Request, body []byte) (any, error) {
	r, err := readFaultRule(body)
	if err != nil {
		return nil, err
	}
	return s.AddFault(r)
}

func (s *Server) deleteFault(r *http.Request, _ []byte) (any, error) {
	id := r.PathValue("id")
	if id == "" {
		s.ClearFaults()
		return s.Faults(), nil
	}
	if err := s.RemoveFault(id); err != nil {
		return nil, err
	}
	return s.Faults(), nil
}

func readFaultRule(body []byte) (fault.Rule, error) {
	var r fault.Rule
	err := readObject(body, func(o *object) {
		r.Kind = fault.Kind(o.text("fault"))
		r.After, r.AsDate = o.optionalTruth("after"), o.optionalTruth("asDate")
		r.Status = int(o.optionalInteger("status"))
		r.Message, r.Bare, r.Fields = o.optionalText("message"), o.optionalTruth("bare"), o.optionalText("fields")
		r.RetryAfter, r.Delay = readDuration(o, "retryAfter"), readDuration(o, "delay")
		r.Lag, r.For = readDuration(o, "lag"), readDuration(o, "for")
		r.Route, r.Order = o.optionalText("route"), o.optionalText("order")
		r.Reference, r.Email = o.optionalText("reference"), o.optionalText("email")
		r.Skip, r.Times = int(o.optionalInteger("skip")), int(o.optionalInteger("times"))
		r.Seed = o.optionalInteger("seed")
		if o.has("share") {
			share := o.amount("share")
			if r.Share = share.InexactFloat64(); !share.IsPositive() {
				o.complain("share", "must be above 0 and at most 1")
			}
		}
	})
	return r, err
}

// readDuration reads an optional duration such as "1m30s".
func readDuration(o *object, name string) fault.Duration {
	text := o.optionalText(name)
	if text == "" {
		return 0
	}
	parsed, err := time.ParseDuration(text)
	if err != nil {
		o.complain(name, `must be a duration such as "1m30s"`)
	}
	return fault.Duration(parsed)
}
