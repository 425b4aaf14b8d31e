package commands_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/serviceerror"
	taskqueuepb "go.temporal.io/api/taskqueue/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/protobuf/types/known/timestamppb"

	"rampart/ramp"
	"rampart/starter/explain"
)

// DescribeWorkflowExecution describes the orders of the fake, all of which run, and its past runs.
func (d *fake) DescribeWorkflowExecution(_ context.Context, workflowID, runID string) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
	for _, run := range d.past[workflowID] {
		if runID == "" || runID == run.info.GetExecution().GetRunId() {
			return &workflowservice.DescribeWorkflowExecutionResponse{WorkflowExecutionInfo: run.info}, nil
		}
	}
	if _, found := d.orders[workflowID]; !found {
		return nil, serviceerror.NewNotFound("workflow not found")
	}
	return &workflowservice.DescribeWorkflowExecutionResponse{WorkflowExecutionInfo: &workflowpb.WorkflowExecutionInfo{
		Execution: &commonpb.WorkflowExecution{WorkflowId: workflowID, RunId: "run"},
		StartTime: timestamppb.New(at(6, 0, 0)), Status: enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING,
	}}, nil
}

func (d *fake) GetWorkflowHistory(_ context.Context, workflowID, runID string, _ bool, _ enumspb.HistoryEventFilterType) client.HistoryEventIterator {
	for _, run := range d.past[workflowID] {
		if runID == run.info.GetExecution().GetRunId() {
			return &events{left: append([]*historypb.HistoryEvent{beginning()}, run.events...)}
		}
	}
	return &events{left: []*historypb.HistoryEvent{beginning()}}
}

// DescribeTaskQueue lists one worker, which has just polled, unless workersAway is set.
func (d *fake) DescribeTaskQueue(context.Context, string, enumspb.TaskQueueType) (*workflowservice.DescribeTaskQueueResponse, error) {
	if d.workersAway {
		return &workflowservice.DescribeTaskQueueResponse{}, nil
	}
	return &workflowservice.DescribeTaskQueueResponse{
		Pollers: []*taskqueuepb.PollerInfo{{Identity: "1@worker", LastAccessTime: timestamppb.New(at(6, 0, 0))}},
	}, nil
}

// events iterates over a history.
type events struct{ left []*historypb.HistoryEvent }

func (e *events) HasNext() bool { return len(e.left) > 0 }

func (e *events) Next() (*historypb.HistoryEvent, error) {
	next := e.left[0]
	e.left = e.left[1:]
	return next, nil
}

// beginning is the first event of every history.
func beginning() *historypb.HistoryEvent {
	return &historypb.HistoryEvent{
		EventId: 1, EventType: enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED, EventTime: timestamppb.New(at(6, 0, 0)),
		Attributes: &historypb.HistoryEvent_WorkflowExecutionStartedEventAttributes{
			WorkflowExecutionStartedEventAttributes: &historypb.WorkflowExecutionStartedEventAttributes{},
		},
	}
}

// listed is an order as Search yields it.
func listed(direction ramp.Direction, reference string) ramp.Summary {
	return ramp.Summary{Reference: reference, Direction: direction, WorkflowID: direction.WorkflowID(reference), RunID: "run of " + reference}
}

// troubledOrder returns an order that needs attention.
func troubledOrder() *ramp.Order {
	o := order(ramp.Offramp, "wd-7", ramp.Settling)
	o.Attention = "the provider could not pay out to the bank account"
	o.Concerns = []ramp.Concern{{Type: ramp.ConcernPayoutFailed, Reason: o.Attention, Since: at(6, 0, 2)}}
	return o
}

func TestExplainFindsAnOrderByItsReference(t *testing.T) {
	t.Parallel()
	x := with(order(ramp.Onramp, "inv-42", ramp.AwaitingPayment))
	got := x.run(t, "explain", "inv-42")
	require.Zero(t, got.code, got.stderr)
	require.Contains(t, got.stdout, "On-ramp order inv-42")
	require.Contains(t, got.stdout, "from the user: ₹1,000 and the UTR")
	require.Contains(t, got.stdout, "bin/starter submit-utr onramp/inv-42 UTR")
}

func TestExplainRejectsAnAmbiguousReference(t *testing.T) {
	t.Parallel()
	x := with(order(ramp.Onramp, "42", ramp.Settling), order(ramp.Offramp, "42", ramp.Settling))
	got := x.run(t, "explain", "42")
	require.Equal(t, 2, got.code)
	require.Contains(t, got.stderr, "use onramp/42 or offramp/42")
	require.Zero(t, x.run(t, "explain", "offramp/42").code)
}

func TestExplainOfNoOrderIsAnError(t *testing.T) {
	t.Parallel()
	got := with().run(t, "explain", "inv-42")
	require.Equal(t, 1, got.code)
	require.Contains(t, got.stderr, "there is no such order")
	require.Equal(t, 2, with().run(t, "explain").code)
}

func TestExplainAsJSON(t *testing.T) {
	t.Parallel()
	told := decoded[explain.Explanation](t, with(troubledOrder()).run(t, "explain", "wd-7", "-o", "json").stdout)
	require.Equal(t, ramp.Settling, told.Status)
	require.Equal(t, "running", told.Workflow)
	require.Len(t, told.Problems, 1)
}

func TestAttentionShowsEachOrderWithItsReasonAndWhatHelps(t *testing.T) {
	t.Parallel()
	x := with(troubledOrder(), order(ramp.Onramp, "inv-42", ramp.Settling))
	x.fake.summaries = []ramp.Summary{
		listed(ramp.Offramp, "wd-7"),
		listed(ramp.Onramp, "inv-42"), // well again
		listed(ramp.Onramp, "inv-41"), // forgotten meanwhile
	}
	got := x.run(t, "attention")
	require.Zero(t, got.code, got.stderr)
	require.Contains(t, got.stdout, "! the provider could not pay out to the bank account")
	require.Contains(t, got.stdout, "since 23 Nov 2026, 11:30:02 IST (06:00:02 UTC)")
	require.Contains(t, got.stdout, "bin/starter explain offramp/wd-7")
	require.NotContains(t, got.stdout, "inv-4")
	for _, sign := range []string{"RampAttention = true", "Failed", "TemporalReportedProblems"} {
		require.Contains(t, x.fake.condition, sign)
	}

	found := decoded[[]struct {
		Reference string
		Problems  []explain.Problem
	}](t, x.run(t, "attention", "-o", "json").stdout)
	require.Len(t, found, 1)
	require.Equal(t, "wd-7", found[0].Reference)
	require.NotEmpty(t, found[0].Problems[0].Advice)
}

func TestAttentionSaysWhenNothingNeedsAPerson(t *testing.T) {
	t.Parallel()
	require.Equal(t, "No order needs a person.\n", with().run(t, "attention").stdout)
	require.Equal(t, "[]\n", with().run(t, "attention", "-o", "json").stdout)
	require.Equal(t, 2, with().run(t, "attention", "--limit", "0").code)
}

func TestAttentionSaysThatNoWorkerRuns(t *testing.T) {
	t.Parallel()
	x := with()
	x.fake.workersAway = true
	require.Contains(t, x.run(t, "attention").stdout, "No worker runs: no order makes progress until one does.")
}

func TestAttentionAsksAnOlderServerForLess(t *testing.T) {
	t.Parallel()
	x := with(troubledOrder())
	x.fake.summaries = []ramp.Summary{listed(ramp.Offramp, "wd-7")}
	x.fake.unknown = "TemporalReportedProblems"
	got := x.run(t, "attention")
	require.Zero(t, got.code, got.stderr)
	require.Contains(t, got.stdout, "wd-7")
	require.NotContains(t, x.fake.condition, x.fake.unknown)
}

func TestAttentionSaysWhenThereIsMore(t *testing.T) {
	t.Parallel()
	also := troubledOrder()
	also.Reference = "wd-8"
	x := with(troubledOrder(), also)
	x.fake.summaries = []ramp.Summary{listed(ramp.Offramp, "wd-7"), listed(ramp.Offramp, "wd-8")}
	require.Contains(t, x.run(t, "attention", "--limit", "1").stdout, "There are more")
}

func TestListFiltersByReferenceAndTime(t *testing.T) {
	t.Parallel()
	x := with()
	got := x.run(t, "list", "--reference", "inv-2026", "--running", "--since", "90m")
	require.Zero(t, got.code, got.stderr)
	require.Equal(t, at(4, 30, 3), x.fake.filter.StartedAfter)
	require.Equal(t, `(ExecutionStatus = "Running") AND (WorkflowId STARTS_WITH "onramp/inv-2026" OR WorkflowId STARTS_WITH "offramp/inv-2026")`,
		x.fake.condition)

	require.Zero(t, x.run(t, "list", "--since", "2026-11-23").code)
	require.Equal(t, at(0, 0, 0).Add(-5*60*60e9-30*60e9), x.fake.filter.StartedAfter.UTC(), "a date is a day in India")
	require.Empty(t, x.fake.condition)
}

func TestListRejectsInvalidFlags(t *testing.T) {
	t.Parallel()
	for _, line := range [][]string{
		{"--reference", `x" OR WorkflowId != "`}, {"--since", "yesterday"}, {"--since", "-3h"}, {"--page", "0"}, {"--limit", "0"},
	} {
		got := with().run(t, append([]string{"list"}, line...)...)
		require.Equal(t, 2, got.code, line)
		require.Contains(t, got.stderr, line[0]+" must be", line)
	}
}

func TestListHasPages(t *testing.T) {
	t.Parallel()
	x := with()
	for _, reference := range []string{"a-1", "a-2", "a-3", "a-4", "a-5"} {
		x.fake.summaries = append(x.fake.summaries, ramp.Summary{Reference: reference, Direction: ramp.Onramp, Running: true})
	}
	second := x.run(t, "list", "--limit", "2", "--page", "2").stdout
	require.NotContains(t, second, "a-2")
	require.Contains(t, second, "a-3")
	require.Contains(t, second, "a-4")
	require.Contains(t, second, "--page 3 shows the next page")
	last := x.run(t, "list", "--limit", "2", "--page", "3").stdout
	require.Contains(t, last, "a-5")
	require.NotContains(t, last, "There are more")
	require.Equal(t, "No more orders.\n", x.run(t, "list", "--limit", "2", "--page", "4").stdout)
}

// completions returns what a shell offers for the last word of a command line.
func (x *terminal) completions(t *testing.T, arguments ...string) []string {
	t.Helper()
	got := x.run(t, append([]string{"__complete"}, arguments...)...)
	require.Zero(t, got.code, got.stderr)
	lines := strings.Split(strings.TrimSpace(got.stdout), "\n")
	return lines[:len(lines)-1] // the last one is for the shell
}

func TestShellCompletesCommandsStatusesAndReferences(t *testing.T) {
	t.Parallel()
	x := with()
	x.fake.summaries = []ramp.Summary{{Reference: "inv-42", Direction: ramp.Onramp, Status: ramp.AwaitingPayment}}
	require.Contains(t, x.completions(t, "exp")[0], "explain")
	require.Contains(t, x.completions(t, "list", "--status", ""), "awaiting_payment")
	require.Equal(t, []string{"onramp", "offramp"}, x.completions(t, "list", "--direction", ""))
	require.Equal(t, []string{"text", "json"}, x.completions(t, "list", "-o", ""))
	require.Equal(t, []string{"inv-42\tonramp, awaiting_payment"}, x.completions(t, "submit-utr", "inv"))
	require.Contains(t, x.fake.condition, `STARTS_WITH "onramp/inv"`)
	require.Empty(t, x.completions(t, "submit-utr", "inv-42", ""), "a UTR cannot be completed")
	require.Empty(t, x.completions(t, "explain", `"`))
}

func TestShellCompletesNothingIfTemporalIsUnreachable(t *testing.T) {
	t.Parallel()
	x := with()
	x.unreachable = true
	require.Empty(t, x.completions(t, "explain", "inv"))
}

func TestCompletionScriptExistsForEveryShell(t *testing.T) {
	t.Parallel()
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		got := with().run(t, "completion", shell)
		require.Zero(t, got.code, got.stderr)
		require.Contains(t, got.stdout, "__complete")
	}
}

func TestContextSelectsAProfileOfTemporalsConfigurationFile(t *testing.T) {
	t.Parallel()
	config := file(t, "[profile.default]\naddress = \"a.example.test:7233\"\n[profile.staging]\naddress = \"b.example.test:7233\"\n")
	x := with(order(ramp.Onramp, "inv-42", ramp.Settling))
	x.environment = environment{"TEMPORAL_CONFIG_FILE": config, "TEMPORAL_PROFILE": "default"}
	require.Zero(t, x.run(t, "status", "inv-42", "--context", "staging").code)
	profile, set := x.connectedWith.LookupEnv("TEMPORAL_PROFILE")
	require.True(t, set)
	require.Equal(t, "staging", profile)
	require.Zero(t, x.run(t, "status", "inv-42").code)
	profile, _ = x.connectedWith.LookupEnv("TEMPORAL_PROFILE")
	require.Equal(t, "default", profile)
	require.Equal(t, []string{"default", "staging"}, x.completions(t, "list", "--context", ""))
}

func TestSetupSetsTheRetention(t *testing.T) {
	t.Parallel()
	x := with()
	x.fake.attributes = ramp.SearchAttributeTypes()
	x.fake.retention = 24 * 60 * 60e9
	got := x.run(t, "setup", "--retention", "720h")
	require.Zero(t, got.code, got.stderr)
	require.Regexp(t, `Retention +30 days +set, was 1 day`, got.stdout)
	require.Contains(t, x.run(t, "setup", "-o", "json").stdout, `"retention": "720h0m0s"`)
	require.Equal(t, 2, x.run(t, "setup", "--retention", "1h").code)
}
