package activities_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rampart/activities"
	"rampart/onmeta"
	"rampart/ramp"
	"rampart/sandbox"
)

// hashes shows what was hashed.
type hashes struct{ unready bool }

func (h hashes) Hash(_ context.Context, term ramp.Personal) string {
	if h.unready {
		return ""
	}
	return "hash of " + string(term)
}

func (h hashes) Hashes(ctx context.Context, term ramp.Personal) []string {
	if h.unready {
		return nil
	}
	return []string{h.Hash(ctx, term), "earlier " + h.Hash(ctx, term)}
}

func TestFirstCallTellsTheHashOfTheUser(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		hashes activities.Hashes
		want   string
	}{{hashes{}, "hash of " + string(ramp.UserTerm(linked))}, {hashes{unready: true}, ""}, {nil, ""}} {
		w := newWorldWith(t, sandbox.DefaultAPIKey, activities.Options{Hashes: test.hashes})
		result, err := firstLook(w, activities.Admission{Reference: "inv-42"})
		require.NoError(t, err)
		require.Equal(t, test.want, result.UserHash)
		again, err := run(w, w.calls.KYCStatus, activities.KYCStatusRequest{Email: linked, Repeat: true})
		require.NoError(t, err)
		require.Empty(t, again.UserHash)
	}
}

func TestAcceptedProofsTellTheirHashesAndRefusedOnesDoNot(t *testing.T) {
	t.Parallel()
	w := newWorldWith(t, sandbox.DefaultAPIKey, activities.Options{Hashes: hashes{}})
	bought, sold := w.onrampOrder(t), w.offrampOrder(t)

	refused, err := run(w, w.calls.SubmitUTR, utr(bought, ramp.UTR(strings.Repeat("0", 12))))
	require.Error(t, err)
	require.Empty(t, refused.ProofHash)
	w.network.once(onmeta.RouteSubmitUTR, lost)
	result, err := inWorkflow(w, activities.SubmitUTR, utr(bought, goodUTR))
	require.NoError(t, err)
	require.Equal(t, "hash of "+string(ramp.UTRTerm(goodUTR)), result.ProofHash)
	require.True(t, result.Accepted)

	result, err = run(w, w.calls.SubmitTransactionHash, hash(sold, goodHash))
	require.NoError(t, err)
	require.Equal(t, "hash of "+string(ramp.TransactionHashTerm(goodHash)), result.ProofHash)
}
