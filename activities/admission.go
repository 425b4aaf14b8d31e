package activities

import (
	"context"
	"errors"

	"go.temporal.io/sdk/activity"

	"rampart/ramp"
	"rampart/records"
)

// Admission asks an order's first activity whether the order may begin. It is decided before anything is made at the provider.
type Admission struct {
	// Reference is the order's reference.
	Reference string `json:"reference"`
	// Unencrypted is set if the request came in clear although the worker encrypts.
	Unencrypted bool `json:"clear,omitempty"`
	// EventURL is the URL of the order's own for its events; empty for none.
	EventURL ramp.Personal `json:"eventURL,omitempty"`
	// Reset is set in a run that continues a run which was reset: the record of its reference may be that run's.
	Reset bool `json:"reset,omitempty"`
	// Identity is that of the request; empty for an order of a version that could not follow one that Temporal has lost.
	Identity string `json:"identity,omitempty"`
	// Adopts is the provider's id of the order that the request takes over; empty for none.
	Adopts string `json:"adopts,omitempty"`
}

// AdmissionRules are the rules that an order begins under. They hold until it ends, whatever workers are configured to later.
type AdmissionRules struct {
	// AllowClear is set if accounts, dossiers and confirmations are accepted in clear too.
	AllowClear bool `json:"clear"`
	// KeyIDs are the ids of the worker's encryption keys.
	KeyIDs []string `json:"keys,omitempty"`
	// Events are the endpoints that the order's events go to.
	Events []string `json:"events,omitempty"`
	// OwnEvents is the endpoint that takes the URL of the order's own; empty if it has none.
	OwnEvents string `json:"ownEvents,omitempty"`
	// Records is set if the order's final state is kept in the store of records.
	Records bool `json:"records,omitempty"`
	// Open is set if the order is kept there while it is open, too.
	Open bool `json:"open,omitempty"`
	// Resumed is the order that Temporal has lost and that this one follows to its end, without its request; nil for a new order.
	Resumed *records.OpenOrder `json:"resumed,omitempty"`
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

// ownEvents returns the endpoint that takes the URL of the order's own. The error is InvalidRequest if none does.
func (c *Calls) ownEvents(a Admission) (string, error) {
	if a.EventURL == "" {
		return "", nil
	}
	if c.endpoints != nil {
		if name, found := c.endpoints.ForOrder(a.EventURL); found {
			return name, nil
		}
	}
	return "", (&ramp.Error{
		Type:      ramp.InvalidRequest,
		Reference: a.Reference,
		Message:   "the request is invalid",
		Fields: []ramp.FieldError{{
			Field: "events.url", Problem: "must begin with the URL of an endpoint that the workers take from orders (perOrder in RAMP_EVENTS_FILE)",
		}},
	}).ApplicationError()
}

// admissionRules are the rules of an order that begins now. ownEvents is the endpoint that takes the URL of the order's own.
func (c *Calls) admissionRules(ownEvents string) *AdmissionRules {
	rules := &AdmissionRules{AllowClear: c.allowClear, OwnEvents: ownEvents, Records: c.records != nil, Open: c.records != nil}
	if c.decrypter != nil {
		rules.KeyIDs = c.decrypter.KeyIDs()
	}
	if c.endpoints != nil {
		rules.Events = c.endpoints.Names()
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
