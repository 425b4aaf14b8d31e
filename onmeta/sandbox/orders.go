package sandbox

import (
	"fmt"
	"time"

	"github.com/shopspring/decimal"
)

// direction is what an order does.
type direction string

const (
	onramp  direction = "onramp"
	offramp direction = "offramp"
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
	scenario  scenario
	steps     progress

	proof   string // the accepted UTR or transaction hash
	proofAt time.Time
	proofs  submissions
	lagging lagging

	// Of on-ramp orders.
	paymentMode string

	// Of off-ramp orders.
	sender       string
	refundWallet string
	bank         *bankLink

	// receiver is the user's wallet of an on-ramp order, the provider's of an off-ramp order.
	receiver string
}

// openOrder keeps a new order, which begins in the given status.
func (s *Server) openOrder(c *call, o *order, d deal, status string) {
	o.id, o.owner, o.createdAt = s.store.objectID(c.now), c.user, c.now
	o.token = d.token
	o.steps = progress{{at: c.now, status: status}}
	s.store.orders = append(s.store.orders, o)
	s.store.ordersByID[o.id] = o
	c.user.orders = append(c.user.orders, o)
	s.journal.add(o.event(EventOrder, string(o.direction), c.now))
}

// referenceKey is the metadata by which the client's own orders are told apart; the provider attaches no meaning to it.
const referenceKey = "reference"

func (o *order) reference() string { return o.metaData[referenceKey] }

// findOrder finds an order of the user; the orders of others do not exist for them.
func (s *Server) findOrder(c *call, id string, want direction) (*order, error) {
	o, ok := s.store.ordersByID[id]
	if !ok || o.owner != c.user || o.direction != want {
		return nil, notFound(fmt.Sprintf("the user has no %s order with this orderId", want))
	}
	return o, nil
}

// readOrderID takes a body that holds an orderId and nothing else, and finds the order.
func (s *Server) readOrderID(c *call, want direction) (*order, error) {
	var id string
	err := c.read(func(o *object) { id = o.text("orderId") })
	if err != nil {
		return nil, err
	}
	return s.findOrder(c, id, want)
}

// path is what follows the proof.
func (o *order) path() []hop {
	if o.token.native() {
		return withoutSwap(o.scenario.path)
	}
	return o.scenario.path
}

// fellThrough tells whether the order ended without a payment kept.
func (o *order) fellThrough(now time.Time) bool {
	switch o.steps.current(now).status {
	case statusExpired, statusCancelled, statusRefunded:
		return true
	default:
		return false
	}
}

// transfer is the sending of the tokens of an on-ramp order.
type transfer struct {
	hash     string
	explorer string
	amount   string
	wei      string
}

// transfer tells of the sending of the tokens, empty until it is done.
func (o *order) transfer(now time.Time) transfer {
	if _, sent := o.steps.reached(now, statusTransferred, statusCompleted); !sent {
		return transfer{}
	}
	hash := o.token.chain.family.deriveHash(o.id)
	return transfer{
		hash: hash, explorer: o.token.chain.explorer + hash,
		amount: o.tokens.String(), wei: o.token.smallestUnits(o.tokens),
	}
}
