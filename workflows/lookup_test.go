package workflows_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rampart/activities"
	"rampart/ramp"
)

// An order's first two questions to the provider are asked at once.

func TestLinkedAccountsAreLookedUpWhileTheUserIsChecked(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	w.on((*activities.Calls)(nil).KYCStatus).After(time.Minute).Return(activities.KYCStatusResult{Verified: true}, nil)
	w.on((*activities.Calls)(nil).LinkedAccounts).After(2*time.Minute).Return(activities.LinkResult{State: activities.Linked}, nil)
	w.happy(completed)
	request := onrampRequest()
	request.UTR = utr

	order := w.buy(request)

	require.Equal(t, ramp.Completed, order.Status)
	require.Equal(t, start.Add(2*time.Minute), order.Proof.AcceptedAt)
	w.AssertActivityNumberOfCalls(t, "LinkedAccounts", 1)
}

func TestWhatWasLookedUpBeforeTheUserWasVerifiedIsLookedUpAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	w.on((*activities.Calls)(nil).KYCStatus).After(time.Minute).Return(activities.KYCStatusResult{}, nil)
	w.on((*activities.Calls)(nil).UploadKYC).Return(activities.UploadKYCResult{}, nil)
	w.on((*activities.Watches)(nil).WatchKYC).
		Return(activities.WatchKYCResult{WatchEnd: activities.WatchEnd{End: activities.Decided}}, nil)
	w.on((*activities.Calls)(nil).LinkedAccounts).Return(activities.LinkResult{}, refusal("the user is not verified")).Once()
	w.on((*activities.Calls)(nil).LinkedAccounts).Return(activities.LinkResult{State: activities.Linked}, nil).Once()
	w.happy(completed)
	request := onrampRequest()
	request.UTR = utr
	request.KYC = &ramp.KYC{Dossier: "file:///var/lib/rampart/kyc/asha"}

	order := w.buy(request)

	require.Equal(t, ramp.Completed, order.Status)
	require.NotContains(t, statuses(order), ramp.AwaitingAccount)
}

func TestLookupThatFailedBeforeItsTurnIsMadeAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	w.on((*activities.Calls)(nil).KYCStatus).After(time.Hour).Return(activities.KYCStatusResult{Verified: true}, nil)
	w.on((*activities.Calls)(nil).LinkedAccounts).Return(activities.LinkResult{}, unavailable()).Times(8)
	w.on((*activities.Calls)(nil).LinkedAccounts).Return(activities.LinkResult{State: activities.Linked}, nil).Once()
	w.happy(completed)
	request := onrampRequest()
	request.UTR = utr

	order := w.buy(request)

	require.Equal(t, ramp.Completed, order.Status)
	require.NotContains(t, notes(order), "Attention", "the provider answers by then")
}

func TestPrefetchOfOneAccountIsDiscardedForAnother(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	w.on((*activities.Calls)(nil).KYCStatus).After(time.Hour).Return(activities.KYCStatusResult{Verified: true}, nil)
	var asked []string
	w.on((*activities.Calls)(nil).LinkedAccounts).
		Return(func(_ context.Context, req activities.AccountRequest) (activities.LinkResult, error) {
			asked = append(asked, string(req.UPI.ID))
			return activities.LinkResult{State: activities.Linked}, nil
		})
	w.happy(completed)
	w.at(time.Minute, func() {
		w.SignalWorkflow(ramp.SubmitAccount, ramp.AccountSubmission{UPI: &ramp.UPIAccount{ID: "other@okbank", Name: "Asha Rao"}})
	})
	request := onrampRequest()
	request.UTR = utr

	require.Equal(t, ramp.Completed, w.buy(request).Status)
	require.Equal(t, []string{"asha@okbank", "other@okbank"}, asked)
}
