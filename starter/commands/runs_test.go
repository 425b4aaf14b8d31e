package commands_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"google.golang.org/protobuf/types/known/timestamppb"

	"rampart/ramp"
	"rampart/starter/explain"
)

const (
	firstRun  = "01a21aff-4d15-742c-873b-bfbb03f687b6"
	secondRun = "01a21aff-4d2e-7338-aecb-ca0b91277133"
)

// past is a run as Temporal keeps it, and what came after its start.
type past struct {
	info   *workflowpb.WorkflowExecutionInfo
	status ramp.Status
	events []*historypb.HistoryEvent
}

func newPast(workflowID, runID string, state enumspb.WorkflowExecutionStatus, last *historypb.HistoryEvent) past {
	p := past{info: &workflowpb.WorkflowExecutionInfo{
		Execution: &commonpb.WorkflowExecution{WorkflowId: workflowID, RunId: runID}, Status: state, TaskQueue: ramp.TaskQueue,
		StartTime: timestamppb.New(at(6, 0, 0)), Type: &commonpb.WorkflowType{Name: ramp.OnrampWorkflow},
	}}
	if last != nil {
		last.EventTime = timestamppb.New(at(6, 0, 1))
		p.info.CloseTime, p.events = last.EventTime, []*historypb.HistoryEvent{last}
	}
	return p
}

func (p past) summary() ramp.Summary {
	direction, reference, _ := ramp.ParseWorkflowID(p.info.GetExecution().GetWorkflowId()) // there may be none
	return ramp.Summary{
		Reference: reference, Direction: direction, WorkflowID: p.info.GetExecution().GetWorkflowId(), RunID: p.info.GetExecution().GetRunId(),
		WorkflowType: p.info.GetType().GetName(), StartedAt: at(6, 0, 0), Status: p.status,
		Running: p.info.GetStatus() == enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING,
	}
}

// failed is a run that ended with an error.
func failed(workflowID, runID string, err error) past {
	failure := temporal.NewDefaultFailureConverter(temporal.DefaultFailureConverterOptions{}).ErrorToFailure(err)
	return newPast(workflowID, runID, enumspb.WORKFLOW_EXECUTION_STATUS_FAILED, &historypb.HistoryEvent{
		Attributes: &historypb.HistoryEvent_WorkflowExecutionFailedEventAttributes{
			WorkflowExecutionFailedEventAttributes: &historypb.WorkflowExecutionFailedEventAttributes{Failure: failure},
		},
	})
}

// finished is a run that ended with an order.
func finished(t *testing.T, runID string, result *ramp.Order) past {
	t.Helper()
	payloads, err := converter.GetDefaultDataConverter().ToPayloads(result)
	require.NoError(t, err)
	p := newPast("onramp/inv-42", runID, enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED, &historypb.HistoryEvent{
		Attributes: &historypb.HistoryEvent_WorkflowExecutionCompletedEventAttributes{
			WorkflowExecutionCompletedEventAttributes: &historypb.WorkflowExecutionCompletedEventAttributes{Result: payloads},
		},
	})
	p.status = result.Status
	return p
}

// terminated is a run that was ended by force.
func terminated(workflowID, runID string) past {
	return newPast(workflowID, runID, enumspb.WORKFLOW_EXECUTION_STATUS_TERMINATED, &historypb.HistoryEvent{
		Attributes: &historypb.HistoryEvent_WorkflowExecutionTerminatedEventAttributes{
			WorkflowExecutionTerminatedEventAttributes: &historypb.WorkflowExecutionTerminatedEventAttributes{Reason: "a mistake"},
		},
	})
}

func invalidStart(workflowID, runID string) past {
	return failed(workflowID, runID, (&ramp.Error{
		Type: ramp.InvalidRequest, Message: "the request is invalid", Fields: []ramp.FieldError{{Field: "upi.id", Problem: "must be a VPA"}},
	}).ApplicationError())
}

func taken(runID string, by past) past {
	return failed("onramp/inv-42", runID, (&ramp.Error{
		Type: ramp.ReferenceTaken, Reference: "inv-42", Message: "this reference belongs to an earlier order",
		RunID: by.info.GetExecution().GetRunId(), Order: &ramp.Order{Reference: "inv-42", Direction: ramp.Onramp, Status: ramp.Completed},
	}).ApplicationError())
}

// among is a terminal before which these runs lie, the newest first, all of which the visibility store suspects.
func among(runs ...past) *terminal {
	x := with()
	x.fake.past = make(map[string][]past)
	for _, run := range runs {
		id := run.info.GetExecution().GetWorkflowId()
		x.fake.past[id] = append(x.fake.past[id], run)
		x.fake.summaries = append(x.fake.summaries, run.summary())
	}
	return x
}

// startedTwice is a reference that was started again after its order had completed.
func startedTwice(t *testing.T) *terminal {
	t.Helper()
	first := finished(t, firstRun, order(ramp.Onramp, "inv-42", ramp.Completed))
	return among(taken(secondRun, first), first)
}

// attended are the workflows that attention shows, each with the error that it ended with.
func (x *terminal) attended(t *testing.T, arguments ...string) []string {
	t.Helper()
	got := x.run(t, append([]string{"attention", "-o", "json"}, arguments...)...)
	require.Zero(t, got.code, got.stderr)
	ids := []string{}
	for _, each := range decoded[[]struct{ WorkflowID, RunID, Ended string }](t, got.stdout) {
		ids = append(ids, strings.TrimSpace(each.WorkflowID+" "+each.Ended))
	}
	return ids
}

// refusals are runs of three references that never were orders.
func refusals(t *testing.T) *terminal {
	t.Helper()
	first := finished(t, firstRun, order(ramp.Onramp, "inv-42", ramp.Completed))
	unencrypted := (&ramp.Error{Type: ramp.Unencrypted, Message: "must be encrypted"}).ApplicationError()
	return among(taken(secondRun, first), first,
		invalidStart("onramp/inv-43", "run of inv-43"), failed("onramp/inv-44", "run of inv-44", unencrypted))
}

func TestAttentionLeavesOutWhatWasRefusedUnlessAskedForIt(t *testing.T) {
	t.Parallel()
	x := refusals(t)
	require.Empty(t, x.attended(t))
	require.Equal(t, "No order needs a person.\n", x.run(t, "attention").stdout)

	require.Equal(t, []string{"onramp/inv-42 ReferenceTaken", "onramp/inv-43 InvalidRequest", "onramp/inv-44 Unencrypted"}, x.attended(t, "--all"))
	shown := x.run(t, "attention", "--all").stdout
	for _, want := range []string{
		"On-ramp order inv-43  ✗ invalid request", "upi.id must be a VPA", "Correct the request and start it again",
		"✗ unencrypted", "RAMP_ALLOW_CLEAR", "✗ reference taken", "bin/starter explain onramp/inv-42 --run " + secondRun,
	} {
		require.Contains(t, shown, want)
	}
}

func TestAttentionKeepsWhatEndedOtherwise(t *testing.T) {
	t.Parallel()
	x := among(
		failed("onramp/inv-45", "run of inv-45", temporal.NewNonRetryableApplicationError("index out of range", "PanicError", nil)),
		terminated("onramp/inv-46", "run of inv-46"),
	)
	require.Equal(t, []string{"onramp/inv-45", "onramp/inv-46"}, x.attended(t))
}

// An error is easily forged in an encrypted history; an activity that created the order is not.
func TestAttentionKeepsARefusalOfAnOrderThatWasMade(t *testing.T) {
	t.Parallel()
	run := invalidStart("onramp/inv-43", firstRun)
	run.events = append([]*historypb.HistoryEvent{{
		EventId: 2, EventTime: timestamppb.New(at(6, 0, 0)),
		Attributes: &historypb.HistoryEvent_ActivityTaskScheduledEventAttributes{
			ActivityTaskScheduledEventAttributes: &historypb.ActivityTaskScheduledEventAttributes{
				ActivityType: &commonpb.ActivityType{Name: "CreateOnrampOrder"},
			},
		},
	}}, run.events...)
	require.Equal(t, []string{"onramp/inv-43"}, among(run).attended(t))
}

// A reset terminates a run and begins another, which is the order from then on.
func TestAttentionLooksAtTheRunThatIsTheOrder(t *testing.T) {
	t.Parallel()
	goesOn := newPast("onramp/inv-42", secondRun, enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING, nil)
	x := among(goesOn, terminated("onramp/inv-42", firstRun))
	x.fake.orders = with(order(ramp.Onramp, "inv-42", ramp.Settling)).fake.orders
	require.Empty(t, x.attended(t))

	gone := terminated("onramp/inv-42", firstRun)
	x = among(taken(secondRun, gone), gone)
	require.Equal(t, []string{"onramp/inv-42"}, x.attended(t), "the second start does not hide it")
}

// A type in another case is refused by a worker that runs, and is no order's for all that.
func TestAttentionShowsRefusedRequestsOfAnyType(t *testing.T) {
	t.Parallel()
	x := refusals(t)
	x.attended(t, "--all")
	require.Empty(t, x.fake.strayed, "those that have failed too")
}

// stray is a workflow that runs, and that no worker takes for an order.
func stray(workflowID, kind, queue string) *terminal {
	run := newPast(workflowID, firstRun, enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING, nil)
	run.info.Type.Name, run.info.TaskQueue = kind, queue
	x := among(run)
	x.fake.strays, x.fake.summaries = x.fake.summaries, nil
	return x
}

func TestAttentionShowsWhatWasMeantAsAnOrderAndHangs(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		x    *terminal
		want []string
	}{
		"a type in another case": {stray("onramp/inv-43", "ONRAMP", "ramp"),
			[]string{"its workflow type is ONRAMP and must be Onramp", "terminate --workflow-id 'onramp/inv-43'", "start the order as Onramp"}},
		"another task queue": {stray("onramp/inv-43", "Onramp", "onramp"), []string{"its task queue is onramp and must be ramp"}},
		"an id of no order's": {stray("9f'2c", "Onramp", "ramp"),
			[]string{"Workflow 9f'2c  ✗ not an order", `terminate --workflow-id '9f'\''2c'`, "onramp/REFERENCE"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := c.x.run(t, "attention", "--since", "90m")
			require.Zero(t, got.code, got.stderr)
			for _, want := range c.want {
				require.Contains(t, got.stdout, want)
			}
			require.Equal(t, `(ExecutionStatus = "Running") AND (StartTime > "2026-11-23T04:30:03Z")`, c.x.fake.strayed)
		})
	}
}

func TestExplainSaysThatAWorkflowIsNoOrder(t *testing.T) {
	t.Parallel()
	got := stray("onramp/inv-43", "ONRAMP", "ramp").run(t, "explain", "inv-43")
	require.Zero(t, got.code, got.stderr)
	require.Contains(t, got.stdout, "This workflow is not an order and does not continue.")
	require.Contains(t, got.stdout, "its workflow type is ONRAMP")
	require.NotContains(t, got.stdout, "What is awaited")
}

func TestListShowsStraysAfterOrders(t *testing.T) {
	t.Parallel()
	x := stray("onramp/inv-43", "ONRAMP", "ramp")
	x.fake.summaries = []ramp.Summary{listed(ramp.Onramp, "inv-42")}
	foreign := listed("", "")
	foreign.WorkflowID, foreign.WorkflowType, foreign.Running = "9f2c", "payout", true
	x.fake.strays = append(x.fake.strays, foreign)

	got := x.run(t, "list", "--reference", "inv-4")

	lines := strings.Split(got.stdout, "\n")
	require.Contains(t, lines[1], "inv-42")
	require.Regexp(t, `^inv-43 .*! not an order: its type is ONRAMP$`, lines[2])
	require.Regexp(t, `^9f2c .*! not an order: its type is payout$`, lines[3])
	require.Contains(t, x.fake.strayed, `STARTS_WITH "onramp/inv-4"`)
	require.NotContains(t, x.run(t, "list", "--status", "settling").stdout, "inv-43", "it has no status")
}

// A workflow of an order's type may have an id that no order has: it is listed as one, and once.
func TestListNamesAStrayByItsWorkflowID(t *testing.T) {
	t.Parallel()
	x := stray("9f2c", "Onramp", "ramp")
	x.fake.summaries = x.fake.strays
	x.fake.summaries[0].Reference, x.fake.summaries[0].Direction = "", ramp.Onramp
	got := x.run(t, "list")
	require.Equal(t, 1, strings.Count(got.stdout, "9f2c"), got.stdout)
	require.Contains(t, got.stdout, "! not an order: its id is not that of an order")
	require.Contains(t, x.run(t, "list", "-o", "json").stdout, `"workflowId": "9f2c"`)
}

func TestExplainTellsOfTheRunThatIsTheOrderAndNamesTheOthers(t *testing.T) {
	t.Parallel()
	x := startedTwice(t)
	told := decoded[explain.Explanation](t, x.run(t, "explain", "inv-42", "-o", "json").stdout)
	require.Equal(t, firstRun, told.RunID)
	require.Equal(t, ramp.Completed, told.Status)
	require.Len(t, told.Runs, 2)
	require.Equal(t, ramp.ReferenceTaken, told.Runs[0].Ended)

	shown := x.run(t, "explain", "inv-42").stdout
	require.Contains(t, shown, "This reference has 2 runs")
	require.Regexp(t, `▸ `+firstRun+` .* completed`, shown)
	require.Regexp(t, `  `+secondRun+` .* reference taken`, shown)
	require.Contains(t, shown, "/workflows/onramp%2Finv-42/"+firstRun+"/history")
}

func TestExplainOfARunWhoseReferenceWasTakenLeadsToTheOrder(t *testing.T) {
	t.Parallel()
	x := startedTwice(t)
	told := decoded[explain.Explanation](t, x.run(t, "explain", "inv-42", "--run", secondRun, "-o", "json").stdout)
	require.Equal(t, ramp.ReferenceTaken, told.Ended)
	require.Contains(t, told.Standing, "Nothing was started: order inv-42: this reference belongs to an earlier order")
	require.Empty(t, told.Problems)
	require.Contains(t, told.Advice[1].What, "which is completed")
	require.Equal(t, []string{"explain", "onramp/inv-42", "--run", firstRun}, told.Advice[1].Command)
}

// Requests that were refused for being invalid leave the reference to the order, whichever comes first.
func TestExplainPassesOverInvalidRequests(t *testing.T) {
	t.Parallel()
	first := finished(t, firstRun, order(ramp.Onramp, "inv-42", ramp.Completed))
	for _, x := range []*terminal{
		among(first, invalidStart("onramp/inv-42", secondRun)), among(invalidStart("onramp/inv-42", secondRun), first),
	} {
		require.Equal(t, firstRun, decoded[explain.Explanation](t, x.run(t, "explain", "inv-42", "-o", "json").stdout).RunID)
	}
	only := among(invalidStart("onramp/inv-42", secondRun))
	require.Equal(t, secondRun, decoded[explain.Explanation](t, only.run(t, "explain", "inv-42", "-o", "json").stdout).RunID)
}

func TestExplainTellsTheNewestRunWhileTheVisibilityStoreIsAway(t *testing.T) {
	t.Parallel()
	x := startedTwice(t)
	x.fake.invisible = errors.New("visibility is away")
	told := decoded[explain.Explanation](t, x.run(t, "explain", "inv-42", "-o", "json").stdout)
	require.Equal(t, firstRun, told.RunID, "the error of the newest names it")
}

// The order's own run may be further back than anybody looks, and the errors of those after it name it.
func TestExplainFindsTheOrderBehindManySecondStarts(t *testing.T) {
	t.Parallel()
	first := finished(t, firstRun, order(ramp.Onramp, "inv-42", ramp.Completed))
	runs := make([]past, 60)
	for i := range runs {
		runs[i] = taken(secondRun[:34]+strings.Repeat(string(rune('a'+i%6)), 1)+string(rune('0'+i/6)), first)
	}
	x := among(append(runs, first)...)
	require.Equal(t, firstRun, decoded[explain.Explanation](t, x.run(t, "explain", "inv-42", "-o", "json").stdout).RunID)
}

func TestStatusShowsTheGivenRun(t *testing.T) {
	t.Parallel()
	x := with(order(ramp.Onramp, "inv-42", ramp.AwaitingPayment))
	require.Zero(t, x.run(t, "status", "onramp/inv-42", "--run", firstRun).code)
	require.Equal(t, []string{"run " + firstRun}, x.fake.calls)
	got := x.run(t, "status", "inv-42", "--run", "second")
	require.Equal(t, 2, got.code)
	require.Contains(t, got.stderr, "must be a run id")
}

func TestStatusIgnoresRunsThatWereRefused(t *testing.T) {
	t.Parallel()
	first := finished(t, firstRun, order(ramp.Onramp, "inv-42", ramp.Completed))
	x := among(invalidStart("onramp/inv-42", secondRun), first)
	x.fake.newest = map[string]error{"onramp/inv-42": &ramp.Error{Type: ramp.InvalidRequest, Message: "the request is invalid"}}
	x.fake.orders = with(order(ramp.Onramp, "inv-42", ramp.Completed)).fake.orders
	got := x.run(t, "status", "onramp/inv-42")
	require.Zero(t, got.code, got.stderr)
	require.Contains(t, got.stdout, "✓ completed")
	require.Equal(t, []string{"run " + firstRun}, x.fake.calls)
}

// Somebody may have started the other direction with this reference, and been refused.
func TestReferenceNamesTheOrderRatherThanARefusedRun(t *testing.T) {
	t.Parallel()
	x := among(invalidStart("offramp/inv-42", secondRun))
	x.fake.orders = with(order(ramp.Onramp, "inv-42", ramp.Cancelled)).fake.orders
	x.fake.newest = map[string]error{"offramp/inv-42": &ramp.Error{Type: ramp.InvalidRequest, Message: "the request is invalid"}}
	require.Contains(t, x.run(t, "explain", "inv-42").stdout, "On-ramp order inv-42")
	got := x.run(t, "status", "inv-42")
	require.Zero(t, got.code, got.stderr)
	require.Contains(t, got.stdout, "On-ramp order inv-42")
	require.Zero(t, x.run(t, "cancel", "inv-42").code)

	x.fake.orders = nil
	for _, command := range []string{"status", "cancel"} {
		require.Contains(t, x.run(t, command, "inv-42").stderr, "the request is invalid")
	}
	require.Contains(t, x.run(t, "explain", "inv-42").stdout, "Off-ramp order inv-42  ✗ invalid request")
}

func TestReferenceTakenErrorShowsTheOrderThatHasTheReference(t *testing.T) {
	t.Parallel()
	x := with()
	x.fake.err = &ramp.Error{
		Type: ramp.ReferenceTaken, Reference: "inv-42", Message: "this reference belongs to an earlier order", RunID: firstRun,
		Order: order(ramp.Onramp, "inv-42", ramp.Completed),
	}
	x.stdin = onrampFile
	got := x.run(t, "onramp", "--file", "-")
	require.Equal(t, 1, got.code)
	require.Contains(t, got.stderr, "the order with this reference is completed, since 23 Nov 2026, 11:30:02 IST")
	require.Contains(t, got.stderr, "bin/starter explain onramp/inv-42 --run "+firstRun)
}

func TestCommandReportsANamespaceThatIsNotSetUp(t *testing.T) {
	t.Parallel()
	unready := &ramp.NamespaceError{Namespace: "orders", Lacks: "RampStatus"}
	failed := errors.New("Unable to query workflow due to Workflow Task in failed state.")
	for _, line := range [][]string{
		{"submit-utr", "onramp/inv-42", "412345678901"}, {"cancel", "onramp/inv-42"}, {"status", "inv-42", "--run", firstRun}, {"list"},
	} {
		x := with(order(ramp.Onramp, "inv-42", ramp.AwaitingPayment))
		x.fake.err, x.fake.notSetUp = failed, unready
		got := x.run(t, line...)
		require.Equal(t, 1, got.code, line)
		require.Contains(t, got.stderr, `namespace "orders" is not set up for orders`, line)
		require.Contains(t, got.stderr, "starter setup", line)
	}
	x := with()
	x.fake.notSetUp = unready
	require.Contains(t, x.run(t, "status", "inv-42").stderr, "there is no such order", "an answer is an answer")
}
