package workflows_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"rampart/activities"
	"rampart/ramp"
)

// upserted are the upserts of an order's search attributes, one after the other.
type upserted []temporal.SearchAttributes

// recordUpserts records the upserts of an order.
func (w *world) recordUpserts() *upserted {
	all := new(upserted)
	w.OnUpsertTypedSearchAttributes(mock.Anything).Run(func(args mock.Arguments) {
		*all = append(*all, args.Get(0).(temporal.SearchAttributes))
	}).Return(nil)
	return all
}

// users are the hashes of users in the upserts, and proofs those of proofs.
func (u upserted) users() []string {
	var all []string
	for _, attributes := range u {
		if hash, found := attributes.GetKeyword(ramp.UserKey); found {
			all = append(all, hash)
		}
	}
	return all
}

func (u upserted) proofs() [][]string {
	var all [][]string
	for _, attributes := range u {
		if hashes, found := attributes.GetKeywordList(ramp.ProofKey); found {
			all = append(all, hashes)
		}
	}
	return all
}

// paid runs an order to its end, whose activities answer with these hashes.
func paid(t *testing.T, user, proof string) *upserted {
	t.Helper()
	w := newUnpublishedWorld(t, new(testsuite.WorkflowTestSuite), ramp.Onramp)
	all := w.recordUpserts()
	w.on((*activities.Calls)(nil).KYCStatus).Return(activities.KYCStatusResult{Verified: true, UserHash: user}, nil)
	w.on((*activities.Calls)(nil).SubmitUTR).Return(activities.SubmitResult{Accepted: true, ProofHash: proof}, nil)
	w.happy()
	w.on((*activities.Watches)(nil).WatchOrder).After(time.Hour).Return(decided(completed), nil)
	w.signalUTR(time.Minute, utr)
	require.Equal(t, ramp.Completed, w.buy(onrampRequest()).Status)
	return all
}

func TestOrderIsFoundByItsUserAndProofWithoutMoreUpserts(t *testing.T) {
	t.Parallel()
	hashed, plain := paid(t, "u-1", "p-1"), paid(t, "", "")
	require.Equal(t, []string{"u-1"}, hashed.users())
	require.Equal(t, [][]string{{"p-1"}}, hashed.proofs())
	require.Empty(t, plain.users(), "a namespace may lack the search attribute")
	require.Empty(t, plain.proofs())
	require.Len(t, *hashed, len(*plain), "each upsert is an event")
}

func TestOrderIsFoundByEveryProofThatWasAccepted(t *testing.T) {
	t.Parallel()
	w := newUnpublishedWorld(t, new(testsuite.WorkflowTestSuite), ramp.Onramp)
	all := w.recordUpserts()
	const refusedUTR = "412345678903"
	w.on((*activities.Calls)(nil).SubmitUTR).Return(func(_ context.Context, req activities.SubmitUTRRequest) (activities.SubmitResult, error) {
		if req.UTR == refusedUTR {
			return activities.SubmitResult{}, refusedWith(unpaid)
		}
		return activities.SubmitResult{Accepted: true, ProofHash: "hash of " + string(req.UTR)}, nil
	})
	w.watchedFor(5*time.Hour, received)
	w.happy(completed)
	w.signalUTR(time.Hour, utr)
	w.signalUTR(2*time.Hour, refusedUTR)
	w.signalUTR(3*time.Hour, otherUTR)
	order := w.buy(onrampRequest())
	require.Equal(t, ramp.Completed, order.Status)
	require.EqualValues(t, otherUTR, order.Proof.UTR)
	require.Equal(t, [][]string{{"hash of " + utr}, {"hash of " + utr, "hash of " + otherUTR}}, all.proofs())
}

func TestOrderThatAwaitsDocumentsIsFoundByItsUser(t *testing.T) {
	t.Parallel()
	w := newUnpublishedWorld(t, new(testsuite.WorkflowTestSuite), ramp.Onramp)
	all := w.recordUpserts()
	w.on((*activities.Calls)(nil).KYCStatus).Return(activities.KYCStatusResult{UserHash: "u-1"}, nil)
	w.happy()
	require.Equal(t, ramp.Rejected, w.buy(onrampRequest()).Status)
	require.Equal(t, []string{"u-1"}, all.users())
}
