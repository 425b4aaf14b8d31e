package sandbox

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"rampart/onmeta"
	"rampart/sandbox/ledger"
)

// direction is the direction of an order.
type direction string

const (
	onramp  direction = ledger.DirectionOnramp
	offramp direction = ledger.DirectionOfframp
)

// order is an on-ramp or off-ramp order.
type order struct {
	id        string
	direction direction
	owner     *user
	createdAt time.Time
	token     token
	fiat      decimal.Decimal // INR
	tokens    decimal.Decimal
	metaData  map[string]string
	course    course
	steps     progress

	proof    string // the UTR or transaction hash accepted last
	proofAt  time.Time
	accepted []ledger.Proof // every one, oldest first
	proofs   submissions
	payment  *payment // what is found for the proof, or was found without one; nil: nothing
	lagging  lagging
	// announced is how many of the steps were announced by webhook, held one that comes after the next, and listed whether the order is
	// among those that may have something to announce.
	announced int
	held      *message
	listed    bool
	staging   bool
	// hidden is set if the provider denies that there is such an order.
	hidden bool

	// Of on-ramp orders.
	paymentMode string

	// Of off-ramp orders.
	sender       string
	refundWallet string
	bank         *bankLink

	// receiver is the wallet that gets the tokens: the user's (on-ramp) or the provider's (off-ramp).
	receiver string
}

// openOrder stores a new order, which starts in the given status.
func (s *Server) openOrder(c *call, o *order, d deal, status string) {
	o.id, o.owner, o.createdAt, o.staging = s.store.objectID(c.now), c.user, c.now, s.options.Staging
	o.token = d.token
	o.steps = progress{{at: c.now, status: status}}.replan(c.now, o.swapped(o.course.unproven))
	if o.direction == onramp && o.course.unproven == nil {
		o.steps = append(o.steps, o.expiry())
	}
	s.store.orders = append(s.store.orders, o)
	s.store.ordersByID[o.id] = o
	c.user.orders = append(c.user.orders, o)
	s.list(o)
	s.journal.Add(o.event(ledger.EventOrder, string(o.direction), c.now))
}

// On the provider's staging host, whatever is ordered is 0.01 WMATIC (provider 13: "Testing Information").
const (
	stagingSymbol   = "WMATIC"
	stagingDecimals = 18
)

func stagingTokens() decimal.Decimal { return decimal.New(1, -2) }

// referenceKey is the metadata by which the ledger tells the client's orders apart. The provider itself ignores it.
const referenceKey = "reference"

func (o *order) reference() string { return o.metaData[referenceKey] }

// findOrder returns an order of the user. Orders of other users are not found.
func (s *Server) findOrder(c *call, id string, want direction) (*order, error) {
	o, ok := s.store.ordersByID[id]
	if !ok || o.owner != c.user || o.direction != want || !o.exists(c.now) {
		return nil, notFound(fmt.Sprintf("the user has no %s order with this orderId", want))
	}
	return o, nil
}

// readOrderID reads a body with an orderId and nothing else, and returns the order.
func (s *Server) readOrderID(c *call, want direction) (*order, error) {
	var id string
	err := c.read(func(o *object) { id = o.text("orderId") })
	if err != nil {
		return nil, err
	}
	return s.findOrder(c, id, want)
}

// path returns what follows the proof. An order that was reopened after it expired does not expire again.
func (o *order) path(now time.Time) []hop {
	path := o.course.path
	if _, expired := o.reached(now, onmeta.PhaseExpired); expired {
		path = usualPath(o.direction)
	}
	return o.swapped(path)
}

func usualPath(d direction) []hop {
	if d == onramp {
		return onrampPath()
	}
	return offrampPath()
}

// swapped returns the path without the statuses that the order's token skips.
func (o *order) swapped(path []hop) []hop {
	if o.token.native() {
		return withoutSwap(path)
	}
	return path
}

// phase returns the phase of the order at now.
func (o *order) phase(now time.Time) onmeta.Phase {
	return o.direction.phase(o.steps.current(now).status)
}

// reached returns the first step taken by now in one of the phases.
func (o *order) reached(now time.Time, phases ...onmeta.Phase) (step, bool) {
	return o.steps.reached(now, func(s step) bool { return slices.Contains(phases, o.direction.phase(s.status)) })
}

// fellThrough reports whether the order ended and the provider keeps no payment for it.
func (o *order) fellThrough(now time.Time) bool {
	switch o.phase(now) {
	case onmeta.PhaseExpired, onmeta.PhaseCancelled, onmeta.PhaseRefunded:
		return true
	default:
		return false
	}
}

// delivered returns the step in which the user was paid.
func (o *order) delivered(now time.Time) (step, bool) {
	return o.steps.reached(now, func(s step) bool {
		return strings.EqualFold(s.status, statusTransferred) || o.direction.phase(s.status) == onmeta.PhaseCompleted
	})
}

// transfer is the transfer of an on-ramp order's tokens.
type transfer struct {
	hash     string
	explorer string
	amount   string
	wei      string
}

// transfer returns the transfer of the tokens; empty until it is done.
func (o *order) transfer(now time.Time) transfer {
	if _, sent := o.delivered(now); !sent {
		return transfer{}
	}
	hash := o.token.chain.family.deriveHash(o.id)
	sent := transfer{
		hash: hash, explorer: o.token.chain.explorer + hash,
		amount: o.tokens.String(), wei: o.token.smallestUnits(o.tokens),
	}
	if o.staging {
		sent.amount, sent.wei = stagingTokens().String(), stagingTokens().Shift(stagingDecimals).String()
	}
	return sent
}

// event returns an event of the order, for the journal.
func (o *order) event(kind ledger.EventKind, detail string, now time.Time) ledger.Event {
	return ledger.Event{At: now, Kind: kind, Order: o.id, Reference: o.reference(), Email: o.owner.email, Detail: detail}
}
