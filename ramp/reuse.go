package ramp

import "fmt"

// WayOut is what is left to a user who has paid for an order that fell through. The provider takes a UTR for another order
// in some cases and not in others (provider 13).
type WayOut string

// Ways out.
const (
	// NoWayOut: the order is not over, or delivered, or gave the payment back, or nobody can have paid it.
	NoWayOut WayOut = ""
	// OrderSameAmount: a new order for the same amount takes the UTR: the provider never had it for the old one.
	OrderSameAmount WayOut = "same-amount"
	// OrderAmountPaid: a new order for the amount that was paid takes the UTR: the provider cancelled the old one, typically
	// because another amount was paid than ordered. One for the old amount would be cancelled again.
	OrderAmountPaid WayOut = "amount-paid"
	// OrderAgain: the UTR of an earlier order's payment was not handed in for this one, and is as good as it was.
	OrderAgain WayOut = "again"
	// AskSupport: the provider decides. A new order would be refused, or there is nothing to hand in again.
	AskSupport WayOut = "support"
)

// WayOut tells what a user can do who has paid for this order, which expired or was cancelled.
func (o *Order) WayOut() WayOut {
	switch {
	case o.Status != Expired && o.Status != Cancelled:
		return NoWayOut
	case o.OrderID == "":
		return o.unplaced()
	case o.Direction == Offramp, o.reuseRefused():
		return AskSupport
	case o.cancelledByProvider():
		return OrderAmountPaid
	case o.Accepted(), o.paid():
		return AskSupport
	default:
		return OrderSameAmount
	}
}

// unplaced is the way out of an order that the provider never made, or not to our knowledge: nobody was told how to pay it.
func (o *Order) unplaced() WayOut {
	if o.Previous == nil {
		return NoWayOut
	}
	return OrderAgain
}

// reuseRefused reports whether the provider refused the payment of an earlier order. Its UTR is the first thing that an order
// hands in.
func (o *Order) reuseRefused() bool { return o.Previous != nil && !o.Accepted() }

// cancelledByProvider reports whether the provider cancelled the order. No cancellation of ours reaches an order whose proof it
// had accepted.
func (o *Order) cancelledByProvider() bool {
	return o.Status == Cancelled && (o.CancelledBy == CancelledByProvider || o.Accepted())
}

// paid reports whether the provider had found the payment, with a proof or without.
func (o *Order) paid() bool {
	for _, entry := range o.Timeline {
		if entry.Status == Settling || entry.Status == Refunding {
			return true
		}
	}
	return false
}

// PaidAdvice says in a sentence or two what a user who has paid can do after an order expired or was cancelled. It is empty
// for every other order, and for one that nobody can have paid. The provider's reason is best shown beside it: it may name
// the amount that was paid.
func PaidAdvice(o *Order) string {
	switch o.WayOut() {
	case OrderSameAmount:
		return "If the payment was made all the same, use its UTR on a new order for the same amount."
	case OrderAmountPaid:
		advice := "If the user has paid, another amount arrived than was ordered, most likely: use the UTR on a new order for the " +
			"amount that was paid. One for the amount of this order would be cancelled again."
		if o.Previous != nil {
			advice += " If this order was for that amount already, " + o.SupportQuestion() + "."
		}
		return advice
	case OrderAgain:
		return fmt.Sprintf("The payment made for order %s was not handed in for this one: use its UTR on a new order.", o.Previous.Reference)
	case AskSupport:
		return o.supportAdvice()
	default:
		return ""
	}
}

func (o *Order) supportAdvice() string {
	switch {
	case o.Direction == Offramp:
		return "If tokens were sent all the same, " + o.SupportQuestion() + "."
	case o.reuseRefused():
		return fmt.Sprintf("The payment made for order %s was not taken, and would not be for another order either: %s.",
			o.Previous.Reference, o.SupportQuestion())
	default:
		return "The provider had taken the UTR, and it alone decides about the payment: " + o.SupportQuestion() +
			". A new order with the same UTR may be refused."
	}
}

// SupportQuestion says whom to ask about the order's payment, and names the provider's orders that its support needs to know.
func (o *Order) SupportQuestion() string {
	if o.Previous != nil && o.Previous.OrderID != "" {
		return fmt.Sprintf("ask the provider's support about both of its orders, %s and %s", o.Previous.OrderID, o.OrderID)
	}
	return "ask the provider's support about its order " + o.OrderID
}

// ReorderArguments are the arguments of starter that order again, with what is left to fill in by name. There are none where a
// new order is no way out.
func ReorderArguments(o *Order) []string {
	arguments := []string{"reorder", o.Reference, "--reference", "NEW-REFERENCE"}
	switch o.WayOut() {
	case OrderAgain:
		return arguments
	case OrderAmountPaid:
		arguments = append(arguments, "--amount", "AMOUNT-PAID")
	case OrderSameAmount:
	default:
		return nil
	}
	if o.Proof == nil {
		arguments = append(arguments, "--utr", "UTR")
	}
	return arguments
}
