package commands_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/grpc"

	"rampart/codec"
	"rampart/ramp"
	"rampart/starter/forget"
)

// workflows is Temporal with runs of one user, all found by their hash.
type workflows struct {
	forget.Temporal
	runs map[string]enumspb.WorkflowExecutionStatus
	err  error
}

func (w *workflows) ListWorkflowExecutions(
	_ context.Context, request *workflowservice.ListWorkflowExecutionsRequest, _ ...grpc.CallOption,
) (*workflowservice.ListWorkflowExecutionsResponse, error) {
	answer := &workflowservice.ListWorkflowExecutionsResponse{}
	if strings.HasSuffix(request.GetQuery(), "IS NULL") || strings.HasPrefix(request.GetQuery(), "WorkflowType = ") {
		return answer, w.err
	}
	for id := range w.runs {
		answer.Executions = append(answer.Executions, &workflowpb.WorkflowExecutionInfo{Execution: &commonpb.WorkflowExecution{WorkflowId: id, RunId: id}})
	}
	return answer, w.err
}

func (w *workflows) DescribeWorkflowExecution(
	_ context.Context, request *workflowservice.DescribeWorkflowExecutionRequest, _ ...grpc.CallOption,
) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
	status, found := w.runs[request.GetExecution().GetWorkflowId()]
	if !found {
		return nil, serviceerror.NewNotFound("deleted")
	}
	return &workflowservice.DescribeWorkflowExecutionResponse{WorkflowExecutionInfo: &workflowpb.WorkflowExecutionInfo{Status: status}}, nil
}

func (w *workflows) GetWorkflowExecutionHistory(
	context.Context, *workflowservice.GetWorkflowExecutionHistoryRequest, ...grpc.CallOption,
) (*workflowservice.GetWorkflowExecutionHistoryResponse, error) {
	return &workflowservice.GetWorkflowExecutionHistoryResponse{}, nil
}

func (w *workflows) DeleteWorkflowExecution(
	_ context.Context, request *workflowservice.DeleteWorkflowExecutionRequest, _ ...grpc.CallOption,
) (*workflowservice.DeleteWorkflowExecutionResponse, error) {
	delete(w.runs, request.GetWorkflowExecution().GetWorkflowId())
	return &workflowservice.DeleteWorkflowExecutionResponse{}, nil
}

func (w *workflows) ListActivityExecutions(
	context.Context, *workflowservice.ListActivityExecutionsRequest, ...grpc.CallOption,
) (*workflowservice.ListActivityExecutionsResponse, error) {
	return &workflowservice.ListActivityExecutionsResponse{}, nil
}

const (
	closed  = enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED
	stillOn = enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING
)

// forgetting returns a terminal with a user's runs.
func forgetting(t *testing.T, runs map[string]enumspb.WorkflowExecutionStatus) (*terminal, *workflows) {
	t.Helper()
	x, _ := hashing(t)
	w := &workflows{runs: runs}
	x.fake.workflows = w
	return x, w
}

func TestForgetDeletesAndLeavesALineWithoutPersonalData(t *testing.T) {
	t.Parallel()
	x, w := forgetting(t, map[string]enumspb.WorkflowExecutionStatus{"onramp/inv-1": closed, "offramp/wd-1": closed})
	x.stdin = "zelda.quorn@example.test\n"
	audit := filepath.Join(t.TempDir(), "forgotten.jsonl")

	r := x.run(t, "forget", "--email", "-", "--audit", audit, "--ticket", "DPDP-17")

	require.Zero(t, r.code, r.stderr)
	require.Empty(t, w.runs)
	kept, err := os.ReadFile(audit)
	require.NoError(t, err)
	begun, done, _ := strings.Cut(string(kept), "\n")
	require.JSONEq(t, `{"action":"forget","at":"2026-11-23T06:00:03Z","namespace":"default","ticket":"DPDP-17","begun":true}`, begun,
		"if the command is killed, this is left")
	require.JSONEq(t, `{"action":"forget","at":"2026-11-23T06:00:03Z","namespace":"default","ticket":"DPDP-17","orders":2,"runs":2,"rounds":3,
		"complete":true,"recordsKept":true}`, done)
	require.Equal(t, done, r.stdout)
	require.Contains(t, r.stderr, "Not reached: backups")
	for _, reveals := range []string{"quorn", "inv-1", x.fake.hasher.Hash("email zelda.quorn@example.test")} {
		require.NotContains(t, r.stdout+r.stderr, reveals)
	}

	r = x.run(t, "forget", "--email", "-", "--audit", audit)
	require.Zero(t, r.code, r.stderr)
	kept, err = os.ReadFile(audit)
	require.NoError(t, err)
	require.Equal(t, 4, strings.Count(string(kept), "\n"), "lines are appended")
}

func TestForgetRefusesWhileAnOrderIsOpenAndNamesIt(t *testing.T) {
	t.Parallel()
	x, w := forgetting(t, map[string]enumspb.WorkflowExecutionStatus{"onramp/inv-1": closed, "onramp/inv-2": stillOn})
	audit := filepath.Join(t.TempDir(), "forgotten.jsonl")
	r := x.run(t, "forget", "--email", "zelda.quorn@example.test", "--audit", audit)
	require.Equal(t, 1, r.code)
	require.Contains(t, r.stderr, "onramp/inv-2")
	require.NotContains(t, r.stderr, "quorn")
	require.Len(t, w.runs, 2)
	kept, err := os.ReadFile(audit)
	require.NoError(t, err)
	require.Contains(t, string(kept), `"complete":false,"recordsKept":true,"error":"an order is open"`)
}

func TestForgetShowsWhatItWouldDelete(t *testing.T) {
	t.Parallel()
	x, w := forgetting(t, map[string]enumspb.WorkflowExecutionStatus{"onramp/inv-1": closed})
	r := x.run(t, "forget", "--email", "zelda.quorn@example.test", "--dry-run")
	require.Zero(t, r.code, r.stderr)
	require.Contains(t, r.stdout, "onramp/inv-1")
	require.Contains(t, r.stdout, "Would be deleted: 1 order (1 workflow, 0 deliveries of events), 0 records, 0 dossiers.")
	require.Contains(t, r.stdout, "Not reached: backups")
	require.Contains(t, r.stdout, "Records stay, if there are any: RAMP_RECORDS names no store.")
	require.Len(t, w.runs, 1)
	r = x.run(t, "forget", "--email", "zelda.quorn@example.test", "--dry-run", "-o", "json")
	require.Zero(t, r.code, r.stderr)
	require.Contains(t, r.stdout, `"orders": 1`)
}

func TestForgetDeletesRecordsUnlessTheyAreToBeKept(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	s.unreachable = false
	keyring, err := codec.NewKeyring()
	require.NoError(t, err)
	s.fake.hasher, s.fake.workflows = codec.NewHasher(keyring, "default"), &workflows{}
	s.keep(t, ramp.Onramp, "inv-1", at(3, 0, 0))
	s.keep(t, ramp.Offramp, "wd-2", at(4, 0, 0))

	r := s.run(t, "forget", "--email", "Asha@example.test", "--dry-run")
	require.Zero(t, r.code, r.stderr)
	require.Contains(t, r.stdout, "2 records")
	r = s.run(t, "forget", "--email", "Asha@example.test", "--keep-records")
	require.Zero(t, r.code, r.stderr)
	require.Contains(t, r.stdout, `"recordsKept":true`)
	require.Contains(t, s.run(t, "records", "list").stdout, "inv-1")

	r = s.run(t, "forget", "--email", "Asha@example.test")
	require.Zero(t, r.code, r.stderr)
	require.Contains(t, r.stdout, `"stores":{"records":2}`)
	require.NotContains(t, r.stdout, "recordsKept")
	require.Equal(t, "No records.\n", s.run(t, "records", "list").stdout)
	require.Contains(t, s.run(t, "records", "show", "inv-1").stderr, "has ended")
}

func TestForgetDeletesNothingWithoutItsAuditFileKeysOrServer(t *testing.T) {
	t.Parallel()
	runs := map[string]enumspb.WorkflowExecutionStatus{"onramp/inv-1": closed}
	x, w := forgetting(t, runs)
	keyset := newShelf(t).environment["RAMP_KEYSET_FILE"]
	for says, prepare := range map[string]func() []string{
		"--audit cannot be written": func() []string { return []string{"--audit", t.TempDir() + "/none/audit"} },
		"not a directory": func() []string {
			x.environment = environment{"RAMP_RECORDS": "file://" + t.TempDir() + "/not-mounted", "RAMP_KEYSET_FILE": keyset}
			return nil
		},
		"RAMP_KYC_STORES: store 1": func() []string { x.environment = environment{"RAMP_KYC_STORES": "/var/kyc"}; return nil },
		"away": func() []string {
			x.environment = nil
			w.err = serviceerror.NewUnavailable("away")
			return nil
		},
	} {
		w.err, x.environment = nil, nil
		r := x.run(t, append([]string{"forget", "--email", "asha@example.test"}, prepare()...)...)
		require.Equal(t, 1, r.code, says)
		require.Contains(t, r.stderr, says)
		require.Len(t, runs, 1)
	}
	for says, args := range map[string][]string{
		"give --email":               {},
		"--email  must be an e-mail": {"--email", "quorn"},
		"--ticket must be an id":     {"--email", "a@example.test", "--ticket", "quorn@example.test"},
	} {
		r := x.run(t, append([]string{"forget"}, args...)...)
		require.Equal(t, 2, r.code, says)
		require.Contains(t, r.stderr, says)
		require.NotContains(t, r.stderr, "quorn")
	}
}
