package sandbox

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// maxControlBody bounds a request to the control plane.
const maxControlBody = 1 << 20

// control serves what the provider does not have: the sandbox's own state, for tests and demos. It asks for no
// credentials, so the sandbox must listen on loopback.
func (s *Server) control() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /sandbox/health", s.controlled(s.health))
	s.controlLedger(mux)
	s.controlFaults(mux)
	mux.Handle("GET /sandbox/magic", s.controlled(func(*http.Request, []byte) (any, error) { return MagicTable(), nil }))
	mux.Handle("GET /sandbox/clock", s.controlled(func(*http.Request, []byte) (any, error) { return s.clockState(), nil }))
	mux.Handle("POST /sandbox/clock", s.controlled(s.moveClock))
	mux.Handle("GET /sandbox/orders/{id}", s.controlled(s.showOrder))
	mux.Handle("POST /sandbox/orders/{id}", s.controlled(s.forceOrder))
	mux.Handle("POST /sandbox/users", s.controlled(s.putUser))
	mux.Handle("POST /sandbox/reset", s.controlled(s.reset))
	return mux
}

// controlRefusal is an answer of the control plane that says no.
type controlRefusal struct {
	Error string `json:"error"`
}

var errNoOrder = errors.New("there is no order with this id")

// controlled answers in plain JSON, without the provider's envelope.
func (s *Server) controlled(handle func(r *http.Request, body []byte) (any, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxControlBody))
		if err != nil {
			writeJSON(w, http.StatusBadRequest, controlRefusal{"the body could not be read"})
			return
		}
		data, err := handle(r, body)
		switch {
		case errors.Is(err, errNoOrder), errors.Is(err, errNoRule):
			writeJSON(w, http.StatusNotFound, controlRefusal{err.Error()})
		case err != nil:
			writeJSON(w, http.StatusBadRequest, controlRefusal{err.Error()})
		default:
			writeJSON(w, http.StatusOK, data)
		}
	})
}

func (s *Server) health(*http.Request, []byte) (any, error) {
	return map[string]string{"status": "ok"}, nil
}

type clockState struct {
	Now   time.Time `json:"now"`
	Speed float64   `json:"speed"`
}

func (s *Server) clockState() clockState {
	return clockState{Now: s.clock.Now(), Speed: s.clock.Speed()}
}

// moveClock takes any of speed (a number), set (RFC 3339) and advance (a Go duration such as "3h").
func (s *Server) moveClock(_ *http.Request, body []byte) (any, error) {
	var speed *float64
	var set, advance string
	err := readObject(body, func(o *object) {
		set, advance = o.optionalText("set"), o.optionalText("advance")
		if o.has("speed") {
			factor := o.amount("speed").InexactFloat64()
			speed = &factor
		}
	})
	if err != nil {
		return nil, err
	}
	if err := s.applyClock(set, advance, speed); err != nil {
		return nil, err
	}
	return s.clockState(), nil
}

// applyClock checks everything before it changes anything.
func (s *Server) applyClock(set, advance string, speed *float64) error {
	at, err := parseIfSet(set, func(text string) (time.Time, error) { return time.Parse(time.RFC3339, text) })
	if err != nil {
		return errors.New(`set must be a time such as "2026-01-10T10:00:00Z"`)
	}
	by, err := parseIfSet(advance, time.ParseDuration)
	if err != nil {
		return errors.New(`advance must be a duration such as "3h" or "90s"`)
	}
	if speed != nil {
		if err := s.clock.SetSpeed(*speed); err != nil {
			return err
		}
	}
	if !at.IsZero() {
		s.clock.Set(at)
	}
	s.clock.Advance(by)
	return nil
}

func parseIfSet[T any](text string, parse func(string) (T, error)) (T, error) {
	if text == "" {
		var none T
		return none, nil
	}
	return parse(text)
}

func (s *Server) showOrder(r *http.Request, _ []byte) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, ok := s.store.ordersByID[r.PathValue("id")]
	if !ok {
		return nil, errNoOrder
	}
	return newLedgerOrder(o, s.clock.Now()), nil
}

// forceOrder puts an order in a status, any text, in which it stays unless a proof moves it on.
func (s *Server) forceOrder(r *http.Request, body []byte) (any, error) {
	var status, reason string
	err := readObject(body, func(o *object) { status, reason = o.text("status"), o.optionalText("reason") })
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	o, ok := s.store.ordersByID[r.PathValue("id")]
	if !ok {
		return nil, errNoOrder
	}
	now := s.clock.Now()
	o.steps = o.steps.replan(now, []hop{{status: status, reason: reason}})
	s.journal.add(o.event(EventForced, status, now))
	return newLedgerOrder(o, now), nil
}

// userForm is what putUser takes.
type userForm struct {
	email  string
	name   string
	kyc    string
	revoke bool
	banks  []bankForm
	upis   []upiForm
}

// putUser makes a user, or changes the one with this e-mail.
func (s *Server) putUser(_ *http.Request, body []byte) (any, error) {
	form, err := readUserForm(body)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.clock.Now()
	u, err := s.userFor(form.email, now)
	if err != nil {
		return nil, err
	}
	s.apply(form, u, now)
	return map[string]any{"id": u.id, "email": u.email, "kycVerified": u.kyc.verified(now)}, nil
}

func (s *Server) apply(form userForm, u *user, now time.Time) {
	if form.name != "" {
		u.name = form.name
	}
	if form.kyc != "" {
		u.kyc = newKYC(map[string]bool{form.kyc: true}, now)
	}
	if form.revoke {
		s.revokeTokens(u, now)
	}
	for _, bank := range form.banks {
		s.addBank(u, bank, now)
	}
	for _, upi := range form.upis {
		s.addUPI(u, upi, now)
	}
}

// kycVerified is the state of a user whose e-mail has no tag; the other states are named as the tags.
const kycVerified = "verified"

func readUserForm(body []byte) (userForm, error) {
	var form userForm
	err := readObject(body, func(o *object) {
		form.email, form.name, form.kyc = o.text("email"), o.optionalText("name"), o.optionalText("kyc")
		form.revoke = o.optionalTruth("revokeTokens")
		o.optionalNested("bank", func(o *object) { form.banks = append(form.banks, readLinkedBank(o)) })
		o.optionalNested("upi", func(o *object) {
			form.upis = append(form.upis, upiForm{id: o.text("upiId"), name: o.text("name")})
		})
		switch form.kyc {
		case "", kycVerified, tagNoKYC, tagReview, tagKYCRefused, tagNeverVerified:
		default:
			o.complain("kyc", fmt.Sprintf("must be %s, %s, %s, %s or %s",
				kycVerified, tagNoKYC, tagReview, tagKYCRefused, tagNeverVerified))
		}
	})
	return form, err
}

func readLinkedBank(o *object) bankForm {
	bank := bankForm{holder: o.text("accountName"), number: o.text("accountNumber"), ifsc: o.text("ifsc")}
	bank.name = bank.holder
	if !accountForm.MatchString(bank.number) {
		o.complain("accountNumber", "must be 4 to 18 digits")
	}
	return bank
}

// reset forgets everything but the clock. The fault rules of the start begin anew.
func (s *Server) reset(*http.Request, []byte) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.store = newStore(s.options.Seed)
	s.rules.reset()
	s.traffic.reset()
	s.journal.reset()
	return map[string]string{"status": "ok"}, nil
}
