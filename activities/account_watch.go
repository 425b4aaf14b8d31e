package activities

import (
	"context"
	"time"

	"go.temporal.io/sdk/workflow"

	"rampart/onmeta"
	"rampart/ramp"
)

// WatchLinkRequest names a pending link.
type WatchLinkRequest struct {
	Email         ramp.Email `json:"email"`
	LinkReference string     `json:"linkReference"`
	// UPI is set for a UPI ID, and not for a bank account.
	UPI bool `json:"upi"`
	// Holder is the name of the account's holder, which is hidden in the provider's texts.
	Holder ramp.Personal `json:"holder,omitempty"`
	// Account is what is being linked. It identifies the link among the user's accounts if its reference does not.
	Account *AccountRequest `json:"account,omitempty"`
	Wait
}

// WatchLinkResult is Decided once the provider has linked or refused the account.
type WatchLinkResult struct {
	WatchEnd
	LinkResult
}

// WatchLink polls a pending link until the provider has decided (provider 3.9, 3.11). It searches the list of the user's accounts if the
// link has no reference, the provider refuses the status call, or the time is up, so that it never gives up an account that the
// provider has linked.
func (w *Watches) WatchLink(ctx context.Context, req WatchLinkRequest) (WatchLinkResult, error) {
	result := WatchLinkResult{LinkResult: LinkResult{State: LinkPending, LinkReference: req.LinkReference}}
	how := watching{Wait: req.Wait, pause: w.slowingPause, limit: w.timings.Linking, outage: w.timings.Outage, running: &w.running}
	var err error
	result.WatchEnd, err = poll(ctx, how, func(ctx context.Context) (string, bool, error) {
		link, err := w.linkState(ctx, req)
		if err != nil {
			return "", false, err
		}
		result.LinkResult = link
		return string(link.State), link.State != LinkPending, nil
	})
	return result, err
}

func (w *Watches) linkState(ctx context.Context, req WatchLinkRequest) (LinkResult, error) {
	if req.LinkReference == "" && req.Account != nil {
		return w.listed(ctx, req)
	}
	link, err := w.linkStatus(ctx, req)
	result := linkResult(link)
	timeUp := time.Since(req.WaitingSince) >= w.timings.Linking
	refused := onmeta.IsKind(err, onmeta.KindRefused)
	switch {
	case err == nil && (result.State != LinkPending || !timeUp), err != nil && !refused:
		return result, err
	case req.Account != nil:
		found, failed := w.listed(ctx, req)
		if failed != nil || found.State != LinkPending {
			return found, failed
		}
	}
	if refused && timeUp { // the list has no answer either: the user must submit another account
		return LinkResult{State: LinkFailed, LinkReference: req.LinkReference, Reason: "the provider does not tell its state"}, nil
	}
	return result, err
}

// listed finds the link in the list of the user's accounts. A link that is not in the list is still pending, and the failure of an
// earlier link does not count.
func (w *Watches) listed(ctx context.Context, req WatchLinkRequest) (LinkResult, error) {
	found, err := req.Account.find(ctx, w.provider)
	another := req.LinkReference != "" && found.LinkReference != req.LinkReference
	if found.State == NotLinked || found.State == LinkFailed && another {
		found = LinkResult{State: LinkPending, LinkReference: req.LinkReference}
	}
	return found, err
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
