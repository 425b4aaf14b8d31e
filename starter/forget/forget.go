// Package forget deletes what Temporal, and stores beside it, have of a user whose orders have ended.
package forget

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/converter"
	"google.golang.org/grpc"

	"rampart/internal/redact"
	"rampart/ramp"
)

// Temporal is the part of Temporal's workflow service that this package uses.
type Temporal interface {
	ListWorkflowExecutions(context.Context, *workflowservice.ListWorkflowExecutionsRequest, ...grpc.CallOption) (*workflowservice.ListWorkflowExecutionsResponse, error)
	DescribeWorkflowExecution(context.Context, *workflowservice.DescribeWorkflowExecutionRequest, ...grpc.CallOption) (*workflowservice.DescribeWorkflowExecutionResponse, error)
	GetWorkflowExecutionHistory(context.Context, *workflowservice.GetWorkflowExecutionHistoryRequest, ...grpc.CallOption) (*workflowservice.GetWorkflowExecutionHistoryResponse, error)
	DeleteWorkflowExecution(context.Context, *workflowservice.DeleteWorkflowExecutionRequest, ...grpc.CallOption) (*workflowservice.DeleteWorkflowExecutionResponse, error)
	ListActivityExecutions(context.Context, *workflowservice.ListActivityExecutionsRequest, ...grpc.CallOption) (*workflowservice.ListActivityExecutionsResponse, error)
	DescribeActivityExecution(context.Context, *workflowservice.DescribeActivityExecutionRequest, ...grpc.CallOption) (*workflowservice.DescribeActivityExecutionResponse, error)
	DeleteActivityExecution(context.Context, *workflowservice.DeleteActivityExecutionRequest, ...grpc.CallOption) (*workflowservice.DeleteActivityExecutionResponse, error)
}

// Store is a store beside Temporal that has data of users, such as records of ended orders.
type Store interface {
	// Name says what the store has, for reports.
	Name() string
	// Count returns what the store has of a user.
	Count(ctx context.Context, user User) (Tally, error)
	// Forget deletes what the store has of a user, durably, and returns what that was. It is repeated, also after a failure, until it finds
	// nothing.
	Forget(ctx context.Context, user User) (Tally, error)
}

// Tally counts what a store has of a user.
type Tally struct {
	// Found counts what is the user's.
	Found int
	// Unreadable counts what cannot be read, so that it is not known whose it is.
	Unreadable int
	// Kept counts what is the user's and in no store that is configured.
	Kept int
}

// User is who is to be forgotten.
type User struct {
	Email ramp.Email
	// Orders are the user's orders that Temporal has, and Dossiers the URLs of the KYC dossiers that they name. Once Temporal has deleted
	// the orders, both are empty.
	Orders   []ramp.ID
	Dossiers []ramp.Dossier
	// Runs are the ids of all runs of the user's orders that were found: also of those that have just ended, and those that are deleted.
	Runs []string
}

// Format implements fmt.Formatter. It prints no personal data.
func (u User) Format(s fmt.State, verb rune) { redact.Format(s, verb, u) }

// Report says what was deleted. It has no personal data.
type Report struct {
	// Orders counts the references whose workflows were deleted, and Runs those workflows, with what orders had left to others.
	Orders int `json:"orders"`
	Runs   int `json:"runs"`
	// Deliveries counts the deliveries of the orders' events.
	Deliveries int `json:"deliveries,omitempty"`
	// Stores counts what was deleted from each store.
	Stores map[string]int `json:"stores,omitempty"`
	// DossiersKept counts the KYC dossiers that the deleted orders named and that are in no store that is configured.
	DossiersKept int `json:"dossiersKept,omitempty"`
	// Unreadable counts the workflows that cannot be decrypted and so are kept: those without a hash of their user, of which it is not known
	// whose they are, and orders of the user, of which it is not known which dossiers they name. UnreadableInStores counts what stores have
	// of the first kind.
	Unreadable         int `json:"unreadable,omitempty"`
	UnreadableInStores int `json:"unreadableInStores,omitempty"`
	// Rounds counts the searches.
	Rounds int `json:"rounds"`
	// Complete is set once nothing of the user was found any more, and all could be read.
	Complete bool `json:"complete"`
}

// OpenError is the error of a user who has an open order. What the report counts is deleted.
type OpenError struct {
	// Orders are the open ones.
	Orders []ramp.ID
	// Late are the ids of what the user's orders have left to be done when they ended, and that is not done.
	Late []string
	// Lost are orders that the store of records has as open and that Temporal does not have.
	Lost []ramp.ID
}

// Error implements error.
func (e *OpenError) Error() string {
	switch {
	case len(e.Lost) > 0:
		return fmt.Sprintf("the store of records has an order of the user as open that Temporal does not have (%s): its money is under way; "+
			"\"starter rebuild\" follows it to its end; forget the user then", workflowIDs(e.Lost))
	case len(e.Orders) == 0:
		return fmt.Sprintf("an order of the user has ended, and has left a record or events that are still to be written or delivered (%s): "+
			"forget the user once that is done", strings.Join(e.Late, ", "))
	}
	return fmt.Sprintf("the user has an open order (%s): its money is under way; forget the user once it has ended", workflowIDs(e.Orders))
}

func workflowIDs(orders []ramp.ID) string {
	var ids []string
	for _, id := range orders {
		ids = append(ids, id.Direction.WorkflowID(id.Reference))
	}
	return strings.Join(ids, ", ")
}

// Settle is how long ago an order must have ended. A worker that lost its connection may write the record of one that ended later than
// that.
const Settle = 30 * time.Second

// Forgetter forgets users.
type Forgetter struct {
	Temporal  Temporal
	Namespace string
	Hasher    ramp.Hasher
	// Data decodes the inputs of workflows.
	Data converter.DataConverter
	// Stores are forgotten before Temporal deletes the orders, which alone name what some stores have. Dossiers deletes the KYC dossiers;
	// nil keeps them.
	Stores   []Store
	Dossiers Store
	// Pause is between two searches. The visibility store shows deletions and starts after moments.
	Pause time.Duration
	// Now is the clock.
	Now func() time.Time
}

// quietRounds is how many searches in a row must find nothing.
const quietRounds = 2

// Preview returns the user's orders in Temporal, and counts what Forget would delete, without deleting any. The error is an *OpenError if an
// order is open.
func (f *Forgetter) Preview(ctx context.Context, email ramp.Email) (Report, []ramp.ID, error) {
	w := newWork(f, email)
	w.report.Rounds = 1
	found, err := w.search.round(ctx)
	w.report.Unreadable = w.search.unreadable()
	if err != nil {
		return w.report, nil, err
	}
	for _, each := range found.closed {
		w.count(each)
	}
	_, err = w.stores(ctx, w.user(email, found), Store.Count)
	return w.report, ordersOf(found.closed), err
}

// Forget deletes a user's orders and what the stores have of the user, and searches until nothing is found any more. It deletes nothing if
// an order is open; if one is found open later, it stops with an *OpenError. It can be repeated after any failure, and continues.
func (f *Forgetter) Forget(ctx context.Context, email ramp.Email) (Report, error) {
	w := newWork(f, email)
	w.search.settling = true
	for quiet := 0; quiet < quietRounds; {
		if w.report.Rounds > 0 {
			if err := sleep(ctx, f.Pause); err != nil {
				return w.report, err
			}
		}
		w.report.Rounds++
		found, err := w.round(ctx, email)
		if err != nil {
			return w.report, err
		}
		if quiet++; found {
			quiet = 0
		}
	}
	w.report.Complete = w.report.Unreadable == 0 && w.report.UnreadableInStores == 0
	return w.report, nil
}

// work is the forgetting of one user.
type work struct {
	*Forgetter
	search *search
	report Report
	// counted and references are what the report counts; unreadable and kept are those of each store.
	counted          map[string]bool
	references       map[ramp.ID]bool
	unreadable, kept map[string]int
	dossiers         map[ramp.Dossier]bool
}

func newWork(f *Forgetter, email ramp.Email) *work {
	return &work{
		Forgetter: f, search: newSearch(f, email), report: Report{Stores: make(map[string]int)},
		counted: make(map[string]bool), references: make(map[ramp.ID]bool), unreadable: make(map[string]int), kept: make(map[string]int),
		dossiers: make(map[ramp.Dossier]bool),
	}
}

// round searches once, and deletes what is found. It reports whether something was.
func (w *work) round(ctx context.Context, email ramp.Email) (bool, error) {
	found, err := w.search.round(ctx)
	w.report.Unreadable = w.search.unreadable()
	if err != nil {
		return false, err
	}
	deleted, err := w.stores(ctx, w.user(email, found), Store.Forget)
	if err != nil {
		return false, err
	}
	for _, each := range found.closed {
		if err := w.delete(ctx, each); err != nil {
			return false, err
		}
		w.count(each)
	}
	return deleted > 0 || found.listed > 0 || len(found.closed) > 0, nil
}

// user returns what stores are told of the user.
func (w *work) user(email ramp.Email, found findings) User {
	u := User{Email: email, Orders: ordersOf(found.closed), Runs: slices.Sorted(maps.Keys(w.search.orders))}
	for _, each := range found.closed {
		for _, dossier := range each.dossiers {
			if !slices.Contains(u.Dossiers, dossier) {
				u.Dossiers = append(u.Dossiers, dossier)
			}
		}
	}
	return u
}

// count adds an execution to the report, once.
func (w *work) count(each execution) {
	if w.counted[each.runID] {
		return
	}
	w.counted[each.runID] = true
	switch each.kind {
	case order:
		w.references[each.id] = true
		w.report.Orders = len(w.references)
		w.report.Runs++
	case late:
		w.report.Runs++
	case delivery:
		w.report.Deliveries++
	}
}

// stores asks every store, adds what it says to the report, and returns how much was the user's.
func (w *work) stores(ctx context.Context, user User, ask func(Store, context.Context, User) (Tally, error)) (int, error) {
	stores := w.Stores
	if w.Dossiers != nil {
		stores = append(slices.Clip(stores), w.Dossiers)
	} else {
		for _, dossier := range user.Dossiers {
			w.dossiers[dossier] = true
		}
	}
	all := 0
	var failed error
	for _, store := range stores {
		tally, err := ask(store, ctx, user)
		all += tally.Found
		if tally.Found > 0 {
			w.report.Stores[store.Name()] += tally.Found
		}
		w.unreadable[store.Name()] = tally.Unreadable
		w.kept[store.Name()] += tally.Kept
		if err != nil {
			failed = fmt.Errorf("forget the %s: %w", store.Name(), err)
			break
		}
	}
	w.report.UnreadableInStores, w.report.DossiersKept = 0, len(w.dossiers)
	for _, count := range w.unreadable {
		w.report.UnreadableInStores += count
	}
	for _, count := range w.kept {
		w.report.DossiersKept += count
	}
	return all, failed
}
