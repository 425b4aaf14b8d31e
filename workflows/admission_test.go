package workflows_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"google.golang.org/protobuf/proto"

	"rampart/activities"
	"rampart/internal/payloadmeta"
	"rampart/ramp"
)

// began lets the order begin under rules.
func (w *world) began(rules activities.AdmissionRules, verified bool) {
	first := func(req activities.KYCStatusRequest) bool { return req.Admission != nil }
	w.OnActivity((*activities.Calls)(nil).KYCStatus, mock.Anything, mock.MatchedBy(first)).
		Return(activities.KYCStatusResult{Verified: verified, Rules: &rules}, nil).Once()
}

// sealed is a payload that no key of this worker can read, and opened the same one where a worker has key 9.
func sealed() converter.RawValue {
	return converter.NewRawValue(&commonpb.Payload{
		Metadata: map[string][]byte{
			converter.MetadataEncoding:     []byte(payloadmeta.Encoding),
			payloadmeta.MetadataKeyID:      []byte("9"),
			payloadmeta.MetadataUnreadable: []byte("unknown-key"),
		},
		Data: []byte("ciphertext"),
	})
}

func content(t *testing.T, value any) []byte {
	t.Helper()
	payload, err := converter.GetDefaultDataConverter().ToPayload(value)
	require.NoError(t, err)
	encoded, err := proto.Marshal(payload)
	require.NoError(t, err)
	return encoded
}

var inClear = []string{payloadmeta.MetadataUnencrypted, "true"}

func TestRefusedAdmissionAnswersEveryCallerWithItsReason(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	taken := &ramp.Error{
		Type: ramp.ReferenceTaken, Reference: reference, Message: "this reference belongs to an earlier order", RunID: "run-1",
		Order: &ramp.Order{Reference: reference, Status: ramp.Completed},
	}
	w.on((*activities.Calls)(nil).KYCStatus).After(time.Minute).Return(activities.KYCStatusResult{}, taken.ApplicationError())
	w.happy()
	waiting := w.update(time.Second, ramp.AwaitOrder)
	proof := w.update(2*time.Second, ramp.SubmitUTR, ramp.UTRSubmission{UTR: utr})
	w.signalUTR(3*time.Second, utr)

	failure := w.failure(ramp.OnrampWorkflow, onrampRequest())

	require.Equal(t, string(ramp.ReferenceTaken), failure.Type())
	var told ramp.Error
	require.NoError(t, failure.Details(&told))
	require.Equal(t, *taken, told)
	requireType(t, waiting.failed, ramp.ReferenceTaken)
	requireType(t, proof.failed, ramp.ReferenceTaken)
	_, err := w.QueryWorkflow(ramp.OrderQuery)
	require.ErrorContains(t, err, "an earlier order")
	w.AssertNotCalled(t, "CreateOnrampOrder", mock.Anything, mock.Anything)
}

func TestInvalidRequestAnswersEveryCallerWithItsError(t *testing.T) {
	t.Parallel()
	bad := onrampRequest()
	bad.Fiat.Amount = "minus one"
	w := newWorld(t, ramp.Onramp)
	waiting := w.update(0, ramp.AwaitOrder)

	failure := w.failure(ramp.OnrampWorkflow, bad)

	require.Equal(t, string(ramp.InvalidRequest), failure.Type())
	requireType(t, waiting.rejected, ramp.InvalidRequest)
	_, err := w.QueryWorkflow(ramp.OrderQuery)
	require.ErrorContains(t, err, "fiat.amount")
}

func TestWorkflowTypeInTheWrongCaseIsDeclinedWithTheRightOne(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{"onramp": "Onramp", "ONRAMP": "Onramp", "OffRamp": "Offramp"} {
		w := newWorld(t, ramp.Onramp)
		failure := w.failure(name, onrampRequest())
		require.Equal(t, string(ramp.InvalidRequest), failure.Type())
		require.ErrorContains(t, failure, "the workflow type must be "+want)
	}
}

func TestUnknownWorkflowTypeWaitsForAWorkerThatHasIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	w.ExecuteWorkflow("Transfer", onrampRequest())
	require.ErrorContains(t, w.GetWorkflowError(), "does not know the workflow type Transfer")
}

func TestMissingAndFurtherArgumentsAreNamed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	require.ErrorContains(t, w.failure(ramp.OnrampWorkflow, handed(t, onrampRequest(), payloadmeta.MetadataArguments, "2")),
		"one argument is expected, and 2 were sent")
	w = newWorld(t, ramp.Onramp)
	require.ErrorContains(t, w.failure(ramp.OnrampWorkflow, nil), "the argument is missing")
}

// await sends the update with a caller's own request.
func (w *world) await(after time.Duration, request any) *reply {
	w.t.Helper()
	encoded, err := json.Marshal(request)
	require.NoError(w.t, err)
	return w.update(after, ramp.AwaitOrder, ramp.Awaiting{Request: encoded})
}

func TestAwaitedOrderIsComparedByWhatItsRequestMeans(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	w.happy(completed)
	same := w.await(time.Minute, map[string]any{
		"walletAddress": "0x1111111111111111111111111111111111111111", "email": "asha@example.test", "reference": reference,
		"fiat":          map[string]any{"currency": "INR", "amount": "1000"},
		"token":         map[string]any{"chainId": 137, "symbol": "USDC", "address": "0x3c499c542cef5e3811e1192ce70d8cc03d5c3359"},
		"paymentMethod": "INR_UPI", "upi": map[string]any{"name": "Asha Rao", "id": "asha@okbank"},
		"kyc": map[string]any{"dossier": ""}, "quote": map[string]any{"confirm": false, "minReceived": ""}, "utr": "", "metadata": map[string]any{},
	})
	dearer := onrampRequest()
	dearer.Fiat.Amount = "1000.01"
	other := w.await(2*time.Minute, dearer)
	unknown := w.await(2*time.Minute, map[string]any{"reference": reference, "minRecieved": "1"})
	w.signalUTR(3*time.Minute, utr)

	w.buy(onrampRequest())

	require.NotNil(t, same.order)
	requireType(t, other.rejected, ramp.ReferenceTaken)
	requireType(t, unknown.rejected, ramp.InvalidRequest)
	require.ErrorContains(t, unknown.rejected, "minRecieved")
}

func TestAwaitedSaleIsComparedByWhatItsRequestMeans(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Offramp)
	w.happy(paidOut)
	written := offrampRequest()
	written.TokenAmount, written.KYC, written.Metadata = "100", &ramp.KYC{}, map[string]string{}
	same := w.await(time.Minute, written)
	written.TokenAmount = "100.1"
	other := w.await(time.Minute, written)
	w.at(2*time.Minute, func() { w.SignalWorkflow(ramp.SubmitTransactionHash, ramp.HashSubmission{TransactionHash: hash}) })

	w.sell(offrampRequest())

	require.NotNil(t, same.order)
	requireType(t, other.rejected, ramp.ReferenceTaken)
}

func TestProofInClearCountsUnderEveryRule(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	w.began(activities.AdmissionRules{AllowClear: false, KeyIDs: []string{"7"}}, true)
	w.happy(completed)
	w.at(time.Minute, func() { w.SignalWorkflow(ramp.SubmitUTR, handed(t, ramp.UTRSubmission{UTR: utr}, inClear...)) })

	require.Equal(t, ramp.Completed, w.buy(onrampRequest()).Status)
}

func TestAccountInClearCountsOnlyWhereTheOrderBeganSoAndWhileItIsAwaited(t *testing.T) {
	t.Parallel()
	mine := ramp.AccountSubmission{UPI: &ramp.UPIAccount{ID: "attacker@okbank", Name: "Mallory"}}
	play := func(t *testing.T, rules activities.AdmissionRules, status ramp.Status) (signal string, update *reply) {
		w := newWorld(t, ramp.Onramp)
		w.began(rules, status != ramp.AwaitingKYC)
		w.on((*activities.Calls)(nil).LinkedAccounts).Return(activities.LinkResult{State: activities.NotLinked}, nil).Maybe()
		w.on((*activities.Calls)(nil).LinkAccount).Return(activities.LinkResult{}, refusal("no such VPA")).Maybe()
		w.happy()
		update = w.update(time.Minute, ramp.SubmitAccount, handed(t, mine, inClear...))
		w.at(2*time.Minute, func() {
			w.SignalWorkflow(ramp.SubmitAccount, handed(t, mine, inClear...))
			require.Equal(t, status, w.order().Status)
		})
		w.at(3*time.Minute, func() { w.CancelWorkflow() })
		return notes(w.buy(onrampRequest())), update
	}

	t.Run("encrypted only", func(t *testing.T) {
		t.Parallel()
		signal, update := play(t, activities.AdmissionRules{AllowClear: false}, ramp.AwaitingAccount)
		requireType(t, update.rejected, ramp.Unencrypted)
		require.Contains(t, signal, "A submit-account signal was ignored: order inv-42: a submit-account must be encrypted")
	})
	t.Run("in clear, before it is awaited", func(t *testing.T) {
		t.Parallel()
		signal, update := play(t, activities.AdmissionRules{AllowClear: true}, ramp.AwaitingKYC)
		requireType(t, update.rejected, ramp.NotAwaited)
		require.Contains(t, signal, "A submit-account signal was ignored: order inv-42: not awaited")
	})
	t.Run("in clear, awaited", func(t *testing.T) {
		t.Parallel()
		_, update := play(t, activities.AdmissionRules{AllowClear: true}, ramp.AwaitingAccount)
		require.NoError(t, update.rejected)
	})
}

func TestRequestInClearIsNotComparedWhereTheOrderCameEncrypted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	w.happy(completed)
	encoded, err := json.Marshal(onrampRequest())
	require.NoError(t, err)
	spy := w.update(time.Minute, ramp.AwaitOrder, handed(t, ramp.Awaiting{Request: encoded}, inClear...))
	w.signalUTR(2*time.Minute, utr)

	w.buy(onrampRequest())

	requireType(t, spy.rejected, ramp.Unencrypted)
}

func TestMessageWithoutAKeyIsKeptAndHandledOnceAWorkerHasTheKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	w.began(activities.AdmissionRules{KeyIDs: []string{"7"}}, true)
	w.on((*activities.Calls)(nil).ReadMessage).After(time.Hour).
		Return(activities.ReadMessageResult{Opened: content(t, ramp.UTRSubmission{UTR: utr})}, nil).Once()
	w.happy(completed)
	w.at(time.Minute, func() { w.SignalWorkflow(ramp.SubmitUTR, sealed()) })
	var meanwhile ramp.Order
	w.at(2*time.Minute, func() { meanwhile = w.order() })
	refused := w.update(3*time.Minute, ramp.SubmitUTR, sealed())

	order := w.buy(onrampRequest())

	require.Contains(t, meanwhile.Attention, "a submit-utr signal cannot be read: it is encrypted with key 9")
	require.Equal(t, ramp.AwaitingPayment, meanwhile.Status)
	requireType(t, refused.rejected, ramp.Unreadable)
	require.Equal(t, ramp.Completed, order.Status)
	require.Equal(t, utr, string(order.Proof.UTR))
	require.Contains(t, notes(order), "set aside is decrypted and read now")
}

func TestMessageThatNobodyCanReadFreezesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	w.began(activities.AdmissionRules{KeyIDs: []string{"7"}}, true)
	w.on((*activities.Calls)(nil).ReadMessage).Return(activities.ReadMessageResult{},
		temporal.NewApplicationError("no key", activities.ErrKeyMissing)).Maybe()
	w.happy(completed)
	for i := range 30 {
		w.at(time.Minute+time.Duration(i)*time.Second, func() { w.SignalWorkflow(ramp.SubmitKYC, sealed()) })
	}
	w.at(2*time.Minute, func() { w.SignalWorkflow("submit-nonsense", sealed()) })
	w.signalUTR(3*time.Minute, utr)

	order := w.buy(onrampRequest())

	require.Equal(t, ramp.Completed, order.Status)
	require.Contains(t, notes(order), "one of too many")
	require.Contains(t, notes(order), "unknown name submit-nonsense")
	require.Empty(t, order.Attention)
}

func TestProofUnderAKeyThatWorkersHaveIsReadHoweverManyMessagesNobodyCanRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	w.began(activities.AdmissionRules{KeyIDs: []string{"7"}}, true)
	w.on((*activities.Calls)(nil).ReadMessage).Return(func(_ context.Context, req activities.ReadMessageRequest) (activities.ReadMessageResult, error) {
		if req.KeyID != "8" {
			return activities.ReadMessageResult{}, temporal.NewApplicationError("no key", activities.ErrKeyMissing)
		}
		return activities.ReadMessageResult{Opened: content(t, ramp.UTRSubmission{UTR: utr})}, nil
	})
	w.happy(completed)
	w.at(time.Minute, func() {
		for range 30 {
			w.SignalWorkflow(ramp.SubmitUTR, sealed())
		}
	})
	w.at(2*time.Minute, func() {
		w.SignalWorkflow(ramp.SubmitUTR, handed(t, ramp.UTRSubmission{UTR: utr}, payloadmeta.MetadataKeyID, "8"))
	})

	order := w.buy(onrampRequest())

	require.Equal(t, ramp.Completed, order.Status)
	require.Equal(t, utr, string(order.Proof.UTR))
}

func TestMessageTooLargeToKeepIsIgnoredWhetherThisWorkerHasItsKeyOrNot(t *testing.T) {
	t.Parallel()
	for _, message := range []converter.RawValue{
		handed(t, ramp.UTRSubmission{UTR: otherUTR}, payloadmeta.MetadataKeyID, "9", payloadmeta.MetadataLarge, "true"),
		handed(t, "ciphertext", payloadmeta.MetadataKeyID, "9", payloadmeta.MetadataLarge, "true", payloadmeta.MetadataUnreadable, "unknown-key"),
	} {
		w := newWorld(t, ramp.Onramp)
		w.began(activities.AdmissionRules{KeyIDs: []string{"7"}}, true)
		w.happy(completed)
		w.at(time.Minute, func() { w.SignalWorkflow(ramp.SubmitUTR, message) })
		w.signalUTR(2*time.Minute, utr)

		order := w.buy(onrampRequest())

		require.Equal(t, utr, string(order.Proof.UTR))
		require.Contains(t, notes(order), "too large, or one of too many")
	}
}

func TestMessageThatNobodyCanReadFreezesNoOrderThatDoesNotBegin(t *testing.T) {
	t.Parallel()
	taken := &ramp.Error{Type: ramp.ReferenceTaken, Reference: reference, Message: "taken", RunID: "run-1"}
	w := newWorld(t, ramp.Onramp)
	w.on((*activities.Calls)(nil).KYCStatus).After(time.Minute).Return(activities.KYCStatusResult{}, taken.ApplicationError())
	w.happy()
	w.at(time.Second, func() { w.SignalWorkflow(ramp.SubmitUTR, sealed()) })
	require.Equal(t, string(ramp.ReferenceTaken), w.failure(ramp.OnrampWorkflow, onrampRequest()).Type())

	w = newWorld(t, ramp.Onramp)
	w.on((*activities.Calls)(nil).KYCStatus).After(time.Hour).Return(activities.KYCStatusResult{}, nil).Maybe()
	w.happy()
	w.at(time.Second, func() { w.SignalWorkflow(ramp.SubmitUTR, sealed()) })
	w.at(2*time.Second, func() { w.CancelWorkflow() })
	require.Equal(t, ramp.Cancelled, w.buy(onrampRequest()).Status)
}

func TestKeptMessageOfAnotherOrderIsIgnored(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	w.began(activities.AdmissionRules{KeyIDs: []string{"7"}}, true)
	w.on((*activities.Calls)(nil).ReadMessage).Return(activities.ReadMessageResult{}, nil).Once()
	w.happy(completed)
	w.at(time.Minute, func() { w.SignalWorkflow(ramp.SubmitUTR, sealed()) })
	w.signalUTR(3*time.Minute, utr)

	require.Contains(t, notes(w.buy(onrampRequest())), "was set aside is ignored: it was encrypted for another order")
}

func TestMessagesThatComeBeforeTheOrderBeginsAreReadOnceItHas(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	w.on((*activities.Calls)(nil).KYCStatus).After(time.Minute).
		Return(activities.KYCStatusResult{Verified: true, Rules: &activities.AdmissionRules{KeyIDs: []string{"7"}}}, nil).Once()
	w.on((*activities.Calls)(nil).ReadMessage).Return(activities.ReadMessageResult{Opened: content(t, ramp.UTRSubmission{UTR: otherUTR})}, nil).Once()
	w.happy(completed)
	w.at(time.Second, func() { w.SignalWorkflow(ramp.SubmitUTR, sealed()) })

	require.Equal(t, otherUTR, string(w.buy(onrampRequest()).Proof.UTR))
}

func TestRequestThatNoKeyReadsWaitsForAWorkerThatHasIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	w.ExecuteWorkflow(ramp.OnrampWorkflow, sealed())
	require.ErrorContains(t, w.GetWorkflowError(), "key 9, which this worker's keyset lacks")
}
