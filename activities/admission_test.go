package activities_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/mocks"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"
	"google.golang.org/protobuf/proto"

	"rampart/activities"
	"rampart/internal/payloadmeta"
	"rampart/onmeta"
	"rampart/ramp"
	"rampart/sandbox"
)

// runs are the earlier runs of every workflow id.
type runs struct {
	earlier *activities.EarlierRun
	err     error
}

func (r *runs) Earlier(context.Context, workflow.Execution) (*activities.EarlierRun, error) {
	return r.earlier, r.err
}

// keys are the messages that somebody has set aside, by whether there is a key.
type keys struct{ err error }

func (k keys) KeyIDs() []string { return []string{"7", "9"} }

func (k keys) Decrypt(workflowID string, sealed *commonpb.Payload) (*commonpb.Payload, error) {
	return &commonpb.Payload{Data: append([]byte(workflowID+": "), sealed.GetData()...)}, k.err
}

func firstLook(w *world, b activities.Admission) (activities.KYCStatusResult, error) {
	return run(w, w.calls.KYCStatus, activities.KYCStatusRequest{Email: linked, Admission: &b})
}

func TestFirstCallSaysByWhichRulesAnOrderGoes(t *testing.T) {
	t.Parallel()
	for _, allowed := range []bool{true, false} {
		w := newWorldWith(t, sandbox.DefaultAPIKey, activities.Options{AllowClear: allowed, Decrypter: keys{}})
		result, err := firstLook(w, activities.Admission{Reference: "inv-42"})
		require.NoError(t, err)
		require.Equal(t, &activities.AdmissionRules{AllowClear: allowed, KeyIDs: []string{"7", "9"}}, result.Rules)

		again, err := run(w, w.calls.KYCStatus, activities.KYCStatusRequest{Email: linked})
		require.NoError(t, err)
		require.Nil(t, again.Rules)
	}
}

func TestReferenceOfAnEarlierOrderIsTakenAndTellsHowThatEnded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	earlier := &ramp.Order{Reference: "inv-42", Status: ramp.Completed}
	w.runs.earlier = &activities.EarlierRun{RunID: "run-1", Ending: "is completed", Order: earlier}

	_, err := firstLook(w, activities.Admission{Reference: "inv-42"})

	why, turned := activities.NotAdmitted(err)
	require.True(t, turned)
	require.Equal(t, ramp.ReferenceTaken, why.Type)
	require.Equal(t, "run-1", why.RunID)
	require.Equal(t, ramp.Completed, why.Order.Status)
	require.Contains(t, why.Message, "which is completed")
	require.True(t, nonRetryable(t, err))
}

func TestReferenceIsAskedForAgainWhileTemporalDoesNotTell(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.runs.err = errors.New("no visibility store")

	_, err := firstLook(w, activities.Admission{Reference: "inv-42"})

	_, turned := activities.NotAdmitted(err)
	require.False(t, turned)
	require.False(t, nonRetryable(t, err))
	concern, unanswered := activities.Unanswered(err)
	require.True(t, unanswered)
	require.Equal(t, ramp.ConcernReferenceUnverified, concern.Type)
}

func TestRequestInClearIsRefusedBeforeTheProviderIsAsked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)

	_, err := firstLook(w, activities.Admission{Reference: "inv-42", Unencrypted: true})

	why, turned := activities.NotAdmitted(err)
	require.True(t, turned)
	require.Equal(t, ramp.Unencrypted, why.Type)
	require.Contains(t, why.Message, "RAMP_ALLOW_CLEAR")
	require.Empty(t, w.network.sent(onmeta.RouteLogin))

	w = newWorldWith(t, sandbox.DefaultAPIKey, activities.Options{AllowClear: true})
	_, err = firstLook(w, activities.Admission{Reference: "inv-42", Unencrypted: true})
	require.NoError(t, err)
}

func TestOrderThatWasOverIsNotMadeAgainAfterAReset(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.runs.earlier = &activities.EarlierRun{RunID: "run-1", Ending: "is completed"}
	onramp := activities.CreateOnrampOrderRequest{CreateOrderRequest: activities.CreateOrderRequest{Reference: "inv-42", Reset: true}}
	offramp := activities.CreateOfframpOrderRequest{CreateOrderRequest: activities.CreateOrderRequest{Reference: "inv-42", Reset: true}}

	_, buying := run(w, w.calls.CreateOnrampOrder, onramp)
	_, selling := run(w, w.calls.CreateOfframpOrder, offramp)

	for _, err := range []error{buying, selling} {
		why, turned := activities.NotAdmitted(err)
		require.True(t, turned, "%v", err)
		require.Equal(t, ramp.ReferenceTaken, why.Type)
	}
}

func TestMessageIsReadOnceThereIsAKey(t *testing.T) {
	t.Parallel()
	encrypted, err := proto.Marshal(&commonpb.Payload{
		Metadata: map[string][]byte{converter.MetadataEncoding: []byte(payloadmeta.Encoding)}, Data: []byte("x"),
	})
	require.NoError(t, err)
	read := func(messages activities.Decrypter, content []byte) (activities.ReadMessageResult, error) {
		w := newWorldWith(t, sandbox.DefaultAPIKey, activities.Options{Decrypter: messages})
		return run(w, w.calls.ReadMessage, activities.ReadMessageRequest{Sealed: content, KeyID: "8"})
	}

	_, err = read(keys{err: activities.ErrNoKey}, encrypted)
	require.ErrorContains(t, err, "a key that this worker lacks")
	require.False(t, nonRetryable(t, err))

	result, err := read(keys{err: errors.New("of another workflow")}, encrypted)
	require.NoError(t, err)
	require.Empty(t, result.Opened)

	result, err = read(keys{}, encrypted)
	require.NoError(t, err)
	var opened commonpb.Payload
	require.NoError(t, proto.Unmarshal(result.Opened, &opened))
	require.Equal(t, "default-test-workflow-id: x", string(opened.GetData()))

	result, err = read(keys{err: activities.ErrNoKey}, result.Opened)
	require.NoError(t, err, "one that was opened meanwhile needs no key")
	require.NotEmpty(t, result.Opened)
}

func nonRetryable(t *testing.T, err error) bool {
	t.Helper()
	var application *temporal.ApplicationError
	require.ErrorAs(t, err, &application)
	return application.NonRetryable()
}

// past is a Temporal that shows runs of one workflow id, the one that asks among them.
type past struct {
	*mocks.Client
	t *testing.T
}

const (
	thisRun  = "run-of-this-order"
	otherRun = "run-1"
)

func newPast(t *testing.T) past { return past{Client: mocks.NewClient(t), t: t} }

func execution(run string, status enumspb.WorkflowExecutionStatus) *workflowpb.WorkflowExecutionInfo {
	return &workflowpb.WorkflowExecutionInfo{Execution: &commonpb.WorkflowExecution{WorkflowId: claimant, RunId: run}, Status: status,
		Type: &commonpb.WorkflowType{Name: ramp.OnrampWorkflow}}
}

func (p past) shows(executions ...*workflowpb.WorkflowExecutionInfo) {
	p.On("ListWorkflow", mock.Anything, mock.MatchedBy(func(request *workflowservice.ListWorkflowExecutionsRequest) bool {
		return request.GetQuery() == `WorkflowId = "onramp/inv-42"`
	})).Return(&workflowservice.ListWorkflowExecutionsResponse{Executions: executions}, nil).Once()
}

// ended is how the other run ended.
func (p past) ended(order *ramp.Order, failure error) {
	result := mocks.NewWorkflowRun(p.t)
	result.On("GetWithOptions", mock.Anything, mock.Anything, client.WorkflowRunGetOptions{DisableFollowingRuns: true}).Return(func(_ context.Context, into any, _ client.WorkflowRunGetOptions) error {
		if order != nil {
			*into.(*ramp.Order) = *order
		}
		return failure
	})
	p.On("GetWorkflow", mock.Anything, claimant, otherRun).Return(result)
}

// began says of a run which one it goes back to.
func (p past) began(run, original string) {
	history := mocks.NewHistoryEventIterator(p.t)
	history.On("Next").Return(&historypb.HistoryEvent{Attributes: &historypb.HistoryEvent_WorkflowExecutionStartedEventAttributes{
		WorkflowExecutionStartedEventAttributes: &historypb.WorkflowExecutionStartedEventAttributes{OriginalExecutionRunId: original},
	}}, nil)
	p.On("GetWorkflowHistory", mock.Anything, claimant, run, false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT).Return(history)
}

func (p past) earlier() (*activities.EarlierRun, error) {
	return activities.TemporalRuns{Client: p.Client}.Earlier(p.t.Context(), workflow.Execution{ID: claimant, RunID: thisRun})
}

func TestRunIsTheFirstOnceTheStoreShowsItAndNoOther(t *testing.T) {
	t.Parallel()
	p := newPast(t)
	p.shows()
	p.shows(execution(thisRun, enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING))

	earlier, err := p.earlier()

	require.NoError(t, err)
	require.Nil(t, earlier)
}

func TestEarlierRunsThatWereOrdersAreFound(t *testing.T) {
	t.Parallel()
	completed := &ramp.Order{Reference: "inv-42", Status: ramp.Refunded}
	for name, tc := range map[string]struct {
		status enumspb.WorkflowExecutionStatus
		ended  func(past)
		ending string
	}{
		"completed":  {enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED, func(p past) { p.ended(completed, nil) }, "is refunded"},
		"unreadable": {enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED, func(p past) { p.ended(nil, errors.New("no key")) }, "is closed"},
		"terminated": {enumspb.WORKFLOW_EXECUTION_STATUS_TERMINATED, apart, "was terminated"},
		"failed by a defect": {enumspb.WORKFLOW_EXECUTION_STATUS_FAILED, func(p past) {
			p.ended(nil, temporal.NewApplicationError("nil pointer", "PanicError"))
			apart(p)
		}, "failed with a defect"},
		"failed by a call that could not be right": {enumspb.WORKFLOW_EXECUTION_STATUS_FAILED, func(p past) {
			p.ended(nil, failedCall(p.t, ramp.InvalidRequest))
			apart(p)
		}, "failed with a defect"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPast(t)
			p.shows(execution(otherRun, tc.status), execution(thisRun, enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING))
			tc.ended(p)

			earlier, err := p.earlier()

			require.NoError(t, err)
			require.NotNil(t, earlier)
			require.Equal(t, otherRun, earlier.RunID)
			require.Equal(t, tc.ending, earlier.Ending)
		})
	}
}

// failedCall is the failure of a workflow whose activity has failed with an error of this type.
func failedCall(t *testing.T, kind ramp.ErrorType) error {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestActivityEnvironment()
	fails := func(context.Context) error {
		return temporal.NewNonRetryableApplicationError("no decimal", string(kind), nil)
	}
	env.RegisterActivity(fails)
	_, err := env.ExecuteActivity(fails)
	var call *temporal.ActivityError
	require.ErrorAs(t, err, &call)
	return err
}

// apart makes the two runs start each by itself.
func apart(p past) {
	p.began(thisRun, thisRun)
	p.began(otherRun, otherRun)
}

func TestEarlierRunIsFoundThoughTheStoreStillShowsItRunning(t *testing.T) {
	t.Parallel()
	p := newPast(t)
	p.shows(execution(otherRun, enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING), execution(thisRun, enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING))
	p.On("DescribeWorkflowExecution", mock.Anything, claimant, otherRun).Return(&workflowservice.DescribeWorkflowExecutionResponse{
		WorkflowExecutionInfo: execution(otherRun, enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED),
	}, nil)
	p.ended(&ramp.Order{Status: ramp.Completed}, nil)

	earlier, err := p.earlier()

	require.NoError(t, err)
	require.NotNil(t, earlier)
	require.Equal(t, "is completed", earlier.Ending)
}

func TestWorkflowThatIsNoOrderTakesNoReference(t *testing.T) {
	t.Parallel()
	p := newPast(t)
	hung := execution(otherRun, enumspb.WORKFLOW_EXECUTION_STATUS_TERMINATED)
	hung.Type.Name = "onramp"
	p.shows(hung, execution(thisRun, enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING))

	earlier, err := p.earlier()

	require.NoError(t, err)
	require.Nil(t, earlier)
}

func TestEarlierRunsThatWereTurnedAwayDoNotTakeTheReference(t *testing.T) {
	t.Parallel()
	for _, kind := range []ramp.ErrorType{ramp.InvalidRequest, ramp.Unencrypted, ramp.ReferenceTaken} {
		p := newPast(t)
		p.shows(execution(otherRun, enumspb.WORKFLOW_EXECUTION_STATUS_FAILED), execution(thisRun, enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING))
		p.ended(nil, (&ramp.Error{Type: kind, Message: "no order"}).ApplicationError())

		earlier, err := p.earlier()

		require.NoError(t, err)
		require.Nil(t, earlier, kind)
	}
}

func TestRunThatContinuesAnotherAfterAResetIsTheSameOrderUnlessThatWasOver(t *testing.T) {
	t.Parallel()
	p := newPast(t)
	p.shows(execution(otherRun, enumspb.WORKFLOW_EXECUTION_STATUS_TERMINATED), execution(thisRun, enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING))
	p.began(thisRun, otherRun)
	p.began(otherRun, otherRun)
	earlier, err := p.earlier()
	require.NoError(t, err)
	require.Nil(t, earlier)

	p = newPast(t)
	p.shows(execution(otherRun, enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED), execution(thisRun, enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING))
	p.ended(&ramp.Order{Status: ramp.Completed}, nil)
	earlier, err = p.earlier()
	require.NoError(t, err)
	require.NotNil(t, earlier)
}

func TestSaleThatWasResetAfterItWasMadeIsNotMadeAgain(t *testing.T) {
	t.Parallel()
	const sale = "offramp/wd-7"
	temporal := mocks.NewClient(t)
	id, err := converter.GetDefaultDataConverter().ToPayload(providersOrder)
	require.NoError(t, err)
	reset := execution(otherRun, enumspb.WORKFLOW_EXECUTION_STATUS_TERMINATED)
	reset.SearchAttributes = &commonpb.SearchAttributes{IndexedFields: map[string]*commonpb.Payload{"RampOrderId": id}}
	temporal.On("ListWorkflow", mock.Anything, mock.Anything).Return(&workflowservice.ListWorkflowExecutionsResponse{
		Executions: []*workflowpb.WorkflowExecutionInfo{reset, execution(thisRun, enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING)},
	}, nil)
	for _, run := range []string{thisRun, otherRun} {
		history := mocks.NewHistoryEventIterator(t)
		history.On("Next").Return(&historypb.HistoryEvent{Attributes: &historypb.HistoryEvent_WorkflowExecutionStartedEventAttributes{
			WorkflowExecutionStartedEventAttributes: &historypb.WorkflowExecutionStartedEventAttributes{OriginalExecutionRunId: otherRun},
		}}, nil)
		temporal.On("GetWorkflowHistory", mock.Anything, sale, run, false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT).Return(history)
	}

	earlier, err := activities.TemporalRuns{Client: temporal}.Earlier(t.Context(), workflow.Execution{ID: sale, RunID: thisRun})

	require.NoError(t, err)
	require.Contains(t, earlier.Ending, providersOrder)
}

func TestStoreThatDoesNotShowTheRunIsNotTrusted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPast(t)
		p.On("ListWorkflow", mock.Anything, mock.Anything).Return(&workflowservice.ListWorkflowExecutionsResponse{}, nil)
		begun := time.Now()
		_, err := p.earlier()
		require.ErrorContains(t, err, "does not show this run yet")
		require.Less(t, time.Since(begun), time.Minute)
	})
}
