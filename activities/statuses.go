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
	// attention says why a person must look.
	attention string
}

// onrampMeaning and offrampMeaning map the provider's statuses to ours (design, section 3; wire 4). A status that they do not
// know is not final: the order keeps its own status and goes on.
func onrampMeaning(status onmeta.Status) meaning {
	switch status {
	case onmeta.OnrampFiatPending:
		return meaning{unpaid: true}
	case onmeta.OnrampFiatReceived, onmeta.OnrampOrderReceived, onmeta.OnrampInProgress, onmeta.OnrampTransferred:
		return meaning{status: ramp.Settling}
	case onmeta.OnrampRefundInitiated, onmeta.OnrampFiatRefundInitiated:
		return meaning{status: ramp.Refunding}
	case onmeta.OnrampCompleted:
		return meaning{status: ramp.Completed}
	case onmeta.OnrampExpired:
		return meaning{status: ramp.Expired}
	case onmeta.OnrampCancelled:
		return meaning{status: ramp.Cancelled}
	case onmeta.OnrampRefunded:
		return meaning{status: ramp.Refunded}
	default:
		return meaning{}
	}
}

func offrampMeaning(status onmeta.Status) meaning {
	switch status {
	case onmeta.OfframpCryptoInit, onmeta.OfframpPending:
		return meaning{unpaid: true}
	case onmeta.OfframpOrderReceived, onmeta.OfframpInProgress, onmeta.OfframpCryptoReceived, onmeta.OfframpFiatPending:
		return meaning{status: ramp.Settling}
	case onmeta.OfframpFiatFailed:
		return meaning{status: ramp.Settling, attention: "the provider could not pay out to the bank account"}
	case onmeta.OfframpRefundInitiated, onmeta.OfframpFiatRefundInitiated:
		return meaning{status: ramp.Refunding}
	case onmeta.OfframpPayoutSuccess, onmeta.OfframpCompleted:
		return meaning{status: ramp.Completed}
	case onmeta.OfframpExpired:
		return meaning{status: ramp.Expired}
	case onmeta.OfframpCancelled:
		return meaning{status: ramp.Cancelled}
	case onmeta.OfframpRefunded:
		return meaning{status: ramp.Refunded}
	default:
		return meaning{}
	}
}
