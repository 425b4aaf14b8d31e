package ramp

import "fmt"

// Recourse is what a user who has paid for an expired or cancelled order can do. In some cases the provider accepts the UTR for another
// order (provider 13).
type Recourse string

// Values of Recourse.
const (
	// NoRecourse: nothing is left to do. The order is open, completed or refunded, or it could not be paid.
	NoRecourse Recourse = ""
	// OrderSameAmount: a new order for the same amount can use the UTR, which was not submitted for the old one.
	OrderSameAmount Recourse = "same-amount"
	// OrderAmountPaid: a new order for the amount that was paid can use the UTR. The provider cancelled the old one, typically
	// because another amount was paid than ordered, and would cancel another for that amount.
	OrderAmountPaid Recourse = "amount-paid"
	// OrderAgain: a new order can use the UTR of an earlier order's payment, which was not submitted for this one.
	OrderAgain Recourse = "again"
	// AskSupport: the provider's support decides. The UTR would be refused for a new order, or there is none.
	AskSupport Recourse = "support"
)

// Recourse returns what a user who has paid for the order can do.
func (o *Order) Recourse() Recourse {
	switch {
	case o.Status != Expired && o.Status != Cancelled:
		return NoRecourse
	case o.OrderID == "":
		return o.recourseUncreated()
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

// recourseUncreated returns the recourse for an order that the provider is not known to have created.
func (o *Order) recourseUncreated() Recourse {
	if o.Previous == nil {
		return NoRecourse
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

// PaidAdvice describes the order's Recourse in one or two sentences. It is empty for NoRecourse. Show the provider's reason beside it: it
// may contain the amount that was paid.
func PaidAdvice(o *Order) string {
	switch o.Recourse() {
	case OrderSameAmount:
		return "If the payment was made nevertheless, use its UTR on a new order for the same amount."
	case OrderAmountPaid:
		advice := "If the user has paid, the amount probably differed from the order's: use the UTR on a new order for the " +
			"amount that was paid. An order for the same amount would be cancelled again."
		if o.Previous != nil {
			advice += " If this order was for that amount already, " + o.supportQuestion() + "."
		}
		return advice
	case OrderAgain:
		return fmt.Sprintf("The payment made for order %s was not submitted for this one: use its UTR on a new order.", o.Previous.Reference)
	case AskSupport:
		return o.supportAdvice()
	default:
		return ""
	}
}

func (o *Order) supportAdvice() string {
	switch {
	case o.Direction == Offramp:
		return "If tokens were sent nevertheless, " + o.supportQuestion() + "."
	case o.reuseRefused():
		return fmt.Sprintf("The payment made for order %s was refused, and would be refused for another order too: %s.",
			o.Previous.Reference, o.supportQuestion())
	default:
		return "The provider accepted the UTR, and only the provider can decide about the payment: " + o.supportQuestion() +
			". A new order with the same UTR may be refused."
	}
}

// supportQuestion returns what to ask the provider's support about the order's payment, with the ids that it needs.
func (o *Order) supportQuestion() string {
	if o.Previous != nil && o.Previous.OrderID != "" {
		return fmt.Sprintf("ask the provider's support about both of its orders, %s and %s", o.Previous.OrderID, o.OrderID)
	}
	return "ask the provider's support about its order " + o.OrderID
}

// ReorderArguments returns the arguments of the starter's reorder command for the order, with placeholders in capitals. It is nil if a
// new order does not help.
func ReorderArguments(o *Order) []string {
	arguments := []string{"reorder", o.Reference, "--reference", "NEW-REFERENCE"}
	switch o.Recourse() {
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
