package activities

import (
	"context"
	"time"

	"go.temporal.io/sdk/workflow"

	"rampart/ramp"
)

// WatchKYCRequest names the user.
type WatchKYCRequest struct {
	Email ramp.Email `json:"email"`
	// Idle is set while the provider has no documents of this order to review. The user may still be verified with documents of another
	// order, or on the provider's own page, so the status is polled slowly and without a limit.
	Idle bool `json:"idle,omitempty"`
	Wait
}

// WatchKYCResult is Decided once the user is verified.
type WatchKYCResult struct {
	WatchEnd
}

// WatchKYC polls the KYC status until the user is verified. A manual review takes up to 24 hours and shows as "not verified"
// (provider 3.3), so only time distinguishes a review from a refusal.
func (w *Watches) WatchKYC(ctx context.Context, req WatchKYCRequest) (WatchKYCResult, error) {
	how := watching{Wait: req.Wait, pause: w.slowingPause, limit: w.timings.KYCReview, outage: w.timings.Outage, running: &w.running}
	if req.Idle {
		how.pause, how.limit = func(int) time.Duration { return w.timings.SlowPoll }, 0
	}
	end, err := poll(ctx, how, func(ctx context.Context) (string, bool, error) {
		status, err := w.provider.KYCStatus(ctx, user(req.Email))
		if status.Verified {
			return "verified", true, err
		}
		return "not verified", false, err
	})
	return WatchKYCResult{end}, err
}

// fastPolls is how many polls of a slowingPause come at the pace of an order's.
const fastPolls = 10

// slowingPause is an order's pause for the first polls, because most checks take seconds, and then SlowPoll, because some take hours.
func (w *Watches) slowingPause(polls int) time.Duration {
	if polls < fastPolls {
		return w.timings.pollPause()
	}
	return w.timings.SlowPoll
}

// WatchKYC runs the activity.
func WatchKYC(ctx workflow.Context, req WatchKYCRequest) (WatchKYCResult, error) {
	summary := "Wait for the provider to verify the user's KYC"
	if req.Idle {
		summary = "Check whether the user was verified by other means"
	}
	return watch[WatchKYCResult](ctx, summary, (*Watches)(nil).WatchKYC, req)
}
