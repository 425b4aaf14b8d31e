package commands

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"rampart/ramp"
	"rampart/records"
	"rampart/starter/view"
)

// rebuildOptions are the flags of rebuild.
type rebuildOptions struct {
	records recordsFlags
	dryRun  bool
	timeout time.Duration
}

func (p *Program) rebuild() *cobra.Command {
	var o rebuildOptions
	command := &cobra.Command{
		Use:   "rebuild [--dry-run]",
		Short: "Follow the orders again that Temporal has lost with its database",
		Long: "Follow the orders again that Temporal has lost with its database. The store of records, at RAMP_RECORDS or --store, has each order that the\n" +
			"provider has and that had not ended. Those that Temporal does not know are started under their references: each claims the provider's\n" +
			"order, creates none, submits its user's last proof again unless the provider has the payment, and follows the order to its end.\n\n" +
			"Orders that run or have ended are left alone. The command may be interrupted, repeated, and run twice at once: one reference is one\n" +
			"order. It needs workers with the same store. It fails if an order needs a person.\n\n" +
			"What it cannot find: orders that began before their worker had a store and kept open orders in it, those that the provider did not have\n" +
			"yet, and proofs that were not sent to the provider yet. The backend repeats its starts and proofs; reconcile lists orders that only the provider has, and adopt takes them over.",
		Example: `  starter rebuild --dry-run
  starter rebuild`,
		Args: arguments(),
	}
	f := command.Flags()
	f.SortFlags = false
	f.BoolVar(&o.dryRun, "dry-run", false, "start nothing, and list what would be started")
	f.DurationVar(&o.timeout, "timeout", 5*time.Minute, "how long to wait until the orders have the provider's again; they start all the same")
	o.records.registerStore(f)
	command.RunE = func(cmd *cobra.Command, args []string) error {
		store, err := p.openRecords(cmd, &o.records)
		if err != nil {
			return err
		}
		return p.run(func(ctx context.Context, c *Connection, _ []string) error {
			return (&rebuilding{store: store, orders: c.Orders, search: c.Search, options: o}).run(ctx, p)
		})(cmd, args)
	}
	return command
}

// rebuilding is a rebuild in progress.
type rebuilding struct {
	store   *records.Store
	orders  Orders
	search  func(context.Context, ramp.Filter, string) iter.Seq2[ramp.Summary, error]
	options rebuildOptions

	mu   sync.Mutex
	rows []*view.RebuildRow
}

const (
	// rebuilders is how many orders are looked at and started at the same time.
	rebuilders = 16
	// rebuildPoll is the time between two looks at orders that start.
	rebuildPoll = time.Second
	// behindTime is how long an order may run without the provider's order that the store has of the same run: a workflow task.
	behindTime = 15 * time.Second
)

func (r *rebuilding) run(ctx context.Context, p *Program) error {
	err := r.start(ctx)
	if err == nil {
		err = r.awaitAll(ctx)
	}
	slices.SortFunc(r.rows, func(a, b *view.RebuildRow) int {
		return cmp.Or(cmp.Compare(a.Reference, b.Reference), cmp.Compare(a.Direction, b.Direction))
	})
	if shown := r.show(p); err == nil {
		err = shown
	}
	return cmp.Or(err, r.problem())
}

// start looks at every open order of the store, and starts those that Temporal has lost.
func (r *rebuilding) start(ctx context.Context) error {
	working, ctx := errgroup.WithContext(ctx)
	working.SetLimit(rebuilders)
	for open, err := range r.store.AllOpen(ctx) {
		var bad *records.BadError
		if errors.As(err, &bad) {
			r.add(&view.RebuildRow{Outcome: view.RebuildPerson, Problem: bad.Error()})
			continue
		}
		if err != nil {
			return errors.Join(err, working.Wait())
		}
		working.Go(func() error {
			row := &view.RebuildRow{
				Reference: open.Order.Reference, Direction: open.Order.Direction, OrderID: open.Order.OrderID, Status: open.Order.Status,
			}
			if err := r.one(ctx, open, row); err != nil {
				return fmt.Errorf("order %s: %w", row.Reference, err)
			}
			r.add(row)
			return nil
		})
	}
	return working.Wait()
}

func (r *rebuilding) add(row *view.RebuildRow) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.rows = append(r.rows, row)
}

// one decides what becomes of an open order. The error ends the rebuild; what concerns this order only is in its row.
func (r *rebuilding) one(ctx context.Context, open *records.OpenOrder, row *view.RebuildRow) error {
	record, used, err := r.store.Find(ctx, open.ID())
	var bad *records.BadError
	switch {
	case errors.As(err, &bad):
		forPerson(row, bad.Error())
		return nil
	case err != nil:
		return err
	case used && record == nil:
		forPerson(row, "the order has ended, and its record cannot be read")
		return nil
	case used && record.RunID == open.RunID:
		row.Outcome, row.Status = view.RebuildEnded, record.Order.Status
		return r.tidy(ctx, open)
	}
	known, err := r.orders.Summary(ctx, open.ID())
	switch {
	case ramp.IsError(err, ramp.NotFound) && used:
		forPerson(row, "the order had ended, was reset, and was lost: follow the provider's order by hand")
		return nil
	case ramp.IsError(err, ramp.NotFound):
		return r.takeOver(ctx, open, row)
	case err != nil:
		return err
	}
	return r.known(ctx, open, known, row)
}

// tidy deletes an open order that has a record, which was not deleted as it ended.
func (r *rebuilding) tidy(ctx context.Context, open *records.OpenOrder) error {
	if r.options.dryRun {
		return nil
	}
	return r.store.DropOpen(ctx, open.ID())
}

// known decides on an order whose reference Temporal knows.
func (r *rebuilding) known(ctx context.Context, open *records.OpenOrder, known ramp.Summary, row *view.RebuildRow) error {
	row.Status = known.Status
	switch {
	case !known.Running && known.Status.Final() && known.OrderID != open.Order.OrderID:
		return r.endedWithout(ctx, open, row)
	case !known.Running && known.Status.Final():
		row.Outcome = view.RebuildEnded
	case !known.Running:
		exists, err := r.orders.Exists(ctx, open.ID())
		if err != nil {
			return err
		}
		if !exists { // a start that was refused
			return r.takeOver(ctx, open, row)
		}
		forPerson(row, "the order's workflow ended without a result: see attention")
	case known.OrderID == open.Order.OrderID:
		row.Outcome = view.RebuildRuns
	case known.OrderID == "":
		row.Outcome, row.Behind = view.RebuildStarting, known.RunID == open.RunID
	default:
		forPerson(row, "it runs with another order of the provider, "+known.OrderID)
	}
	return nil
}

// endedWithout decides on an order that was started again after its loss and has ended without the provider's order, such as one that its user
// cancelled at once. Its reference cannot be started again; another one may follow the provider's order.
func (r *rebuilding) endedWithout(ctx context.Context, open *records.OpenOrder, row *view.RebuildRow) error {
	for owner, err := range r.search(ctx, ramp.Filter{OrderID: open.Order.OrderID}, "") {
		if err != nil {
			return err
		}
		if owner.OrderID != open.Order.OrderID {
			continue
		}
		row.Outcome, row.Owner, row.Status = view.RebuildEnded, owner.Reference, owner.Status
		return r.tidy(ctx, open)
	}
	forPerson(row, "it ended without the provider's order: take that over under another reference, with starter adopt")
	return nil
}

// takeOver starts an order that Temporal has lost, under its own reference.
func (r *rebuilding) takeOver(ctx context.Context, open *records.OpenOrder, row *view.RebuildRow) error {
	row.Outcome = view.RebuildLost
	if r.options.dryRun {
		return nil
	}
	adopt := &ramp.AdoptedOrder{OrderID: open.Order.OrderID}
	var err error
	if open.Onramp != nil {
		request := *open.Onramp
		request.Adopt = adopt
		_, err = r.orders.TakeOverOnramp(ctx, request)
	} else {
		request := *open.Offramp
		request.Adopt = adopt
		_, err = r.orders.TakeOverOfframp(ctx, request)
	}
	if ramp.IsError(err, ramp.InvalidRequest) {
		forPerson(row, "its request is no longer valid: "+err.Error())
		return nil
	}
	row.Outcome = view.RebuildStarting
	return err
}

func forPerson(row *view.RebuildRow, problem string) {
	row.Outcome, row.Problem = view.RebuildPerson, problem
}

// awaitAll waits until every order that starts has the provider's order, or the time is up.
func (r *rebuilding) awaitAll(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, r.options.timeout)
	defer cancel()
	for begun := time.Now(); ; {
		var working errgroup.Group
		working.SetLimit(rebuilders)
		waiting := 0
		for _, row := range r.rows {
			if row.Outcome == view.RebuildStarting {
				waiting++
				working.Go(func() error {
					r.look(ctx, row)
					return nil
				})
			}
		}
		_ = working.Wait() // no look fails
		if time.Since(begun) >= min(behindTime, r.options.timeout) {
			r.giveUpBehind()
		}
		if waiting == 0 || ctx.Err() != nil {
			return nil
		}
		select {
		case <-ctx.Done():
		case <-time.After(rebuildPoll):
		}
	}
}

// giveUpBehind names the orders that still do not know of the provider's order.
func (r *rebuilding) giveUpBehind() {
	for _, row := range r.rows {
		if row.Outcome == view.RebuildStarting && row.Behind {
			forPerson(row, "it runs, and does not know of the provider's order: Temporal is older than the store (see the runbook, restoring from a backup)")
		}
	}
}

// look reads an order that starts.
func (r *rebuilding) look(ctx context.Context, row *view.RebuildRow) {
	order, err := r.orders.Get(ctx, ramp.ID{Direction: row.Direction, Reference: row.Reference})
	switch {
	case ramp.IsError(err, ramp.ReferenceTaken):
		forPerson(row, err.Error())
	case err != nil: // a worker that is away answers later
	case order.OrderID == row.OrderID:
		row.Outcome, row.Status = view.RebuildTakenOver, order.Status
		if row.Behind {
			row.Outcome = view.RebuildRuns
		}
	case order.Status.Final():
		forPerson(row, "the provider's order was not taken over: "+cmp.Or(order.ProviderReason, string(order.Status)))
		row.Status = order.Status
	default:
		row.Status = order.Status
	}
}

// problem is the error of a rebuild that is not done.
func (r *rebuilding) problem() error {
	count := r.count()
	if n := count[view.RebuildPerson]; n > 0 {
		return fmt.Errorf("%s a person", counted(n, "order")+" "+verb(n, "needs", "need"))
	}
	if n := count[view.RebuildStarting]; n > 0 && !r.options.dryRun {
		return fmt.Errorf("%s without the provider's order yet, and continue; the same command looks again: %w",
			counted(n, "order")+" "+verb(n, "is", "are"), context.DeadlineExceeded)
	}
	return nil
}

func verb(n int, one, several string) string {
	if n == 1 {
		return one
	}
	return several
}

func (r *rebuilding) count() map[view.RebuildOutcome]int {
	count := make(map[view.RebuildOutcome]int)
	for _, row := range r.rows {
		count[row.Outcome]++
	}
	return count
}

// rebuildReport is the result of a rebuild in JSON.
type rebuildReport struct {
	Count  map[view.RebuildOutcome]int `json:"count"`
	Orders []*view.RebuildRow          `json:"orders"`
}

func (r *rebuilding) show(p *Program) error {
	if p.output.json {
		return writeJSON(p.Stdout, rebuildReport{Count: r.count(), Orders: append([]*view.RebuildRow{}, r.rows...)})
	}
	screen := p.screen()
	if len(r.rows) == 0 {
		screen.Line("The store has no open orders.")
		return nil
	}
	screen.Rebuilt(r.rows)
	count := r.count()
	screen.Blank()
	if r.options.dryRun {
		screen.Linef("%s lost; nothing was started.", counted(count[view.RebuildLost], "order")+" "+verb(count[view.RebuildLost], "is", "are"))
		return nil
	}
	screen.Linef("%d taken over, %d starting, %d running, %d ended, %d for a person.", count[view.RebuildTakenOver], count[view.RebuildStarting],
		count[view.RebuildRuns], count[view.RebuildEnded], count[view.RebuildPerson])
	if count[view.RebuildTakenOver]+count[view.RebuildStarting] > 0 {
		screen.Line("Now the backend repeats its starts and proofs that may have been lost. Then list the orders that only the provider has:")
		screen.Linef("  %s reconcile --day DAY", p.Name)
	}
	return nil
}
