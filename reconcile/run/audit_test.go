package run

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"rampart/onmeta"
	"rampart/ramp"
	"rampart/ramp/situation"
	"rampart/reconcile"
)

const day reconcile.Day = "2026-11-26"

// world is a fake of Temporal, the books and the provider.
type world struct {
	mu sync.Mutex
	// listed are the orders that Temporal has, purged those of the books.
	listed []ours
	purged map[reconcile.Day][]reconcile.Entry
	// claimed are orders of the provider that orders of other days own.
	claimed map[string]bool
	// unreadable are the references of orders whose keys are lost.
	unreadable map[string]bool
	there      map[string]theirs
	histories  map[ramp.Email][]theirs
	// fail fails a call about an order or a history.
	fail  func(call int, what string) error
	calls int
	asked map[string]int
}

func newWorld() *world {
	return &world{
		purged: map[reconcile.Day][]reconcile.Entry{}, claimed: map[string]bool{}, unreadable: map[string]bool{},
		there: map[string]theirs{}, histories: map[ramp.Email][]theirs{}, asked: map[string]int{},
	}
}

// trade adds an order that both sides have alike.
func (w *world) trade(o ours, there theirs) {
	w.listed = append(w.listed, o)
	w.know(o, there)
}

// know adds an order to the provider.
func (w *world) know(o ours, there theirs) {
	there.orderID = o.Order.OrderID
	w.there[there.orderID] = there
	if o.Order.Direction == ramp.Onramp {
		row := there
		row.source = reconcile.SourceHistory
		if o.Order.Proof != nil {
			row.proof = o.Order.Proof.Reference()
		}
		w.histories[o.Email] = slices.Insert(w.histories[o.Email], 0, row)
	}
}

func (w *world) page(_ context.Context, _ reconcile.Day, cursor string) ([]ramp.Summary, string, error) {
	from, _ := strconv.Atoi(cursor)
	until := min(from+pageSize, len(w.listed))
	var page []ramp.Summary
	for i, o := range w.listed[from:until] {
		page = append(page, ramp.Summary{Reference: o.Order.Reference, Direction: o.Order.Direction, OrderID: o.Order.OrderID, RunID: strconv.Itoa(from + i)})
	}
	if until == len(w.listed) {
		return page, "", nil
	}
	return page, strconv.Itoa(until), nil
}

func (w *world) read(_ context.Context, s ramp.Summary) (*ours, error) {
	if w.unreadable[s.Reference] {
		return nil, &unreadableError{errors.New("no key")}
	}
	i, err := strconv.Atoi(s.RunID)
	o := w.listed[i]
	return &o, err
}

func (w *world) owned(_ context.Context, orderID string) (bool, error) {
	return w.claimed[orderID], nil
}

func (w *world) exists(_ context.Context, entry reconcile.Entry) (bool, error) {
	return slices.ContainsFunc(w.listed, func(o ours) bool { return o.Order.Reference == entry.Order.Reference }), nil
}

func (w *world) Ended(_ context.Context, day reconcile.Day) iter.Seq2[reconcile.Entry, error] {
	return func(yield func(reconcile.Entry, error) bool) {
		for _, entry := range w.purged[day] {
			if !yield(entry, nil) {
				return
			}
		}
	}
}

func (w *world) called(what string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls++
	w.asked[what]++
	if w.fail != nil {
		return w.fail(w.calls, what)
	}
	return nil
}

func (w *world) status(_ context.Context, o ours) (theirs, error) {
	if err := w.called(o.Order.OrderID); err != nil {
		return theirs{}, err
	}
	there, known := w.there[o.Order.OrderID]
	if !known {
		return theirs{}, &onmeta.Error{Route: onmeta.RouteOnrampStatus, Kind: onmeta.KindRefused, Reached: onmeta.Answered, Status: 404, Message: "not found"}
	}
	return there, nil
}

func (w *world) history(_ context.Context, email ramp.Email, page int) ([]theirs, int, error) {
	if err := w.called("history of " + string(email)); err != nil {
		return nil, 0, err
	}
	rows := w.histories[email]
	from := min(page*10, len(rows))
	return rows[from:min(from+10, len(rows))], 10, nil
}

func unavailable() error {
	return &onmeta.Error{Route: onmeta.RouteOnrampStatus, Kind: onmeta.KindUnavailable, Reached: onmeta.MayHaveReached, Message: "no answer"}
}

// attempts runs attempts at a reconciliation, each from where the one before stopped, and has what they recorded.
type attempts struct {
	t         *testing.T
	world     *world
	store     *reconcile.Store
	directory string
	books     reconcile.Books
	now       time.Time
	at        progress
	recorded  []progress
}

func newAttempts(t *testing.T, w *world) *attempts {
	t.Helper()
	directory := t.TempDir()
	store, err := reconcile.OpenStore(t.Context(), "file://"+directory)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	return &attempts{t: t, world: w, store: store, directory: directory, now: day.End().Add(time.Hour), at: newProgress()}
}

func (a *attempts) attempt() (*reconcile.Report, error) { return a.within(a.t.Context()) }

func (a *attempts) within(ctx context.Context) (*reconcile.Report, error) {
	attempt := &audit{
		day: day, orders: a.world, books: a.books, provider: a.world, store: a.store, comparison: comparison{now: a.now},
		firstPause: time.Microsecond, at: a.at,
		record: func(at progress) { a.at = at; a.recorded = append(a.recorded, at) },
	}
	return attempt.run(ctx)
}

// found are the kinds of all findings, with their references, in order.
func (a *attempts) found() []string {
	a.t.Helper()
	report, err := a.attempt()
	require.NoError(a.t, err)
	return kinds(report)
}

func kinds(report *reconcile.Report) []string {
	found := []string{}
	for _, f := range report.First {
		found = append(found, fmt.Sprintf("%s %s %s %s", f.Kind, f.Reference, f.OrderID, f.Source))
	}
	return found
}

// numbered returns an order of a user of its own.
func numbered(o ours, i int) ours {
	o.Order.Reference, o.Order.OrderID, o.Email = fmt.Sprintf("inv-%d", i), fmt.Sprintf("6500%06d", i), ramp.Email(fmt.Sprintf("u%d@example.test", i))
	if o.Order.Proof != nil {
		proof := *o.Order.Proof
		proof.UTR = ramp.UTR(fmt.Sprintf("4%011d", i))
		o.Order.Proof = &proof
	}
	return o
}

func TestDayOnWhichBothSidesAgreeHasNoFindings(t *testing.T) {
	t.Parallel()
	w := newWorld()
	for i := range 250 {
		w.trade(numbered(bought(), i), boughtThere())
	}
	w.trade(sold(), soldThere())
	a := newAttempts(t, w)
	report, err := a.attempt()
	require.NoError(t, err)
	require.Equal(t, 251, report.Orders)
	require.Zero(t, report.Findings, report.First)
	written, err := os.ReadFile(filepath.Join(a.directory, string(day), "findings.csv"))
	require.NoError(t, err)
	require.Equal(t, 1, strings.Count(string(written), "\n"), "the names of the columns only")
}

func TestEachKindOfFindingIsFoundOnce(t *testing.T) {
	t.Parallel()
	w := newWorld()
	missing := numbered(bought(), 1)
	w.listed = append(w.listed, missing)

	expired := numbered(bought(), 2)
	expired.Order.Status, expired.Order.Settlement = ramp.Expired, nil
	w.trade(expired, boughtThere())

	lost := numbered(bought(), 3)
	w.trade(lost, boughtThere())
	nobodys := boughtThere()
	nobodys.orderID, nobodys.source, nobodys.status, nobodys.phase = "6500lost", reconcile.SourceHistory, "fiatPending", onmeta.PhaseUnpaid
	w.histories[lost.Email] = slices.Insert(w.histories[lost.Email], 0, nobodys)

	first, second := numbered(bought(), 4), numbered(bought(), 5)
	second.Order.Proof = first.Order.Proof
	w.trade(first, boughtThere())
	w.trade(second, boughtThere())

	w.listed = append(w.listed, numbered(bought(), 6))
	w.unreadable["inv-6"] = true

	require.Equal(t, []string{
		"missing_there inv-1 6500000001 status",
		"paid_there inv-2 6500000002 status",
		"not_compared inv-6 6500000006 orders",
		"proof_twice inv-5 6500000005 orders",
		"missing_here  6500lost history",
	}, newAttempts(t, w).found())
}

// Several facts of one kind may differ, and several sources may tell each.
func TestEachFactOfAKindThatDiffersIsFoundOnce(t *testing.T) {
	t.Parallel()
	w := newWorld()
	withdrawal, there := sold(), soldThere()
	withdrawal.Order.Settlement.TDS = inr("422.25")
	there.wallet, there.deposit = otherWallet, otherWallet
	w.trade(withdrawal, there)
	there = boughtThere()
	there.fiat, there.delivered, there.proof, there.hash = dec("900"), dec("10.4"), "512345678909", delivery[:60]+"ffffff"
	w.trade(bought(), there)
	a := newAttempts(t, w)
	_, err := a.store.PutExport(t.Context(), day, strings.NewReader("order_id,type,status,tds\n6500b,sell,PayoutSuccess,100\n6500a,buy,completed,\n"))
	require.NoError(t, err)
	require.Equal(t, []string{
		"other_wallet wd-7 6500b status", "other_wallet wd-7 6500b status",
		"other_tds wd-7 6500b status", "other_tds wd-7 6500b export",
		"other_amount inv-42 6500a status", "other_amount inv-42 6500a status",
		"other_proof inv-42 6500a status", "other_proof inv-42 6500a status",
	}, a.found())
}

func TestLostOrderIsOfTheDayOnWhichTheProviderMadeIt(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		at    time.Time
		found bool
	}{
		"the last moment before":  {day.Begin().Add(-time.Second), false},
		"the first moment":        {day.Begin(), true},
		"the last moment":         {day.End().Add(-time.Second), true},
		"the first moment after":  {day.End(), false},
		"the same date in UTC":    {time.Date(2026, 11, 26, 23, 0, 0, 0, time.UTC), false},
		"the date before, in UTC": {time.Date(2026, 11, 25, 19, 0, 0, 0, time.UTC), true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld()
			o := bought()
			w.trade(o, boughtThere())
			row := boughtThere()
			row.orderID, row.source, row.createdAt = "6500lost", reconcile.SourceHistory, tc.at
			w.histories[o.Email] = append(w.histories[o.Email], row)
			report, err := newAttempts(t, w).attempt()
			require.NoError(t, err)
			require.Equal(t, tc.found, report.Findings == 1, report.First)
		})
	}
}

func TestOrdersOfOtherDaysAndLostOnesAreOwned(t *testing.T) {
	t.Parallel()
	w := newWorld()
	o := bought()
	o.Order.LostOrderIDs = []string{"6500replaced"}
	w.trade(o, boughtThere())
	for _, id := range []string{"6500tomorrows", "6500replaced", "6500purged"} {
		row := boughtThere()
		row.orderID, row.source, row.status, row.phase = id, reconcile.SourceHistory, "expired", onmeta.PhaseExpired
		w.histories[o.Email] = append(w.histories[o.Email], row)
	}
	w.claimed["6500tomorrows"] = true
	later := bought().Entry
	later.Order.OrderID, later.Order.Reference = "6500purged", "inv-later"
	w.purged[day.Add(1)] = []reconcile.Entry{later}
	a := newAttempts(t, w)
	a.books, a.now = w, day.Add(30).Begin()
	require.Empty(t, a.found())
	b := newAttempts(t, w)
	require.Equal(t, []string{"missing_here  6500purged history"}, b.found(), "without books nobody knows its owner")
}

func TestLostOrderThatWasPaidIsFound(t *testing.T) {
	t.Parallel()
	w := newWorld()
	o := bought()
	o.Order.LostOrderIDs = []string{"6500replaced"}
	w.trade(o, boughtThere())
	row := boughtThere()
	row.orderID, row.source, row.status, row.phase = "6500replaced", reconcile.SourceHistory, "fiatReceived", onmeta.PhaseSettling
	w.histories[o.Email] = append(w.histories[o.Email], row)
	require.Equal(t, []string{"paid_there inv-42 6500replaced history"}, newAttempts(t, w).found())
}

func TestOrdersThatTemporalHasDeletedAreComparedFromTheBooks(t *testing.T) {
	t.Parallel()
	w := newWorld()
	kept, purged := numbered(bought(), 1), numbered(bought(), 2)
	w.trade(kept, boughtThere())
	purged.Order.Status, purged.Order.Settlement = ramp.Expired, nil
	w.know(purged, boughtThere())
	w.purged[day] = []reconcile.Entry{kept.Entry, purged.Entry}
	a := newAttempts(t, w)
	a.books = w
	report, err := a.attempt()
	require.NoError(t, err)
	require.Equal(t, []string{"paid_there inv-2 6500000002 status"}, kinds(report))
	require.Equal(t, 2, report.Orders)
	require.Equal(t, 1, w.asked["6500000001"], "what Temporal still has is compared once")
}

// startedAgain is a world whose Temporal has deleted the order of each workflow id, and has a later run of it that was refused.
type startedAgain struct {
	*world
	client.Client
}

func (s startedAgain) exists(ctx context.Context, entry reconcile.Entry) (bool, error) {
	return temporalOrders{temporal: s}.exists(ctx, entry)
}

func (startedAgain) DescribeWorkflowExecution(_ context.Context, _, runID string) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
	if runID != "" {
		return nil, serviceerror.NewNotFound("no such run")
	}
	return &workflowservice.DescribeWorkflowExecutionResponse{WorkflowExecutionInfo: &workflowpb.WorkflowExecutionInfo{
		Status: enumspb.WORKFLOW_EXECUTION_STATUS_FAILED,
	}}, nil
}

func TestOrderThatTemporalHasDeletedIsComparedThoughItsReferenceWasRefusedSince(t *testing.T) {
	t.Parallel()
	w := newWorld()
	purged := bought()
	purged.RunID, purged.Order.Status, purged.Order.Settlement = "deleted", ramp.Expired, nil
	w.know(purged, boughtThere())
	w.purged[day] = []reconcile.Entry{purged.Entry}
	a := newAttempts(t, w)
	attempt := &audit{
		day: day, orders: startedAgain{world: w}, books: w, provider: w, store: a.store, comparison: comparison{now: a.now},
		firstPause: time.Microsecond, at: a.at, record: func(progress) {},
	}
	report, err := attempt.run(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{"paid_there inv-42 6500a status"}, kinds(report))
}

func TestExportIsComparedWithBothSides(t *testing.T) {
	t.Parallel()
	w := newWorld()
	for i := range 5 {
		w.trade(numbered(bought(), i), boughtThere())
	}
	near := boughtThere()
	near.createdAt = day.Begin().Add(time.Minute)
	w.trade(numbered(bought(), 5), near)
	w.claimed["6500another-day"] = true
	a := newAttempts(t, w)
	_, err := a.store.PutExport(t.Context(), day, strings.NewReader(`order_id,type,status,amount,wallet,utr
6500000000,buy,completed,1000.00,`+userWallet+`,400000000000
6500000001,buy,refunded,1000,`+userWallet+`,
6500000002,buy,completed,2000,`+userWallet+`,
6500000003,buy,completed,1000,`+otherWallet+`,499999999999
6500sold,sell,pending,500,,
6500another-day,sell,pending,500,,
`))
	require.NoError(t, err)
	require.Equal(t, []string{
		"other_status inv-1 6500000001 export",
		"other_amount inv-2 6500000002 export",
		"other_wallet inv-3 6500000003 export",
		"other_proof inv-3 6500000003 export",
		"missing_there inv-4 6500000004 export",
		"missing_here  6500sold export",
	}, a.found(), "an order near midnight may be in the export of the other day")
}

func TestOrderOfAnExportWithoutDirectionsIsPaidIfEitherDirectionSaysSo(t *testing.T) {
	t.Parallel()
	a := newAttempts(t, newWorld())
	_, err := a.store.PutExport(t.Context(), day, strings.NewReader(`order_id,status
6500a,PayoutSuccess
6500b,fiatPending
6500c,transferred
6500d,refunded
6500e,cryptoInit
6500f,expired
`))
	require.NoError(t, err)
	report, err := a.attempt()
	require.NoError(t, err)
	require.Len(t, report.First, 6)
	for i, f := range report.First {
		paid := i < 4
		require.Equal(t, situation.MissingHere, f.Kind)
		require.Equal(t, paid, strings.Contains(f.Remedy, "holds or held a payment"), f.Theirs+": "+f.Remedy)
	}
}

func TestBadExportIsNotRetried(t *testing.T) {
	t.Parallel()
	a := newAttempts(t, newWorld())
	require.NoError(t, a.store.Write(t.Context(), string(day)+"/export.csv", func(w io.Writer) error {
		_, err := io.WriteString(w, "order_id,status\n6500a,\n")
		return err
	}))
	_, err := a.attempt()
	require.ErrorIs(t, err, errExport)
	require.ErrorContains(t, err, "line 2")
}

// An attempt is killed at every call in turn, and the next one continues from what was recorded last.
func TestReconciliationThatIsKilledContinuesAndFindsTheSame(t *testing.T) {
	t.Parallel()
	build := func() *world {
		w := newWorld()
		for i := range 3*pageSize + 10 {
			o := numbered(bought(), i)
			if i%40 == 0 {
				o.Order.Status, o.Order.Settlement = ramp.Expired, nil
			}
			if i == 5 || i == 250 {
				o.Order.Proof = &ramp.Proof{UTR: utr, AcceptedAt: noon()}
			}
			w.trade(o, boughtThere())
		}
		for i := range 30 {
			row := boughtThere()
			row.orderID, row.source = fmt.Sprintf("6500lost%02d", i), reconcile.SourceHistory
			w.histories["u7@example.test"] = append(w.histories["u7@example.test"], row)
		}
		return w
	}
	whole := newAttempts(t, build())
	want, err := whole.attempt()
	require.NoError(t, err)
	require.Equal(t, 8+1+30, want.Findings)

	w := build()
	a := newAttempts(t, w)
	for killAt := 50; ; killAt += 97 {
		ctx, kill := context.WithCancel(t.Context())
		from := w.calls
		w.fail = func(call int, _ string) error {
			if call-from >= killAt {
				kill()
				return context.Canceled
			}
			return nil
		}
		report, err := a.within(ctx)
		kill()
		if err == nil {
			require.Equal(t, want, report)
			break
		}
	}
	require.Greater(t, len(a.recorded), 5)
	require.Equal(t, readFile(t, whole.directory, "findings.csv"), readFile(t, a.directory, "findings.csv"))
}

func readFile(t *testing.T, directory, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(directory, string(day), name))
	require.NoError(t, err)
	return string(content)
}

func TestPartsThatTheStoreHasLostAreNoticed(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.trade(bought(), boughtThere())
	a := newAttempts(t, w)
	a.at.Parts = 3
	_, err := a.attempt()
	require.ErrorIs(t, err, errPartsLost)
}

func TestProviderThatIsDownIsWaitedForAndNothingIsFoundInstead(t *testing.T) {
	t.Parallel()
	w := newWorld()
	for i := range 2 * pageSize {
		w.trade(numbered(bought(), i), boughtThere())
	}
	a := newAttempts(t, w)
	w.fail = func(call int, _ string) error {
		if call > pageSize*3 {
			return unavailable()
		}
		return nil
	}
	_, err := a.attempt()
	var down *downError
	require.ErrorAs(t, err, &down)
	require.Equal(t, 1, a.at.Parts, "the first page is kept")
	w.fail = nil
	require.Empty(t, a.found())
}

func TestOneOrderThatTheProviderNeverAnswersDoesNotStopTheRest(t *testing.T) {
	t.Parallel()
	w := newWorld()
	for i := range 20 {
		w.trade(numbered(bought(), i), boughtThere())
	}
	w.fail = func(_ int, what string) error {
		time.Sleep(time.Millisecond)
		if what == "6500000003" {
			return unavailable()
		}
		return nil
	}
	require.Equal(t, []string{"not_compared inv-3 6500000003 status"}, newAttempts(t, w).found())
}

func TestWrongAPIKeyIsAnOutageAndNoFinding(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.trade(bought(), boughtThere())
	w.fail = func(int, string) error {
		return &onmeta.Error{Route: onmeta.RouteOnrampStatus, Kind: onmeta.KindUnauthorized, Reached: onmeta.Answered, Status: 401}
	}
	_, err := newAttempts(t, w).attempt()
	var down *downError
	require.ErrorAs(t, err, &down)
}

func TestPartsHoldNeitherUsersNorProofs(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.trade(bought(), boughtThere())
	expired := numbered(bought(), 2)
	expired.Order.Status, expired.Order.Settlement = ramp.Expired, nil
	w.trade(expired, boughtThere())
	a := newAttempts(t, w)
	_, err := a.attempt()
	require.NoError(t, err)
	require.NoError(t, filepath.WalkDir(a.directory, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		for _, personal := range []string{"asha@", "u2@", utr, string(expired.Order.Proof.UTR), userWallet} {
			require.NotContains(t, string(content), personal, path)
		}
		return err
	}))
}

// 100,000 orders, of which every hundredth differs, in memory that does not grow with what is known of each.
func TestHundredThousandOrdersNeedBoundedMemory(t *testing.T) {
	const total, most = 100_000, 96 << 20
	w := &endless{world: newWorld(), total: total}
	a := newAttempts(t, w.world)
	var before, during runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	attempt := &audit{
		day: day, orders: w, provider: w, store: a.store, comparison: comparison{now: a.now}, firstPause: time.Microsecond, at: a.at,
		record: func(at progress) { a.at = at },
	}
	report, err := attempt.run(t.Context())
	require.NoError(t, err)
	runtime.GC()
	runtime.ReadMemStats(&during)
	require.Equal(t, total, report.Orders)
	require.Equal(t, total/100, report.Findings)
	require.Less(t, int64(during.HeapAlloc)-int64(before.HeapAlloc), int64(most))
	runtime.KeepAlive(attempt)
}

// endless makes up orders as they are read.
type endless struct {
	*world
	total int
}

func (e *endless) page(_ context.Context, _ reconcile.Day, cursor string) ([]ramp.Summary, string, error) {
	from, _ := strconv.Atoi(cursor)
	until, next := min(from+pageSize, e.total), ""
	if until < e.total {
		next = strconv.Itoa(until)
	}
	var page []ramp.Summary
	for i := from; i < until; i++ {
		page = append(page, ramp.Summary{RunID: strconv.Itoa(i)})
	}
	return page, next, nil
}

func (e *endless) read(_ context.Context, s ramp.Summary) (*ours, error) {
	i, err := strconv.Atoi(s.RunID)
	o := numbered(bought(), i)
	if i%100 == 0 {
		o.Order.Status = ramp.Refunded
	}
	return &o, err
}

func (e *endless) status(context.Context, ours) (theirs, error) { return boughtThere(), nil }

func (e *endless) history(context.Context, ramp.Email, int) ([]theirs, int, error) {
	return nil, 10, nil
}

func TestEveryFindingHasARemedy(t *testing.T) {
	t.Parallel()
	a, order := &audit{day: day}, bought().Order
	for _, kind := range situation.Differences() {
		for _, there := range append(ramp.Statuses(), "") {
			f := a.finding(&order, reconcile.SourceStatus, there, difference{kind, "x", "y", ""})
			require.NotEmpty(t, f.Remedy)
			require.NotContains(t, f.Command, "DAY")
		}
	}
}
