package e2e_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/workflowservice/v1"

	"rampart/ramp"
)

// rebuildReport is what rebuild writes with -o json.
type rebuildReport struct {
	Count  map[string]int `json:"count"`
	Orders []struct {
		Reference, OrderID, Outcome, Status, Problem string
	} `json:"orders"`
}

// recorded is a stack on a file whose workers keep records.
type recorded struct {
	*stack
	directory string
}

func newRecorded(t *testing.T, speed int) *recorded {
	t.Helper()
	directory := filepath.Join(t.TempDir(), "records")
	require.NoError(t, os.Mkdir(directory, 0o700))
	return &recorded{newStack(t, speed, onFile, withEnvironment("RAMP_RECORDS=file://"+directory)), directory}
}

// loseDatabase kills the server and the worker, deletes Temporal's database, and starts both anew.
func (r *recorded) loseDatabase() {
	r.t.Helper()
	r.server.Kill()
	r.worker.Kill()
	files, err := filepath.Glob(r.db + "*")
	require.NoError(r.t, err)
	require.NotEmpty(r.t, files)
	for _, file := range files {
		require.NoError(r.t, os.Remove(file))
	}
	r.startServer()
	r.worker = r.startWorker()
}

func (r *recorded) rebuild(arguments ...string) (report rebuildReport, stderr string, code int) {
	r.t.Helper()
	stdout, stderr, code := r.starterWith([]string{"RAMP_RECORDS=file://" + r.directory}, append([]string{"rebuild", "-o", "json"}, arguments...)...)
	if stdout != "" {
		require.NoError(r.t, json.Unmarshal([]byte(stdout), &report), stdout)
	}
	return report, stderr, code
}

// logRebuild logs what rebuild says.
func (r *recorded) logRebuild(arguments ...string) {
	r.t.Helper()
	stdout, stderr, code := r.starterWith([]string{"RAMP_RECORDS=file://" + r.directory}, append([]string{"rebuild"}, arguments...)...)
	r.t.Logf("starter rebuild %v: %d\n%s%s", arguments, code, stdout, stderr)
}

// start starts an order, with its proof if it is not empty.
func (r *recorded) start(id ramp.ID, proof string) *ramp.Order {
	r.t.Helper()
	var order *ramp.Order
	var err error
	if id.Direction == ramp.Onramp {
		order, err = r.Orders.StartOnramp(r.t.Context(), onrampRequest(id.Reference))
	} else {
		order, err = r.Orders.StartOfframp(r.t.Context(), offrampRequest(id.Reference))
	}
	require.NoError(r.t, err)
	if proof != "" {
		order = r.prove(id, proof)
	}
	return order
}

func (r *recorded) prove(id ramp.ID, proof string) *ramp.Order {
	r.t.Helper()
	var order *ramp.Order
	var err error
	if id.Direction == ramp.Onramp {
		order, err = r.Orders.SubmitUTR(r.t.Context(), id.Reference, proof)
	} else {
		order, err = r.Orders.SubmitTransactionHash(r.t.Context(), id.Reference, proof)
	}
	require.NoError(r.t, err)
	return order
}

// TestOrdersOnEveryPathAreFollowedToTheirEndAfterTheDatabaseIsLost loses Temporal's database while orders of both directions wait for their
// users and for the provider, and after others have ended. The first rebuild is killed, and then two run at once.
func TestOrdersOnEveryPathAreFollowedToTheirEndAfterTheDatabaseIsLost(t *testing.T) {
	t.Parallel()
	r := newRecorded(t, 30)
	r.start(buy("over"), utrOf(1))
	over := r.awaitStatus(buy("over"), completionTime, ramp.Completed)
	r.setClock(`{"speed":0}`)
	waits, sale := r.start(buy("waits"), ""), r.start(sell("sale"), "")
	paid, soldPaid := r.start(buy("paid"), utrOf(2)), r.start(sell("sale-paid"), hashOf(3))
	settles := r.start(buy("settles"), utrOf(4))
	lost := map[ramp.ID]*ramp.Order{buy("waits"): waits, sell("sale"): sale, buy("paid"): paid, sell("sale-paid"): soldPaid, buy("settles"): settles}
	requireNoClearText(t, r.directory, "settles", "@example.test", utrOf(2))

	r.loseDatabase()
	r.setProviderStatus(settles.OrderID, "fiatReceived") // meanwhile
	for id := range lost {
		_, err := r.Orders.Get(t.Context(), id)
		require.True(t, ramp.IsError(err, ramp.NotFound), "%v", err)
	}
	r.logRebuild("--dry-run")
	report, stderr, code := r.rebuild("--dry-run")
	require.Zero(t, code, stderr)
	require.Equal(t, map[string]int{"lost": len(lost)}, report.Count)

	killed := r.launch("starter", r.starterEnvironment(), "rebuild")
	eventually(t, patience, func() error { return r.checkStarted(1) })
	killed.Kill()
	var both sync.WaitGroup
	both.Go(func() { r.logRebuild() })
	both.Go(func() { report, stderr, code = r.rebuild() })
	both.Wait()
	require.Zero(t, code, stderr)
	require.Equal(t, len(lost), report.Count["taken_over"]+report.Count["runs"], "%v", report)

	now := r.await(buy("waits"), completionTime, func(o *ramp.Order) bool { return o.Status == ramp.AwaitingPayment })
	require.Equal(t, waits.Instructions, now.Instructions, "the user was told how to pay")
	require.Equal(t, waits.Quote, now.Quote)
	again := r.start(buy("waits"), "") // the backend repeats its start
	require.Equal(t, waits.OrderID, again.OrderID)
	r.setClock(`{"speed":30}`)
	r.prove(buy("waits"), utrOf(5))
	r.prove(sell("sale"), hashOf(6))
	r.setProviderStatus(settles.OrderID, "completed")
	for id, before := range lost {
		order := r.awaitStatus(id, completionTime, ramp.Completed)
		require.Equal(t, before.OrderID, order.OrderID)
		require.NotNil(t, order.Proof, id)
		require.Equal(t, 1, r.providerOrdersOf(id.Reference), "%v", id)
		r.requireReplay(id)
		r.record(string(id.Direction)+"-rebuilt-"+id.Reference, r.history(id))
	}
	require.Len(t, r.ledger().Payouts, 1+len(lost))

	report, stderr, code = r.rebuild()
	require.Zero(t, code, stderr)
	require.Empty(t, report.Orders, "what has ended is open no more")
	_, err := r.Orders.Get(t.Context(), buy("over"))
	require.True(t, ramp.IsError(err, ramp.NotFound), "an order that ended is not started again: %v", err)
	taken := requireReferenceTaken(t, r.startPlainly(buy("over"), onrampRequest("over")))
	require.Equal(t, over.OrderID, taken.Order.OrderID)
	require.Len(t, r.ledger().Orders, 1+len(lost))
}

func (r *recorded) starterEnvironment() []string {
	return []string{
		"TEMPORAL_ADDRESS=" + r.Address, "TEMPORAL_NAMESPACE=default", "RAMP_KEYSET_FILE=" + r.Keyset, "RAMP_RECORDS=file://" + r.directory,
	}
}

// checkStarted returns an error until some orders have been started.
func (r *recorded) checkStarted(orders int64) error {
	count, err := r.Temporal.CountWorkflow(r.t.Context(), &workflowservice.CountWorkflowExecutionsRequest{Query: (ramp.Filter{}).Query()})
	if err == nil && count.GetCount() < orders {
		err = fmt.Errorf("%d orders are started", count.GetCount())
	}
	return err
}

// TestBackendThatRepeatsItsStartAfterALossGetsTheSameOrder has a backend that is faster than any rebuild.
func TestBackendThatRepeatsItsStartAfterALossGetsTheSameOrder(t *testing.T) {
	t.Parallel()
	r := newRecorded(t, 30)
	first := r.start(buy("again"), "")
	r.loseDatabase()

	second := r.start(buy("again"), "")
	require.Equal(t, first.OrderID, second.OrderID)
	require.Equal(t, first.Instructions, second.Instructions)
	dearer := onrampRequest("other")
	r.start(buy("other"), "")
	r.loseDatabase()
	dearer.Fiat.Amount = "1234.00"
	taken := requireReferenceTaken(t, r.startPlainly(buy("other"), dearer))
	require.Contains(t, taken.Message, "is for something else")
	require.Equal(t, first.OrderID, r.start(buy("again"), "").OrderID, "an order may be lost twice")

	r.prove(buy("again"), utrOf(1))
	require.Equal(t, first.OrderID, r.awaitStatus(buy("again"), completionTime, ramp.Completed).OrderID)
	require.Equal(t, 1, r.providerOrdersOf("again"))
	require.Equal(t, 1, r.providerOrdersOf("other"))
}

// TestResetOfAnOrderThatWasLostMakesNoSecondOrder resets orders that the backend has started again after the loss.
func TestResetOfAnOrderThatWasLostMakesNoSecondOrder(t *testing.T) {
	t.Parallel()
	r := newRecorded(t, 30)
	ids := []ramp.ID{buy("reset"), sell("reset-sale")}
	before := []*ramp.Order{r.start(ids[0], ""), r.start(ids[1], "")}
	r.loseDatabase()
	for n, id := range ids {
		again := r.start(id, "")
		require.Equal(t, before[n].OrderID, again.OrderID)

		r.reset(t, id, r.history(id).GetEvents()[0].GetWorkflowExecutionStartedEventAttributes().GetOriginalExecutionRunId(), "at its beginning")

		now := r.await(id, completionTime, func(o *ramp.Order) bool { return o.Status == ramp.AwaitingPayment })
		require.Equal(t, before[n].OrderID, now.OrderID)
		require.Equal(t, before[n].Instructions, now.Instructions)
	}
	r.prove(ids[0], utrOf(1))
	r.prove(ids[1], hashOf(2))
	for _, id := range ids {
		r.awaitStatus(id, completionTime, ramp.Completed)
		require.Equal(t, 1, r.providerOrdersOf(id.Reference), "%v", id)
	}
}

// TestRebuildWaitsForAProviderAndAStoreThatAreAway has the provider down while orders are taken over, and the store away before.
func TestRebuildWaitsForAProviderAndAStoreThatAreAway(t *testing.T) {
	t.Parallel()
	r := newRecorded(t, 30)
	order := r.start(buy("waits"), "")
	r.loseDatabase()
	require.NoError(t, os.Rename(r.directory, r.directory+".away"))
	_, stderr, code := r.rebuild()
	require.Equal(t, 1, code)
	require.Contains(t, stderr, "the store of records is not a directory")
	require.NoError(t, os.Rename(r.directory+".away", r.directory))

	r.post("/sandbox/faults", `{"fault":"error","route":"POST /v1/orders/status"}`)
	report, stderr, code := r.rebuild("--timeout", "5s")
	require.Equal(t, 4, code, stderr)
	require.Contains(t, stderr, "the same command looks again")
	require.Equal(t, map[string]int{"starting": 1}, report.Count)
	r.deleteFaults()
	report, stderr, code = r.rebuild()
	require.Zero(t, code, stderr)
	require.Len(t, report.Orders, 1)
	require.Equal(t, order.OrderID, r.await(buy("waits"), completionTime, func(o *ramp.Order) bool { return o.OrderID != "" }).OrderID)
	require.Len(t, r.ledger().Orders, 1)
}
