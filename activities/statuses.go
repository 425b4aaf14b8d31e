package activities

import (
	"rampart/onmeta"
	"rampart/ramp"
)

// meaning is what a provider status says about an order.
type meaning struct {
	// status is ours; empty where the provider's status leaves ours as it is.
	status ramp.Status
	// unpaid is set while the provider has seen no payment.
	unpaid bool
	// attention says why a person must look, and concern is the type of that.
	attention string
	concern   ramp.ConcernType
}

func onrampMeaning(status onmeta.Status) meaning { return meaningOf(onmeta.OnrampPhase(status)) }

func offrampMeaning(status onmeta.Status) meaning { return meaningOf(onmeta.OfframpPhase(status)) }

// meaningOf maps the provider's phases to our statuses (guide; provider 4). An order in a phase that is not known keeps
// its own status and goes on.
func meaningOf(phase onmeta.Phase) meaning {
	switch phase {
	case onmeta.PhaseUnpaid:
		return meaning{unpaid: true}
	case onmeta.PhaseSettling:
		return meaning{status: ramp.Settling}
	case onmeta.PhasePayoutFailed:
		return meaning{
			status: ramp.Settling, attention: "the provider could not pay out to the bank account", concern: ramp.ConcernPayoutFailed,
		}
	case onmeta.PhaseRefunding:
		return meaning{status: ramp.Refunding}
	case onmeta.PhaseCompleted:
		return meaning{status: ramp.Completed}
	case onmeta.PhaseExpired:
		return meaning{status: ramp.Expired}
	case onmeta.PhaseCancelled:
		return meaning{status: ramp.Cancelled}
	case onmeta.PhaseRefunded:
		return meaning{status: ramp.Refunded}
	default:
		return meaning{}
	}
}
