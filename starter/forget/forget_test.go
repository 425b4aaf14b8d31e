package forget_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	activitypb "go.temporal.io/api/activity/v1"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/serviceerror"
	updatepb "go.temporal.io/api/update/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/converter"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	"rampart/codec"
	"rampart/ramp"
	"rampart/starter/forget"
)

const (
	email     = ramp.Email("zelda.quorn@example.test")
	namespace = "orders"
)

// stored is an execution that Temporal has, or that only its visibility store still has.
type stored struct {
	// kind is the type of a workflow that is no order, or ramp.EventDelivery for an activity.
	kind              string
	workflowID, runID string
	email             ramp.Email
	hash              string
	dossier           ramp.Dossier
	uploaded          ramp.Dossier
	running           bool
	closedAt          time.Time
	// lag is how many more lists have a deleted run.
	lag     int
	deleted bool
	// sealed is set if no key decrypts the run.
	sealed bool
	// signaled and updated are the dossiers of submissions to the order.
	signaled, updated ramp.Dossier
}

// temporal is Temporal with some executions, which it lists one on a page.
type temporal struct {
	t    *testing.T
	mu   sync.Mutex
	runs []*stored
	data converter.DataConverter
	lag  int
	// without is set if the namespace lacks the search attribute, and withoutActivities if the server lacks standalone activities.
	without, withoutActivities bool
	deletes                    int
	// failing is the call after which every deletion fails; 0 for none.
	failing int
	// calls are left until every call fails; negative for no limit.
	calls int
	// busy is how often a call is refused because there are too many; every third is, until then.
	busy, called int
	// beforeList is called before each first page of orders of the user.
	beforeList func()
	read       int
}

// errKilled is the error of calls that a killed program does not make.
var errKilled = errors.New("killed")

func (s *temporal) call() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.calls == 0 {
		return errKilled
	}
	s.calls--
	if s.called++; s.called%3 == 0 && s.busy > 0 {
		s.busy--
		return serviceerror.NewResourceExhausted(enumspb.RESOURCE_EXHAUSTED_CAUSE_RPS_LIMIT, "namespace rate limit exceeded")
	}
	return nil
}

func (s *temporal) find(id, run string) *stored {
	for _, each := range s.runs {
		if each.runID == run && each.workflowID == id && !each.deleted {
			return each
		}
	}
	return nil
}

// quoted returns the quoted texts of a query.
func quoted(query string) []string {
	var texts []string
	for i, part := range strings.Split(query, "\"") {
		if i%2 == 1 {
			texts = append(texts, part)
		}
	}
	return texts
}

func (s *temporal) matches(run *stored, query string) bool {
	switch {
	case strings.HasPrefix(query, "WorkflowType = ") || strings.HasPrefix(query, "ActivityType = "):
		_, rest, narrow := strings.Cut(query, " AND ")
		return strings.Contains(query, fmt.Sprintf("Type = %q", run.kind)) && (!narrow || slices.ContainsFunc(quoted(rest), func(text string) bool {
			return run.workflowID == text || strings.Contains(rest, "STARTS_WITH") && strings.HasPrefix(run.workflowID, text)
		}))
	case run.kind != "":
		return false
	case strings.HasSuffix(query, "RampUser IS NULL"):
		return run.hash == ""
	case strings.Contains(query, "RampUser"):
		return run.hash != "" && strings.Contains(query, fmt.Sprintf("%q", run.hash))
	default:
		return true
	}
}

// list returns one that a query selects, and the token of the next page.
func (s *temporal) list(query string, token []byte) (*stored, []byte) {
	require.NotContains(s.t, query, "quorn")
	var listed []*stored
	for _, run := range s.runs {
		if (!run.deleted || run.lag > 0) && s.matches(run, query) {
			listed = append(listed, run)
		}
	}
	at := len(token)
	if at == 0 && s.beforeList != nil && strings.Contains(query, "RampUser IN") {
		s.beforeList()
	}
	if at >= len(listed) {
		return nil, nil
	}
	if listed[at].deleted {
		listed[at].lag--
	}
	if at+1 < len(listed) {
		return listed[at], make([]byte, at+1)
	}
	return listed[at], nil
}

func (s *temporal) ListWorkflowExecutions(
	_ context.Context, request *workflowservice.ListWorkflowExecutionsRequest, _ ...grpc.CallOption,
) (*workflowservice.ListWorkflowExecutionsResponse, error) {
	require.Equal(s.t, namespace, request.GetNamespace())
	if err := s.call(); err != nil {
		return nil, err
	}
	if s.without && strings.Contains(request.GetQuery(), "RampUser") {
		return nil, serviceerror.NewInvalidArgument("invalid query: RampUser is not a valid search attribute")
	}
	answer := &workflowservice.ListWorkflowExecutionsResponse{}
	run, next := s.list(request.GetQuery(), request.GetNextPageToken())
	if run != nil {
		answer.NextPageToken = next
		answer.Executions = []*workflowpb.WorkflowExecutionInfo{{
			Execution: &commonpb.WorkflowExecution{WorkflowId: run.workflowID, RunId: run.runID},
		}}
	}
	return answer, nil
}

func (s *temporal) ListActivityExecutions(
	_ context.Context, request *workflowservice.ListActivityExecutionsRequest, _ ...grpc.CallOption,
) (*workflowservice.ListActivityExecutionsResponse, error) {
	require.Equal(s.t, namespace, request.GetNamespace())
	if s.withoutActivities {
		return nil, serviceerror.NewUnimplemented("Standalone activity is disabled")
	}
	if err := s.call(); err != nil {
		return nil, err
	}
	answer := &workflowservice.ListActivityExecutionsResponse{}
	run, next := s.list(request.GetQuery(), request.GetNextPageToken())
	if run != nil {
		answer.NextPageToken = next
		answer.Executions = []*activitypb.ActivityExecutionListInfo{{ActivityId: run.workflowID, RunId: run.runID}}
	}
	return answer, nil
}

func (s *temporal) DescribeWorkflowExecution(
	_ context.Context, request *workflowservice.DescribeWorkflowExecutionRequest, _ ...grpc.CallOption,
) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
	if err := s.call(); err != nil {
		return nil, err
	}
	run := s.find(request.GetExecution().GetWorkflowId(), request.GetExecution().GetRunId())
	if run == nil || run.kind == ramp.EventDelivery {
		return nil, serviceerror.NewNotFound("deleted")
	}
	status := enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED
	if run.running {
		status = enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING
	}
	return &workflowservice.DescribeWorkflowExecutionResponse{
		WorkflowExecutionInfo: &workflowpb.WorkflowExecutionInfo{Status: status, CloseTime: timestamppb.New(run.closedAt)},
	}, nil
}

func (s *temporal) DescribeActivityExecution(
	_ context.Context, request *workflowservice.DescribeActivityExecutionRequest, _ ...grpc.CallOption,
) (*workflowservice.DescribeActivityExecutionResponse, error) {
	if err := s.call(); err != nil {
		return nil, err
	}
	run := s.find(request.GetActivityId(), request.GetRunId())
	if run == nil {
		return nil, serviceerror.NewNotFound("deleted")
	}
	status := enumspb.ACTIVITY_EXECUTION_STATUS_FAILED
	if run.running {
		status = enumspb.ACTIVITY_EXECUTION_STATUS_RUNNING
	}
	return &workflowservice.DescribeActivityExecutionResponse{
		Info: &activitypb.ActivityExecutionInfo{Status: status, CloseTime: timestamppb.New(run.closedAt)},
	}, nil
}

// input is what a workflow was started with.
func (s *temporal) input(run *stored) any {
	if run.kind == ramp.LateRecordWorkflow {
		return map[string]any{"record": map[string]any{"email": run.email}}
	}
	return map[string]any{"email": run.email, "kyc": map[string]any{"dossier": run.dossier}}
}

func (s *temporal) GetWorkflowExecutionHistory(
	_ context.Context, request *workflowservice.GetWorkflowExecutionHistoryRequest, _ ...grpc.CallOption,
) (*workflowservice.GetWorkflowExecutionHistoryResponse, error) {
	if err := s.call(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.read++
	s.mu.Unlock()
	run := s.find(request.GetExecution().GetWorkflowId(), request.GetExecution().GetRunId())
	if run == nil {
		return nil, serviceerror.NewNotFound("deleted")
	}
	input := s.input(run)
	payload, err := s.data.ToPayloads(input)
	require.NoError(s.t, err)
	if run.sealed {
		other, err := codec.NewKeyring()
		require.NoError(s.t, err)
		payload, err = codec.NewDataConverter(codec.New(other, namespace)).ToPayloads(input)
		require.NoError(s.t, err)
	}
	upload, err := s.data.ToPayloads(map[string]any{"email": run.email, "dossier": run.uploaded})
	require.NoError(s.t, err)
	events := []*historypb.HistoryEvent{
		{Attributes: &historypb.HistoryEvent_WorkflowExecutionStartedEventAttributes{
			WorkflowExecutionStartedEventAttributes: &historypb.WorkflowExecutionStartedEventAttributes{Input: payload},
		}},
		{Attributes: &historypb.HistoryEvent_ActivityTaskScheduledEventAttributes{
			ActivityTaskScheduledEventAttributes: &historypb.ActivityTaskScheduledEventAttributes{
				ActivityType: &commonpb.ActivityType{Name: "UploadKYC"}, Input: upload,
			},
		}},
	}
	submission := func(dossier ramp.Dossier) *commonpb.Payloads {
		payload, err := s.data.ToPayloads(ramp.KYCSubmission{Dossier: dossier})
		require.NoError(s.t, err)
		return payload
	}
	if run.signaled != "" {
		events = append(events, &historypb.HistoryEvent{Attributes: &historypb.HistoryEvent_WorkflowExecutionSignaledEventAttributes{
			WorkflowExecutionSignaledEventAttributes: &historypb.WorkflowExecutionSignaledEventAttributes{
				SignalName: ramp.SubmitKYC, Input: submission(run.signaled),
			},
		}})
	}
	if run.updated != "" {
		events = append(events, &historypb.HistoryEvent{Attributes: &historypb.HistoryEvent_WorkflowExecutionUpdateAcceptedEventAttributes{
			WorkflowExecutionUpdateAcceptedEventAttributes: &historypb.WorkflowExecutionUpdateAcceptedEventAttributes{
				AcceptedRequest: &updatepb.Request{Input: &updatepb.Input{Name: ramp.SubmitKYC, Args: submission(run.updated)}},
			},
		}})
	}
	at := len(request.GetNextPageToken())
	answer := &workflowservice.GetWorkflowExecutionHistoryResponse{History: &historypb.History{Events: events[at : at+1]}}
	if at == 0 {
		answer.NextPageToken = []byte("1")
	} else {
		answer.History.Events = events[at:]
	}
	return answer, nil
}

// remove deletes an execution.
func (s *temporal) remove(id, runID string) error {
	if err := s.call(); err != nil {
		return err
	}
	s.deletes++
	if s.failing > 0 && s.deletes > s.failing {
		return serviceerror.NewUnavailable("away")
	}
	run := s.find(id, runID)
	if run == nil {
		return serviceerror.NewNotFound("deleted")
	}
	require.False(s.t, run.running, "what is open would be terminated")
	run.deleted, run.lag = true, s.lag
	return nil
}

func (s *temporal) DeleteWorkflowExecution(
	_ context.Context, request *workflowservice.DeleteWorkflowExecutionRequest, _ ...grpc.CallOption,
) (*workflowservice.DeleteWorkflowExecutionResponse, error) {
	return &workflowservice.DeleteWorkflowExecutionResponse{},
		s.remove(request.GetWorkflowExecution().GetWorkflowId(), request.GetWorkflowExecution().GetRunId())
}

func (s *temporal) DeleteActivityExecution(
	_ context.Context, request *workflowservice.DeleteActivityExecutionRequest, _ ...grpc.CallOption,
) (*workflowservice.DeleteActivityExecutionResponse, error) {
	return &workflowservice.DeleteActivityExecutionResponse{}, s.remove(request.GetActivityId(), request.GetRunId())
}

// left are the ids of what Temporal has.
func (s *temporal) left() []string {
	var ids []string
	for _, run := range s.runs {
		if !run.deleted {
			ids = append(ids, run.workflowID)
		}
	}
	return ids
}

// store is a store that has as many things of the user.
type store struct {
	has  int
	err  error
	told []forget.User
}

func (s *store) Name() string { return "records" }

func (s *store) Count(context.Context, forget.User) (forget.Tally, error) {
	return forget.Tally{Found: s.has}, s.err
}

func (s *store) Forget(_ context.Context, user forget.User) (forget.Tally, error) {
	s.told = append(s.told, user)
	tally := forget.Tally{Found: s.has}
	if s.err == nil {
		s.has = 0
	}
	return tally, s.err
}

// world is a Temporal with a keyset, and what forgets users there.
type world struct {
	*temporal
	forgetter *forget.Forgetter
	hasher    ramp.Hasher
	keyring   *codec.Keyring
	now       time.Time
	// shelf is the directory of the records.
	shelf string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	keyring, err := codec.NewKeyring()
	require.NoError(t, err)
	w := &world{hasher: codec.NewHasher(keyring, namespace), keyring: keyring, now: time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)}
	w.temporal = &temporal{t: t, data: codec.NewDataConverter(codec.New(keyring, namespace)), calls: -1}
	w.forgetter = w.newForgetter()
	return w
}

func (w *world) newForgetter() *forget.Forgetter {
	return &forget.Forgetter{
		Temporal: w.temporal, Namespace: namespace, Hasher: w.hasher, Data: w.data, Pause: time.Millisecond,
		Now: func() time.Time { return w.now },
	}
}

// has adds a run of the user, or of another one, with a hash. It ended an hour ago.
func (w *world) has(workflowID string, of ramp.Email, change ...func(*stored)) *stored {
	run := &stored{
		workflowID: workflowID, runID: fmt.Sprint("run-", len(w.runs)), email: of, hash: w.hasher.Hash(ramp.UserTerm(of)),
		closedAt: w.now.Add(-time.Hour),
	}
	for _, each := range change {
		each(run)
	}
	w.runs = append(w.runs, run)
	return run
}

// leaves adds what an order has left to be done.
func (w *world) leaves(order *stored, change ...func(*stored)) {
	id := order.workflowID + "/" + order.runID
	change = append([]func(*stored){unhashed}, change...)
	w.has("late-record/"+id, order.email, append(change, func(run *stored) { run.kind = ramp.LateRecordWorkflow })...)
	w.has("late-events/"+id, "", append(change, func(run *stored) { run.kind = ramp.LateEventsWorkflow })...)
	w.has("event/"+id+"/3/hooks", "", append(change, func(run *stored) { run.kind = ramp.EventDelivery })...)
}

func unhashed(run *stored) { run.hash = "" }

func running(run *stored) { run.running = true }

func TestEveryClosedOrderOfTheUserIsDeletedAndNoOther(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 30 {
		w.has(fmt.Sprint("onramp/inv-", i), email)
		w.has(fmt.Sprint("offramp/other-", i), "other@example.test")
	}
	w.has("onramp/before-hashes", "Zelda.Quorn@Example.test", unhashed)
	w.has("onramp/inv-1", email, unhashed) // a second start that was refused
	w.has("onramp/other-before", "other@example.test", unhashed)
	w.has("onramp/other-open", "other@example.test", running)

	report, err := w.forgetter.Forget(t.Context(), email)

	require.NoError(t, err)
	require.True(t, report.Complete)
	require.Equal(t, 31, report.Orders)
	require.Equal(t, 32, report.Runs)
	require.Len(t, w.left(), 32)
	require.False(t, slices.ContainsFunc(w.left(), func(id string) bool { return !strings.Contains(id, "other") }), "%v", w.left())
	require.Equal(t, 3+2*32, w.read, "whose a run is, is read once, and the dossiers of those to be deleted")
}

func TestNothingIsDeletedWhileAnOrderIsOpen(t *testing.T) {
	t.Parallel()
	for name, change := range map[string][]func(*stored){"found by its hash": {running}, "found by its input": {running, unhashed}} {
		w := newWorld(t)
		s := &store{has: 3}
		w.forgetter.Stores = []forget.Store{s}
		w.has("onramp/closed", email)
		w.has("offramp/open", email, change...)

		report, err := w.forgetter.Forget(t.Context(), email)

		var open *forget.OpenError
		require.ErrorAs(t, err, &open, name)
		require.Equal(t, []ramp.ID{{Direction: ramp.Offramp, Reference: "open"}}, open.Orders)
		require.ErrorContains(t, err, "offramp/open")
		require.NotContains(t, err.Error(), "quorn")
		require.False(t, report.Complete)
		require.Zero(t, w.deletes)
		require.Equal(t, 3, s.has)
	}
}

func TestOrderThatBeginsMeanwhileIsNotTerminated(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.has("onramp/closed", email)
	w.beforeList = func() {
		if w.deletes == 1 {
			w.beforeList = nil
			w.has("onramp/new", email, running)
		}
	}
	report, err := w.forgetter.Forget(t.Context(), email)
	var open *forget.OpenError
	require.ErrorAs(t, err, &open)
	require.Equal(t, 1, report.Runs, "what is deleted is reported")
	require.Equal(t, []string{"onramp/new"}, w.left())
}

func TestForgettingWaitsForTheVisibilityStore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.lag = 5
	w.has("onramp/inv-1", email)
	lists := 0
	w.beforeList = func() { // one that the store shows late
		if lists++; lists == 5 {
			w.has("onramp/late", email)
		}
	}
	report, err := w.forgetter.Forget(t.Context(), email)
	require.NoError(t, err)
	require.Equal(t, 2, report.Runs, "a run that is listed although it is deleted counts once")
	require.Empty(t, w.left())
	require.Greater(t, report.Rounds, 5)

	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	w.lag = 1 << 20
	w.has("onramp/inv-2", email)
	report, err = w.forgetter.Forget(ctx, email)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.False(t, report.Complete)
}

func TestForgettingThatWasKilledIsRepeated(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := &store{has: 2}
	w.forgetter.Stores = []forget.Store{s}
	for i := range 5 {
		w.has(fmt.Sprint("onramp/inv-", i), email)
	}
	w.failing = 2
	report, err := w.forgetter.Forget(t.Context(), email)
	require.ErrorContains(t, err, "away")
	require.Equal(t, 2, report.Runs)
	require.False(t, report.Complete)

	w.failing, s.has = 0, 1
	report, err = w.forgetter.Forget(t.Context(), email)
	require.NoError(t, err)
	require.True(t, report.Complete)
	require.Equal(t, 3, report.Runs)
	require.Equal(t, map[string]int{"records": 1}, report.Stores)
	require.Empty(t, w.left())
}

// TestStoresAreForgottenFirst fails if a crash could leave what only the orders name.
func TestStoresAreForgottenFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := &store{has: 2, err: errors.New("the bucket is away")}
	w.forgetter.Dossiers = s
	w.has("onramp/inv-1", email, func(run *stored) { run.dossier, run.uploaded = "s3://kyc/a", "s3://kyc/b" })
	w.has("onramp/inv-2", email, func(run *stored) { run.dossier = "s3://kyc/a" })
	_, err := w.forgetter.Forget(t.Context(), email)
	require.ErrorContains(t, err, "forget the records: the bucket is away")
	require.Zero(t, w.deletes)
	require.Equal(t, forget.User{
		Email:    email,
		Orders:   []ramp.ID{{Direction: ramp.Onramp, Reference: "inv-1"}, {Direction: ramp.Onramp, Reference: "inv-2"}},
		Runs:     []string{"run-0", "run-1"},
		Dossiers: []ramp.Dossier{"s3://kyc/a", "s3://kyc/b"},
	}, s.told[0])
	require.NotContains(t, fmt.Sprintf("%v %+v", s.told[0], s.told[0]), "quorn")

	s.err = nil
	report, err := w.forgetter.Forget(t.Context(), email)
	require.NoError(t, err)
	require.Equal(t, map[string]int{"records": 2}, report.Stores)
	require.Empty(t, w.left())
	require.Empty(t, s.told[len(s.told)-1].Orders, "a store is asked again for what no order names")
	require.Equal(t, []string{"run-0", "run-1"}, s.told[len(s.told)-1].Runs)
}

// TestWhatAnOrderHasLeftIsForgottenBeforeIt: events are found by the order alone.
func TestWhatAnOrderHasLeftIsForgottenBeforeIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.leaves(w.has("onramp/inv-1", email))
	w.leaves(w.has("onramp/inv-1", "other@example.test")) // the other one's order, whose reference the user has tried
	w.has("late-record/onramp/purged/run", email, unhashed, func(run *stored) { run.kind = ramp.LateRecordWorkflow })
	w.has("adoption/650000000000000000000001", "", unhashed, func(run *stored) { run.kind = ramp.AdoptionWorkflow })
	others := w.left()[4:8]

	report, err := w.forgetter.Forget(t.Context(), email)

	require.NoError(t, err)
	require.Equal(t, append(others, "adoption/650000000000000000000001"), w.left())
	require.Equal(t, 1, report.Orders)
	require.Equal(t, 4, report.Runs)
	require.Equal(t, 1, report.Deliveries)
}

func TestUserIsNotForgottenWhileWhatAnOrderLeftIsNotDone(t *testing.T) {
	t.Parallel()
	for at, id := range []string{"late-record/onramp/inv-1/run-0", "late-events/onramp/inv-1/run-0", "event/onramp/inv-1/run-0/3/hooks"} {
		w := newWorld(t)
		w.leaves(w.has("onramp/inv-1", email))
		w.runs[1+at].running = true
		report, err := w.forgetter.Forget(t.Context(), email)
		var open *forget.OpenError
		require.ErrorAs(t, err, &open)
		require.Equal(t, []string{id}, open.Late)
		require.ErrorContains(t, err, id)
		require.False(t, report.Complete)
		require.Zero(t, w.deletes)
	}
}

// TestOrderThatHasJustEndedIsWaitedFor: a worker that lost its connection may write its record yet.
func TestOrderThatHasJustEndedIsWaitedFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := &store{has: 1}
	w.forgetter.Stores = []forget.Store{s}
	w.has("onramp/inv-1", email, func(run *stored) { run.closedAt = w.now.Add(-time.Second) })
	rounds := 0
	w.beforeList = func() {
		if rounds++; rounds <= 5 {
			require.Zero(t, w.deletes)
			return
		}
		w.now = w.now.Add(forget.Settle)
	}
	report, err := w.forgetter.Forget(t.Context(), email)
	require.NoError(t, err)
	require.True(t, report.Complete)
	require.Greater(t, report.Rounds, 5)
	require.Empty(t, w.left())
}

// TestEveryOrderIsReadInANamespaceWithoutTheSearchAttribute: workers run there, and make no hashes.
func TestEveryOrderIsReadInANamespaceWithoutTheSearchAttribute(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.without, w.withoutActivities = true, true
	w.has("onramp/inv-1", email, unhashed)
	w.has("onramp/other", "other@example.test", unhashed)
	report, err := w.forgetter.Forget(t.Context(), email)
	require.NoError(t, err)
	require.True(t, report.Complete)
	require.Equal(t, []string{"onramp/other"}, w.left())
}

// TestForgettingGoesOnWhenTemporalIsBusy: servers permit ten lists in a second.
func TestForgettingGoesOnWhenTemporalIsBusy(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.busy = 8
	w.leaves(w.has("onramp/inv-1", email))
	w.leaves(w.has("onramp/inv-2", email, unhashed))
	report, err := w.forgetter.Forget(t.Context(), email)
	require.NoError(t, err)
	require.True(t, report.Complete)
	require.Zero(t, w.busy)
	require.Empty(t, w.left())

	w.busy = 1 << 20
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err = w.forgetter.Forget(ctx, email)
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

// TestForgettingThatIsKilledAnywhereIsRepeated kills the program before each of its calls in turn.
func TestForgettingThatIsKilledAnywhereIsRepeated(t *testing.T) {
	t.Parallel()
	killed := 0
	for done := false; !done; killed++ {
		w := newWorld(t)
		w.leaves(w.has("onramp/inv-1", email))
		w.leaves(w.has("offramp/wd-1", email, unhashed))
		w.leaves(w.has("onramp/other", "other@example.test"))
		shelf := w.records(t, map[string]ramp.Email{"inv-1": email, "purged": email, "other": "other@example.test"})
		others := w.left()[8:]

		w.forgetter.Stores = []forget.Store{&forget.Records{Store: shelf}}
		w.calls = killed
		_, err := w.forgetter.Forget(t.Context(), email)
		if done = err == nil; !done {
			require.ErrorIs(t, err, errKilled)
		}
		w.calls, w.forgetter = -1, w.newForgetter()
		w.forgetter.Stores = []forget.Store{&forget.Records{Store: shelf}}
		report, err := w.forgetter.Forget(t.Context(), email)

		require.NoError(t, err, "killed before call %d", killed)
		require.True(t, report.Complete)
		require.Equal(t, others, w.left(), "killed before call %d", killed)
		require.Equal(t, []string{"other"}, references(t, shelf))
	}
	require.Greater(t, killed, 20)
}

func TestDossiersThatStayAreCounted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.has("onramp/inv-1", email, func(run *stored) { run.dossier, run.uploaded = "s3://kyc/a", "s3://kyc/b" })
	w.has("onramp/inv-2", email, func(run *stored) { run.dossier = "s3://kyc/a" })
	report, err := w.forgetter.Forget(t.Context(), email)
	require.NoError(t, err)
	require.Equal(t, 2, report.DossiersKept)
	require.True(t, report.Complete)
}

func TestRunsThatNobodyCanReadAreCountedAndKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.has("onramp/sealed", "other@example.test", unhashed, func(run *stored) { run.sealed = true })
	w.has("onramp/inv-1", email)
	report, err := w.forgetter.Forget(t.Context(), email)
	require.NoError(t, err)
	require.Equal(t, 1, report.Unreadable)
	require.False(t, report.Complete, "it may be the user's")
	require.Equal(t, []string{"onramp/sealed"}, w.left())
}

func TestOrderThatNobodyCanReadIsKeptForItsDossiers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	sealed := w.has("onramp/sealed", email, func(run *stored) { run.sealed = true })
	w.has("onramp/inv-1", email)
	report, err := w.forgetter.Forget(t.Context(), email)
	require.NoError(t, err)
	require.Equal(t, 1, report.Unreadable)
	require.False(t, report.Complete)
	require.Equal(t, []string{"onramp/sealed"}, w.left())

	sealed.sealed = false // the keyset has its key at last
	report, err = w.forgetter.Forget(t.Context(), email)
	require.NoError(t, err)
	require.True(t, report.Complete)
	require.Empty(t, w.left())
}

func TestDossiersThatWereSubmittedAndNotUploadedAreDeleted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := &store{}
	w.forgetter.Dossiers = s
	w.has("onramp/inv-1", email, func(run *stored) { run.signaled, run.updated = "s3://kyc/signaled", "s3://kyc/updated" })
	report, err := w.forgetter.Forget(t.Context(), email)
	require.NoError(t, err)
	require.True(t, report.Complete)
	require.Equal(t, []ramp.Dossier{"s3://kyc/signaled", "s3://kyc/updated"}, s.told[0].Dossiers)
}

func TestPreviewDeletesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.has("onramp/inv-1", email)
	w.has("onramp/inv-1", email, unhashed)
	w.has("onramp/inv-2", email, func(run *stored) { run.closedAt = w.now }) // has just ended
	report, orders, err := w.forgetter.Preview(t.Context(), email)
	require.NoError(t, err)
	require.Equal(t, []ramp.ID{{Direction: ramp.Onramp, Reference: "inv-1"}, {Direction: ramp.Onramp, Reference: "inv-2"}}, orders)
	require.Equal(t, 3, report.Runs)
	require.False(t, report.Complete)
	require.Zero(t, w.deletes)
}

func TestForgettingNeedsAnAddressAndKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.has("onramp/inv-1", "")
	_, err := w.forgetter.Forget(t.Context(), "")
	require.True(t, ramp.IsError(err, ramp.InvalidRequest), "not every order is the user's: %v", err)
	w.forgetter.Hasher = keyless{}
	_, err = w.forgetter.Forget(t.Context(), email)
	require.ErrorContains(t, err, "no key that makes search hashes")
	require.Zero(t, w.deletes)
}

// keyless is a keyset without a key that makes hashes.
type keyless struct{}

func (keyless) Hash(ramp.Personal) string     { return "" }
func (keyless) Hashes(ramp.Personal) []string { return nil }
