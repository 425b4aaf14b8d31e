package sandbox

import (
	"bytes"
	"context"
	"errors"
	"hash/maphash"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"rampart/onmeta"
	"rampart/sandbox/fault"
	"rampart/sandbox/ledger"
)

// Webhooks are the URLs that webhooks are sent to, each once: what the provider does after a failure is not documented (provider 5.1).
type Webhooks struct {
	// Orders receives the events of orders. Empty: none are sent.
	Orders string `json:"orders"`
	// KYC receives the events of users' KYC. Empty: none are sent.
	KYC string `json:"kyc"`
}

const (
	// announceEvery is how often orders are looked at for something to announce, in real time.
	announceEvery = 25 * time.Millisecond
	// answerTime is how long a receiver may take to answer. The provider's time is not documented.
	answerTime = 10 * time.Second
	// senders is how many webhooks are sent at once; those of one order go through the same sender, in their order.
	senders = 16
	// maxUnsent is how many webhooks may wait for each sender. Further ones are lost.
	maxUnsent = 4096
)

// The routes of webhooks, by which fault rules name them.
const (
	orderWebhook = "webhook orders"
	kycWebhook   = "webhook kyc"
)

func webhookRoutes() []fault.Route {
	return []fault.Route{webhookRoute(orderWebhook), webhookRoute(kycWebhook)}
}

func webhookRoute(pattern string) fault.Route {
	return fault.Route{Pattern: pattern, Traits: fault.SendsWebhook}
}

// message is a webhook to be sent.
type message struct {
	route   string
	subject fault.Subject
	// name is the status or the event.
	name      string
	final     bool
	body      []byte
	signature string
}

// lateMessage is a webhook that a fault delays.
type lateMessage struct {
	*message
	due time.Time
}

// mailer sends webhooks.
type mailer struct {
	urls   Webhooks // guarded by Server.mu
	start  sync.Once
	seed   maphash.Seed
	queues [senders]chan *message

	mu      sync.Mutex // guards answers
	answers map[string]int
}

func newMailer() *mailer {
	m := &mailer{seed: maphash.MakeSeed(), answers: map[string]int{}}
	for i := range m.queues {
		m.queues[i] = make(chan *message, maxUnsent)
	}
	return m
}

// SetWebhooks sets the URLs that webhooks are sent to from now on: those of what happens later. It fails on a URL that is not one of HTTP.
func (s *Server) SetWebhooks(urls Webhooks) error {
	for _, text := range []string{urls.Orders, urls.KYC} {
		if parsed, err := url.Parse(text); text != "" && (err != nil || parsed.Host == "" || parsed.Scheme != "http" && parsed.Scheme != "https") {
			return errors.New("a webhook's URL must be one such as http://127.0.0.1:8089/provider/onmeta/orders")
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mailer.urls = urls
	if urls == (Webhooks{}) {
		return nil
	}
	s.mailer.start.Do(s.startMailer)
	now := s.clock.Now()
	for _, o := range s.store.orders {
		if !o.listed {
			o.announced = len(o.steps.past(now))
			s.list(o)
		}
	}
	for _, u := range s.store.userOrder {
		s.listUser(u, now)
	}
	return nil
}

// startMailer runs what sends webhooks, until the server is closed.
func (s *Server) startMailer() {
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		defer cancel()
		tick := time.NewTicker(announceEvery)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				s.announce()
			case <-s.closing:
				return
			}
		}
	}()
	client := &http.Client{
		Timeout:       answerTime,
		Transport:     &http.Transport{MaxIdleConnsPerHost: senders, IdleConnTimeout: time.Minute},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	for _, queue := range s.mailer.queues {
		go func() {
			for {
				select {
				case m := <-queue:
					s.deliver(ctx, client, m)
				case <-ctx.Done():
					return
				}
			}
		}()
	}
}

// list adds an order to those that may have something to announce, if anybody is told.
func (s *Server) list(o *order) {
	if !o.listed && s.mailer.urls.Orders != "" {
		o.listed = true
		s.store.announcing = append(s.store.announcing, o)
	}
}

// listUser adds a user to those whose verification is announced.
func (s *Server) listUser(u *user, now time.Time) {
	if !u.listed && s.mailer.urls.KYC != "" && !u.kyc.verified(now) {
		u.listed = true
		s.store.unverified = append(s.store.unverified, u)
	}
}

// announce posts what happened since the last time.
func (s *Server) announce() {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.clock.Now()
	s.store.announcing = keep(s.store.announcing, func(o *order) bool {
		s.announceSteps(o, now)
		o.listed = o.mayMove(now)
		return o.listed
	})
	s.store.unverified = keep(s.store.unverified, func(u *user) bool {
		if u.listed = !u.kyc.verified(now); !u.listed {
			s.announceKYC(u, onmeta.KYCCompleted, now)
		}
		return u.listed
	})
	s.store.late = keep(s.store.late, func(m lateMessage) bool {
		if m.due.After(now) {
			return true
		}
		s.post(m.message)
		return false
	})
}

// keep filters in place.
func keep[T any](all []T, stays func(T) bool) []T {
	kept := all[:0]
	for _, one := range all {
		if stays(one) {
			kept = append(kept, one)
		}
	}
	clear(all[len(kept):])
	return kept
}

// mayMove reports whether an order's status may change again by itself or by a proof.
func (o *order) mayMove(now time.Time) bool {
	return o.announced < len(o.steps) || !final(o.steps.current(now).status)
}

func (s *Server) announceSteps(o *order, now time.Time) {
	if !o.exists(now) {
		return
	}
	past := o.steps.past(now)
	o.announced = min(o.announced, len(o.steps))
	for o.announced < len(past) {
		st := past[o.announced]
		o.announced++
		if announces(o.direction, st.status) {
			s.send(o, orderMessage(o, st, onmeta.Secret(s.options.APISecret)), now)
		}
	}
}

// announceKYC sends an event of a user's KYC.
func (s *Server) announceKYC(u *user, event onmeta.KYCEventName, now time.Time) {
	if s.mailer.urls.KYC != "" {
		s.send(nil, kycMessage(u, event, s.mailer.urls.KYC, now, onmeta.Secret(s.options.APISecret)), now)
	}
}

// send posts a webhook as the fault rules say. o is its order; nil: none.
func (s *Server) send(o *order, m *message, now time.Time) {
	route := webhookRoute(m.route)
	choice := s.faults.Choose(route, m.subject)
	if choice == nil {
		s.posted(o, m)
		return
	}
	if !twists()[choice.Fault.Kind](s, o, m, choice.Fault, now) {
		s.faults.Withdraw(choice)
		s.posted(o, m)
		return
	}
	s.traffic.injected(m.route, choice.Fault)
	s.journal.Add(ledger.Event{At: now, Kind: ledger.EventFault, Order: m.subject.Order, Reference: m.subject.Reference,
		Email: m.subject.Email, Detail: choice.Fault.String() + ": " + m.route + " " + m.name})
}

// twists returns how each kind of fault sends a webhook. They report false if there is nothing to affect.
func twists() map[fault.Kind]func(s *Server, o *order, m *message, f fault.Fault, now time.Time) bool {
	changed := func(change func(*message)) func(*Server, *order, *message, fault.Fault, time.Time) bool {
		return func(s *Server, o *order, m *message, _ fault.Fault, _ time.Time) bool {
			change(m)
			s.posted(o, m)
			return true
		}
	}
	return map[fault.Kind]func(*Server, *order, *message, fault.Fault, time.Time) bool{
		fault.WebhookLost: func(*Server, *order, *message, fault.Fault, time.Time) bool { return true },
		fault.WebhookLate: func(s *Server, _ *order, m *message, f fault.Fault, now time.Time) bool {
			s.store.late = append(s.store.late, lateMessage{m, now.Add(time.Duration(f.Delay))})
			return true
		},
		fault.WebhookTwice: func(s *Server, o *order, m *message, _ fault.Fault, _ time.Time) bool {
			s.posted(o, m)
			s.post(m)
			return true
		},
		fault.WebhookReorder: func(_ *Server, o *order, m *message, _ fault.Fault, _ time.Time) bool {
			if o == nil || o.held != nil || m.final {
				return false
			}
			o.held = m
			return true
		},
		fault.WebhookForged:   changed(func(m *message) { m.signature = onmeta.SignWebhook("not the API secret", m.body) }),
		fault.WebhookUnsigned: changed(func(m *message) { m.signature = "" }),
		fault.WebhookWrapped: func(s *Server, o *order, m *message, _ fault.Fault, _ time.Time) bool {
			m.body = wrapped(m.body)
			m.signature = onmeta.SignWebhook(onmeta.Secret(s.options.APISecret), m.body)
			s.posted(o, m)
			return true
		},
	}
}

// posted posts a webhook, and after it the one that was held for it.
func (s *Server) posted(o *order, m *message) {
	s.post(m)
	if o != nil && o.held != nil {
		s.post(o.held)
		o.held = nil
	}
}

// post gives a webhook to its sender.
func (s *Server) post(m *message) {
	to := m.subject.Order
	if to == "" {
		to = m.subject.Email
	}
	select {
	case s.mailer.queues[maphash.String(s.mailer.seed, to)%senders] <- m:
	default:
		s.mailer.count("not sent")
	}
}

// deliver sends a webhook and notes the answer.
func (s *Server) deliver(ctx context.Context, client *http.Client, m *message) {
	s.mu.Lock()
	target := s.mailer.urls.Orders
	if m.route == kycWebhook {
		target = s.mailer.urls.KYC
	}
	s.mu.Unlock()
	if target == "" {
		return
	}
	answer := m.deliver(ctx, client, target)
	s.mailer.count(answer)
	s.journal.Add(ledger.Event{At: s.clock.Now(), Kind: ledger.EventWebhook, Order: m.subject.Order, Reference: m.subject.Reference,
		Email: m.subject.Email, Detail: m.name + ": " + answer})
}

// deliver returns the status of the answer, or ledger.Unanswered.
func (m *message) deliver(ctx context.Context, client *http.Client, target string) string {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(m.body))
	if err != nil {
		return ledger.Unanswered
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/json")
	if m.signature != "" {
		request.Header.Set(onmeta.SignatureHeader, m.signature)
	}
	response, err := client.Do(request)
	if err != nil {
		return ledger.Unanswered
	}
	// Reading the rest lets the connection be used again.
	_, _ = io.CopyN(io.Discard, response.Body, 64<<10)
	_ = response.Body.Close()
	return strconv.Itoa(response.StatusCode)
}

func (m *mailer) count(answer string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.answers[answer]++
}

// controlWebhooks serves the URLs of webhooks.
func (s *Server) controlWebhooks(mux *http.ServeMux) {
	mux.Handle("GET /sandbox/webhooks", s.controlled(func(*http.Request, []byte) (any, error) { return s.showWebhooks(), nil }))
	mux.Handle("POST /sandbox/webhooks", s.controlled(s.postWebhooks))
}

type webhookState struct {
	Webhooks
	// Answers counts the webhooks that were sent by the status of their answers.
	Answers map[string]int `json:"answers"`
}

func (s *Server) showWebhooks() webhookState {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mailer.mu.Lock()
	defer s.mailer.mu.Unlock()
	return webhookState{Webhooks: s.mailer.urls, Answers: maps.Clone(s.mailer.answers)}
}

func (s *Server) postWebhooks(_ *http.Request, body []byte) (any, error) {
	var urls Webhooks
	err := readObject(body, func(o *object) { urls.Orders, urls.KYC = o.optionalText("orders"), o.optionalText("kyc") })
	if err != nil {
		return nil, err
	}
	if err := s.SetWebhooks(urls); err != nil {
		return nil, err
	}
	return s.showWebhooks(), nil
}
