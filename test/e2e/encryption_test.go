package e2e_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	failurepb "go.temporal.io/api/failure/v1"
	"go.temporal.io/api/proxy"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"

	"rampart/codec"
	"rampart/ramp"
)

// payloads returns the payloads of an order's history except its search attributes, which are not encrypted.
func (s *stack) payloads(id ramp.ID) []*commonpb.Payload {
	s.t.Helper()
	var all []*commonpb.Payload
	require.NoError(s.t, proxy.VisitPayloads(s.t.Context(), s.history(id), proxy.VisitPayloadsOptions{
		SkipSearchAttributes: true,
		Visitor: func(_ *proxy.VisitPayloadsContext, payloads []*commonpb.Payload) ([]*commonpb.Payload, error) {
			all = append(all, payloads...)
			return payloads, nil
		},
	}))
	return all
}

func TestEveryPayloadOfAHistoryIsEncryptedForItsOrder(t *testing.T) {
	t.Parallel()
	s := newStack(t, 60)
	_, err := s.Orders.StartOnramp(t.Context(), onrampRequest("sealed"))
	require.NoError(t, err)
	_, err = s.Orders.SubmitUTR(t.Context(), "sealed", "not a UTR")
	require.Error(t, err)
	_, err = s.Orders.SubmitUTR(t.Context(), "sealed", utrOf(1))
	require.NoError(t, err)
	s.awaitStatus(buy("sealed"), completionTime, ramp.Completed)

	payloads := s.payloads(buy("sealed"))
	require.Greater(t, len(payloads), 30)
	for _, payload := range payloads {
		require.True(t, codec.Encrypted(payload), "%v", payload)
		require.Equal(t, "onramp/sealed", codec.WorkflowID(payload))
		require.Equal(t, s.Keyring.Primary(), codec.KeyID(payload))
	}
	for _, event := range s.history(buy("sealed")).GetEvents() {
		if scheduled := event.GetActivityTaskScheduledEventAttributes(); scheduled != nil {
			require.Equal(t, scheduled.GetActivityType().GetName(), codec.Role(scheduled.GetInput().GetPayloads()[0]))
		}
	}
	_, err = codec.New(s.Keyring, "default").Decode(payloads)
	require.NoError(t, err)
	_, err = codec.New(s.Keyring, "production").Decode(payloads)
	require.ErrorIs(t, err, codec.ErrUndecryptable)
}

// pendingWatch returns the activity id of a paid order's watch.
func (s *stack) pendingWatch(id string) string {
	s.t.Helper()
	var watch string
	eventually(s.t, patience, func() error {
		described, err := s.Temporal.DescribeWorkflowExecution(s.t.Context(), id, "")
		if err != nil {
			return err
		}
		for _, activity := range described.GetPendingActivities() {
			watch = activity.GetActivityId()
			if activity.GetActivityType().GetName() == "WatchOrder" && activity.GetState() == enumspb.PENDING_ACTIVITY_STATE_STARTED {
				return nil // one that has not started cannot be completed
			}
		}
		return errors.New("nothing watches the order")
	})
	return watch
}

// A client that may write to the namespace can complete any activity. Without the keys it neither ends an order nor makes it paid.
func TestForgedActivityResultsDecideNothing(t *testing.T) {
	t.Parallel()
	s := newStack(t, 1)
	service := s.outsider().WorkflowService()
	fail := func(failure *failurepb.Failure) func(id, watch string) error {
		return func(id, watch string) error {
			_, err := service.RespondActivityTaskFailedById(t.Context(), &workflowservice.RespondActivityTaskFailedByIdRequest{
				Namespace: "default", WorkflowId: id, ActivityId: watch, Failure: failure,
			})
			return err
		}
	}
	complete := func(result *commonpb.Payloads) func(id, watch string) error {
		return func(id, watch string) error {
			_, err := service.RespondActivityTaskCompletedById(t.Context(), &workflowservice.RespondActivityTaskCompletedByIdRequest{
				Namespace: "default", WorkflowId: id, ActivityId: watch, Result: result,
			})
			return err
		}
	}
	refusal := temporal.GetDefaultFailureConverter().ErrorToFailure(temporal.NewNonRetryableApplicationError("no", "ProviderRefused", nil))
	done, err := converter.GetDefaultDataConverter().ToPayloads(map[string]any{"end": "decided", "state": map[string]any{"status": "completed"}})
	require.NoError(t, err)
	n := 0
	for name, forge := range map[string]func(id, watch string) error{
		"refused": fail(refusal),
		"cancelled": fail(&failurepb.Failure{FailureInfo: &failurepb.Failure_CanceledFailureInfo{
			CanceledFailureInfo: &failurepb.CanceledFailureInfo{}}}),
		"late": fail(&failurepb.Failure{FailureInfo: &failurepb.Failure_TimeoutFailureInfo{
			TimeoutFailureInfo: &failurepb.TimeoutFailureInfo{TimeoutType: enumspb.TIMEOUT_TYPE_SCHEDULE_TO_CLOSE}}}),
		"completed": complete(done),
		"nothing":   complete(nil),
		"replayed": func(id, watch string) error {
			for _, event := range s.history(buy(strings.TrimPrefix(id, "onramp/"))).GetEvents() {
				if answer := event.GetWorkflowExecutionUpdateCompletedEventAttributes(); answer != nil {
					return complete(answer.GetOutcome().GetSuccess())(id, watch)
				}
			}
			return errors.New("no answer to replay")
		},
	} {
		n++
		request := onrampRequest(name)
		request.Email = ramp.Email(fmt.Sprintf("asha+linked+%d@example.test", n))
		_, err := s.Orders.StartOnramp(t.Context(), request)
		require.NoError(t, err, name)
		_, err = s.Orders.SubmitUTR(t.Context(), name, utrOf(n))
		require.NoError(t, err, name)
		id := "onramp/" + name
		require.NoError(t, forge(id, s.pendingWatch(id)), name)
	}
	for _, name := range []string{"refused", "cancelled", "late", "completed", "nothing", "replayed"} {
		eventually(t, patience, func() error {
			for _, event := range s.history(buy(name)).GetEvents() {
				if event.GetEventType() == enumspb.EVENT_TYPE_WORKFLOW_TASK_FAILED {
					return nil
				}
			}
			return fmt.Errorf("order %s has taken what was forged", name)
		})
		described, err := s.Temporal.DescribeWorkflow(t.Context(), "onramp/"+name, "")
		require.NoError(t, err)
		require.Equal(t, enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING, described.Status, name)
	}
}

func TestCiphertextOfOneOrderIsRefusedByAnother(t *testing.T) {
	t.Parallel()
	s := newStack(t, 60)
	for _, reference := range []string{"victim", "thief"} {
		_, err := s.Orders.StartOnramp(t.Context(), onrampRequest(reference))
		require.NoError(t, err)
	}
	require.NoError(t, s.Temporal.SignalWorkflow(t.Context(), "onramp/victim", "", ramp.SubmitUTR, ramp.UTRSubmission{UTR: ramp.UTR(utrOf(1))}))
	s.await(buy("victim"), completionTime, func(order *ramp.Order) bool { return order.Accepted() })
	var request, proof *commonpb.Payload
	for _, event := range s.history(buy("victim")).GetEvents() {
		if started := event.GetWorkflowExecutionStartedEventAttributes(); started != nil {
			request = started.GetInput().GetPayloads()[0]
		}
		if signal := event.GetWorkflowExecutionSignaledEventAttributes(); signal != nil {
			proof = signal.GetInput().GetPayloads()[0]
		}
	}
	thief := s.outsider()

	require.NoError(t, thief.SignalWorkflow(t.Context(), "onramp/thief", "", ramp.SubmitUTR, converter.NewRawValue(proof)))
	order := s.await(buy("thief"), completionTime, func(order *ramp.Order) bool {
		return noted(order, "A submit-utr signal was ignored: the argument does not decrypt")
	})
	require.Nil(t, order.Proof)
	update, err := thief.UpdateWorkflow(t.Context(), client.UpdateWorkflowOptions{
		WorkflowID: "onramp/thief", UpdateName: ramp.SubmitUTR, Args: []any{converter.NewRawValue(proof)},
		WaitForStage: client.WorkflowUpdateStageCompleted,
	})
	if err == nil {
		err = update.Get(t.Context(), nil)
	}
	require.Error(t, err)
	run, err := thief.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: "onramp/copy", TaskQueue: ramp.TaskQueue},
		ramp.OnrampWorkflow, converter.NewRawValue(request))
	require.NoError(t, err)
	require.ErrorContains(t, s.Temporal.GetWorkflow(t.Context(), run.GetID(), "").Get(t.Context(), nil), "does not decrypt")

	_, err = s.Orders.SubmitUTR(t.Context(), "thief", utrOf(2))
	require.NoError(t, err, "the order goes on")
	s.awaitStatus(buy("thief"), completionTime, ramp.Completed)
	s.requireReplay(buy("victim"), buy("thief"))
	require.Len(t, s.ledger().Orders, 2)
}

// noted reports whether a note of an order's timeline contains text.
func noted(order *ramp.Order, text string) bool {
	return slices.ContainsFunc(order.Timeline, func(entry ramp.TimelineEntry) bool { return strings.Contains(entry.Note, text) })
}

func TestClearProofIsAcceptedAndNoted(t *testing.T) {
	t.Parallel()
	s := newStack(t, 60)
	_, err := s.Orders.StartOnramp(t.Context(), onrampRequest("clear"))
	require.NoError(t, err)
	require.NoError(t, s.outsider().SignalWorkflow(t.Context(), "onramp/clear", "", ramp.SubmitUTR, ramp.UTRSubmission{UTR: ramp.UTR(utrOf(1))}))

	order := s.awaitStatus(buy("clear"), completionTime, ramp.Completed)

	require.True(t, noted(order, "The submit-utr signal was sent unencrypted"))
	require.False(t, noted(order, "The request was sent unencrypted"))
	s.requireReplay(buy("clear"))
}

// A backend uses the new key before the worker has it, against the documentation; no message is lost.
func TestKeysRotateWhileAnOrderRuns(t *testing.T) {
	t.Parallel()
	s := newStack(t, 60)
	source := codec.KeysetSource{File: s.Keyset}
	_, err := s.Orders.StartOnramp(t.Context(), onrampRequest("rotated"))
	require.NoError(t, err)
	old := s.Keyring.Primary()
	out, problems, code := s.starter("keyset", "rotate")
	require.Zero(t, code, problems)
	require.Contains(t, out, "keyset rotate --promote")
	out, problems, code = s.starter("keyset", "rotate", "--promote")
	require.Zero(t, code, problems)
	require.Contains(t, out, "now encrypts")

	changed := make(chan error, 1)
	go s.Keyring.Follow(t.Context(), 10*time.Millisecond, func(err error) {
		select {
		case changed <- err:
		default:
		}
	})
	require.NoError(t, <-changed)
	require.NotEqual(t, old, s.Keyring.Primary())
	require.NoError(t, s.Temporal.SignalWorkflow(t.Context(), "onramp/rotated", "", ramp.SubmitUTR, ramp.UTRSubmission{UTR: ramp.UTR(utrOf(1))}))

	order := s.awaitStatus(buy("rotated"), completionTime, ramp.Completed)
	byKey := make(map[string]int)
	for _, payload := range s.payloads(buy("rotated")) {
		byKey[codec.KeyID(payload)]++
	}
	require.Len(t, byKey, 2)
	require.Greater(t, byKey[old], 10)
	require.Greater(t, byKey[s.Keyring.Primary()], 10)
	require.Contains(t, fmt.Sprint(order.Timeline), "set aside is decrypted and read now", "the worker did not have the key when the order began")
	s.requireReplay(buy("rotated"))
	keys, err := codec.ListKeys(t.Context(), source)
	require.NoError(t, err)
	require.Equal(t, fmt.Sprint(keys[1].ID), s.Keyring.Primary())
}

func TestWorkerWithoutAKeysetDoesNotStart(t *testing.T) {
	t.Parallel()
	s := newStack(t, 60)
	s.Keyset = "/nowhere/keyset.json"
	refused := s.launchWorker()
	ctx, cancel := s.inTime()
	defer cancel()
	code, err := refused.Wait(ctx)
	require.NoError(t, err)
	require.NotZero(t, code)
	require.Contains(t, tail(refused.Log(), 5), "starter keyset create")
	_, problems, code := s.starter("status", "onramp/none")
	require.Equal(t, 1, code)
	require.NotEmpty(t, problems)
}
