package activities

import (
	"context"
	"time"

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
	// Account is what is being linked: by it the link is found among the user's accounts where its reference does not tell.
	Account *AccountRequest `json:"account,omitempty"`
	Wait
}

// WatchLinkResult is Decided once the provider has linked or refused the account.
type WatchLinkResult struct {
	WatchEnd
	LinkResult
}

// WatchLink polls a pending link until the provider has decided (provider 3.9, 3.11). The user's accounts are looked through where
// the link has no reference, the status call refuses it, or its time is up: no link is given up that the provider has linked.
func (w *Watches) WatchLink(ctx context.Context, req WatchLinkRequest) (WatchLinkResult, error) {
	result := WatchLinkResult{LinkResult: LinkResult{State: LinkPending, LinkReference: req.LinkReference}}
	how := watching{Wait: req.Wait, pause: w.patientPause, limit: w.timings.Linking, outage: w.timings.Outage}
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
	told := linkResult(link)
	timeUp := time.Since(req.WaitingSince) >= w.timings.Linking
	refused := onmeta.IsKind(err, onmeta.KindRefused)
	switch {
	case err == nil && (told.State != LinkPending || !timeUp), err != nil && !refused:
		return told, err
	case req.Account != nil:
		found, failed := w.listed(ctx, req)
		if failed != nil || found.State != LinkPending {
			return found, failed
		}
	}
	if refused && timeUp { // and the list knows no better: the user names another account
		return LinkResult{State: LinkFailed, LinkReference: req.LinkReference, Reason: "the provider does not tell what became of it"}, nil
	}
	return told, err
}

// listed finds the link in the list of the user's accounts. One that is not in it is pending still, and the failure of an
// earlier one is none of it.
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
