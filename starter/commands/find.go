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

// find returns the order that an argument names: by its workflow id, or by its reference alone where only one direction
// has it. It is as one run has it, where one is named.
func find(ctx context.Context, s *Session, name, run string) (*ramp.Order, error) {
	candidates, err := parse(name)
	if err != nil {
		return nil, err
	}
	var found []*ramp.Order
	var refusal error
	for _, id := range candidates {
		order, err := get(ctx, s, id, run)
		switch {
		case ramp.IsError(err, ramp.NotFound):
		case refused(err):
			refusal = err
		case err != nil:
			return nil, err
		default:
			found = append(found, order)
		}
	}
	if len(found) == 0 && refusal != nil {
		return nil, refusal
	}
	if err := unambiguous(candidates[0].Reference, len(found)); err != nil {
		return nil, err
	}
	return found[0], nil
}

// get returns the state of a run, or of the one that is the order where none is named: the newest may have been refused.
func get(ctx context.Context, s *Session, id ramp.ID, run string) (*ramp.Order, error) {
	if run != "" {
		return s.Orders.GetRun(ctx, id, run)
	}
	order, err := s.Orders.Get(ctx, id)
	if !refused(err) {
		return order, err
	}
	_, run, missing := explain.Find(ctx, s.Temporal, s.Orders, s.Reader, id)
	if missing != nil {
		return nil, err
	}
	return s.Orders.GetRun(ctx, id, run)
}

// refused reports whether an error is that of a run which never was an order.
func refused(err error) bool {
	return ramp.IsError(err, ramp.InvalidRequest) || ramp.IsError(err, ramp.Unencrypted) || ramp.IsError(err, ramp.ReferenceTaken)
}

// runFlag is the value of --run: the id of a run, as Temporal makes them.
type runFlag string

// String implements pflag.Value.
func (f *runFlag) String() string { return string(*f) }

// Set implements pflag.Value.
func (f *runFlag) Set(text string) error {
	if !runID.MatchString(text) {
		return errors.New("must be the id of a run")
	}
	*f = runFlag(text)
	return nil
}

// Type implements pflag.Value.
func (f *runFlag) Type() string { return "run" }

var runID = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

func (f *runFlag) register(flags *pflag.FlagSet) {
	flags.Var(f, "run", "the run with this `id`, where the reference has several (default: the one that is the order)")
}

// identify returns the id of the order that an argument names. Unlike find it needs no worker: an order that cannot be asked
// just now exists all the same.
func identify(ctx context.Context, orders Orders, name string) (ramp.ID, error) {
	candidates, err := parse(name)
	if err != nil || len(candidates) == 1 {
		return first(candidates), err
	}
	var found []ramp.ID
	var refusal error
	for _, id := range candidates {
		_, err := orders.Get(ctx, id)
		switch {
		case ramp.IsError(err, ramp.NotFound):
		case refused(err):
			refusal = err
		case err == nil, connection.Passing(err):
			found = append(found, id)
		default:
			return ramp.ID{}, err
		}
	}
	if len(found) == 0 && refusal != nil {
		return ramp.ID{}, refusal
	}
	return first(found), unambiguous(candidates[0].Reference, len(found))
}

func first(ids []ramp.ID) ramp.ID {
	if len(ids) == 0 {
		return ramp.ID{}
	}
	return ids[0]
}

// unambiguous is nil if exactly one order has a reference.
func unambiguous(reference string, orders int) error {
	switch orders {
	case 0:
		return &ramp.Error{Type: ramp.NotFound, Reference: reference, Message: "there is no such order"}
	case 1:
		return nil
	default:
		return &usageError{message: fmt.Sprintf("two orders have this reference: say onramp/%s or offramp/%s", reference, reference)}
	}
}

// parse returns the orders that an argument may name.
func parse(name string) ([]ramp.ID, error) {
	if direction, reference, err := ramp.ParseWorkflowID(name); err == nil && ramp.ValidateReference(reference) == nil {
		return []ramp.ID{{Direction: direction, Reference: reference}}, nil
	}
	if err := ramp.ValidateReference(name); err != nil {
		return nil, &usageError{message: "ORDER must be an order's reference, such as inv-42, or its workflow id, such as onramp/inv-42"}
	}
	return []ramp.ID{{Direction: ramp.Onramp, Reference: name}, {Direction: ramp.Offramp, Reference: name}}, nil
}

// referenceOf reads an argument that names an order whose direction is known.
func referenceOf(cmd *cobra.Command, direction ramp.Direction, name string) (string, error) {
	candidates, err := parse(name)
	if err != nil {
		return "", err
	}
	for _, id := range candidates {
		if id.Direction == direction {
			return id.Reference, nil
		}
	}
	return "", misused(cmd, fmt.Sprintf("%s is for %s orders, and ORDER names another", cmd.Name(), direction))
}
