package activities

import (
	"context"

	"go.temporal.io/sdk/workflow"

	"rampart/onmeta"
)

// KYCStatusRequest names the user.
type KYCStatusRequest struct {
	Email string `json:"email"`
	// Repeat is set but for the order's first look, whose answer may also be that the provider does not log the user in.
	Repeat bool `json:"again,omitempty"`
	// Admission is set for an order's first call, which decides whether the order begins.
	Admission *Admission `json:"begins,omitempty"`
}

// KYCStatusResult says whether the provider has verified the user's identity.
type KYCStatusResult struct {
	Verified bool `json:"verified"`
	// Rules are what the order begins under; nil but for its first call.
	Rules *AdmissionRules `json:"rules,omitempty"`
}

// KYCStatus asks whether the user is verified (provider 3.3). The guide makes this mandatory before an account is linked. It is
// an order's first call, so that it is also the one that logs the user in (provider 3.1) and tells whether the provider knows
// our key; every later call does the same for itself, on whichever worker it runs. A user whom the provider refuses to log
// in here is refused the order. Later, a refused login is an outage. A look that is refused says nothing of the user's KYC, and
// is made again.
//
// As the first call it also decides whether the order begins: a request in clear where that is not taken, and a reference that an
// earlier run had, are final errors. The latter is looked for last, when the visibility store is most likely to show this run.
func (c *Calls) KYCStatus(ctx context.Context, req KYCStatusRequest) (KYCStatusResult, error) {
	if req.Admission == nil {
		return c.kycStatus(ctx, req)
	}
	if err := c.admit(*req.Admission); err != nil {
		return KYCStatusResult{}, err
	}
	result, err := c.kycStatus(ctx, req)
	if err != nil && !isFinal(err) {
		return KYCStatusResult{}, err
	}
	if taken := c.first(ctx, req.Admission.Reference); taken != nil {
		return KYCStatusResult{}, taken
	}
	result.Rules = c.rules()
	return result, err
}

func (c *Calls) kycStatus(ctx context.Context, req KYCStatusRequest) (KYCStatusResult, error) {
	status, err := c.provider.KYCStatus(ctx, user(req.Email))
	if refused, yes := refusedBy(err, onmeta.RouteLogin); yes && !req.Repeat {
		return KYCStatusResult{}, refusal(refused, Refusal{})
	}
	return KYCStatusResult{Verified: status.Verified}, classify(ctx, lookupError(err))
}

// KYCStatus runs the activity.
func KYCStatus(ctx workflow.Context, req KYCStatusRequest) (KYCStatusResult, error) {
	return call[KYCStatusResult](ctx, begins, "Log the user in and check their KYC status", (*Calls)(nil).KYCStatus, req)
}
