package sandbox

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"rampart/onmeta"
	"rampart/sandbox/ledger"
)

// Statuses of trigger that are about a user.
const (
	triggerKYCVerified = "kyc-verified"
	triggerKYCRejected = "kyc-rejected"
)

// trigger moves an order, or a user's KYC, on to a status. It refuses what the provider would not do.
func (s *Server) trigger(_ *http.Request, body []byte) (any, error) {
	var status, of string
	var stay bool
	err := readObject(body, func(o *object) { status, of, stay = o.text("status"), o.text("of"), o.optionalTruth("stay") })
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.clock.Now()
	if status == triggerKYCVerified || status == triggerKYCRejected {
		return s.triggerKYC(status, of, now)
	}
	o, err := s.orderNamed(of, now)
	if err != nil {
		return nil, err
	}
	path, err := s.pathTo(o, status, now)
	if err != nil {
		return nil, err
	}
	if stay {
		path = slices.DeleteFunc(path, func(h hop) bool { return h.after > 0 })
	}
	o.steps = o.steps.replan(now, path)
	s.list(o)
	s.journal.Add(o.event(ledger.EventForced, o.steps.current(now).status, now))
	return newLedgerOrder(o, now), nil
}

// orderNamed returns the order with the id, or the newest one with the reference. A reference may be preceded by the direction, as in the
// id of a workflow.
func (s *Server) orderNamed(name string, now time.Time) (*order, error) {
	if o, ok := s.store.ordersByID[name]; ok {
		return o, nil
	}
	wanted, reference, directed := strings.Cut(name, "/")
	if !directed || direction(wanted) != onramp && direction(wanted) != offramp {
		wanted, reference = "", name
	}
	found := map[direction]*order{}
	for _, o := range s.store.orders {
		if o.reference() == reference && (wanted == "" || direction(wanted) == o.direction) && o.exists(now) {
			found[o.direction] = o
		}
	}
	switch {
	case len(found) > 1:
		return nil, fmt.Errorf("there is an on-ramp and an off-ramp order with the reference %q: write onramp/%s or offramp/%s", reference, reference, reference)
	case found[onramp] != nil:
		return found[onramp], nil
	case found[offramp] != nil:
		return found[offramp], nil
	default:
		return nil, fmt.Errorf("%w or metadata reference: the order may not be created yet; GET /sandbox/ledger/references lists all", errNoOrder)
	}
}

// pathTo returns the hops that lead an order to a status at once, and what follows.
func (s *Server) pathTo(o *order, status string, now time.Time) ([]hop, error) {
	target := o.direction.phase(status)
	phase := o.phase(now)
	current := o.steps.current(now).status
	refused := func(why string) error { return fmt.Errorf("the order is %s: %s", current, why) }
	switch {
	case !slices.ContainsFunc(o.direction.triggers(), func(known string) bool { return strings.EqualFold(known, status) }):
		return nil, fmt.Errorf("an %s order has no status %q: write one of %s", o.direction, status, strings.Join(o.direction.triggers(), ", "))
	case phase == onmeta.PhaseCompleted || phase == onmeta.PhaseCancelled || phase == onmeta.PhaseRefunded:
		return nil, refused("nothing follows that")
	case strings.EqualFold(status, current):
		return nil, refused("it is in this status already")
	}
	switch target {
	case onmeta.PhaseExpired, onmeta.PhaseCancelled:
		if o.found(now) != nil || phase != onmeta.PhaseUnpaid {
			return nil, refused("only an unpaid order can become " + strings.ToLower(status))
		}
		return ended(target), nil
	case onmeta.PhaseUnpaid:
		if phase != onmeta.PhaseUnpaid || strings.EqualFold(status, statusCryptoInit) {
			return nil, refused("it cannot become " + status + " again")
		}
		return []hop{{status: statusPending}}, nil
	case onmeta.PhaseRefunding, onmeta.PhaseRefunded:
		return s.refundPath(o, target, now), nil
	default:
		return s.payPath(o, status, now)
	}
}

// triggers are the statuses that trigger takes.
func (d direction) triggers() []string {
	if d == onramp {
		return []string{statusFiatReceived, statusOrderReceived, statusInProgress, statusTransferred, statusCompleted, statusExpired, statusCancelled,
			statusRefundInitiated, statusRefunded}
	}
	return []string{statusPending, statusOrderReceived, statusInProgress, statusCryptoReceived, statusFiatPending, statusFiatFailed, statusPayoutSuccess,
		statusCompleted, statusExpired, statusCancelled, statusRefundInitiated, statusRefunded}
}

func ended(phase onmeta.Phase) []hop {
	if phase == onmeta.PhaseExpired {
		return []hop{{status: statusExpired}}
	}
	return []hop{{status: statusCancelled, reason: reasonEnded}}
}

// findPayment makes the provider find the payment in full, unless it has it.
func (s *Server) findPayment(o *order, now time.Time) {
	if o.found(now) == nil {
		s.take(o, &payment{proof: o.proof, amount: o.due()})
	}
}

func (s *Server) refundPath(o *order, target onmeta.Phase, now time.Time) []hop {
	s.findPayment(o, now)
	reason := reasonForeignPayer
	if o.direction == offramp {
		reason = reasonAmountSent
	}
	path := hopsFor(reason, statusRefundInitiated, statusRefunded)
	if o.phase(now) == onmeta.PhaseRefunding {
		path = path[1:]
	}
	return atOnce(path, len(path)-1, target == onmeta.PhaseRefunded)
}

// payPath returns the usual path to a status, from where the order is.
func (s *Server) payPath(o *order, status string, now time.Time) ([]hop, error) {
	if o.phase(now) == onmeta.PhaseRefunding {
		return nil, errors.New("the order is being refunded: only refunded follows that")
	}
	path, current := o.swapped(usualPath(o.direction)), o.steps.current(now).status
	at := func(status string) int {
		if o.direction == offramp && strings.EqualFold(status, statusCompleted) {
			status = statusPayoutSuccess
		}
		if strings.EqualFold(status, current) && o.phase(now) == onmeta.PhasePayoutFailed {
			status = statusFiatPending // the payout is tried again
		}
		return slices.IndexFunc(path, func(h hop) bool { return strings.EqualFold(h.status, status) })
	}
	if strings.EqualFold(status, statusFiatFailed) {
		path = slices.Insert(path, len(path)-1, hop{after: hopTime, status: statusFiatFailed, reason: reasonBankDown})
	}
	target, is := at(status), -1
	if o.phase(now).Paid() {
		is = at(current)
	}
	switch {
	case target < 0:
		return nil, fmt.Errorf("the order skips %s: its token is its chain's own coin, which is not swapped", status)
	case target <= is:
		return nil, fmt.Errorf("the order is %s: that is past %s", current, status)
	}
	s.findPayment(o, now)
	return atOnce(path[is+1:], target-is-1, true), nil
}

// atOnce takes the hops up to the given one at once, that one included or not.
func atOnce(path []hop, to int, included bool) []hop {
	path = slices.Clone(path)
	for i := range path {
		if i < to || i == to && included {
			path[i].after = 0
		}
	}
	return path
}

// triggerKYC verifies a user, or refuses the dossier of one.
func (s *Server) triggerKYC(status, email string, now time.Time) (any, error) {
	u, ok := s.store.users[email]
	switch {
	case !ok:
		return nil, fmt.Errorf("%w: %s takes the e-mail of a user, who has logged in before", errNoUser, status)
	case u.kyc.verified(now):
		return nil, errors.New("the user's KYC is verified: nothing follows that")
	case status == triggerKYCVerified:
		u.kyc = kycRecord{verifiedAt: now}
	case u.kyc.verifiedAt.IsZero():
		return nil, errors.New("no dossier of the user is in review: there is nothing to refuse")
	default:
		u.kyc = kycRecord{}
	}
	return map[string]any{"email": u.email, "kycVerified": u.kyc.verified(now)}, nil
}

var errNoUser = errors.New("there is no user with this e-mail")
