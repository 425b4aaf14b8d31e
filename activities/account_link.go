package activities

import (
	"context"
	"errors"
	"net/http"

	"go.temporal.io/sdk/workflow"

	"rampart/onmeta"
)

// LinkAccount links the account (wire 3.8, 3.10). The provider checks it with a partner, and its holder's name against
// the KYC. A 406, "account already verified", is success: an attempt whose answer was lost may have linked it. A bank
// account without the PAN that linking needs has failed, and nothing is sent: the user may submit it again with a PAN.
func (c *Calls) LinkAccount(ctx context.Context, req AccountRequest) (LinkResult, error) {
	if req.UPI == nil && req.Bank.PAN == "" {
		return LinkResult{State: LinkFailed, Reason: "it is not linked yet, and linking it needs its holder's PAN"}, nil
	}
	link, err := c.link(ctx, req)
	var refused *onmeta.Error
	if errors.As(err, &refused) && refused.Kind == onmeta.KindRefused && refused.Status == http.StatusNotAcceptable {
		return LinkResult{State: Linked}, nil
	}
	if err != nil {
		return LinkResult{}, classify(ctx, err)
	}
	return linkResult(link), nil
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
	return call[LinkResult](ctx, links, "Link the user's "+req.kind(), (*Calls)(nil).LinkAccount, req)
}
