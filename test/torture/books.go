package torture

import (
	"cmp"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"time"

	"go.temporal.io/api/serviceerror"

	"rampart/ramp"
	"rampart/ramp/situation"
	"rampart/reconcile"
	"rampart/sandbox/ledger"
)

// Books is what reconciliations found when every order had ended: one of the orders as they were, and one after differences had been made on
// purpose.
type Books struct {
	// Days were reconciled, days in India; Attempts is how often, because an order that could not be compared is compared again.
	Days     []reconcile.Day `json:"days"`
	Attempts int             `json:"attempts"`
	// Compared is how many orders were compared.
	Compared int `json:"compared"`
	// Lost are the provider's orders that no order owns, since the answer to their creation was lost, and that were found. Overlooked are
	// the ids of those that were not.
	Lost       int      `json:"lostCreations"`
	Overlooked []string `json:"overlooked,omitempty"`
	// Differences is what else was found.
	Differences []reconcile.Finding `json:"differences,omitempty"`
	// Forced counts the differences that were made on purpose, by kind. Missed are those of them that were not found, and Extra is what was
	// found then beyond them.
	Forced map[string]int      `json:"forced"`
	Missed []string            `json:"missed,omitempty"`
	Extra  []reconcile.Finding `json:"extra,omitempty"`
	// Failure is why a reconciliation did not come to its end.
	Failure string `json:"failure,omitempty"`
}

// Good reports whether the books agree, and each forced difference was found.
func (b Books) Good() bool {
	return b.Failure == "" && len(b.Overlooked)+len(b.Differences)+len(b.Missed)+len(b.Extra) == 0
}

const (
	// reconcileTime is how long the reconciliations may take on a busy machine, and reconcileOrder how much longer for each order.
	reconcileTime, reconcileOrder = 10 * time.Minute, time.Second
	// reconcileAgain is how often the orders are compared at most, while the provider fails for some of them.
	reconcileAgain = 3
	// staleness is how far the statuses may lag that the provider's faults repeat, and staleFor how long after a fault, by its clock.
	staleness, staleFor = 2 * time.Minute, 5 * time.Minute
)

// bookkeeper reconciles the orders of a run.
type bookkeeper struct {
	run    *run
	client *reconcile.Client
	store  *reconcile.Store
	days   []reconcile.Day
	// unowned are the provider's orders that no order owns, and listed those of them that an order lists as lost.
	unowned map[string]bool
	listed  map[string]bool
	// edits are cells of the export that differ from the ledger, by order id and column.
	edits map[string]map[int]string
}

// booksStore returns the URL of the store of a run's findings.
func booksStore(options Options) string {
	return "file://" + filepath.ToSlash(filepath.Join(options.Dir, "books"))
}

// reconcile compares the orders with the provider's as starter reconcile does: first as they are, while calls still fail, and then with
// forced differences.
func (r *run) reconcile(ctx context.Context, outcomes []outcome) Books {
	ctx, cancel := context.WithTimeoutCause(ctx, reconcileTime+time.Duration(r.options.Orders)*reconcileOrder, errTimeUp)
	defer cancel()
	var books Books
	if err := r.keepBooks(ctx, outcomes, &books); err != nil {
		books.Failure = errors.Join(err, context.Cause(ctx)).Error()
	}
	return books
}

func (r *run) keepBooks(ctx context.Context, outcomes []outcome, books *Books) error {
	store, err := reconcile.OpenStore(ctx, booksStore(r.options))
	if err != nil {
		return err
	}
	defer store.Close()
	b := &bookkeeper{run: r, client: reconcile.NewClient(r.stack.Temporal), store: store, edits: map[string]map[int]string{}}
	for day := situation.DayOf(r.begun); !day.Begin().After(time.Now()); day = day.Add(1) {
		b.days = append(b.days, day)
	}
	books.Days = b.days
	sleep(ctx, r.options.scaled(staleness))
	if err := b.findNothing(ctx, outcomes, books); err != nil {
		return err
	}
	return b.findForced(ctx, outcomes, books)
}

// findNothing reconciles the orders as they are.
func (b *bookkeeper) findNothing(ctx context.Context, outcomes []outcome, books *Books) error {
	recorded, err := b.run.stack.Ledger(ctx)
	if err != nil {
		return err
	}
	b.unowned, b.listed = unownedOrders(outcomes, recorded)
	var findings []reconcile.Finding
	for books.Attempts < reconcileAgain {
		books.Attempts++
		if findings, books.Compared, err = b.compare(ctx); err != nil {
			return err
		}
		if !slices.ContainsFunc(findings, func(f reconcile.Finding) bool { return f.Kind == situation.NotCompared }) {
			break
		}
	}
	if ended := countEnded(outcomes); books.Compared < ended {
		return fmt.Errorf("%d orders were compared, %d have ended", books.Compared, ended)
	}
	lost, _, differences := b.sort(findings, nil)
	books.Lost, books.Differences = len(lost), differences
	for id := range b.unowned {
		if lost[id] || b.listed[id] {
			continue
		}
		claimed, err := b.isClaimed(ctx, id)
		if err != nil {
			return err
		}
		if !claimed {
			books.Overlooked = append(books.Overlooked, id)
		}
	}
	b.log("%d orders compared: %d lost creations found, %d overlooked, %d differences", books.Compared, books.Lost, len(books.Overlooked),
		len(books.Differences))
	return nil
}

func countEnded(outcomes []outcome) int {
	n := 0
	for _, o := range outcomes {
		if o.order != nil {
			n++
		}
	}
	return n
}

// unownedOrders returns the provider's orders that no order of ours has as its own, and those of them that an order lists as lost.
func unownedOrders(outcomes []outcome, recorded ledger.Ledger) (unowned, listed map[string]bool) {
	owned := map[string]bool{}
	unowned, listed = map[string]bool{}, map[string]bool{}
	for _, o := range outcomes {
		if o.order == nil {
			continue
		}
		owned[o.order.OrderID] = true
		for _, id := range o.order.LostOrderIDs {
			listed[id] = true
		}
	}
	for _, made := range recorded.Orders {
		if !owned[made.ID] {
			unowned[made.ID] = true
		}
	}
	return unowned, listed
}

// isClaimed reports whether an order has claimed a provider's order, though it may not have used it.
func (b *bookkeeper) isClaimed(ctx context.Context, orderID string) (bool, error) {
	_, err := b.run.stack.Temporal.DescribeWorkflowExecution(ctx, ramp.AdoptionID(orderID), "")
	var absent *serviceerror.NotFound
	if errors.As(err, &absent) {
		return false, nil
	}
	return err == nil, err
}

// expected is a difference that a reconciliation must find, of one of some orders of the provider.
type expected struct {
	kind   situation.Difference
	orders []string
}

// sort tells what was found apart: the lost creations, by id; the differences that were expected and are missed; and all others.
func (b *bookkeeper) sort(findings []reconcile.Finding, all []expected) (lost map[string]bool, missed []string, others []reconcile.Finding) {
	lost = map[string]bool{}
	found := make([]bool, len(all))
	for _, f := range findings {
		at := slices.IndexFunc(all, func(e expected) bool { return e.kind == f.Kind && slices.Contains(e.orders, f.OrderID) })
		switch {
		case at >= 0:
			found[at] = true
		case f.Kind == situation.MissingHere && b.unowned[f.OrderID]:
			lost[f.OrderID] = true
		default:
			others = append(others, f)
		}
	}
	for i, e := range all {
		if !found[i] {
			missed = append(missed, fmt.Sprintf("%s of the provider's %s", e.kind, e.orders[0]))
		}
	}
	return lost, missed, others
}

// compare reconciles every day, with all of the provider's orders as the export of its dashboard, and returns what was found and how many
// orders were compared.
func (b *bookkeeper) compare(ctx context.Context) (findings []reconcile.Finding, compared int, err error) {
	for _, day := range b.days {
		if err := b.export(ctx, day); err != nil {
			return nil, 0, err
		}
		report, err := b.client.Run(ctx, day)
		if err != nil {
			return nil, 0, err
		}
		compared += report.Orders
		found, err := b.read(ctx, report.JSON)
		if err != nil {
			return nil, 0, err
		}
		findings = append(findings, found...)
	}
	return findings, compared, nil
}

// read reads all findings of a reconciliation.
func (b *bookkeeper) read(ctx context.Context, name string) ([]reconcile.Finding, error) {
	file, err := b.store.Open(ctx, name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var document struct {
		Findings []reconcile.Finding `json:"findings"`
	}
	return document.Findings, json.NewDecoder(file).Decode(&document)
}

// Columns of the export.
const (
	exportID = iota
	exportDirection
	exportStatus
	exportFiat
	exportToken
	exportWallet
	exportUTR
	exportTDS
)

// export puts the provider's orders into the store, as its dashboard exports them.
func (b *bookkeeper) export(ctx context.Context, day reconcile.Day) error {
	recorded, err := b.run.stack.Ledger(ctx)
	if err != nil {
		return err
	}
	reader, writer := io.Pipe()
	go func() { _ = writer.CloseWithError(b.writeExport(writer, recorded)) }()
	_, err = b.store.PutExport(ctx, day, reader)
	_ = reader.CloseWithError(err) // ends the writer
	return err
}

func (b *bookkeeper) writeExport(to io.Writer, recorded ledger.Ledger) error {
	table := csv.NewWriter(to)
	rows := [][]string{{"Order ID", "Type", "Status", "Amount", "Token", "Wallet", "UTR", "TDS"}}
	for _, made := range recorded.Orders {
		row := []string{made.ID, made.Direction, made.Status, made.Fiat.String(), made.Symbol, "", "", ""}
		if made.Direction == ledger.DirectionOnramp {
			row[exportWallet], row[exportUTR] = made.WalletAddress, made.Proof
		}
		for column, cell := range b.edits[made.ID] {
			row[column] = cell
		}
		rows = append(rows, row)
	}
	return table.WriteAll(rows)
}

func (b *bookkeeper) log(format string, args ...any) {
	logProgress(b.run.options.progress(), b.run.begun, "reconciliation: "+format, args...)
}

// forcedNumber is how many differences were forced.
func (b Books) forcedNumber() int {
	n := 0
	for _, ofKind := range b.Forced {
		n += ofKind
	}
	return n
}

// writeProblems writes what was found or missed against expectation.
func (b Books) writeProblems(to io.Writer) {
	line := func(format string, args ...any) { _, _ = fmt.Fprintf(to, "reconciliation: "+format+"\n", args...) } // into memory
	if b.Failure != "" {
		line("%s", b.Failure)
	}
	for _, id := range slices.Sorted(slices.Values(b.Overlooked)) {
		line("overlooked the provider's %s, which no order owns", id)
	}
	for _, missed := range b.Missed {
		line("missed a forced difference: %s", missed)
	}
	for _, f := range slices.Concat(b.Differences, b.Extra) {
		line("found %s of %s, the provider's %s: here %s, there %s (%s)", f.Kind, f.Reference, f.OrderID, cmp.Or(f.Ours, "nothing"),
			cmp.Or(f.Theirs, "nothing"), f.Source)
	}
}

// kindsNotForced returns the kinds of differences that no order was there for.
func (b Books) kindsNotForced() []string {
	var kinds []string
	for _, kind := range situation.Differences() {
		if b.Forced[string(kind)] == 0 {
			kinds = append(kinds, string(kind))
		}
	}
	return kinds
}
