package e2e_test

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"

	"rampart/ramp"
	"rampart/ramp/situation"
	"rampart/records"
)

// withRecords has the workers keep records, in a directory of their own.
func withRecords(s *stack) {
	s.environment = append(s.environment, "RAMP_RECORDS=file://"+s.t.TempDir())
}

// recordOf returns the record of an order as the starter shows it.
func (s *stack) recordOf(store string, id ramp.ID) (records.Record, error) {
	s.t.Helper()
	stdout, stderr, code := s.starter("records", "show", id.Direction.WorkflowID(id.Reference), "--store", store, "-o", "json")
	if code != 0 {
		return records.Record{}, errors.New(stderr)
	}
	var record records.Record
	require.NoError(s.t, json.Unmarshal([]byte(stdout), &record))
	return record, nil
}

// forget deletes a closed order from Temporal, as the end of its retention does.
func (s *stack) forget(id ramp.ID) {
	s.t.Helper()
	workflowID := id.Direction.WorkflowID(id.Reference)
	_, err := s.Temporal.WorkflowService().DeleteWorkflowExecution(s.t.Context(), &workflowservice.DeleteWorkflowExecutionRequest{
		Namespace: "default", WorkflowExecution: &commonpb.WorkflowExecution{WorkflowId: workflowID},
	})
	require.NoError(s.t, err)
	eventually(s.t, completionTime, func() error {
		_, err := s.Temporal.DescribeWorkflowExecution(s.t.Context(), workflowID, "")
		var absent *serviceerror.NotFound
		if !errors.As(err, &absent) {
			return fmt.Errorf("the order is still known: %v", err)
		}
		listed, err := s.Temporal.CountWorkflow(s.t.Context(), &workflowservice.CountWorkflowExecutionsRequest{
			Query: fmt.Sprintf("WorkflowId = %q", workflowID),
		})
		if err != nil || listed.GetCount() > 0 {
			return fmt.Errorf("the order is still listed: %v", err)
		}
		return nil
	})
}

// TestOrdersOnEveryPathWithRecordsAreKnownAfterTemporalForgetsThem ends an order of each direction, and kills the worker meanwhile.
func TestOrdersOnEveryPathWithRecordsAreKnownAfterTemporalForgetsThem(t *testing.T) {
	t.Parallel()
	directory := filepath.Join(t.TempDir(), "records")
	require.NoError(t, os.Mkdir(directory, 0o700))
	store := "file://" + directory
	s := newStack(t, 360, withEnvironment("RAMP_WORKFLOW_CACHE=0", "RAMP_RECORDS="+store))
	paths := []orderPath{
		{name: "onramp-records", id: buy, ending: ramp.Completed, act: pay},
		{name: "offramp-records", id: sell, ending: ramp.Completed, act: pay},
		{name: "onramp-records-cancelled", id: buy, ending: ramp.Cancelled, act: cancelOrder},
		{name: "onramp-kept-open", id: buy, ending: ramp.Completed, act: inTurn(mistype, pay)},
		{name: "offramp-kept-open", id: sell, ending: ramp.Completed, act: pay},
	}
	s.runPaths(paths)

	for _, path := range paths {
		id := path.id(path.name)
		order := s.awaitStatus(id, completionTime, path.ending)
		record, err := s.recordOf(store, id)
		require.NoError(t, err)
		require.Equal(t, order.OrderID, record.Order.OrderID)
		require.Equal(t, order.Timeline, record.Order.Timeline)
		require.Contains(t, string(record.Email), "@example.test")
		require.Contains(t, kinds(s.history(id)), enumspb.EVENT_TYPE_MARKER_RECORDED)
	}
	today := string(situation.DayOf(s.awaitStatus(buy("onramp-records"), completionTime, ramp.Completed).UpdatedAt))
	listed, stderr, code := s.starter("records", "list", "--store", store, "--from", today, "--to", nextDay(t, today))
	require.Zero(t, code, stderr)
	table, stderr, code := s.starter("records", "export", "--store", store, "--from", today, "--to", nextDay(t, today))
	require.Zero(t, code, stderr)
	rows, err := csv.NewReader(strings.NewReader(table)).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, 1+len(paths))
	for _, path := range paths {
		require.Contains(t, listed, path.name)
		require.Contains(t, table, path.name)
	}
	t.Logf("records list:\n%s\nrecords export:\n%s", listed, table)
	requireNoClearText(t, directory, "onramp-records", "@example.test")

	id := buy("onramp-records")
	made := s.providerOrdersOf(id.Reference)
	asked := s.ledger().Calls["POST /v1/users/kyc-status"]
	s.forget(id)
	taken := requireReferenceTaken(t, s.startPlainly(id, onrampRequest(id.Reference)))
	require.Equal(t, ramp.Completed, taken.Order.Status)
	require.Equal(t, made, s.providerOrdersOf(id.Reference))
	require.Equal(t, asked, s.ledger().Calls["POST /v1/users/kyc-status"], "it is refused before")
}

func nextDay(t *testing.T, day string) string {
	t.Helper()
	at, err := time.Parse(time.DateOnly, day)
	require.NoError(t, err)
	return at.AddDate(0, 0, 1).Format(time.DateOnly)
}

// requireNoClearText requires that no file below a directory contains one of the texts.
func requireNoClearText(t *testing.T, directory string, texts ...string) {
	t.Helper()
	files := 0
	require.NoError(t, filepath.WalkDir(directory, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		files++
		content, err := os.ReadFile(path)
		for _, text := range texts {
			require.NotContains(t, string(content)+path, text)
		}
		return err
	}))
	require.Positive(t, files)
}

// TestRecordThatCannotBeWrittenIsWrittenLater has the store away while an order ends, and the worker killed before the store is back.
func TestRecordThatCannotBeWrittenIsWrittenLater(t *testing.T) {
	t.Parallel()
	directory := filepath.Join(t.TempDir(), "records")
	require.NoError(t, os.Mkdir(directory, 0o700))
	s := newStack(t, 360, withEnvironment("RAMP_RECORDS=file://"+directory))
	id := buy("late")
	_, err := s.Orders.StartOnramp(t.Context(), onrampRequest(id.Reference))
	require.NoError(t, err)
	require.NoError(t, os.Rename(directory, directory+".away"))

	s.submit(id.Reference, utrOf(77))
	s.awaitStatus(id, completionTime, ramp.Completed)
	eventually(t, completionTime, func() error {
		waiting, err := s.Temporal.CountWorkflow(t.Context(), &workflowservice.CountWorkflowExecutionsRequest{
			Query: `WorkflowType = "LateRecord" AND ExecutionStatus = "Running"`,
		})
		if err != nil || waiting.GetCount() != 1 {
			return fmt.Errorf("%d records wait: %v", waiting.GetCount(), err)
		}
		return nil
	})
	s.worker.Kill()
	require.NoError(t, os.Rename(directory+".away", directory))
	s.startWorker()

	eventually(t, completionTime, func() error {
		record, err := s.recordOf("file://"+directory, id)
		if err == nil {
			require.Equal(t, ramp.Completed, record.Order.Status)
		}
		return err
	})
}
