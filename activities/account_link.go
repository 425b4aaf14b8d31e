package activities

import (
	"context"
	"net/http"

	"go.temporal.io/sdk/workflow"

	"rampart/onmeta"
)

// LinkAccount links the account (provider 3.8, 3.10). The provider checks it with a partner, and its holder's name against the KYC. A
// 406, "account already verified", is success: an attempt whose answer was lost may have linked it. Any other refusal counts only if
// the account is not among the linked ones. Linking a bank account needs its holder's PAN; without one the link fails and nothing is
// sent, so that the user can submit the account again with a PAN.
func (c *Calls) LinkAccount(ctx context.Context, req AccountRequest) (LinkResult, error) {
	if req.UPI == nil && req.Bank.PAN == "" {
		return LinkResult{State: LinkFailed, Reason: "it is not linked yet, and linking it needs its holder's PAN"}, nil
	}
	link, err := c.link(ctx, req)
	if refused, yes := refusedBy(err, req.linkRoute()); yes {
		return c.linkedDespite(ctx, refused, req)
	}
	if err != nil {
		return LinkResult{}, classify(ctx, err)
	}
	return linkResult(link), nil
}

// linkedDespite checks after a refusal whether the account is linked, or about to be.
func (c *Calls) linkedDespite(ctx context.Context, refused *onmeta.Error, req AccountRequest) (LinkResult, error) {
	if refused.Status == http.StatusNotAcceptable {
		return LinkResult{State: Linked}, nil
	}
	found, err := c.LinkedAccounts(ctx, req)
	if err != nil || found.State != NotLinked {
		return found, err
	}
	return LinkResult{}, classify(ctx, refused)
}

func (r AccountRequest) linkRoute() onmeta.Route {
	if r.UPI != nil {
		return onmeta.RouteLinkUPI
	}
	return onmeta.RouteLinkBank
}

func (c *Calls) link(ctx context.Context, req AccountRequest) (onmeta.Link, error) {
	if req.UPI != nil {
		return c.provider.LinkUPI(ctx, req.user(), onmeta.LinkUPIRequest{Name: req.UPI.Name, UPIID: req.UPI.ID})
	}
	return c.provider.LinkBank(ctx, req.user(), onmeta.LinkBankRequest{
		Name:          req.Bank.AccountName,
		PAN:           req.Bank.PAN,
		AccountName:   req.Bank.AccountName,
		AccountNumber: req.Bank.AccountNumber,
		IFSC:          req.Bank.IFSC,
	})
}

// LinkAccount runs the activity.
func LinkAccount(ctx workflow.Context, req AccountRequest) (LinkResult, error) {
	return call[LinkResult](ctx, accountPolicy, "Link the user's "+req.kind(), (*Calls)(nil).LinkAccount, req)
}
