package sandbox

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"

	"github.com/golang-jwt/jwt/v5"
	"go.uber.org/zap"

	"rampart/sandbox/fault"
	"rampart/sandbox/ledger"
)

// injection is one fault applied to one call.
type injection struct {
	server   *Server
	fault    fault.Fault
	subject  fault.Subject
	writer   http.ResponseWriter
	request  *http.Request
	provider http.Handler
}

// effect carries out a kind of fault: either replace or change is set.
type effect struct {
	// applies reports whether the call has anything to affect; nil: always.
	applies func(*injection) bool
	// replace answers in place of the provider.
	replace func(*injection)
	// change alters what the provider holds before it answers as usual, and reports whether there was anything to alter.
	change func(*injection) bool
}

// effects returns how each kind of fault is carried out.
func effects() map[fault.Kind]effect {
	return map[fault.Kind]effect{
		fault.Latency:      {replace: (*injection).delay},
		fault.Timeout:      {replace: (*injection).hang},
		fault.Reset:        {replace: (*injection).reset},
		fault.Truncated:    {replace: (*injection).truncate},
		fault.HTML:         {replace: (*injection).page},
		fault.Error:        {replace: (*injection).fail},
		fault.RateLimit:    {replace: (*injection).fail},
		fault.Unauthorized: {replace: (*injection).deny},
		fault.Revoke:       {change: (*injection).revoke},
		fault.Stale:        {change: (*injection).stale},
		fault.Reorder:      {change: changesPlan(reordered)},
		fault.Repeat:       {change: changesPlan(repeated)},
		fault.Late:         {change: changesPlan(postponed)},
		fault.LatePayment:  {change: changesPlan(paidLate)},
		fault.Flap:         {change: changesPlan(flapped)},
		fault.Refuse:       {replace: (*injection).refuse},
		fault.NeedsToken:   {applies: (*injection).lacksToken, replace: (*injection).deny},
		fault.SlowCommit:   {replace: (*injection).commitSlowly},
		fault.Without:      {replace: rewrites(withoutFields)},
		fault.Says:         {replace: rewrites(saysFields)},
		fault.EarlyClock:   {replace: rewrites(earlier)},
		fault.PaymentMode:  {replace: rewrites((*injection).withPaymentModes)},
		fault.Scientific:   {replace: rewrites(scientific)},
		fault.ManyDecimals: {replace: rewrites(manyDecimals)},
	}
}

// faultRoutes returns the provider's routes as fault rules see them.
func faultRoutes(routes []route) []fault.Route {
	all := make([]fault.Route, len(routes))
	for i, r := range routes {
		all[i] = r.forFaults()
	}
	return all
}

func (r route) forFaults() fault.Route {
	traits := fault.TakesToken
	if r.access == withKey {
		traits = fault.TakesKeyAlone
	}
	switch r.pattern {
	case onrampCreateRoute, offrampCreateRoute:
		traits |= fault.CreatesOrder
	case onrampStatusRoute, offrampStatusRoute:
		traits |= fault.TellsStatus
	case historyRoute:
		traits |= fault.ListsOrders
	case quoteBuyRoute, quoteFetchRoute, quoteSellRoute:
		traits |= fault.Quotes
	}
	return fault.Route{Pattern: r.pattern, Traits: traits}
}

// withFaults injects the faults that the rules choose into the calls of a route. Without rules nothing of a call is read or kept.
func (s *Server) withFaults(r route, provider http.Handler) http.Handler {
	route, effects := r.forFaults(), effects()
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if s.faults.Empty() {
			provider.ServeHTTP(w, req)
			return
		}
		x := &injection{server: s, writer: w, request: req, provider: provider}
		if !x.readSubject() {
			provider.ServeHTTP(w, x.request)
			return
		}
		choice := s.faults.Choose(route, x.subject)
		if choice == nil {
			provider.ServeHTTP(w, x.request)
			return
		}
		x.fault = choice.Fault
		if !x.apply(route, effects[x.fault.Kind]) {
			s.faults.Withdraw(choice)
		}
	})
}

// apply answers the call with the fault, and reports whether there was anything to affect; if not, the provider answers as usual.
func (x *injection) apply(r fault.Route, e effect) bool {
	if e.applies != nil && !e.applies(x) {
		x.provider.ServeHTTP(x.writer, x.request)
		return false
	}
	if e.change != nil {
		changed := e.change(x)
		if changed {
			x.record(r)
		}
		x.provider.ServeHTTP(x.writer, x.request)
		return changed
	}
	x.record(r)
	if x.fault.After {
		x.callProvider()
	}
	e.replace(x)
	return true
}

// record counts the fault and enters it in the ledger.
func (x *injection) record(r fault.Route) {
	x.server.traffic.injected(r.Pattern, x.fault)
	x.server.journal.Add(ledger.Event{At: x.server.clock.Now(), Kind: ledger.EventFault, Order: x.subject.Order,
		Reference: x.subject.Reference, Email: x.subject.Email, Detail: x.fault.String() + ": " + r.Pattern})
	x.server.logger.Info("fault", zap.String("call", r.Pattern), zap.Stringer("fault", x.fault))
}

// callProvider lets the provider carry out the call, and returns its answer, which the client does not get.
func (x *injection) callProvider() *recording {
	answer := &recording{header: x.writer.Header().Clone()}
	x.provider.ServeHTTP(answer, x.request)
	return answer
}

// readSubject finds out what a call concerns, and restores the body for the provider. It returns false if the body could not be read.
func (x *injection) readSubject() bool {
	var named struct {
		Order    string            `json:"orderId"`
		Email    string            `json:"email"`
		MetaData map[string]string `json:"metaData"`
	}
	if strings.HasPrefix(x.request.Header.Get("Content-Type"), "application/json") {
		body, err := io.ReadAll(http.MaxBytesReader(x.writer, x.request.Body, maxBody))
		x.request = x.request.Clone(x.request.Context())
		x.request.Body = io.NopCloser(bytes.NewReader(body))
		if err != nil {
			return false
		}
		// A body that is not JSON names nobody; the provider refuses it.
		_ = json.Unmarshal(body, &named)
	}
	x.subject = fault.Subject{Order: named.Order, Reference: named.MetaData[referenceKey], Email: named.Email}
	x.completeSubject()
	return true
}

// completeSubject adds what the provider knows about the order and the token's user.
func (x *injection) completeSubject() {
	s := x.server
	s.mu.Lock()
	defer s.mu.Unlock()
	if o, ok := s.store.ordersByID[x.subject.Order]; ok {
		x.subject.Reference, x.subject.Email = o.metaData[referenceKey], o.owner.email
	}
	if u := s.userOfToken(x.request); u != nil && x.subject.Email == "" {
		x.subject.Email = u.email
	}
}

// userOfToken returns the user that the call's token names, unverified, or nil.
func (s *Server) userOfToken(r *http.Request) *user {
	_, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	var read claims
	if token == "" {
		return nil
	}
	if _, _, err := jwt.NewParser().ParseUnverified(token, &read); err != nil {
		return nil
	}
	return s.store.usersByID[read.UserID]
}

// recording holds an answer of the provider that the client does not get as it is.
type recording struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recording) Header() http.Header { return r.header }

func (r *recording) WriteHeader(status int) { setDefault(&r.status, status) }

func (r *recording) Write(p []byte) (int, error) {
	setDefault(&r.status, http.StatusOK)
	return r.body.Write(p)
}
