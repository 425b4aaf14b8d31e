package forget

import (
	"context"
	"errors"
	"slices"

	"rampart/ramp"
	"rampart/records"
)

// Records are the store of the records of ended orders. Records have no index by user, so that all are read to find those of one.
type Records struct {
	Store *records.Store

	// clean is set once a search has found none. No writer adds any then: the user's orders have ended, and so has what they had left.
	clean      bool
	unreadable int
}

var _ Store = (*Records)(nil)

// Name implements Store.
func (*Records) Name() string { return "records" }

// Count implements Store.
func (r *Records) Count(ctx context.Context, user User) (Tally, error) {
	tally, err := r.each(ctx, user, func(*records.Record) (int, error) { return 1, nil })
	if err != nil {
		return tally, err
	}
	return r.eachOpen(ctx, user, tally, func(ramp.ID) error { return nil })
}

// Forget implements Store. Once it has found nothing, it searches again only if there are orders.
func (r *Records) Forget(ctx context.Context, user User) (Tally, error) {
	if r.clean && len(user.Orders) == 0 {
		return Tally{Unreadable: r.unreadable}, nil
	}
	if _, err := r.eachOpen(ctx, user, Tally{}, func(ramp.ID) error { return nil }); err != nil { // before anything is deleted
		return Tally{}, err
	}
	if _, err := r.Store.Sweep(ctx); err != nil {
		return Tally{}, err
	}
	tally, err := r.each(ctx, user, func(record *records.Record) (int, error) { return r.forget(ctx, record) })
	if err == nil {
		tally, err = r.eachOpen(ctx, user, tally, func(id ramp.ID) error { return r.Store.DropOpen(ctx, id) })
	}
	r.clean, r.unreadable = err == nil && tally.Found == 0, tally.Unreadable
	return tally, err
}

// forget deletes a record. What else its reference names goes too, if that is the user's: earlier records of the order, and those that were cut
// off.
func (r *Records) forget(ctx context.Context, record *records.Record) (int, error) {
	deleted := 0
	var bad *records.BadError
	newest, _, err := r.Store.Find(ctx, record.ID())
	if err == nil && newest != nil && isOf(newest, ramp.UserTerm(record.Email)) {
		deleted, err = r.Store.Forget(ctx, record.ID())
	}
	if err != nil && !errors.As(err, &bad) {
		return deleted, err
	}
	had, err := r.Store.Delete(ctx, record) // one that its reference does not name
	if had {
		deleted++
	}
	return deleted, err
}

func isOf(record *records.Record, term ramp.Personal) bool {
	return ramp.UserTerm(record.Email) == term
}

// each calls a function for each record of the user, and adds up what it returns.
func (r *Records) each(ctx context.Context, user User, call func(*records.Record) (int, error)) (Tally, error) {
	var tally Tally
	term := ramp.UserTerm(user.Email)
	for record, err := range r.Store.All(ctx) {
		var bad *records.BadError
		switch {
		case errors.As(err, &bad):
			tally.Unreadable++
			continue
		case err != nil:
			return tally, err
		case !isOf(record, term):
			continue
		}
		count, err := call(record)
		tally.Found += count
		if err != nil {
			return tally, err
		}
	}
	return tally, nil
}

// eachOpen calls a function for each order of the user that the store has as open although it was terminated or has failed, and adds them to
// a tally. The error is an *OpenError if Temporal has lost one: its money is under way.
func (r *Records) eachOpen(ctx context.Context, user User, tally Tally, call func(ramp.ID) error) (Tally, error) {
	term := ramp.UserTerm(user.Email)
	for open, err := range r.Store.AllOpen(ctx) {
		var bad *records.BadError
		switch {
		case errors.As(err, &bad):
			tally.Unreadable++
			continue
		case err != nil:
			return tally, err
		case ramp.UserTerm(open.Email()) != term:
			continue
		case !slices.Contains(user.Orders, open.ID()):
			return tally, &OpenError{Orders: []ramp.ID{open.ID()}}
		}
		tally.Found++
		if err := call(open.ID()); err != nil {
			return tally, err
		}
	}
	return tally, nil
}
