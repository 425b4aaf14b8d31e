package sandbox

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"rampart/sandbox/fault"
	"rampart/sandbox/ledger"

	"github.com/shopspring/decimal"
)

// maxControlBody bounds a request to the control plane.
const maxControlBody = 1 << 20

// control serves the control plane: the sandbox's own state, for tests and demos. It requires no credentials, so the sandbox must
// listen on loopback.
func (s *Server) control() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /sandbox/health", s.controlled(s.health))
	s.controlLedger(mux)
	s.controlFaults(mux)
	s.controlWebhooks(mux)
	mux.Handle("POST /sandbox/trigger", s.controlled(s.trigger))
	mux.Handle("GET /sandbox/magic", s.controlled(func(*http.Request, []byte) (any, error) { return MagicTable(), nil }))
	mux.Handle("GET /sandbox/clock", s.controlled(func(*http.Request, []byte) (any, error) { return s.clockState(), nil }))
	mux.Handle("POST /sandbox/clock", s.controlled(s.moveClock))
	mux.Handle("GET /sandbox/orders/{id}", s.controlled(s.showOrder))
	mux.Handle("POST /sandbox/orders/{id}", s.controlled(s.forceOrder))
	mux.Handle("POST /sandbox/orders/{id}/payment", s.controlled(s.forcePayment))
	mux.Handle("POST /sandbox/orders/{id}/alter", s.controlled(s.alterOrder))
	mux.Handle("POST /sandbox/orders/{id}/copy", s.controlled(s.copyOrder))
	mux.Handle("POST /sandbox/payments", s.controlled(s.putPayment))
	mux.Handle("POST /sandbox/users", s.controlled(s.putUser))
	mux.Handle("POST /sandbox/reset", s.controlled(s.reset))
	return mux
}

// controlRefusal is a refusal by the control plane.
type controlRefusal struct {
	Error string `json:"error"`
}

var errNoOrder = errors.New("there is no order with this id")

// controlled returns a handler that answers in plain JSON, without the provider's envelope.
func (s *Server) controlled(handle func(r *http.Request, body []byte) (any, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxControlBody))
		if err != nil {
			writeJSON(w, http.StatusBadRequest, controlRefusal{"the body could not be read"})
			return
		}
		data, err := handle(r, body)
		switch {
		case errors.Is(err, errNoOrder), errors.Is(err, errNoUser), errors.Is(err, fault.ErrNoRule):
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

// moveClock reads any of speed (a number), set (RFC 3339) and advance (a Go duration such as "3h").
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

// forceOrder sets an order's status to any text. The order stays there until a proof moves it on, or follows the rest of its course
// if the request says so.
func (s *Server) forceOrder(r *http.Request, body []byte) (any, error) {
	var status, reason string
	var goOn bool
	err := readObject(body, func(o *object) {
		status, reason, goOn = o.text("status"), o.optionalText("reason"), o.optionalTruth("goOn")
	})
	if err != nil {
		return nil, err
	}
	return s.changeOrder(r, func(o *order, now time.Time) error {
		path := []hop{{status: status, reason: reason}}
		if goOn {
			path = append(path, o.onward(status, now)...)
		}
		o.steps = o.steps.replan(now, path)
		s.journal.Add(o.event(ledger.EventForced, status, now))
		return nil
	})
}

// onward returns the part of the order's course after a status; all of it if the status is not part of it.
func (o *order) onward(status string, now time.Time) []hop {
	path := o.path(now)
	for i, h := range path {
		if strings.EqualFold(h.status, status) {
			return path[i+1:]
		}
	}
	return path
}

// forcePayment makes the provider find the payment of an order now, in full or of another amount, without a proof.
func (s *Server) forcePayment(r *http.Request, body []byte) (any, error) {
	amount, err := readPaid(body)
	if err != nil {
		return nil, err
	}
	return s.changeOrder(r, func(o *order, now time.Time) error {
		due := o.due()
		if amount.IsZero() {
			amount = due
		}
		if o.found(now) != nil {
			return errors.New("the payment of this order was found before")
		}
		s.take(o, &payment{proof: o.proof, amount: amount})
		path := s.paidPath(o, now)
		o.steps = o.steps.replan(now, after(0, slices.Clone(path)))
		s.journal.Add(o.event(ledger.EventForced, path[0].status, now))
		return nil
	})
}

// readPaid reads an optional amount.
func readPaid(body []byte) (decimal.Decimal, error) {
	var amount decimal.Decimal
	err := readObject(body, func(o *object) {
		if o.has("amount") {
			amount = readAtLeastZero(o)
		}
	})
	return amount, err
}

func readAtLeastZero(o *object) decimal.Decimal {
	amount := o.amount("amount")
	if amount.IsNegative() {
		o.complain("amount", "must not be negative")
	}
	return amount
}

// putPayment sets what a UTR pays, whatever the amount of the order that it is submitted for; 0 means that no payment is ever
// found. The UTR must not belong to an order.
func (s *Server) putPayment(_ *http.Request, body []byte) (any, error) {
	var paid payment
	err := readObject(body, func(o *object) { paid.proof, paid.amount = o.text("utr"), readAtLeastZero(o) })
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.store.payments[paid.proof] = &paid
	return map[string]any{"utr": paid.proof, "amount": number(paid.amount)}, nil
}

// changeOrder changes the order that the path names and answers with its new state.
func (s *Server) changeOrder(r *http.Request, change func(*order, time.Time) error) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, ok := s.store.ordersByID[r.PathValue("id")]
	if !ok {
		return nil, errNoOrder
	}
	now := s.clock.Now()
	if err := change(o, now); err != nil {
		return nil, err
	}
	s.list(o)
	return newLedgerOrder(o, now), nil
}

// userForm is the body of putUser.
type userForm struct {
	email  string
	name   string
	kyc    string
	revoke bool
	banks  []bankForm
	upis   []upiForm
}

// putUser creates a user, or changes the one with the e-mail.
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
		s.listUser(u, now)
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

// kycVerified is the KYC state of a user whose e-mail has no tag; the other states have the names of the tags.
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
		if states := append(kycTags(), kycVerified); form.kyc != "" && !slices.Contains(states, form.kyc) {
			o.complain("kyc", fmt.Sprintf("must be one of %q", states))
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

// reset drops everything but the clock and restores the initial fault rules.
func (s *Server) reset(*http.Request, []byte) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.store = newStore(s.options.Seed)
	s.mailer.urls = s.options.Webhooks
	s.faults.Reset()
	s.traffic.reset()
	s.journal.Reset()
	return map[string]string{"status": "ok"}, nil
}
