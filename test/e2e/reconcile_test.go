package e2e_test

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"rampart/ramp"
	"rampart/ramp/situation"
	"rampart/reconcile"
)

// reconciled is a stack whose workers reconcile, with the day that its orders are of.
type reconciled struct {
	*stack
	store string
	day   reconcile.Day
}

// newReconciled starts a stack whose provider's clock begins at noon in India, so that it dates its orders on this day, however fast it runs.
func newReconciled(t *testing.T) *reconciled {
	t.Helper()
	store := t.TempDir()
	s := newStack(t, 30, withEnvironment("RAMP_RECONCILE_STORE=file://"+store, "RAMP_RECORDS=file://"+t.TempDir()))
	r := &reconciled{s, store, situation.DayOf(time.Now())}
	r.setClock(fmt.Sprintf(`{"set":%q}`, r.day.Begin().Add(12*time.Hour).Format(time.RFC3339)))
	return r
}

// run runs the starter, and returns the kinds of the findings of the day with their references, from the CSV.
func (r *reconciled) run(arguments ...string) (stdout string, code int, found []string) {
	r.t.Helper()
	out := r.t.TempDir()
	stdout, stderr, code := r.starterWith([]string{"RAMP_RECONCILE_STORE=file://" + r.store},
		append([]string{"reconcile", "--day", string(r.day), "--out", out}, arguments...)...)
	require.Contains(r.t, []int{0, 3}, code, stdout+stderr)
	file, err := os.Open(filepath.Join(out, "findings.csv"))
	require.NoError(r.t, err, stdout+stderr)
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	require.NoError(r.t, err)
	for _, row := range rows[1:] {
		found = append(found, row[1]+" "+row[4])
	}
	slices.Sort(found)
	return stdout, code, found
}

// pay completes an order.
func (r *reconciled) pay(id ramp.ID, n int) *ramp.Order {
	r.t.Helper()
	var err error
	if id.Direction == ramp.Onramp {
		_, err = r.Orders.StartOnramp(r.t.Context(), onrampRequest(id.Reference))
		require.NoError(r.t, err)
		_, err = r.Orders.SubmitUTR(r.t.Context(), id.Reference, utrOf(n))
	} else {
		_, err = r.Orders.StartOfframp(r.t.Context(), offrampRequest(id.Reference))
		require.NoError(r.t, err)
		_, err = r.Orders.SubmitTransactionHash(r.t.Context(), id.Reference, hashOf(n))
	}
	require.NoError(r.t, err)
	return r.awaitStatus(id, completionTime, ramp.Completed)
}

func TestReconciliationFindsNothingAfterOrdinaryOrdersAndEachForcedDifference(t *testing.T) {
	t.Parallel()
	r := newReconciled(t)
	var bought []*ramp.Order
	for n := range 5 {
		bought = append(bought, r.pay(buy(fmt.Sprintf("buy-%d", n)), n))
	}
	sold, hidden := r.pay(sell("sell-1"), 1), r.pay(sell("sell-2"), 2)
	cancelled, err := r.Orders.StartOnramp(t.Context(), onrampRequest("buy-cancelled"))
	require.NoError(t, err)
	_, err = r.Orders.Cancel(t.Context(), buy("buy-cancelled"))
	require.NoError(t, err)
	_, err = r.Orders.StartOnramp(t.Context(), onrampRequest("buy-waits"))
	require.NoError(t, err)

	eventually(t, patience, func() error { // Temporal lists the last orders a moment later
		stdout, code, found := r.run()
		require.Empty(t, found, stdout)
		require.Zero(t, code)
		if !strings.Contains(stdout, "9 orders compared, 0 differences") {
			return fmt.Errorf("%s", stdout)
		}
		return nil
	})

	alter := func(order *ramp.Order, change string) { r.post("/sandbox/orders/"+order.OrderID+"/alter", change) }
	alter(bought[0], `{"fiatAmount":900}`)
	alter(bought[1], `{"wallet":"0x2222222222222222222222222222222222222222"}`)
	alter(bought[2], `{"proof":"`+utrOf(0)+`"}`)
	r.setProviderStatus(bought[3].OrderID, "refunded")
	alter(bought[4], `{"tokenAmount":1}`)
	alter(hidden, `{"hidden":true}`)
	r.post("/sandbox/orders/"+cancelled.OrderID+"/payment", `{}`)
	r.post("/sandbox/orders/"+bought[0].OrderID+"/copy", `{}`)
	export := filepath.Join(t.TempDir(), "export.csv")
	require.NoError(t, os.WriteFile(export, []byte("Order ID,Status,Type,TDS,Customer\n"+
		sold.OrderID+",PayoutSuccess,sell,1234.56,Asha Rao\n6500000000000000000000ff,pending,sell,,Asha Rao\n"), 0o600))
	stdout, code, found := r.run("--export", export)
	require.Equal(t, 3, code, stdout)
	t.Log(stdout)
	want := []string{
		"missing_here ", "missing_here ", "missing_there sell-2", "other_amount buy-0", "other_amount buy-4", "other_proof buy-2",
		"other_status buy-3", "other_tds sell-1", "other_wallet buy-1", "paid_there buy-cancelled", "proof_twice buy-2",
	}
	for n := range 5 {
		want = append(want, fmt.Sprintf("missing_there buy-%d", n)) // the export does not have them
	}
	want = append(want, "missing_there buy-cancelled", "missing_there buy-waits")
	slices.Sort(want)
	if slices.Contains(found, "proof_twice buy-0") { // of the two orders, the one that Temporal lists later is named
		found[slices.Index(found, "proof_twice buy-0")] = "proof_twice buy-2"
		slices.Sort(found)
	}
	require.Equal(t, want, found, stdout)
	require.NotContains(t, r.everything(), "Asha", "nothing of a user is kept")
	for n := range 5 {
		require.NotContains(t, r.everything(), "\""+utrOf(n)+"\"")
	}
}

// everything is all that the store has.
func (r *reconciled) everything() string {
	r.t.Helper()
	var all strings.Builder
	require.NoError(r.t, filepath.WalkDir(r.store, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		all.Write(content)
		return err
	}))
	return all.String()
}

func TestReconciliationOutlivesItsProviderAndItsWorker(t *testing.T) {
	t.Parallel()
	r := newReconciled(t)
	r.pay(buy("buy-1"), 1)
	r.post("/sandbox/faults", `{"fault":"error","route":"POST /v1/orders/status"}`)
	type result struct {
		code  int
		found []string
	}
	done := make(chan result, 1)
	go func() {
		_, code, found := r.run()
		done <- result{code, found}
	}()
	eventually(t, patience, func() error {
		described, err := r.Temporal.DescribeWorkflowExecution(t.Context(), reconcile.WorkflowID(r.day), "")
		if err == nil && len(described.GetPendingActivities()) == 0 {
			err = fmt.Errorf("it has not begun")
		}
		return err
	})
	export := filepath.Join(t.TempDir(), "export.csv")
	require.NoError(t, os.WriteFile(export, []byte("order_id,status\n6500a,completed\n"), 0o600))
	_, stderr, code := r.starterWith([]string{"RAMP_RECONCILE_STORE=file://" + r.store}, "reconcile", "--day", string(r.day), "--export", export)
	require.Equal(t, 1, code, stderr)
	require.Contains(t, stderr, "is running; run this again once it has ended")
	r.worker.Kill()
	r.startWorker()
	r.post("/sandbox/orders/"+r.ledger().Orders[0].ID+"/alter", `{"fiatAmount":900}`)
	r.deleteFaults()
	select {
	case got := <-done:
		require.Equal(t, result{3, []string{"other_amount buy-1"}}, got)
	case <-time.After(3 * time.Minute):
		t.Fatal("the reconciliation has not continued")
	}
}

func TestOrderThatTheProviderOnlyHasIsFoundAndTakenOverOnce(t *testing.T) {
	t.Parallel()
	r := newReconciled(t)
	first := r.pay(buy("buy-1"), 1)
	lost, err := r.copyAtProvider(first.OrderID)
	require.NoError(t, err)
	r.post("/sandbox/orders/"+lost+"/payment", `{}`)
	stdout, code, found := r.run()
	require.Equal(t, 3, code)
	require.Equal(t, []string{"missing_here "}, found)
	require.Contains(t, stdout, "adopt "+lost+" --file request.json --reference REFERENCE")

	request, err := json.Marshal(onrampRequest("buy-1"))
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "request.json")
	require.NoError(t, os.WriteFile(file, request, 0o600))
	stdout, stderr, code := r.starter("adopt", lost, "--file", file, "--reference", "buy-1-b", "--watch")
	require.Zero(t, code, stdout+stderr)
	require.Equal(t, lost, r.awaitStatus(buy("buy-1-b"), completionTime, ramp.Completed).OrderID)
	r.requireReplay(buy("buy-1-b"))

	stdout, stderr, code = r.starter("adopt", lost, "--file", file, "--reference", "buy-1-c", "--watch")
	require.Equal(t, 3, code, stdout+stderr)
	require.Contains(t, stdout, "belongs to another order here")
	eventually(t, patience, func() error {
		if _, _, found := r.run(); len(found) > 0 {
			return fmt.Errorf("%v", found)
		}
		return nil
	})
	require.Len(t, r.ledger().Orders, 2, "nothing was created")
}

func TestOrdersThatTemporalHasDeletedAreReconciledByTheirRecords(t *testing.T) {
	t.Parallel()
	r := newReconciled(t)
	order := r.pay(buy("buy-1"), 1)
	require.NoError(t, r.Temporal.GetWorkflow(t.Context(), "onramp/buy-1", "").Get(t.Context(), nil), "it ends once its record is kept")
	deleted := &commonpb.WorkflowExecution{WorkflowId: "onramp/buy-1"}
	_, err := r.Temporal.WorkflowService().DeleteWorkflowExecution(t.Context(), &workflowservice.DeleteWorkflowExecutionRequest{
		Namespace: "default", WorkflowExecution: deleted,
	})
	require.NoError(t, err)
	eventually(t, patience, func() error {
		_, err := r.Temporal.DescribeWorkflowExecution(t.Context(), "onramp/buy-1", "")
		var gone *serviceerror.NotFound
		if !errors.As(err, &gone) {
			return fmt.Errorf("it is still there: %w", err)
		}
		return r.checkList(ramp.Filter{})
	})
	stdout, code, found := r.run()
	require.Zero(t, code, stdout)
	require.Empty(t, found, "it is owned, and agrees")
	require.Contains(t, stdout, "1 order compared")
	r.post("/sandbox/orders/"+order.OrderID+"/alter", `{"fiatAmount":900}`)
	_, code, found = r.run()
	require.Equal(t, 3, code)
	require.Equal(t, []string{"other_amount buy-1"}, found)
}

func TestScheduleReconcilesTheDayBefore(t *testing.T) {
	t.Parallel()
	r := newReconciled(t)
	stdout, stderr, code := r.starter("reconcile", "schedule", "--at", "06:15")
	require.Zero(t, code, stderr)
	require.Contains(t, stdout, "06:15")
	_, stderr, code = r.starter("reconcile", "schedule", "--at", "05:30")
	require.Zero(t, code, stderr)
	schedule := r.Temporal.ScheduleClient().GetHandle(t.Context(), reconcile.ScheduleID)
	described, err := schedule.Describe(t.Context())
	require.NoError(t, err)
	next := described.Info.NextActionTimes[0]
	require.Equal(t, "00:00", next.UTC().Format("15:04"), "05:30 in India")
	require.NoError(t, schedule.Trigger(t.Context(), client.ScheduleTriggerOptions{}))
	var report reconcile.Report
	eventually(t, patience, func() error {
		return r.Temporal.GetWorkflow(t.Context(), reconcile.WorkflowID(r.day.Add(-1)), "").Get(t.Context(), &report)
	})
	require.Equal(t, r.day.Add(-1), report.Day)
	require.Zero(t, report.Findings)
	stdout, _, code = r.starter("reconcile", "unschedule")
	require.Zero(t, code)
	require.Contains(t, stdout, "No longer")
	stdout, _, _ = r.starter("reconcile", "unschedule")
	require.Contains(t, stdout, "no schedule")
}

// deleteFaults lets the provider answer again.
func (s *stack) deleteFaults() {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), http.MethodDelete, s.Sandbox+"/sandbox/faults", nil)
	require.NoError(s.t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(s.t, err)
	require.NoError(s.t, response.Body.Close())
	require.Equal(s.t, http.StatusOK, response.StatusCode)
}
