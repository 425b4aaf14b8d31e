package activities

import (
	"context"

	"go.temporal.io/sdk/workflow"

	"rampart/onmeta"
)

// WatchLinkRequest names a link that is pending.
type WatchLinkRequest struct {
	Email         string `json:"email"`
	LinkReference string `json:"linkReference"`
	// UPI tells a UPI ID from a bank account.
	UPI bool `json:"upi"`
	// Holder is the name that the user's account is in, hidden in what the provider says.
	Holder string `json:"holder,omitempty"`
	Wait
}

// WatchLinkResult is Decided once the provider has linked or refused the account.
type WatchLinkResult struct {
	WatchEnd
	LinkResult
}

// WatchLink polls a pending link until the provider has decided (wire 3.9, 3.11).
func (w *Watches) WatchLink(ctx context.Context, req WatchLinkRequest) (WatchLinkResult, error) {
	result := WatchLinkResult{LinkResult: LinkResult{State: LinkPending, LinkReference: req.LinkReference}}
	how := watching{Wait: req.Wait, pause: w.patientPause, limit: w.timings.Linking, outage: w.timings.Outage}
	var err error
	result.WatchEnd, err = poll(ctx, how, func(ctx context.Context) (string, bool, error) {
		link, err := w.linkStatus(ctx, req)
		if err != nil {
			return "", false, err
		}
		result.LinkResult = linkResult(link)
		return string(link.Status), result.State != LinkPending, nil
	})
	return result, err
}

func (w *Watches) linkStatus(ctx context.Context, req WatchLinkRequest) (onmeta.Link, error) {
	if req.UPI {
		return w.provider.UPILinkStatus(ctx, holder(req.Email, req.Holder), req.LinkReference)
	}
	return w.provider.BankLinkStatus(ctx, holder(req.Email, req.Holder), req.LinkReference)
}

// WatchLink runs the activity.
func WatchLink(ctx workflow.Context, req WatchLinkRequest) (WatchLinkResult, error) {
	return watch[WatchLinkResult](ctx, "Wait for the provider to verify the user's account", (*Watches)(nil).WatchLink, req)
}
