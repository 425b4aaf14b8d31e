package torture

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"rampart/ramp"
	"rampart/test/testbed"
)

// behaviour is what the user of an order does.
type behaviour string

const (
	pays behaviour = "pays"
	// paysAfterRefusal submits a proof that the provider refuses, and then the right one.
	paysAfterRefusal behaviour = "pays after a refused proof"
	// correctsProof submits a well-formed proof for which there is no payment, which the provider accepts, and corrects it later.
	correctsProof behaviour = "corrects a mistyped proof"
	// neverPays submits no proof.
	neverPays behaviour = "never pays"
	// cancels cancels before any proof.
	cancels behaviour = "cancels"
)

// Shares of the orders.
const (
	onrampShare    = 0.70
	neverPaysShare = 0.15
	refusalShare   = 0.10
	cancelsShare   = 0.05
	// correctionShare is one of twenty orders that are paid.
	correctionShare = 0.04
	// twinShare is the share of on-ramp orders that equal the one before in user, amount, token and wallet.
	twinShare = 0.05
	// signalShare is the share of orders whose proofs are sent by signal; the others use updates.
	signalShare = 0.5
)

// longestReaction is the longest time that a user takes to act on payment instructions.
const longestReaction = 15 * time.Second

// Bounds of the time after which a user corrects a mistyped proof, by the provider's clock.
const (
	earliestCorrection = 10 * time.Minute
	latestCorrection   = time.Hour
)

// courses are the shares of orders that the provider does not process in the usual way.
const courses = "cancelled=4%,refunded=5%,older-refund=3%,unknown-status=4%,out-of-order=4%,first-proof-refused=6%," +
	"late-payment=4%,other-token=3%,payout-retried=5%,other-success=3%,begins-pending=5%"

// plan is an order of a run and the behaviour of its user.
type plan struct {
	id      ramp.ID
	onramp  ramp.OnrampRequest
	offramp ramp.OfframpRequest

	behaviour behaviour
	bySignal  bool
	// plainStart is set for an order that is started without ramp.Client.
	plainStart bool
	// at is when it starts, since the beginning of the run, and reaction how long its user takes to act.
	at, reaction time.Duration
	// proofs are what the user submits, each after the one before was refused. A mistyped proof comes first and is accepted; the next
	// one follows after correction.
	proofs     []string
	correction time.Duration
}

// mistyped returns the proof for which there is no payment, if the user submits one.
func (p plan) mistyped() string {
	if p.behaviour != correctsProof {
		return ""
	}
	return p.proofs[0]
}

// planOrders plans all orders of a run, in the order in which they start.
func planOrders(options Options) []plan {
	random := rand.New(rand.NewPCG(uint64(options.Seed), 1))
	plans := make([]plan, options.Orders)
	for n := range plans {
		plans[n] = planOrder(n, options, random)
	}
	planStarts(plans, options, random)
	makeTwins(plans, random)
	return plans
}

func planOrder(n int, options Options, random *rand.Rand) plan {
	p := plan{
		id:         ramp.ID{Direction: ramp.Offramp, Reference: fmt.Sprintf("order-%d", n)},
		behaviour:  chooseBehaviour(random.Float64()),
		bySignal:   random.Float64() < signalShare,
		plainStart: startsPlainly(n),
		reaction:   time.Duration(random.Float64() * float64(min(longestReaction, options.life()/8))),
	}
	p.correction = options.scaled(earliestCorrection + time.Duration(random.Float64()*float64(latestCorrection-earliestCorrection)))
	if random.Float64() < onrampShare {
		p.id.Direction = ramp.Onramp
		p.onramp = onrampRequest(n, p.id.Reference, random)
	} else {
		p.offramp = offrampRequest(n, p.id.Reference, random)
	}
	p.proofs = p.planProofs(n)
	return p
}

func chooseBehaviour(at float64) behaviour {
	switch {
	case at < neverPaysShare:
		return neverPays
	case at < neverPaysShare+refusalShare:
		return paysAfterRefusal
	case at < neverPaysShare+refusalShare+cancelsShare:
		return cancels
	case at < neverPaysShare+refusalShare+cancelsShare+correctionShare:
		return correctsProof
	default:
		return pays
	}
}

// planStarts spreads the starts over the time in which orders start.
func planStarts(plans []plan, options Options, random *rand.Rand) {
	at := make([]time.Duration, len(plans))
	for i := range at {
		at[i] = time.Duration(random.Float64() * float64(options.arrivals()))
	}
	slices.Sort(at)
	for i := range plans {
		plans[i].at = at[i]
	}
}

// makeTwins makes some on-ramp orders equal to the one before, and lets them start at the same time.
func makeTwins(plans []plan, random *rand.Rand) {
	last := -1
	for i, p := range plans {
		if p.id.Direction != ramp.Onramp {
			continue
		}
		if last < 0 || random.Float64() >= twinShare {
			last = i
			continue
		}
		twin := plans[last].onramp
		twin.Reference = p.id.Reference
		plans[i].onramp, plans[i].at = twin, plans[last].at
		plans[i].proofs = plans[i].planProofs(i)
		last = -1
	}
}

// ordersPerUser is how many orders a user has: enough to share a session and an order history at the provider.
const ordersPerUser = 8

func email(n int) string {
	return fmt.Sprintf("asha+linked+%d@example.test", n/ordersPerUser)
}

func onrampRequest(n int, reference string, random *rand.Rand) ramp.OnrampRequest {
	request := testbed.OnrampRequest(reference)
	request.Email, request.Fiat.Amount = ramp.Email(email(n)), fmt.Sprintf("%d.00", 1000+n)
	request.PaymentMethod = []ramp.PaymentMethod{ramp.UPI, ramp.IMPS, ramp.NEFT}[random.IntN(3)]
	if request.PaymentMethod != ramp.UPI {
		request.UPI, request.Bank = nil, testbed.BankAccount()
	}
	return request
}

func offrampRequest(n int, reference string, random *rand.Rand) ramp.OfframpRequest {
	request := testbed.OfframpRequest(reference)
	request.Email, request.TokenAmount = ramp.Email(email(n)), ""
	if random.IntN(2) == 0 {
		request.TokenAmount = fmt.Sprintf("%d.00", 100+n)
	} else {
		request.Fiat.Amount = fmt.Sprintf("%d.00", 9000+n)
	}
	return request
}

// goodProofs is how many good proofs a plan has: the provider refuses at most one of them.
const goodProofs = 3

// planProofs returns the user's proofs. The provider refuses one of zeros only, and never finds the payment of one that begins with 9999
// or ends in dead.
func (p plan) planProofs(n int) []string {
	var form, unpaid func(int) string
	switch {
	case p.id.Direction == ramp.Offramp:
		form = func(n int) string { return fmt.Sprintf("0x%064x", n) }
		unpaid = func(n int) string { return fmt.Sprintf("0x%060xdead", n) }
	case p.onramp.PaymentMethod == ramp.NEFT:
		form = func(n int) string { return fmt.Sprintf("%016d", n) }
		unpaid = func(n int) string { return fmt.Sprintf("9999%012d", n) }
	default:
		form = func(n int) string { return fmt.Sprintf("%012d", n) }
		unpaid = func(n int) string { return fmt.Sprintf("9999%08d", n) }
	}
	var proofs []string
	switch p.behaviour {
	case paysAfterRefusal:
		proofs = append(proofs, form(0))
	case correctsProof:
		proofs = append(proofs, unpaid(n))
	}
	for i := range goodProofs {
		proofs = append(proofs, form(400_000_000_000+goodProofs*n+i))
	}
	return proofs
}

// alwaysRefused reports whether the provider refuses a proof for every order.
func alwaysRefused(proof string) bool {
	return strings.Trim(strings.TrimPrefix(proof, "0x"), "0") == ""
}
