package main

import (
	"context"
	"errors"
	"iter"

	"rampart/reconcile"
	"rampart/records"
)

// books are the records of ended orders, as a reconciliation reads them: Between of a store.
type books func(ctx context.Context, from, to records.Day) iter.Seq2[*records.Record, error]

var _ reconcile.Books = books(nil)

// Ended implements reconcile.Books. A record that cannot be read is left out: "starter records" names it.
func (b books) Ended(ctx context.Context, day reconcile.Day) iter.Seq2[reconcile.Entry, error] {
	return func(yield func(reconcile.Entry, error) bool) {
		for record, err := range b(ctx, day, day) {
			var bad *records.BadError
			if errors.As(err, &bad) {
				continue
			}
			if err != nil {
				yield(reconcile.Entry{}, err)
				return
			}
			entry := reconcile.EntryOf(record.Order, record.Email)
			entry.RunID = record.RunID
			if !yield(entry, nil) {
				return
			}
		}
	}
}
