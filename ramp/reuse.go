package ramp

import "fmt"

// WayOut is what a user can do who has paid for an order that expired or was cancelled. The provider accepts the UTR for another order
// in some cases (provider 13).
type WayOut string

// Values of WayOut.
const (
	// NoWayOut: nothing is left to do: the order runs, delivered or was refunded, or nobody can have paid it.
	NoWayOut WayOut = ""
	// OrderSameAmount: a new order for the same amount can use the UTR, which was not submitted for the old one.
	OrderSameAmount WayOut = "same-amount"
	// OrderAmountPaid: a new order for the amount that was paid can use the UTR. The provider cancelled the old one, typically
	// because another amount was paid than ordered, and would cancel another for that amount.
	OrderAmountPaid WayOut = "amount-paid"
	// OrderAgain: a new order can use the UTR of an earlier order's payment, which was not submitted for this one.
	OrderAgain WayOut = "again"
	// AskSupport: the provider's support decides. The UTR would be refused for a new order, or there is none.
	AskSupport WayOut = "support"
)

// WayOut returns what a user can do who has paid for the order.
func (o *Order) WayOut() WayOut {
	switch {
	case o.Status != Expired && o.Status != Cancelled:
		return NoWayOut
	case o.OrderID == "":
		return o.wayOutUncreated()
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

// wayOutUncreated returns the way out of an order without instructions: the provider did not create it, as far as is known.
func (o *Order) wayOutUncreated() WayOut {
	if o.Previous == nil {
		return NoWayOut
	}
	return OrderAgain
}

// reuseRefused reports whether the provider refused the payment of an earlier order. An order submits that UTR first.
func (o *Order) reuseRefused() bool { return o.Previous != nil && !o.Accepted() }

// cancelledByProvider reports whether the provider cancelled the order. An order whose proof was accepted cannot be cancelled by a
// request.
func (o *Order) cancelledByProvider() bool {
	return o.Status == Cancelled && (o.CancelledBy == CancelledByProvider || o.Accepted())
}

// paid reports whether the provider found the payment, with or without a proof.
func (o *Order) paid() bool {
	for _, entry := range o.Timeline {
		if entry.Status == Settling || entry.Status == Refunding {
			return true
		}
	}
	return false
}

// PaidAdvice returns what a user who has paid can do after the order expired or was cancelled, in a sentence or two. It is empty for
// NoWayOut. Show the provider's reason beside it: it may name the amount that was paid.
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

// SupportQuestion returns what to ask the provider's support about the order's payment, with the ids that it needs.
func (o *Order) SupportQuestion() string {
	if o.Previous != nil && o.Previous.OrderID != "" {
		return fmt.Sprintf("ask the provider's support about both of its orders, %s and %s", o.Previous.OrderID, o.OrderID)
	}
	return "ask the provider's support about its order " + o.OrderID
}

// ReorderArguments returns the arguments of the starter's reorder command for the order, with placeholders in capitals. It is nil if a
// new order does not help.
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
