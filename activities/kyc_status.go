package activities

import (
	"context"

	"go.temporal.io/sdk/workflow"

	"rampart/onmeta"
	"rampart/ramp"
)

// KYCStatusRequest names the user.
type KYCStatusRequest struct {
	Email ramp.Email `json:"email"`
	// Repeat is set on every check but the order's first, whose answer may also be that the provider refuses to log the user in.
	Repeat bool `json:"again,omitempty"`
	// Admission is set on an order's first call, which decides whether the order may begin.
	Admission *Admission `json:"begins,omitempty"`
}

// KYCStatusResult says whether the provider has verified the user's identity.
type KYCStatusResult struct {
	Verified bool `json:"verified"`
	// Rules are the rules that the order begins under; nil except for its first call.
	Rules *AdmissionRules `json:"rules,omitempty"`
	// UserHash is the hash by which the user's orders are found, on an order's first call; empty where orders have none, and in the
	// results of earlier versions.
	UserHash string `json:"userHash,omitempty"`
}

// KYCStatus asks whether the user is verified (provider 3.3). The guide makes this mandatory before an account is linked. As an order's
// first call it is also the first to log the user in (provider 3.1) and to show whether the provider accepts our API key. If the
// provider refuses to log the user in, this call refuses the order; later, a refused login is an outage. A refused status call says
// nothing about the user's KYC and is retried.
//
// As the first call it also decides whether the order may begin: an unencrypted request where that is not allowed, a URL for events
// that no endpoint takes, a reference that the store of records has, and one that belongs to an earlier run are final errors. The earlier
// run is looked for last, when the visibility store is most likely to show this run. An order that the store of records has as open goes on
// with its provider's order, whatever the answer is and whatever became of the run before.
func (c *Calls) KYCStatus(ctx context.Context, req KYCStatusRequest) (KYCStatusResult, error) {
	if req.Admission == nil {
		return c.kycStatus(ctx, req)
	}
	if err := c.checkEncryption(*req.Admission); err != nil {
		return KYCStatusResult{}, err
	}
	ownEvents, err := c.ownEvents(*req.Admission)
	if err != nil {
		return KYCStatusResult{}, err
	}
	resumed, err := c.checkRecords(ctx, *req.Admission)
	if err != nil {
		return KYCStatusResult{}, err
	}
	result, err := c.kycStatus(ctx, req)
	if err != nil && !isFinal(err) {
		return KYCStatusResult{}, err
	}
	if resumed != nil {
		err = nil // a refused login does not end an order that may be paid
	} else if taken := c.checkFirstRun(ctx, req.Admission.Reference); taken != nil {
		return KYCStatusResult{}, taken
	}
	result.Rules = c.admissionRules(ownEvents)
	result.Rules.Resumed = resumed
	if err == nil {
		result.UserHash = c.hash(ctx, ramp.UserTerm(req.Email))
	}
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
	return call[KYCStatusResult](ctx, kycPolicy, "Log the user in and check their KYC status", (*Calls)(nil).KYCStatus, req)
}
