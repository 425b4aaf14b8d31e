package commands

import (
	"context"
	"errors"
	"fmt"
	"regexp"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"rampart/ramp"
	"rampart/starter/connection"
	"rampart/starter/explain"
)

// How the argument ORDER becomes an order: a workflow id, such as onramp/inv-42, names one; a reference alone, such as inv-42, names the
// order of whichever direction has it, and is ambiguous if both have.

// parseOrder returns the orders that an argument may name.
func parseOrder(name string) ([]ramp.ID, error) {
	if direction, reference, err := ramp.ParseWorkflowID(name); err == nil && ramp.ValidateReference(reference) == nil {
		return []ramp.ID{{Direction: direction, Reference: reference}}, nil
	}
	if err := ramp.ValidateReference(name); err != nil {
		return nil, &usageError{message: "ORDER must be an order's reference, such as inv-42, or its workflow id, such as onramp/inv-42"}
	}
	return []ramp.ID{{Direction: ramp.Onramp, Reference: name}, {Direction: ramp.Offramp, Reference: name}}, nil
}

// candidates returns the orders that an argument may name, of the one direction that a command accepts, or of both for none.
func candidates(command *cobra.Command, direction ramp.Direction, name string) ([]ramp.ID, error) {
	ids, err := parseOrder(name)
	if err != nil || direction == "" {
		return ids, err
	}
	for _, id := range ids {
		if id.Direction == direction {
			return []ramp.ID{id}, nil
		}
	}
	return nil, misused(command, fmt.Sprintf("%s accepts only %s orders, but ORDER names one of the other direction", command.Name(), direction))
}

// referenceOf returns the reference in an argument of a command that accepts one direction only.
func referenceOf(command *cobra.Command, direction ramp.Direction, name string) (string, error) {
	ids, err := candidates(command, direction, name)
	if err != nil {
		return "", err
	}
	return ids[0].Reference, nil
}

// choose returns the candidate that exists. A single candidate is not looked up, and one that cannot be queried at the moment counts as
// existing, so that a message to an order needs no worker.
func choose(ctx context.Context, orders Orders, candidates []ramp.ID) (ramp.ID, error) {
	if len(candidates) == 1 {
		return candidates[0], nil
	}
	return only(candidates, func(id ramp.ID) (ramp.ID, error) {
		_, err := orders.Get(ctx, id)
		if connection.Transient(err) {
			err = nil
		}
		return id, err
	})
}

// only looks up every candidate and returns the one that exists. A run that was refused counts only if there is no order.
func only[T any](candidates []ramp.ID, lookUp func(ramp.ID) (T, error)) (none T, err error) {
	var found []T
	var refusal error
	for _, id := range candidates {
		order, err := lookUp(id)
		switch {
		case ramp.IsError(err, ramp.NotFound):
		case refused(err):
			refusal = err
		case err != nil:
			return none, err
		default:
			found = append(found, order)
		}
	}
	if len(found) == 0 && refusal != nil {
		return none, refusal
	}
	if err := unambiguous(candidates[0].Reference, len(found)); err != nil {
		return none, err
	}
	return found[0], nil
}

// unambiguous returns an error unless exactly one order has a reference.
func unambiguous(reference string, orders int) error {
	switch orders {
	case 0:
		return &ramp.Error{Type: ramp.NotFound, Reference: reference, Message: "there is no such order: check the reference, and TEMPORAL_NAMESPACE or --context"}
	case 1:
		return nil
	default:
		return &usageError{message: fmt.Sprintf("two orders have the reference %s: use onramp/%s or offramp/%s", reference, reference, reference)}
	}
}

// get returns the state of a run or, without one, of the run that is the order. That is not always the newest run, which may have been
// refused.
func get(ctx context.Context, c *Connection, id ramp.ID, run string) (*ramp.Order, error) {
	if run != "" {
		return c.Orders.GetRun(ctx, id, run)
	}
	order, err := c.Orders.Get(ctx, id)
	if !refused(err) {
		return order, err
	}
	_, run, missing := explain.Find(ctx, c.Temporal, c.Orders, c.Reader, id)
	if missing != nil {
		return nil, err
	}
	return c.Orders.GetRun(ctx, id, run)
}

// refused reports whether an error is the result of a run that was refused before it became an order.
func refused(err error) bool {
	return ramp.IsError(err, ramp.InvalidRequest) || ramp.IsError(err, ramp.Unencrypted) || ramp.IsError(err, ramp.ReferenceTaken)
}

// runFlag is the value of --run: a Temporal run id.
type runFlag string

// String implements pflag.Value.
func (f *runFlag) String() string { return string(*f) }

// Set implements pflag.Value.
func (f *runFlag) Set(text string) error {
	if !runID.MatchString(text) {
		return errors.New("must be a run id")
	}
	*f = runFlag(text)
	return nil
}

// Type implements pflag.Value.
func (f *runFlag) Type() string { return "run" }

var runID = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

func (f *runFlag) register(flags *pflag.FlagSet) {
	flags.Var(f, "run", "show the run with this `id`, if the reference has several (default: the run that is the order)")
}
