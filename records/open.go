package records

import (
	"context"
	"errors"
	"iter"

	"gocloud.dev/blob"

	"rampart/ramp"
)

// OpenOrder is an order that has not ended and that the provider has: what it takes to follow it again if Temporal loses it.
type OpenOrder struct {
	// RunID is the Temporal run that is the order.
	RunID string `json:"runId"`
	// Onramp or Offramp is the order's request, without an order to adopt.
	Onramp  *ramp.OnrampRequest  `json:"onramp,omitempty"`
	Offramp *ramp.OfframpRequest `json:"offramp,omitempty"`
	// Account is the account that the order was made with, if its user submitted one in place of the request's.
	Account *ramp.AccountSubmission `json:"account,omitempty"`
	// Proof is the user's latest proof of payment, whether or not the provider has it; nil for none.
	Proof *ramp.Proof `json:"proof,omitempty"`
	// Order is the order when this was written, with its payment instructions.
	Order ramp.Order `json:"order"`
}

// ID identifies the order.
func (o *OpenOrder) ID() ramp.ID {
	return ramp.ID{Direction: o.Order.Direction, Reference: o.Order.Reference}
}

// Email returns the user's e-mail address.
func (o *OpenOrder) Email() ramp.Email {
	if o.Onramp != nil {
		return o.Onramp.Email
	}
	return o.Offramp.Email
}

// Identity returns what requests with the meaning of the order's have in common.
func (o *OpenOrder) Identity() (string, error) {
	if o.Onramp != nil {
		return o.Onramp.Identity()
	}
	return o.Offramp.Identity()
}

// Validate returns an error if this is no order that the provider has.
func (o *OpenOrder) Validate() error {
	var reference string
	switch {
	case o.Order.Direction == ramp.Onramp && o.Onramp != nil && o.Offramp == nil:
		reference = o.Onramp.Reference
	case o.Order.Direction == ramp.Offramp && o.Offramp != nil && o.Onramp == nil:
		reference = o.Offramp.Reference
	default:
		return errors.New("the open order has not one request of its direction")
	}
	switch {
	case ramp.ValidateReference(reference) != nil || reference != o.Order.Reference:
		return errors.New("the open order has no valid reference, or not its request's")
	case o.Order.OrderID == "":
		return errors.New("the open order has no order at the provider")
	default:
		return nil
	}
}

// openPrefix begins the names of open orders.
const openPrefix = "open/"

func openName(id ramp.ID) string { return openPrefix + digest(id) }

// KeepOpen writes an open order durably, in place of what was written of it before. It may be repeated. Once the record of the same run
// is kept, nothing is left of it, also if both are written at the same time.
func (s *Store) KeepOpen(ctx context.Context, open OpenOrder) error {
	if err := open.Validate(); err != nil {
		return err
	}
	return s.within(ctx, func(ctx context.Context, bucket *blob.Bucket) error {
		if err := s.write(ctx, bucket, openName(open.ID()), open); err != nil {
			return err
		}
		ended, err := s.hasEnded(ctx, bucket, open)
		if err != nil || !ended {
			return err
		}
		return s.remove(ctx, bucket, openName(open.ID()))
	})
}

// hasEnded reports whether the record of the same run is kept. A record that is not complete yet deletes the open order once it is, and an
// order that was reset after its end is open again.
func (s *Store) hasEnded(ctx context.Context, bucket *blob.Bucket, open OpenOrder) (bool, error) {
	known, err := s.entry(ctx, bucket, open.ID())
	var record *Record
	if err == nil && known.Record != "" {
		record, err = s.record(ctx, bucket, known.Record)
	}
	var bad *BadError
	if errors.As(err, &bad) {
		return false, nil
	}
	return record != nil && record.RunID == open.RunID, err
}

// FindOpen returns an open order; nil if there is none. The error is a *BadError if what is there was not written with the keys.
func (s *Store) FindOpen(ctx context.Context, id ramp.ID) (found *OpenOrder, err error) {
	err = s.within(ctx, func(ctx context.Context, bucket *blob.Bucket) (err error) {
		found, err = s.openOrder(ctx, bucket, openName(id))
		return err
	})
	return found, err
}

// DropOpen deletes an open order, if there is one.
func (s *Store) DropOpen(ctx context.Context, id ramp.ID) error {
	return s.within(ctx, func(ctx context.Context, bucket *blob.Bucket) error { return s.remove(ctx, bucket, openName(id)) })
}

// AllOpen yields the open orders, as Between does records. One that ends meanwhile may be left out.
func (s *Store) AllOpen(ctx context.Context) iter.Seq2[*OpenOrder, error] {
	return func(yield func(*OpenOrder, error) bool) {
		bucket, release, err := s.location.open(ctx)
		if err != nil {
			yield(nil, err)
			return
		}
		defer release()
		list(ctx, bucket, openPrefix, func(ctx context.Context, name string) (*OpenOrder, error) {
			return s.openOrder(ctx, bucket, name)
		}, yield)
	}
}

// openOrder reads an open order; nil if it has ended meanwhile.
func (s *Store) openOrder(ctx context.Context, bucket *blob.Bucket, name string) (*OpenOrder, error) {
	found := new(OpenOrder)
	if err := s.read(ctx, bucket, name, found); absent(err) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	if err := found.Validate(); err != nil || openName(found.ID()) != name {
		return nil, &BadError{Name: name, Problem: "it is not an open order of this name"}
	}
	return found, nil
}

func (s *Store) remove(ctx context.Context, bucket *blob.Bucket, name string) error {
	_, err := s.location.remove(ctx, bucket, name)
	return err
}
