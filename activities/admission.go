package activities

import (
	"context"
	"errors"

	"go.temporal.io/sdk/activity"

	"rampart/ramp"
)

// Admission asks an order's first activity whether the order may begin. It is decided before anything is made at the provider.
type Admission struct {
	// Reference is the order's reference.
	Reference string `json:"reference"`
	// Unencrypted is set if the request came in clear although the worker encrypts.
	Unencrypted bool `json:"clear,omitempty"`
}

// AdmissionRules are the rules that an order begins under. They hold until it ends, whatever workers are configured to later.
type AdmissionRules struct {
	// AllowClear is set if accounts, dossiers and confirmations are accepted in clear too.
	AllowClear bool `json:"clear"`
	// KeyIDs are the ids of the worker's encryption keys.
	KeyIDs []string `json:"keys,omitempty"`
}

// checkEncryption refuses a request in clear where that is not allowed.
func (c *Calls) checkEncryption(a Admission) error {
	if !a.Unencrypted || c.allowClear {
		return nil
	}
	return (&ramp.Error{
		Type:      ramp.Unencrypted,
		Reference: a.Reference,
		Message: "the request came unencrypted, and only encrypted orders are accepted: give the sender the keyset, " +
			"or let the workers accept requests in clear (RAMP_ALLOW_CLEAR=true)",
	}).ApplicationError()
}

// admissionRules are the rules of an order that begins now.
func (c *Calls) admissionRules() *AdmissionRules {
	rules := &AdmissionRules{AllowClear: c.allowClear}
	if c.decrypter != nil {
		rules.KeyIDs = c.decrypter.KeyIDs()
	}
	return rules
}

// checkFirstRun refuses a run if an earlier one of the same workflow id was an order.
func (c *Calls) checkFirstRun(ctx context.Context, reference string) error {
	if c.runs == nil {
		return invalidRequest(errors.New("this worker cannot tell whether a run is its order's first: Options.Runs is not set"))
	}
	earlier, err := c.runs.Earlier(ctx, activity.GetInfo(ctx).WorkflowExecution)
	switch {
	case err != nil && ctx.Err() != nil:
		return interrupted(ctx)
	case err != nil:
		return retryable(ctx, ErrTemporal, err, 0)
	case earlier != nil:
		return earlier.referenceTaken(reference)
	default:
		return nil
	}
}
