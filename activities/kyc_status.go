package activities

import (
	"context"

	"go.temporal.io/sdk/workflow"
)

// KYCStatusRequest names the user.
type KYCStatusRequest struct {
	Email string `json:"email"`
}

// KYCStatusResult says whether the provider has verified the user's identity.
type KYCStatusResult struct {
	Verified bool `json:"verified"`
}

// KYCStatus asks whether the user is verified (wire 3.3). The guide makes this mandatory before an account is linked.
func (c *Calls) KYCStatus(ctx context.Context, req KYCStatusRequest) (KYCStatusResult, error) {
	status, err := c.provider.KYCStatus(ctx, user(req.Email))
	return KYCStatusResult{Verified: status.Verified}, classify(ctx, err)
}

// KYCStatus runs the activity.
func KYCStatus(ctx workflow.Context, req KYCStatusRequest) (KYCStatusResult, error) {
	return call[KYCStatusResult](ctx, "Check the user's KYC status", (*Calls)(nil).KYCStatus, req)
}
