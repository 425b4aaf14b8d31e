package sandbox

import (
	"net/http"
	"time"
)

// controlFaults serves the rules of faults.
func (s *Server) controlFaults(mux *http.ServeMux) {
	mux.Handle("GET /sandbox/faults", s.controlled(func(*http.Request, []byte) (any, error) { return s.Faults(), nil }))
	mux.Handle("GET /sandbox/faults/kinds", s.controlled(func(*http.Request, []byte) (any, error) { return FaultTable(), nil }))
	mux.Handle("POST /sandbox/faults", s.controlled(s.postFault))
	mux.Handle("DELETE /sandbox/faults", s.controlled(s.deleteFault))
	mux.Handle("DELETE /sandbox/faults/{id}", s.controlled(s.deleteFault))
}

// Faults lists the rules in the order in which they are tried: the first that strikes a call wins.
func (s *Server) Faults() []FaultRule { return s.rules.list() }

// AddFault adds a rule behind those that were added before, and before those of Options. It returns the rule as it
// was filled in, and fails on one that cannot be or could never strike.
func (s *Server) AddFault(r FaultRule) (FaultRule, error) { return s.rules.add(r) }

// ClearFaults forgets every rule, those of Options too.
func (s *Server) ClearFaults() { s.rules.clear() }

// RemoveFault forgets the rule of an id; it fails if there is none.
func (s *Server) RemoveFault(id string) error { return s.rules.remove(id) }

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

func readFaultRule(body []byte) (FaultRule, error) {
	var r FaultRule
	err := readObject(body, func(o *object) {
		r.Kind = FaultKind(o.text("fault"))
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

// readDuration takes an optional duration such as "1m30s".
func readDuration(o *object, name string) Duration {
	text := o.optionalText(name)
	if text == "" {
		return 0
	}
	parsed, err := time.ParseDuration(text)
	if err != nil {
		o.complain(name, `must be a duration such as "1m30s"`)
	}
	return Duration(parsed)
}
