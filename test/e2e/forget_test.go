package e2e_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/temporal"

	"rampart/ramp"
)

// forgotten is the line that forget leaves.
type forgotten struct {
	Begun      bool           `json:"begun"`
	Orders     int            `json:"orders"`
	Runs       int            `json:"runs"`
	Deliveries int            `json:"deliveries"`
	Stores     map[string]int `json:"stores"`
	Complete   bool           `json:"complete"`
}

// awaitCount waits until Temporal lists as many workflows that a query selects.
func (s *stack) awaitCount(query string, want int64) {
	s.t.Helper()
	eventually(s.t, completionTime, func() error {
		counted, err := s.Temporal.CountWorkflow(s.t.Context(), &workflowservice.CountWorkflowExecutionsRequest{Query: query})
		if err != nil || counted.GetCount() != want {
			return fmt.Errorf("%d workflows: %v", counted.GetCount(), err)
		}
		return nil
	})
}

// deliveriesOf counts the deliveries of an order's events that Temporal lists.
func (s *stack) deliveriesOf(id ramp.ID) int {
	s.t.Helper()
	count := 0
	for _, err := range s.Orders.Deliveries(s.t.Context(), ramp.DeliveryFilter{Order: id}) {
		require.NoError(s.t, err)
		count++
	}
	return count
}

// killOnceItDeletes runs the starter until Temporal has deleted an order, and kills it.
func (s *stack) killOnceItDeletes(environment []string, id ramp.ID, args ...string) {
	s.t.Helper()
	cmd := exec.CommandContext(s.t.Context(), program("starter"), args...)
	cmd.Env = append(os.Environ(), "TEMPORAL_ADDRESS="+s.Address, "TEMPORAL_NAMESPACE=default", "RAMP_KEYSET_FILE="+s.Keyset)
	cmd.Env = append(cmd.Env, environment...)
	var problems bytes.Buffer
	cmd.Stderr = &problems
	require.NoError(s.t, cmd.Start())
	eventually(s.t, completionTime, func() error {
		_, err := s.Temporal.DescribeWorkflowExecution(s.t.Context(), id.Direction.WorkflowID(id.Reference), "")
		var gone *serviceerror.NotFound
		if errors.As(err, &gone) {
			return nil
		}
		return fmt.Errorf("not deleted: %v", err)
	})
	require.NoError(s.t, cmd.Process.Kill())
	require.Error(s.t, cmd.Wait(), "it ended by itself")
	require.Empty(s.t, problems.String())
}

// TestUserIsForgottenOnceTheirOrdersHaveEnded has orders of one user that completed, was refused, was terminated, left its record to be written,
// and that Temporal has deleted; and one of another user.
func TestUserIsForgottenOnceTheirOrdersHaveEnded(t *testing.T) {
	t.Parallel()
	directory := filepath.Join(t.TempDir(), "records")
	require.NoError(t, os.Mkdir(directory, 0o700))
	endpoint := newReceiver(t)
	s := newStack(t, 60, withEnvironment("RAMP_RECORDS=file://"+directory), withEndpoint(endpoint))
	stores := []string{"RAMP_KYC_STORES=file://" + os.TempDir(), "RAMP_RECORDS=file://" + directory}
	const email, other = "Zelda.Quorn+nokyc@forget.example.test", "other+linked@forget.example.test"
	bought, documents := onrampRequest("forget-buy"), writeDossier(t, dossier(email))
	bought.Email, bought.KYC = email, &ramp.KYC{Dossier: ramp.Dossier(documents)}
	_, err := s.Orders.StartOnramp(t.Context(), bought)
	require.NoError(t, err)
	others := onrampRequest("forget-other")
	others.Email = other
	s.buyAndPay(others)
	invalid := bought
	invalid.Reference, invalid.Token.Address = "forget-invalid", "nowhere" // refused before it has a hash
	refused := startWorkflow(t, s.Temporal, "onramp/forget-invalid", ramp.TaskQueue, ramp.OnrampWorkflow, invalid)
	require.Error(t, refused.Get(t.Context(), nil))
	s.awaitFound([]string{"forget-buy"}, "--email", email)

	audit := filepath.Join(t.TempDir(), "forgotten.jsonl")
	command := []string{"forget", "--email", email, "--audit", audit, "--ticket", "DPDP-17"}
	_, problems, code := s.starterWith(stores, command...)
	require.Equal(t, 1, code)
	require.Contains(t, problems, "onramp/forget-buy")
	t.Logf("while an order is open:\n%s", problems)
	_, err = s.Orders.SubmitUTR(t.Context(), "forget-buy", utrOf(81))
	require.NoError(t, err)
	s.awaitStatus(buy("forget-buy"), completionTime, ramp.Completed)

	purged, late, terminated := bought, bought, bought
	terminated.Reference, terminated.KYC = "forget-terminated", nil
	_, err = s.Orders.StartOnramp(t.Context(), terminated)
	require.NoError(t, err)
	require.NoError(t, s.Temporal.TerminateWorkflow(t.Context(), "onramp/forget-terminated", "", "a test"))
	purged.Reference, purged.KYC = "forget-purged", nil
	s.buyAndPay(purged)
	s.forget(buy("forget-purged"))
	late.Reference, late.KYC = "forget-late", nil
	_, err = s.Orders.StartOnramp(t.Context(), late)
	require.NoError(t, err)
	require.NoError(t, os.Rename(directory, directory+".away"))
	_, err = s.Orders.Cancel(t.Context(), buy("forget-late"))
	require.NoError(t, err)
	s.awaitCount(`WorkflowType = "LateRecord" AND ExecutionStatus = "Running"`, 1)
	s.awaitCount(`WorkflowType = "Onramp" AND ExecutionStatus = "Running"`, 0)
	_, problems, code = s.starterWith(stores, command...)
	require.Equal(t, 1, code)
	require.Contains(t, problems, "late-record/onramp/forget-late/")
	t.Logf("while a record waits to be written:\n%s", problems)
	require.NoError(t, os.Rename(directory+".away", directory))
	s.awaitCount(`WorkflowType = "LateRecord" AND ExecutionStatus = "Completed"`, 1)
	open, err := filepath.Glob(directory + "/open/*")
	require.NoError(t, err)
	require.Len(t, open, 1, "the terminated order is kept as open")
	for _, reference := range []string{"forget-buy", "forget-purged", "forget-late", "forget-other"} {
		_, err := s.recordOf("file://"+directory, buy(reference))
		require.NoError(t, err)
	}

	out, problems, code := s.starterWith(stores, "forget", "--email", email, "--dry-run")
	require.Zero(t, code, problems)
	require.Contains(t, out, "4 orders (5 workflows, ")
	require.Contains(t, out, ", 4 records, 1 dossier.\nNot reached: ")
	t.Logf("a dry run:\n%s", out)
	eventually(t, completionTime, func() error { // the deliveries that Temporal lists late
		if s.deliveriesOf(buy("forget-buy")) == 0 {
			return errors.New("no deliveries")
		}
		return nil
	})

	s.killOnceItDeletes(stores, buy("forget-buy"), command...)
	out, problems, code = s.starterWith(stores, command...)
	require.Zero(t, code, problems)
	t.Logf("after it was killed:\n%s", out)
	var line forgotten
	require.NoError(t, json.Unmarshal([]byte(out), &line))
	require.True(t, line.Complete)
	kept, err := os.ReadFile(audit)
	require.NoError(t, err)
	require.Equal(t, 4, strings.Count(string(kept), `"begun":true`))
	requireClean(t, "the audit", string(kept)+out+problems, []string{email, utrOf(81)})
	require.NotContains(t, string(kept), "forget-buy")

	require.Empty(t, s.found(nil, "--email", email))
	for _, reference := range []string{"forget-buy", "forget-late", "forget-invalid", "forget-terminated"} {
		_, err = s.Orders.Get(t.Context(), buy(reference))
		require.True(t, ramp.IsError(err, ramp.NotFound), "%v", err)
	}
	for _, reference := range []string{"forget-buy", "forget-purged", "forget-late"} {
		_, err := s.recordOf("file://"+directory, buy(reference))
		require.ErrorContains(t, err, "was forgotten with its user")
	}
	for _, reference := range []string{"forget-buy", "forget-late"} {
		require.Zero(t, s.deliveriesOf(buy(reference)))
	}
	s.awaitCount(`WorkflowType = "LateRecord"`, 0)
	open, err = filepath.Glob(directory + "/open/*")
	require.NoError(t, err)
	require.Empty(t, open, "the terminated order was kept as open")
	require.NoDirExists(t, documents[len("file://"):])

	require.Equal(t, []string{"forget-other"}, s.found(nil, "--email", other))
	_, err = s.recordOf("file://"+directory, buy("forget-other"))
	require.NoError(t, err)
	require.Positive(t, s.deliveriesOf(buy("forget-other")))
	var taken *temporal.ApplicationError
	require.ErrorAs(t, s.startPlainly(buy("forget-buy"), onrampRequest("forget-buy")).Get(t.Context(), nil), &taken)
	require.Equal(t, string(ramp.ReferenceTaken), taken.Type(), "the reference is not used twice")
	out, problems, code = s.starterWith(stores, "forget", "--email", email)
	require.Zero(t, code, problems)
	require.Contains(t, out, `"orders":0`)
}
