package torture

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"rampart/ramp"
)

// behaviour is what an order's user does.
type behaviour string

const (
	pays behaviour = "pays"
	// errs submits a proof that the provider refuses, and then the right one.
	errs behaviour = "errs"
	// mistypes submits a well-formed proof for which there is no payment, which the provider takes, and corrects it later.
	mistypes behaviour = "mistypes"
	// forgets never submits a proof.
	forgets behaviour = "forgets"
	// cancels cancels before any proof.
	cancels behaviour = "cancels"
)

// Shares of the orders.
const (
	onrampShare  = 0.70
	forgetsShare = 0.15
	errsShare    = 0.10
	cancelsShare = 0.05
	// mistypesShare is one in twenty of those who pay.
	mistypesShare = 0.04
	// twinShare is the part of on-ramp orders that look like the one before: the same user, amount, token and wallet.
	twinShare = 0.05
	// signalShare is the part of the proofs that are sent by signal; the others are updates.
	signalShare = 0.5
)

// longestThought is how long a user takes at the most to act on payment instructions.
const longestThought = 15 * time.Second

// A user notices a mistyped proof after this long, by the provider's clock.
const (
	soonestCorrection = 10 * time.Minute
	latestCorrection  = time.Hour
)

// courses are the shares of orders that the provider treats in another than the usual way.
const courses = "cancelled=4%,refunded=5%,older-refund=3%,unknown-status=4%,out-of-order=4%,first-proof-refused=6%," +
	"late-payment=4%,other-token=3%,payout-retried=5%,other-success=3%,begins-pending=5%"

// plan is an order that is to be made, and what its user will do.
type plan struct {
	id      ramp.ID
	onramp  ramp.OnrampRequest
	offramp ramp.OfframpRequest

	behaviour behaviour
	bySignal  bool
	// bare is set for an order that is started by a plain call of Temporal's SDK.
	bare bool
	// at is when it starts, since the beginning of the run, and thought how long its user takes to act.
	at, thought time.Duration
	// proofs are what the user submits, each when the one before was refused. A mistyped one, which is the first, is
	// followed by the next though it was taken, after correction.
	proofs     []string
	correction time.Duration
}

// mistyped is the proof for which there is no payment, if the user submits one.
func (p plan) mistyped() string {
	if p.behaviour != mistypes {
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
	arrive(plans, options, random)
	makeTwins(plans, random)
	return plans
}

func planOrder(n int, options Options, random *rand.Rand) plan {
	p := plan{
		id:        ramp.ID{Direction: ramp.Offramp, Reference: fmt.Sprintf("order-%d", n)},
		behaviour: chooseBehaviour(random.Float64()),
		bySignal:  random.Float64() < signalShare,
		bare:      bare(n),
		thought:   time.Duration(random.Float64() * float64(min(longestThought, options.life()/8))),
	}
	p.correction = options.scaled(soonestCorrection + time.Duration(random.Float64()*float64(latestCorrection-soonestCorrection)))
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
	case at < forgetsShare:
		return forgets
	case at < forgetsShare+errsShare:
		return errs
	case at < forgetsShare+errsShare+cancelsShare:
		return cancels
	case at < forgetsShare+errsShare+cancelsShare+mistypesShare:
		return mistypes
	default:
		return pays
	}
}

// arrive spreads the starts over the time for them.
func arrive(plans []plan, options Options, random *rand.Rand) {
	at := make([]time.Duration, len(plans))
	for i := range at {
		at[i] = time.Duration(random.Float64() * float64(options.arrivals()))
	}
	slices.Sort(at)
	for i := range plans {
		plans[i].at = at[i]
	}
}

// makeTwins lets some on-ramp orders look like the one before them, and start at once after it.
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

// ordersOfAUser is how many orders a user has: enough to share a session and a history.
const ordersOfAUser = 8

func email(n int) string {
	return fmt.Sprintf("asha+linked+%d@example.test", n/ordersOfAUser)
}

func usdc() ramp.Token {
	return ramp.Token{Symbol: "USDC", Address: "0x3c499c542cef5e3811e1192ce70d8cc03d5c3359", ChainID: 137}
}

func account() *ramp.BankAccount {
	return &ramp.BankAccount{AccountName: "Asha Rao", AccountNumber: "50100000004821", IFSC: "HDFC0001234", PAN: "ABCPE1234F"}
}

func onrampRequest(n int, reference string, random *rand.Rand) ramp.OnrampRequest {
	request := ramp.OnrampRequest{
		Reference:     reference,
		Email:         email(n),
		Fiat:          ramp.Amount{Amount: fmt.Sprintf("%d.00", 1000+n), Currency: ramp.INR},
		Token:         usdc(),
		WalletAddress: "0x1111111111111111111111111111111111111111",
		PaymentMethod: []ramp.PaymentMethod{ramp.UPI, ramp.IMPS, ramp.NEFT}[random.IntN(3)],
	}
	if request.PaymentMethod == ramp.UPI {
		request.UPI = &ramp.UPIAccount{ID: "asha@okbank", Name: "Asha Rao"}
	} else {
		request.Bank = account()
	}
	return request
}

func offrampRequest(n int, reference string, random *rand.Rand) ramp.OfframpRequest {
	request := ramp.OfframpRequest{
		Reference:    reference,
		Email:        email(n),
		Token:        usdc(),
		Fiat:         ramp.Amount{Currency: ramp.INR},
		SenderWallet: "0x3333333333333333333333333333333333333333",
		RefundWallet: "0x3333333333333333333333333333333333333333",
		Bank:         account(),
	}
	if random.IntN(2) == 0 {
		request.TokenAmount = fmt.Sprintf("%d.00", 100+n)
	} else {
		request.Fiat.Amount = fmt.Sprintf("%d.00", 9000+n)
	}
	return request
}

// proofsOfAUser is how many right proofs a user has to try: the provider refuses one of them at the most.
const proofsOfAUser = 3

// planProofs are the user's proofs. One of only zeros is well-formed, and the provider refuses it; for one that begins with
// 9999, or ends in dead, it never finds a payment.
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
	case errs:
		proofs = append(proofs, form(0))
	case mistypes:
		proofs = append(proofs, unpaid(n))
	}
	for i := range proofsOfAUser {
		proofs = append(proofs, form(400_000_000_000+proofsOfAUser*n+i))
	}
	return proofs
}

// refusedAlways reports whether the provider refuses a proof whatever the order.
func refusedAlways(proof string) bool {
	return strings.Trim(strings.TrimPrefix(proof, "0x"), "0") == ""
}
