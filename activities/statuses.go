package activities

import (
	"slices"

	"rampart/onmeta"
	"rampart/ramp"
)

// The table of statuses, in two halves. onmeta.OnrampPhase and onmeta.OfframpPhase read the provider's spellings, which the sandbox and
// webhooks share; meaningOf below turns a phase into our status; Progress orders our statuses. Nothing else interprets a status of the
// provider.

// meaning is what a status of the provider says about an order.
type meaning struct {
	// status is ours; empty if the provider's status does not change it.
	status ramp.Status
	// unpaid is set while the provider has found no payment.
	unpaid bool
	// attention says why a person must look, and concern is its type.
	attention string
	concern   ramp.ConcernType
}

func onrampMeaning(status onmeta.Status) meaning { return meaningOf(onmeta.OnrampPhase(status)) }

func offrampMeaning(status onmeta.Status) meaning { return meaningOf(onmeta.OfframpPhase(status)) }

// TellsPaymentOrEnd reports whether a status of the provider says that an order is paid or over.
func TellsPaymentOrEnd(direction ramp.Direction, status string) bool {
	means := onrampMeaning(onmeta.Status(status))
	if direction == ramp.Offramp {
		means = offrampMeaning(onmeta.Status(status))
	}
	return means.status != ""
}

// meaningOf maps the provider's phases to our statuses (guide; provider 4). An order in an unknown phase keeps its status and continues.
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

// Progress returns how far an order in this status has come: the greater, the further. It is -1 for an empty or unknown status. The
// provider's statuses may arrive late, twice or out of order, and only progress moves an order.
func Progress(status ramp.Status) int { return slices.Index(ramp.Statuses(), status) }
