package onmeta_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rampart/onmeta"
)

func TestStatusMeansTheSameInEverySpelling(t *testing.T) {
	t.Parallel()
	shared := map[string]onmeta.Phase{
		"refundInitiated": onmeta.PhaseRefunding, "fiatRefundInitiated": onmeta.PhaseRefunding, "refunding": onmeta.PhaseRefunding,
		"refunded": onmeta.PhaseRefunded, "completed": onmeta.PhaseCompleted, "expired": onmeta.PhaseExpired,
		"cancelled": onmeta.PhaseCancelled, "Canceled": onmeta.PhaseCancelled,
		"orderReceived": onmeta.PhaseSettling, "InProgress": onmeta.PhaseSettling,
		"complianceReview": onmeta.PhaseUnknown, "": onmeta.PhaseUnknown,
	}
	onramp := map[string]onmeta.Phase{
		"fiatPending": onmeta.PhaseUnpaid, "fiatReceived": onmeta.PhaseSettling, "transferred": onmeta.PhaseSettling,
		"cryptoInit": onmeta.PhaseUnknown, "PayoutSuccess": onmeta.PhaseUnknown,
	}
	offramp := map[string]onmeta.Phase{
		"cryptoInit": onmeta.PhaseUnpaid, "pending": onmeta.PhaseUnpaid, "CryptoReceived": onmeta.PhaseSettling,
		"fiatPending": onmeta.PhaseSettling, "fiatFailed": onmeta.PhasePayoutFailed, "PayoutSuccess": onmeta.PhaseCompleted,
		"fiatReceived": onmeta.PhaseUnknown,
	}
	for name, of := range map[string]func(onmeta.Status) onmeta.Phase{"on-ramp": onmeta.OnrampPhase, "off-ramp": onmeta.OfframpPhase} {
		own := onramp
		if name == "off-ramp" {
			own = offramp
		}
		for _, table := range []map[string]onmeta.Phase{shared, own} {
			for status, want := range table {
				for _, spelled := range []string{status, strings.ToLower(status), strings.ToUpper(status)} {
					require.Equal(t, want, of(onmeta.Status(spelled)), "%s %s", name, spelled)
				}
			}
		}
	}
}

func TestPaymentIsWithTheProviderFromSettlingToRefunded(t *testing.T) {
	t.Parallel()
	for _, phase := range []onmeta.Phase{
		onmeta.PhaseSettling, onmeta.PhasePayoutFailed, onmeta.PhaseRefunding, onmeta.PhaseCompleted, onmeta.PhaseRefunded,
	} {
		require.True(t, phase.Paid())
	}
	for _, phase := range []onmeta.Phase{onmeta.PhaseUnknown, onmeta.PhaseUnpaid, onmeta.PhaseExpired, onmeta.PhaseCancelled} {
		require.False(t, phase.Paid())
	}
}
