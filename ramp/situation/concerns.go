package situation

import "rampart/ramp"

// concerns returns the concerns of the order, each with its remedy. The attention of an order of an earlier worker is one concern without
// a type.
func (d *describer) concerns() []Concern {
	if len(d.Concerns) == 0 && d.Attention != "" {
		return []Concern{{Concern: ramp.Concern{Reason: d.Attention}, Remedy: d.remedyFor("")}}
	}
	var all []Concern
	for _, c := range d.Concerns {
		all = append(all, Concern{Concern: c, Remedy: d.remedyFor(c.Type)})
	}
	return all
}

// RemedyFor returns what helps against a concern of this type. Of the order it needs no more than direction and reference.
func RemedyFor(t ramp.ConcernType, order *ramp.Order) Remedy {
	return (&describer{Order: order}).remedyFor(t)
}

// remedyFor returns what helps against a type of concern.
func (d *describer) remedyFor(t ramp.ConcernType) Remedy {
	switch t {
	case ramp.ConcernProviderUnavailable:
		return operate("check whether the provider has an outage and whether the workers reach it; the order continues by itself")
	case ramp.ConcernAPIKeyRefused:
		return operate("give every worker the right `ONMETA_API_KEY` and restart it; the order continues by itself")
	case ramp.ConcernRateLimited:
		return operate("lower `ONMETA_RATE_LIMIT`, or ask the provider for a higher limit; the order continues by itself")
	case ramp.ConcernDossierStoreUnavailable:
		return operate("restore the blob store of the KYC documents, or the workers' access to it; the order continues by itself")
	case ramp.ConcernReferenceUnverified:
		return operate("check Temporal's visibility store and, where records are on, their store; nothing is made at the provider before it answers, and the order continues by itself")
	case ramp.ConcernUnreadableMessage:
		return operate("give every worker the keyset that has the key; the message is read by itself then, and may be the proof of payment. If no "+
			"keyset of yours has the key, the message is not yours and the order continues without it", "keyset", "inspect")
	default:
		return d.remedyAtProvider(t)
	}
}

func operate(advice string, command ...string) Remedy {
	return Remedy{Action: Operate, Advice: advice, Command: command}
}

// remedyAtProvider returns what helps against a concern that the provider causes.
func (d *describer) remedyAtProvider(t ramp.ConcernType) Remedy {
	switch t {
	case ramp.ConcernForeignOrders:
		return askSupport("ask the provider's support why it answers with orders of other references; the order tries again by itself")
	case ramp.ConcernLostInstructions:
		if d.OrderID == "" {
			return askSupport("ask the provider's support why its answers to creations do not arrive; the order makes others by itself")
		}
		return Remedy{
			Action: ramp.CancelAction, Command: []string{"cancel", d.id()},
			Advice: "cancel the order and start another, since nobody can be told how to pay this one. The provider is asked first whether it has a payment",
		}
	case ramp.ConcernUntrustedInstructions:
		return Remedy{
			Action: ramp.CancelAction, Command: []string{"cancel", d.id()},
			Advice: "cancel the order and start another, and " + d.support() + ". Nobody may pay by its instructions",
		}
	case ramp.ConcernRefusedReuse:
		return askSupport(d.support() + ". Another order with the same " + d.proof() + " would be refused as well, and the user must not pay again")
	case ramp.ConcernOverdue:
		return askSupport(d.support() + " and what delays it. The order is watched until the provider ends it")
	case ramp.ConcernLatePayment:
		return askSupport("ask the user whether the payment was made. If it was, " + d.support() + ": it alone can find the payment. If it was not, " +
			"the order expires by itself")
	case ramp.ConcernPayoutFailed:
		return askSupport(d.support() + " and whether the user's bank account takes payments. The provider pays again or returns the payment")
	case ramp.ConcernUnclearDelivery:
		return askSupport(d.support() + ": what has it delivered, and by which transaction?")
	default:
		return operate("look into it; the order continues by itself once it can")
	}
}

func askSupport(advice string) Remedy { return Remedy{Action: AskSupport, Advice: advice} }
