package activities

import (
	"context"
	"errors"

	"go.temporal.io/sdk/activity"

	"rampart/ramp"
)

// Admission is what an order's first activity decides for it, before anything is made at the provider.
type Admission struct {
	// Reference is the order's.
	Reference string `json:"reference"`
	// Unencrypted is set when the request came in clear although the worker encrypts.
	Unencrypted bool `json:"clear,omitempty"`
}

// AdmissionRules are what an order begins under. They stay as they are until it ends, whatever a worker is configured to later.
type AdmissionRules struct {
	// AllowClear is set where accounts, dossiers and confirmations are taken in clear too.
	AllowClear bool `json:"clear"`
	// KeyIDs are the ids of the keys that the worker had.
	KeyIDs []string `json:"keys,omitempty"`
}

// admit refuses a request in clear where that is not taken.
func (c *Calls) admit(b Admission) error {
	if !b.Unencrypted || c.allowClear {
		return nil
	}
	return (&ramp.Error{
		Type:      ramp.Unencrypted,
		Reference: b.Reference,
		Message: "the request came unencrypted, and orders are taken encrypted only: give the sender the keyset, " +
			"or let the workers take requests in clear (RAMP_ALLOW_CLEAR=true)",
	}).ApplicationError()
}

// rules are those of an order that begins now.
func (c *Calls) rules() *AdmissionRules {
	rules := &AdmissionRules{AllowClear: c.allowClear}
	if c.decrypter != nil {
		rules.KeyIDs = c.decrypter.KeyIDs()
	}
	return rules
}

// first makes sure that no earlier run of the workflow id was an order.
func (c *Calls) first(ctx context.Context, reference string) error {
	if c.runs == nil {
		return invalidRequest(errors.New("this worker cannot tell an order's first run: it was given no Runs"))
	}
	earlier, err := c.runs.Earlier(ctx, activity.GetInfo(ctx).WorkflowExecution)
	switch {
	case err != nil && ctx.Err() != nil:
		return interrupted(ctx)
	case err != nil:
		return retryable(ctx, ErrTemporal, err, 0)
	case earlier != nil:
		return earlier.taken(reference)
	default:
		return nil
	}
}
