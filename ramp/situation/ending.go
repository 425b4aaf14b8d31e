package situation

import "rampart/ramp"

// ended is the situation of an order that is over.
func (d *describer) ended() Situation {
	s := Situation{Headline: endings[d.Status], Text: d.lastNote(), Over: true}
	switch d.Status {
	case ramp.Completed:
		if d.Settlement != nil && d.Settlement.Amount.Amount != "" {
			s.Headline += ": " + d.Settlement.Amount.Text() + " delivered"
		}
		s.Remedies = []Remedy{d.missed("The user misses what was delivered")}
	case ramp.Refunded:
		s.Remedies = []Remedy{d.missed("The user misses the payment"), d.restart()}
	case ramp.Rejected:
		s.Remedies = []Remedy{d.restart()}
	default:
		s.Remedies = d.ifPaid()
	}
	return s
}

var endings = map[ramp.Status]string{
	ramp.Completed: "Completed", ramp.Refunded: "Refunded", ramp.Rejected: "Rejected", ramp.Expired: "Expired", ramp.Cancelled: "Cancelled",
}

// lastNote says why the order ended.
func (d *describer) lastNote() string {
	if len(d.Timeline) == 0 {
		return ""
	}
	return d.Timeline[len(d.Timeline)-1].Note
}

// ifPaid is for an order that ended unpaid, as far as the provider knows. The provider takes its UTR for another order in some cases.
func (d *describer) ifPaid() []Remedy {
	way := d.Recourse()
	if way == ramp.NoRecourse {
		return []Remedy{d.restart()}
	}
	paid := Remedy{Case: "The user has paid", Action: Reorder, Command: d.reorder()}
	if d.Direction == ramp.Offramp {
		paid.Case = "The user has sent the tokens"
	}
	switch way {
	case ramp.OrderSameAmount:
		paid.Advice = "start another order for the same amount with the UTR of the payment"
	case ramp.OrderAmountPaid:
		paid.Advice = "start another order for the amount that left the user's account, with the UTR of the payment"
	case ramp.OrderAgain:
		paid.Advice = "start another order with the UTR of the payment, which was not submitted for this one"
	default:
		paid.Action, paid.Advice, paid.Command = AskSupport, d.support(), nil
	}
	return []Remedy{paid, d.restart()}
}

// reorder returns the arguments of the starter that reorder the order.
func (d *describer) reorder() []string {
	named := *d.Order
	named.Reference = d.id() // as every command takes it
	return ramp.ReorderArguments(&named)
}
