package run

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"rampart/onmeta"
	"rampart/ramp"
	"rampart/ramp/situation"
	"rampart/reconcile"
)

const (
	// together is how many orders are compared at the same time. The rate limit of the worker holds for all of them.
	together = 8
	// tries is how often a call is made until the provider counts as down. With their pauses they take about half a minute.
	tries = 6
	// maxHistoryPages bounds the history of one user.
	maxHistoryPages = 100
	// bounds is how close to midnight the provider may date an order on another day than its export does.
	bounds = 10 * time.Minute
	// booksAfter is how many days after its creation an order may have ended, for the books to be searched for its owner.
	booksAfter = 8
)

// audit is one attempt at a reconciliation.
type audit struct {
	day        reconcile.Day
	orders     orders
	books      reconcile.Books // nil for none
	provider   provider
	store      *reconcile.Store
	comparison comparison
	// firstPause is the pause after the first failed try of a call; it doubles.
	firstPause time.Duration
	// lag is how long after an order was made at the provider Temporal may not list it yet.
	lag time.Duration
	// record notes how far the reconciliation has come.
	record func(progress)

	at     progress
	memory *memory
	export map[string]reconcile.ExportRow

	mu sync.Mutex
	// lastAnswer is when the provider answered last.
	lastAnswer time.Time
}

// downError says that the provider answers nothing at the moment.
type downError struct{ cause error }

func (e *downError) Error() string { return "the provider does not answer: " + e.cause.Error() }

// Unwrap returns the error of the last call.
func (e *downError) Unwrap() error { return e.cause }

// run reconciles the day from where an earlier attempt has stopped, and returns the report.
func (a *audit) run(ctx context.Context) (*reconcile.Report, error) {
	a.memory = newMemory()
	if err := (parts{a.store, a.day}).recall(ctx, &a.at, a.memory); err != nil {
		return nil, err
	}
	if err := a.readExport(ctx); err != nil {
		return nil, err
	}
	for _, step := range []struct {
		stage stage
		run   func(context.Context) error
	}{{stageOrders, a.compareOrders}, {stageBooks, a.compareBooks}, {stageUnowned, a.findUnowned}} {
		if a.at.Stage != step.stage {
			continue
		}
		if err := step.run(ctx); err != nil {
			return nil, err
		}
	}
	return a.write(ctx)
}

// enter begins a stage.
func (a *audit) enter(next stage) {
	a.at.Stage, a.at.Cursor, a.at.Skip = next, "", 0
	a.record(a.at)
}

// readExport reads the export of the day, if there is one.
func (a *audit) readExport(ctx context.Context) error {
	rows := map[string]reconcile.ExportRow{}
	err := a.store.Export(ctx, a.day, func(row reconcile.ExportRow) error {
		rows[row.OrderID] = row
		return nil
	})
	var store *reconcile.StoreError
	switch {
	case errors.Is(err, reconcile.ErrAbsent):
		return nil
	case err != nil && !errors.As(err, &store):
		return fmt.Errorf("%w; %w", err, errExport)
	}
	a.export = rows
	return err
}

// errExport says that an export cannot be read, which asking again does not change.
var errExport = errors.New("put another export, or delete it from the store")

// compareOrders compares the orders that Temporal has, page by page.
func (a *audit) compareOrders(ctx context.Context) error {
	for {
		summaries, next, err := a.orders.page(ctx, a.day, a.at.Cursor)
		if ramp.IsError(err, ramp.InvalidRequest) && a.at.Cursor != "" { // the cursor is of another store: what was compared is compared again
			a.at.Cursor = ""
			continue
		}
		if err != nil {
			return err
		}
		var page []func(context.Context) (*part, error)
		for _, summary := range summaries {
			page = append(page, func(ctx context.Context) (*part, error) { return a.compareSummary(ctx, summary) })
		}
		if err := a.comparePage(ctx, page, func() { a.at.Cursor = next }); err != nil {
			return err
		}
		if next == "" {
			a.enter(stageBooks)
			return nil
		}
	}
}

// compareBooks compares the orders of the books that Temporal does not have any more.
func (a *audit) compareBooks(ctx context.Context) error {
	if a.books == nil {
		a.enter(stageUnowned)
		return nil
	}
	var page []func(context.Context) (*part, error)
	done := 0
	flush := func() error {
		err := a.comparePage(ctx, page, func() { a.at.Skip = done })
		page = nil
		return err
	}
	for entry, err := range a.books.Ended(ctx, a.day) {
		if err != nil {
			return err
		}
		if done++; done <= a.at.Skip {
			continue
		}
		page = append(page, func(ctx context.Context) (*part, error) { return a.compareEntry(ctx, entry) })
		if len(page) == pageSize {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	if err := flush(); err != nil {
		return err
	}
	a.enter(stageUnowned)
	return nil
}

// comparePage makes comparisons at the same time, writes what they found as the next part, and records that.
func (a *audit) comparePage(ctx context.Context, page []func(context.Context) (*part, error), advance func()) error {
	results := make([]*part, len(page))
	group, working := errgroup.WithContext(ctx)
	group.SetLimit(together)
	for i, compare := range page {
		group.Go(func() (err error) {
			results[i], err = compare(working)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	all := new(part)
	for _, result := range results {
		if result == nil {
			continue
		}
		a.at.Orders++
		all.Findings = append(all.Findings, result.Findings...)
		all.Owned = append(all.Owned, result.Owned...)
		all.Users = append(all.Users, result.Users...)
		all.Proofs = append(all.Proofs, result.Proofs...)
		all.Unowned = append(all.Unowned, result.Unowned...)
	}
	return a.keep(ctx, all, advance)
}

// keep writes a part, and records how far the reconciliation has come then.
func (a *audit) keep(ctx context.Context, p *part, advance func()) error {
	for _, twice := range a.memory.add(p) {
		p.Findings = append(p.Findings, a.paidTwice(twice[0], twice[1]))
	}
	if err := (parts{a.store, a.day}).put(ctx, a.at.Run, a.at.Parts, p); err != nil {
		return err
	}
	a.at.Parts++
	a.at.Findings += len(p.Findings)
	advance()
	a.record(a.at)
	return nil
}

// compareSummary compares an order that Temporal lists.
func (a *audit) compareSummary(ctx context.Context, summary ramp.Summary) (*part, error) {
	order, err := a.orders.read(ctx, summary)
	var unreadable *unreadableError
	if errors.As(err, &unreadable) {
		order := ramp.Order{Reference: summary.Reference, Direction: summary.Direction, OrderID: summary.OrderID, Status: summary.Status}
		p := new(part)
		if order.OrderID != "" {
			p.Owned = append(p.Owned, order.OrderID)
		}
		p.Findings = append(p.Findings, a.finding(&order, reconcile.SourceOrders, "",
			difference{situation.NotCompared, "its request cannot be read", "", ""}))
		return p, nil
	}
	if err != nil || order == nil {
		return nil, err
	}
	return a.compareOne(ctx, *order)
}

// compareEntry compares an order of the books, unless Temporal still has it.
func (a *audit) compareEntry(ctx context.Context, entry reconcile.Entry) (*part, error) {
	has, err := a.orders.exists(ctx, entry)
	if err != nil || has {
		return nil, err
	}
	return a.compareOne(ctx, ours{Entry: entry})
}

// compareOne compares an order with all that the provider tells of it, and looks through its user's history.
func (a *audit) compareOne(ctx context.Context, o ours) (*part, error) {
	p := &part{Owned: slices.Clone(o.Order.LostOrderIDs)}
	if o.Order.OrderID != "" {
		p.Owned = append(p.Owned, o.Order.OrderID)
		if err := a.compareStatus(ctx, o, p); err != nil {
			return nil, err
		}
	}
	if o.Order.Direction == ramp.Onramp {
		if err := a.compareHistory(ctx, o, p); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// compareStatus compares an order with the provider's status, and with its row in the export.
func (a *audit) compareStatus(ctx context.Context, o ours, p *part) error {
	var there theirs
	err := a.ask(ctx, func(ctx context.Context) (err error) {
		there, err = a.provider.status(ctx, o)
		return err
	})
	var down *downError
	switch {
	case errors.As(err, &down), err != nil && ctx.Err() != nil:
		return err
	case err != nil && answered(err) == answerAbsent:
		p.Findings = append(p.Findings, a.finding(&o.Order, reconcile.SourceStatus, "",
			difference{situation.MissingThere, string(o.Order.Status), "not known", ""}))
	case err != nil:
		p.Findings = append(p.Findings, a.finding(&o.Order, reconcile.SourceStatus, "", difference{situation.NotCompared, string(o.Order.Status), said(err), ""}))
	default:
		a.add(p, o, there)
	}
	a.compareRow(o, there, p)
	return nil
}

// compareRow compares an order with its row in the export.
func (a *audit) compareRow(o ours, there theirs, p *part) {
	if a.export == nil {
		return
	}
	row, listed := a.export[o.Order.OrderID]
	inside := a.day.Has(there.createdAt.Add(-bounds)) && a.day.Has(there.createdAt.Add(bounds))
	switch {
	case listed:
		a.add(p, o, exported(row, o.Order.Direction))
	case inside:
		p.Findings = append(p.Findings, a.finding(&o.Order, reconcile.SourceExport, meaning(there.phase),
			difference{situation.MissingThere, string(o.Order.Status), "not in the export", ""}))
	}
}

// exported is a row of an export.
func exported(row reconcile.ExportRow, direction ramp.Direction) theirs {
	t := theirs{
		source: reconcile.SourceExport, orderID: row.OrderID, status: row.Status, phase: phaseOf(onmeta.Status(row.Status), direction), fiat: row.Fiat,
		token: ramp.Token{Symbol: row.Token}, wallet: row.Wallet, tds: row.TDS, createdAt: row.CreatedAt,
	}
	if direction == ramp.Onramp {
		t.proof = string(row.UTR)
	}
	return t
}

// phaseOf returns the phase of an order with the status. Where the direction is not known, a status that means in either that the payment was
// found means that.
func phaseOf(status onmeta.Status, direction ramp.Direction) onmeta.Phase {
	bought, sold := onmeta.OnrampPhase(status), onmeta.OfframpPhase(status)
	if direction == ramp.Offramp || direction == "" && sold.Paid() {
		return sold
	}
	return bought
}

// add adds what differs between an order and the provider's, and the UTR that the provider has found its payment by.
func (a *audit) add(p *part, o ours, there theirs) {
	for _, d := range a.comparison.compare(o, there) {
		p.Findings = append(p.Findings, a.finding(&o.Order, there.source, meaning(there.phase), d))
	}
	if o.Order.Direction != ramp.Onramp || !there.phase.Paid() || there.phase == onmeta.PhaseRefunded {
		return
	}
	utr := there.proof
	if utr == "" && o.Order.Accepted() {
		utr = o.Order.Proof.Reference()
	}
	if utr != "" {
		p.Proofs = append(p.Proofs, paidBy{a.at.digest("utr", utr), o.Order.Reference, o.Order.OrderID, ramp.MaskProof(utr)})
	}
}

// compareHistory looks through the history of an order's user, once for each user: for the order itself, and for orders that nobody owns.
func (a *audit) compareHistory(ctx context.Context, o ours, p *part) error {
	user := a.at.digest("user", string(o.Email))
	seen := a.begin(user)
	rows, complete, err := a.history(ctx, o, seen)
	var down *downError
	switch {
	case errors.As(err, &down), err != nil && ctx.Err() != nil:
		return err
	case err != nil && o.Order.OrderID == "":
		return nil // the user may not even be known there
	case err != nil:
		p.Findings = append(p.Findings, a.finding(&o.Order, reconcile.SourceHistory, "", difference{situation.NotCompared, "", said(err), ""}))
		return nil
	case !complete:
		p.Findings = append(p.Findings, a.finding(&o.Order, reconcile.SourceHistory, "",
			difference{situation.NotCompared, "", "the user has too many orders since", ""}))
	}
	for _, row := range rows {
		switch {
		case row.orderID != "" && row.orderID == o.Order.OrderID:
			a.add(p, o, row)
		case slices.Contains(o.Order.LostOrderIDs, row.orderID) && row.phase.Paid():
			lost := o.Order
			lost.OrderID = row.orderID
			p.Findings = append(p.Findings, a.finding(&lost, row.source, meaning(row.phase),
				difference{situation.PaidThere, "lost, and replaced by another order", row.status, ""}))
		case !seen && row.orderID != "" && a.day.Has(row.createdAt):
			p.Unowned = append(p.Unowned, unowned{row.orderID, ramp.Onramp, row.source, row.status, meaning(row.phase)})
		}
	}
	p.Users = append(p.Users, user)
	return nil
}

// begin reports whether the history of a user was read before.
func (a *audit) begin(user digest) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.memory.users[user]
}

// history reads a user's history back to the beginning of the day or, for a user whose history was read before, to the order itself. It
// reports whether it came so far.
func (a *audit) history(ctx context.Context, o ours, seen bool) ([]theirs, bool, error) {
	var rows []theirs
	if seen && o.Order.OrderID == "" {
		return nil, true, nil
	}
	for page := range maxHistoryPages {
		var found []theirs
		var full int
		err := a.ask(ctx, func(ctx context.Context) (err error) {
			found, full, err = a.provider.history(ctx, o.Email, page)
			return err
		})
		if err != nil {
			return nil, false, err
		}
		rows = append(rows, found...)
		own := o.Order.OrderID == "" || slices.ContainsFunc(found, func(t theirs) bool { return t.orderID == o.Order.OrderID })
		before := slices.ContainsFunc(found, func(t theirs) bool { return !t.createdAt.IsZero() && t.createdAt.Before(a.day.Begin()) })
		if len(found) < full || seen && own || before && (own || o.Order.CreatedAt.After(a.day.Begin())) {
			return rows, true, nil
		}
	}
	return rows, false, nil
}

// ask makes a call until it is answered. It fails with a *downError if the provider answers no call at all, and with the call's own
// error if it answers others.
func (a *audit) ask(ctx context.Context, call func(context.Context) error) error {
	begun, pause := time.Now(), a.firstPause
	for try := 1; ; try++ {
		err := call(ctx)
		if err == nil || answered(err) != answerNone {
			a.mu.Lock()
			a.lastAnswer = time.Now()
			a.mu.Unlock()
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if try == tries {
			return a.judge(begun, err)
		}
		if err := sleep(ctx, pause); err != nil {
			return err
		}
		pause *= 2
	}
}

// sleep pauses, or returns why the context has ended.
func sleep(ctx context.Context, pause time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(pause):
		return nil
	}
}

// judge returns a call's own error if the provider has answered another call since, and that it is down otherwise.
func (a *audit) judge(begun time.Time, err error) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.lastAnswer.After(begun) && !onmeta.IsKind(err, onmeta.KindUnauthorized) && !onmeta.IsKind(err, onmeta.KindRateLimited) {
		return err
	}
	return &downError{err}
}

// said is a failed call in words.
func said(err error) string {
	var failure *onmeta.Error
	if errors.As(err, &failure) {
		return failure.Error()
	}
	return "the provider does not tell"
}

// findUnowned looks for the owners of the provider's orders that no order of the day owns.
func (a *audit) findUnowned(ctx context.Context) error {
	for _, row := range a.export {
		if _, known := a.memory.unowned[row.OrderID]; !known && !a.memory.owned[row.OrderID] {
			there := exported(row, row.Direction)
			a.memory.unowned[row.OrderID] = unowned{row.OrderID, row.Direction, reconcile.SourceExport, row.Status, meaning(there.phase)}
		}
	}
	rest := a.memory.rest()
	if err := a.searchBooks(ctx, rest); err != nil {
		return err
	}
	if len(rest) > 0 && a.comparison.now.Before(a.day.End()) { // an order that was just made may not have been listed yet
		if err := sleep(ctx, a.lag); err != nil {
			return err
		}
	}
	for chunk := range slices.Chunk(rest, pageSize) {
		if chunk[len(chunk)-1] <= a.at.Cursor {
			continue
		}
		p := new(part)
		for _, orderID := range chunk {
			owned, err := a.orders.owned(ctx, orderID)
			if err != nil {
				return err
			}
			if candidate := a.memory.unowned[orderID]; !owned && !a.memory.owned[orderID] {
				p.Findings = append(p.Findings, a.missingHere(candidate))
			}
		}
		if err := a.keep(ctx, p, func() { a.at.Cursor = chunk[len(chunk)-1] }); err != nil {
			return err
		}
	}
	a.enter(stageWrite)
	return nil
}

// searchBooks looks for the owners of orders among those that Temporal has deleted.
func (a *audit) searchBooks(ctx context.Context, orderIDs []string) error {
	if a.books == nil || len(orderIDs) == 0 {
		return nil
	}
	for days := -1; days <= booksAfter; days++ {
		day := a.day.Add(days)
		if day.Begin().After(a.comparison.now) {
			break
		}
		for entry, err := range a.books.Ended(ctx, day) {
			if err != nil {
				return err
			}
			for _, orderID := range append([]string{entry.Order.OrderID}, entry.Order.LostOrderIDs...) {
				if _, asked := slices.BinarySearch(orderIDs, orderID); asked {
					a.memory.owned[orderID] = true
				}
			}
		}
	}
	return nil
}

// finding returns a difference as a finding, with its remedy.
func (a *audit) finding(order *ramp.Order, source reconcile.Source, there ramp.Status, d difference) noted {
	remedy := situation.RemedyForDifference(d.kind, order, there)
	for i, argument := range remedy.Command {
		if argument == "DAY" {
			remedy.Command[i] = string(a.day)
		}
	}
	return noted{reconcile.Finding{
		Day: a.day, Kind: d.kind, Source: source, Direction: order.Direction, Reference: order.Reference, OrderID: order.OrderID,
		Ours: d.ours, Theirs: d.theirs, Remedy: remedy.Sentence(), Command: remedy.Command,
	}, d.fact}
}

func (a *audit) missingHere(candidate unowned) noted {
	return a.finding(&ramp.Order{Direction: candidate.Direction, OrderID: candidate.OrderID}, candidate.Source, candidate.There,
		difference{situation.MissingHere, "no order owns it", candidate.Status, ""})
}

func (a *audit) paidTwice(first, second paidBy) noted {
	return a.finding(&ramp.Order{Direction: ramp.Onramp, Reference: second.Reference, OrderID: second.OrderID}, reconcile.SourceOrders, ramp.Completed,
		difference{
			situation.ProofTwice, "UTR " + second.Shown,
			fmt.Sprintf("also paid %s, the provider's %s", first.Reference, first.OrderID), "",
		})
}
