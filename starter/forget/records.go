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
	ended, unreadable, err := r.open(ctx, user)
	if err != nil {
		return Tally{}, err
	}
	tally, err := r.each(ctx, user, func(*records.Record) (int, error) { return 1, nil })
	tally.Found += len(ended)
	tally.Unreadable += unreadable
	return tally, err
}

// Forget implements Store. Once it has found nothing, it searches again only if there are orders.
func (r *Records) Forget(ctx context.Context, user User) (Tally, error) {
	if r.clean && len(user.Orders) == 0 {
		return Tally{Unreadable: r.unreadable}, nil
	}
	ended, unreadable, err := r.open(ctx, user)
	if err != nil {
		return Tally{}, err
	}
	for _, id := range ended {
		if err := r.Store.DropOpen(ctx, id); err != nil {
			return Tally{}, err
		}
	}
	if _, err := r.Store.Sweep(ctx); err != nil {
		return Tally{}, err
	}
	tally, err := r.each(ctx, user, func(record *records.Record) (int, error) { return r.forget(ctx, record) })
	tally.Found += len(ended)
	tally.Unreadable += unreadable
	r.clean, r.unreadable = err == nil && tally.Found == 0, tally.Unreadable
	return tally, err
}

// open returns the user's orders that the store has as open although they have ended: they were terminated, or the writer of their record was
// killed. The error is an *OpenError if Temporal does not know one and it has no record: Temporal has lost it, and its money is under way.
func (r *Records) open(ctx context.Context, user User) (ended []ramp.ID, unreadable int, err error) {
	term := ramp.UserTerm(user.Email)
	var lost []ramp.ID
	for open, err := range r.Store.AllOpen(ctx) {
		var bad *records.BadError
		switch {
		case errors.As(err, &bad):
			unreadable++
			continue
		case err != nil:
			return nil, unreadable, err
		case ramp.UserTerm(open.Email()) != term:
			continue
		}
		over, err := r.isOver(ctx, open, user)
		if err != nil {
			return nil, unreadable, err
		}
		if !over {
			lost = append(lost, open.ID())
			continue
		}
		ended = append(ended, open.ID())
	}
	if len(lost) > 0 {
		return nil, unreadable, &OpenError{Lost: lost}
	}
	return ended, unreadable, nil
}

// isOver reports whether the run that the store has as open has ended: Temporal has it, where none of the user's is open, or it has a record.
func (r *Records) isOver(ctx context.Context, open *records.OpenOrder, user User) (bool, error) {
	if slices.Contains(user.Runs, open.RunID) {
		return true, nil
	}
	record, _, err := r.Store.Find(ctx, open.ID())
	var bad *records.BadError
	if errors.As(err, &bad) {
		return false, nil
	}
	return record != nil && record.RunID == open.RunID, err
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
