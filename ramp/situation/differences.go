package situation

import "rampart/ramp"

// Difference is a way in which an order here and at the provider differ. A reconciliation finds them.
type Difference string

// Differences.
const (
	// MissingThere: the provider does not know an order that it made.
	MissingThere Difference = "missing_there"
	// MissingHere: the provider has an order that no order here owns, such as one whose creation was lost.
	MissingHere Difference = "missing_here"
	// PaidThere: the order ended unpaid here, and the provider found its payment.
	PaidThere Difference = "paid_there"
	// OtherStatus: the order ended here in another way than at the provider.
	OtherStatus Difference = "other_status"
	// OtherAmount: the amount of the order, or what was delivered, is another one.
	OtherAmount Difference = "other_amount"
	// OtherToken: the token is another one.
	OtherToken Difference = "other_token"
	// OtherWallet: a wallet is another one.
	OtherWallet Difference = "other_wallet"
	// OtherTDS: another tax was withheld than the order says.
	OtherTDS Difference = "other_tds"
	// OtherProof: the UTR or the hash of the payment is another one.
	OtherProof Difference = "other_proof"
	// ProofTwice: two orders that were paid have the same UTR.
	ProofTwice Difference = "proof_twice"
	// NotCompared: the order could not be compared.
	NotCompared Difference = "not_compared"
)

// Differences returns every difference, in the order of the constants.
func Differences() []Difference {
	return []Difference{
		MissingThere, MissingHere, PaidThere, OtherStatus, OtherAmount, OtherToken, OtherWallet, OtherTDS, OtherProof, ProofTwice, NotCompared,
	}
}

// RemedyForDifference returns what helps against a difference of an order. there is the status that the provider's means, such as
// ramp.Completed; empty if it has found no payment or does not tell. Of an order that is missing here only the order id is known.
func RemedyForDifference(difference Difference, order *ramp.Order, there ramp.Status) Remedy {
	d := &describer{Order: order}
	switch difference {
	case MissingThere:
		return askSupport(d.support() + ", which its status call or its export does not have. Until it is found, nobody may pay by it")
	case MissingHere:
		return d.unowned(there)
	case PaidThere:
		return d.paidAfterAll(there)
	case OtherStatus:
		return askSupport(d.support() + ": which status is right, and where the payment is. An order that has ended here does not change any more, so " +
			"correct your books by the answer")
	case OtherAmount, OtherToken, OtherWallet, OtherTDS:
		return askSupport(d.support() + ": which value is right, and what was delivered. Correct your books by the answer")
	case OtherProof:
		return askSupport("compare both with the user's bank or wallet, and " + d.support() + ": which payment does it hold for the order?")
	case ProofTwice:
		return askSupport("ask the user how often they paid, and " + d.support() + ": one payment must not pay two orders")
	default:
		return operate("see that the provider answers and that the workers have the keys of the order, and reconcile the day again", "reconcile", "--day", "DAY")
	}
}

// unowned is the remedy for an order that the provider only has.
func (d *describer) unowned(there ramp.Status) Remedy {
	r := Remedy{Action: Adopt, Command: []string{"adopt", d.OrderID, "--file", "request.json", "--reference", "REFERENCE"}}
	switch there {
	case "", ramp.Expired, ramp.Cancelled:
		r.Advice = "leave it, if no user has paid it: an order whose creation was lost was shown to nobody, and expires unpaid. If a user has paid it, " +
			"start an order that takes it over"
	default:
		r.Advice = "the provider holds or held a payment for it: start an order that takes it over, so that its backend learns how it ends"
	}
	return r
}

// paidAfterAll is the remedy for an order that ended unpaid here, and whose payment the provider has found.
func (d *describer) paidAfterAll(there ramp.Status) Remedy {
	const noSecond = " Nobody may pay again, and no other order may be started with this payment"
	switch there {
	case ramp.Completed:
		return operate("correct your books: the provider has delivered, although the order had ended here." + noSecond)
	case ramp.Refunded, ramp.Refunding:
		return operate("tell the user that the provider returns the payment, and correct your books." + noSecond)
	default:
		return askSupport(d.support() + " and when it delivers, and reconcile the day again afterwards." + noSecond)
	}
}
