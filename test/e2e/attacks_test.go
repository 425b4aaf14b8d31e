package e2e_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	failurepb "go.temporal.io/api/failure/v1"
	historypb "go.temporal.io/api/history/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"

	"rampart/codec"
	"rampart/ramp"
)

// These tests attack running orders as a party that may write to the namespace and has no keys (docs/explanation/security.md). What it
// writes may stop an order's workflow task until an operator resets the order to an earlier event; it does not change the order.

// startPaid starts an on-ramp order and returns it once the provider has accepted its proof.
func (s *stack) startPaid(reference string) *ramp.Order {
	s.t.Helper()
	_, err := s.Orders.StartOnramp(s.t.Context(), onrampRequest(reference))
	require.NoError(s.t, err)
	order, err := s.Orders.SubmitUTR(s.t.Context(), reference, utrOf(1))
	require.NoError(s.t, err)
	return order
}

// awaitPending waits until an activity of a type is pending, and returns it.
func (s *stack) awaitPending(id ramp.ID, activityType string) *workflowpb.PendingActivityInfo {
	s.t.Helper()
	var found *workflowpb.PendingActivityInfo
	eventually(s.t, patience, func() error {
		described, err := s.Temporal.DescribeWorkflowExecution(s.t.Context(), id.Direction.WorkflowID(id.Reference), "")
		if err != nil {
			return err
		}
		for _, pending := range described.GetPendingActivities() {
			if pending.GetActivityType().GetName() == activityType {
				found = pending
				return nil
			}
		}
		return fmt.Errorf("no %s is pending", activityType)
	})
	return found
}

// forgeFailure fails a pending activity as a client without keys.
func (s *stack) forgeFailure(id ramp.ID, activityType string, failure *failurepb.Failure) {
	s.t.Helper()
	eventually(s.t, patience, func() error {
		_, err := s.outsider().WorkflowService().RespondActivityTaskFailedById(s.t.Context(), &workflowservice.RespondActivityTaskFailedByIdRequest{
			Namespace: "default", WorkflowId: id.Direction.WorkflowID(id.Reference), Failure: failure,
			ActivityId: s.awaitPending(id, activityType).GetActivityId(), Identity: "an outsider",
		})
		return err
	})
}

// forgeResult completes a pending activity as a client without keys.
func (s *stack) forgeResult(id ramp.ID, activityType string, result *commonpb.Payload) {
	s.t.Helper()
	_, err := s.outsider().WorkflowService().RespondActivityTaskCompletedById(s.t.Context(), &workflowservice.RespondActivityTaskCompletedByIdRequest{
		Namespace: "default", WorkflowId: id.Direction.WorkflowID(id.Reference), Result: &commonpb.Payloads{Payloads: []*commonpb.Payload{result}},
		ActivityId: s.awaitPending(id, activityType).GetActivityId(), Identity: "an outsider",
	})
	require.NoError(s.t, err)
}

func clearPayload(t *testing.T, value any) *commonpb.Payload {
	t.Helper()
	payload, err := converter.GetDefaultDataConverter().ToPayload(value)
	require.NoError(t, err)
	return payload
}

func applicationFailure(t *testing.T, kind string, details any) *failurepb.Failure {
	t.Helper()
	return &failurepb.Failure{
		Message: "said by an outsider",
		FailureInfo: &failurepb.Failure_ApplicationFailureInfo{ApplicationFailureInfo: &failurepb.ApplicationFailureInfo{
			Type: kind, NonRetryable: true, Details: &commonpb.Payloads{Payloads: []*commonpb.Payload{clearPayload(t, details)}},
		}},
	}
}

// requireStopped requires that an order's workflow task fails and that the order runs.
func (s *stack) requireStopped(id ramp.ID) {
	s.t.Helper()
	workflowID := id.Direction.WorkflowID(id.Reference)
	eventually(s.t, patience, func() error {
		described, err := s.Temporal.DescribeWorkflowExecution(s.t.Context(), workflowID, "")
		if err != nil {
			return err
		}
		require.Equal(s.t, enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING, described.GetWorkflowExecutionInfo().GetStatus())
		if described.GetPendingWorkflowTask().GetAttempt() < 2 {
			return errors.New("the workflow task has not failed")
		}
		return nil
	})
}

// resetBeforeForgery resets an order to the last workflow task before the forged event, as the runbook describes.
func (s *stack) resetBeforeForgery(id ramp.ID) {
	s.t.Helper()
	var task int64
	for _, event := range s.history(id).GetEvents() {
		if isForged(event) {
			break
		}
		if event.GetEventType() == enumspb.EVENT_TYPE_WORKFLOW_TASK_COMPLETED {
			task = event.GetEventId()
		}
	}
	_, err := s.Temporal.ResetWorkflowExecution(s.t.Context(), &workflowservice.ResetWorkflowExecutionRequest{
		Namespace:                 "default",
		WorkflowExecution:         &commonpb.WorkflowExecution{WorkflowId: id.Direction.WorkflowID(id.Reference)},
		Reason:                    "a forged answer",
		WorkflowTaskFinishEventId: task,
		RequestId:                 id.Reference,
	})
	require.NoError(s.t, err)
}

func isForged(event *historypb.HistoryEvent) bool {
	const outsider = "an outsider"
	return event.GetActivityTaskFailedEventAttributes().GetIdentity() == outsider ||
		event.GetActivityTaskCompletedEventAttributes().GetIdentity() == outsider
}

func TestForgedFailureEndsNoPaidOrder(t *testing.T) {
	t.Parallel()
	refused := map[string]any{"httpStatus": 403, "reason": "no"}
	for name, failure := range map[string]func(*testing.T) *failurepb.Failure{
		"refusal":   func(t *testing.T) *failurepb.Failure { return applicationFailure(t, "ProviderRefused", refused) },
		"unknown":   func(t *testing.T) *failurepb.Failure { return applicationFailure(t, "Anything", refused) },
		"takenover": func(t *testing.T) *failurepb.Failure { return applicationFailure(t, "ReferenceTaken", refused) },
		"cancelled": func(*testing.T) *failurepb.Failure {
			return &failurepb.Failure{FailureInfo: &failurepb.Failure_CanceledFailureInfo{CanceledFailureInfo: &failurepb.CanceledFailureInfo{}}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStack(t, 6)
			id := buy("forged-" + name)
			s.startPaid(id.Reference)

			s.forgeFailure(id, "WatchOrder", failure(t))

			s.requireStopped(id)
			s.resetBeforeForgery(id)
			s.setClock(`{"speed":600}`)
			s.awaitStatus(id, completionTime, ramp.Completed)
			s.requireOneOrder(t, id)
		})
	}
}

func TestForgedQuoteExpiryMakesNoSecondOrder(t *testing.T) {
	t.Parallel()
	n := new(network)
	s := newStack(t, 60, withNetwork(n))
	n.fail("POST /v1/orders/create", networkFault{left: 1 << 30, status: 503, slow: 2 * time.Second})
	s.startPlainly(buy("forged-quote"), onrampRequest("forged-quote"))

	s.forgeFailure(buy("forged-quote"), "CreateOnrampOrder", applicationFailure(t, "QuoteExpired", map[string]any{}))

	s.requireStopped(buy("forged-quote"))
	n.fail("POST /v1/orders/create", networkFault{})
	s.resetBeforeForgery(buy("forged-quote"))
	s.awaitStatus(buy("forged-quote"), completionTime, ramp.AwaitingPayment)
	s.requireOneOrder(t, buy("forged-quote"))
}

func TestForgedResultChangesNoOrder(t *testing.T) {
	t.Parallel()
	t.Run("in clear", func(t *testing.T) {
		t.Parallel()
		s := newStack(t, 6)
		s.startPaid("forged-clear")
		s.forgeResult(buy("forged-clear"), "WatchOrder", clearPayload(t, map[string]any{
			"end": "decided", "state": map[string]any{"providerStatus": "completed", "status": "completed"},
		}))
		s.requireStopped(buy("forged-clear"))
	})
	t.Run("of another role", func(t *testing.T) {
		t.Parallel()
		s := newStack(t, 6)
		s.startPaid("forged-role")
		s.forgeResult(buy("forged-role"), "WatchOrder", s.updateResponseOf(buy("forged-role"), ramp.SubmitUTR))
		s.requireStopped(buy("forged-role"))
		s.resetBeforeForgery(buy("forged-role"))
		s.setClock(`{"speed":600}`)
		s.awaitStatus(buy("forged-role"), completionTime, ramp.Completed)
	})
	t.Run("of another activity", func(t *testing.T) {
		t.Parallel()
		s := newStack(t, 6)
		s.startPaid("forged-activity")
		s.forgeResult(buy("forged-activity"), "WatchOrder", s.resultOf(buy("forged-activity"), "KYCStatus"))
		s.requireStopped(buy("forged-activity"))
	})
}

// updateResponseOf returns the payload of an order's response to an update.
func (s *stack) updateResponseOf(id ramp.ID, update string) *commonpb.Payload {
	s.t.Helper()
	accepted := make(map[int64]bool)
	for _, event := range s.history(id).GetEvents() {
		if event.GetWorkflowExecutionUpdateAcceptedEventAttributes().GetAcceptedRequest().GetInput().GetName() == update {
			accepted[event.GetEventId()] = true
		}
		if completed := event.GetWorkflowExecutionUpdateCompletedEventAttributes(); accepted[completed.GetAcceptedEventId()] {
			return completed.GetOutcome().GetSuccess().GetPayloads()[0]
		}
	}
	s.t.Fatal("no answer")
	return nil
}

// resultOf returns the payload of an activity's result.
func (s *stack) resultOf(id ramp.ID, activityType string) *commonpb.Payload {
	s.t.Helper()
	scheduled := make(map[int64]bool)
	for _, event := range s.history(id).GetEvents() {
		if event.GetActivityTaskScheduledEventAttributes().GetActivityType().GetName() == activityType {
			scheduled[event.GetEventId()] = true
		}
		if completed := event.GetActivityTaskCompletedEventAttributes(); scheduled[completed.GetScheduledEventId()] {
			return completed.GetResult().GetPayloads()[0]
		}
	}
	s.t.Fatal("no result")
	return nil
}

func TestClearRequestIsRefusedUnlessClearIsAllowed(t *testing.T) {
	t.Parallel()
	s := newStack(t, 60, withEnvironment("RAMP_ALLOW_CLEAR=false"))
	_, err := s.outsider().ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: "onramp/clear", TaskQueue: ramp.TaskQueue},
		"Onramp", onrampRequest("clear"))
	require.NoError(t, err)

	told := requireContractError(t, s.Temporal.GetWorkflow(t.Context(), "onramp/clear", "").Get(t.Context(), nil), ramp.Unencrypted)

	require.Contains(t, told.Message, "RAMP_ALLOW_CLEAR")
	require.Empty(t, s.ledger().Orders)
	require.Zero(t, s.ledger().Users, "nobody is logged in")
}

func TestClearAccountIsNotAccepted(t *testing.T) {
	t.Parallel()
	attacker := map[string]any{"upi": map[string]string{"id": "mallory@okbank", "name": "Mallory"}}
	for rule, want := range map[string]string{"false": "must be encrypted", "true": "not awaited: unencrypted, it is accepted only while"} {
		t.Run(rule, func(t *testing.T) {
			t.Parallel()
			s := newStack(t, 60, withEnvironment("RAMP_ALLOW_CLEAR="+rule))
			ended := make(chan error, 1)
			request := unverified("review", "nokyc")
			go func() {
				_, err := s.Orders.StartOnramp(t.Context(), request)
				ended <- err
			}()
			require.NoError(t, <-ended)
			s.awaitStatus(buy("review"), completionTime, ramp.AwaitingKYC)

			require.NoError(t, s.outsider().SignalWorkflow(t.Context(), "onramp/review", "", ramp.SubmitAccount, attacker))

			order := s.await(buy("review"), completionTime, func(order *ramp.Order) bool { return len(order.Timeline) > 2 })
			require.Contains(t, order.Timeline[len(order.Timeline)-1].Note, want)
		})
	}
}

func TestClearProofAndCancellationAreAlwaysAccepted(t *testing.T) {
	t.Parallel()
	s := newStack(t, 60, withEnvironment("RAMP_ALLOW_CLEAR=false"))
	for _, reference := range []string{"proven", "dropped"} {
		_, err := s.Orders.StartOnramp(t.Context(), onrampRequest(reference))
		require.NoError(t, err)
	}
	outsider := s.outsider()
	require.NoError(t, outsider.SignalWorkflow(t.Context(), "onramp/proven", "", ramp.SubmitUTR, map[string]string{"utr": utrOf(1)}))
	require.NoError(t, outsider.CancelWorkflow(t.Context(), "onramp/dropped", ""))

	s.awaitStatus(buy("proven"), completionTime, ramp.Completed)
	s.awaitStatus(buy("dropped"), completionTime, ramp.Cancelled)
}

func TestUndecryptableSignalBlocksNoOrder(t *testing.T) {
	t.Parallel()
	s := newStack(t, 60)
	stranger, err := codec.NewKeyring()
	require.NoError(t, err)
	strange := codec.New(stranger, "default").WithSerializationContext(converter.WorkflowSerializationContext{
		Namespace: "default", WorkflowID: "onramp/poison",
	})
	poison, err := strange.Encode([]*commonpb.Payload{clearPayload(t, map[string]string{"utr": utrOf(7)})})
	require.NoError(t, err)
	_, err = s.Orders.StartOnramp(t.Context(), onrampRequest("poison"))
	require.NoError(t, err)
	for _, name := range []string{ramp.SubmitUTR, ramp.SubmitKYC, "anything"} {
		_, err = s.outsider().WorkflowService().SignalWorkflowExecution(t.Context(), &workflowservice.SignalWorkflowExecutionRequest{
			Namespace: "default", WorkflowExecution: &commonpb.WorkflowExecution{WorkflowId: "onramp/poison"},
			SignalName: name, Input: &commonpb.Payloads{Payloads: poison},
		})
		require.NoError(t, err)
	}
	aside := s.await(buy("poison"), completionTime, func(order *ramp.Order) bool { return order.Attention != "" })
	require.Contains(t, aside.Attention, "cannot be read")

	order, err := s.Orders.SubmitUTR(t.Context(), "poison", utrOf(1))

	require.NoError(t, err)
	require.True(t, order.Accepted())
	s.awaitStatus(buy("poison"), completionTime, ramp.Completed)
	s.requireReplay(buy("poison"))
}

// A backend may get a new key before the workers, although the documentation advises against it.
func TestProofUnderAnUnknownKeyIsReadOnceTheKeyIsKnown(t *testing.T) {
	t.Parallel()
	s := newStack(t, 20)
	_, err := s.Orders.StartOnramp(t.Context(), onrampRequest("late-key"))
	require.NoError(t, err)
	ahead := s.dialWithNewKey()
	require.NoError(t, ahead.SignalWorkflow(t.Context(), "onramp/late-key", "", ramp.SubmitUTR, map[string]string{"utr": utrOf(1)}))
	s.await(buy("late-key"), completionTime, func(order *ramp.Order) bool { return order.Attention != "" })

	s.distributeNewKey()

	order := s.awaitStatus(buy("late-key"), 2*completionTime, ramp.Completed)
	require.Equal(t, utrOf(1), string(order.Proof.UTR))
	notes, err := json.Marshal(order.Timeline)
	require.NoError(t, err)
	require.Contains(t, string(notes), "set aside is decrypted and read now")
}

// dialWithNewKey connects as a backend that encrypts with a key that no other program has.
func (s *stack) dialWithNewKey() client.Client {
	s.t.Helper()
	stored, err := os.ReadFile(s.Keyset)
	require.NoError(s.t, err)
	source := codec.KeysetSource{File: filepath.Join(s.t.TempDir(), "ahead.json")}
	require.NoError(s.t, os.WriteFile(source.File, stored, 0o600))
	_, err = codec.AddKey(s.t.Context(), source)
	require.NoError(s.t, err)
	s.newKeyset, err = os.ReadFile(source.File)
	require.NoError(s.t, err)
	_, err = codec.PromoteKey(s.t.Context(), source)
	require.NoError(s.t, err)
	s.newKeyring, err = codec.OpenKeyring(s.t.Context(), source)
	require.NoError(s.t, err)
	return s.dial(client.Options{}, s.newKeyring)
}

// distributeNewKey adds the key of dialWithNewKey to the worker's keyset.
func (s *stack) distributeNewKey() {
	s.t.Helper()
	require.NoError(s.t, os.WriteFile(s.Keyset, s.newKeyset, 0o600))
}
