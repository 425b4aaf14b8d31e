package e2e_test

import (
	"context"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"google.golang.org/protobuf/proto"

	"rampart/ramp"
	"rampart/test/testbed"
)

// completionTime is how long an order may take from accepted proof to its end, with the clocks of these tests.
const completionTime = 2 * time.Minute

func TestOnrampAndOfframpOrdersComplete(t *testing.T) {
	t.Parallel()
	s := newStack(t, 30)

	bought, err := s.Orders.StartOnramp(t.Context(), onrampRequest("buy-1"))
	require.NoError(t, err)
	require.Equal(t, ramp.AwaitingPayment, bought.Status)
	require.Contains(t, bought.Instructions.UPI.QR, "upi://pay?")
	require.NotEmpty(t, bought.Instructions.UPI.VPA)
	sold, err := s.Orders.StartOfframp(t.Context(), offrampRequest("sell-1"))
	require.NoError(t, err)
	require.Equal(t, ramp.AwaitingPayment, sold.Status)
	require.Equal(t, "100", sold.Instructions.Deposit.Amount)
	require.NotEmpty(t, sold.Instructions.Deposit.WalletAddress)

	bought, err = s.Orders.SubmitUTR(t.Context(), "buy-1", utrOf(1))
	require.NoError(t, err)
	require.True(t, bought.Accepted())
	sold, err = s.Orders.SubmitTransactionHash(t.Context(), "sell-1", hashOf(1))
	require.NoError(t, err)
	require.True(t, sold.Accepted())

	bought = s.awaitStatus(buy("buy-1"), completionTime, ramp.Completed)
	require.Equal(t, bought.Quote.Receive.Currency, bought.Settlement.Amount.Currency)
	require.NotEmpty(t, bought.Settlement.TransactionHash)
	sold = s.awaitStatus(sell("sell-1"), completionTime, ramp.Completed)
	require.Equal(t, "INR", sold.Settlement.Amount.Currency)

	ledger := s.ledger()
	require.Len(t, ledger.Orders, 2)
	require.Len(t, ledger.Proofs, 2)
	require.Len(t, ledger.Payouts, 2)
	require.Equal(t, map[string]string{"reference": "buy-1"}, ledger.Orders[0].MetaData)
	s.requireNoSecrets(buy("buy-1"), sell("sell-1"))
	s.requireSummaries(buy("buy-1"), sell("sell-1"))
	s.requireReplay(buy("buy-1"), sell("sell-1"))
}

// jwt matches the beginning of every token of the provider.
var jwt = regexp.MustCompile(`eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}`)

// requireNoSecrets requires that the stored histories contain no token and no credential.
func (s *stack) requireNoSecrets(orders ...ramp.ID) {
	s.t.Helper()
	require.Regexp(s.t, jwt, s.login(), "the scan would not find a token")
	for _, order := range orders {
		stored, err := proto.Marshal(s.history(order))
		require.NoError(s.t, err)
		require.Contains(s.t, string(stored), order.Reference, "the scan would not find anything")
		require.NotRegexp(s.t, jwt, string(stored))
		for _, secret := range []string{testbed.APIKey, testbed.APISecret, testbed.KYCSecret, "Bearer"} {
			require.NotContains(s.t, string(stored), secret)
		}
	}
}

// requireSummaries requires that every activity and timer has a summary for the Web UI.
func (s *stack) requireSummaries(orders ...ramp.ID) {
	s.t.Helper()
	for _, order := range orders {
		described := 0
		for _, event := range s.history(order).GetEvents() {
			switch event.GetEventType() {
			case enumspb.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED, enumspb.EVENT_TYPE_TIMER_STARTED, enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED:
				require.NotEmpty(s.t, event.GetUserMetadata().GetSummary().GetData(), "event %d", event.GetEventId())
				described++
			}
		}
		require.Greater(s.t, described, 8)
	}
}

func TestHistoryDoesNotGrowWithPolls(t *testing.T) {
	t.Parallel()
	s := newStack(t, 60)
	order, err := s.Orders.StartOnramp(t.Context(), onrampRequest("short"))
	require.NoError(t, err)
	s.setClock(`{"speed":0}`)
	_, err = s.Orders.SubmitUTR(t.Context(), "short", utrOf(1))
	require.NoError(t, err)

	for _, status := range []string{"fiatReceived", "transferred", "completed"} {
		s.awaitPolls(order.OrderID, 20)
		s.setProviderStatus(order.OrderID, status)
		s.await(buy("short"), completionTime, func(order *ramp.Order) bool { return order.ProviderStatus == status })
	}

	s.awaitStatus(buy("short"), completionTime, ramp.Completed)
	events := s.history(buy("short")).GetEvents()
	require.LessOrEqual(t, len(events), 66)
	require.GreaterOrEqual(t, s.ledger().Calls["POST /v1/orders/status"], 60)
	t.Logf("%d events for %d polls", len(events), s.ledger().Calls["POST /v1/orders/status"])
}

func TestOrderStartedAndSignalledWithPlainJSONCompletes(t *testing.T) {
	t.Parallel()
	s := newStack(t, 60)
	input := map[string]any{
		"reference":     "plain",
		"email":         "asha+linked@example.test",
		"fiat":          map[string]any{"currency": "INR", "amount": "1000.00"},
		"token":         map[string]any{"symbol": "USDC", "address": "0x3c499c542cef5e3811e1192ce70d8cc03d5c3359", "chainId": 137},
		"walletAddress": "0x1111111111111111111111111111111111111111",
		"paymentMethod": "INR_UPI",
		"upi":           map[string]any{"id": "asha@okbank", "name": "Asha Rao"},
	}
	run, err := s.Temporal.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: "onramp/plain", TaskQueue: "ramp"}, "Onramp", input)
	require.NoError(t, err)
	awaited, err := s.Temporal.UpdateWorkflow(t.Context(), client.UpdateWorkflowOptions{
		WorkflowID: "onramp/plain", UpdateName: "await-order", WaitForStage: client.WorkflowUpdateStageCompleted,
	})
	require.NoError(t, err)
	var instructed map[string]any
	require.NoError(t, awaited.Get(t.Context(), &instructed))
	require.Equal(t, "awaiting_payment", instructed["status"])
	require.NoError(t, s.Temporal.SignalWorkflow(t.Context(), "onramp/plain", "", "submit-utr", map[string]string{"utr": utrOf(1)}))

	var order map[string]any
	require.NoError(t, run.Get(t.Context(), &order))

	require.Equal(t, "completed", order["status"])
	require.Equal(t, "onramp", order["direction"])
	description, err := s.Temporal.DescribeWorkflow(t.Context(), "onramp/plain", "")
	require.NoError(t, err)
	direction, _ := description.TypedSearchAttributes.GetKeyword(ramp.DirectionKey)
	status, _ := description.TypedSearchAttributes.GetKeyword(ramp.StatusKey)
	amount, _ := description.TypedSearchAttributes.GetFloat64(ramp.FiatAmountKey)
	require.Equal(t, "onramp", direction)
	require.Equal(t, "completed", status)
	require.InDelta(t, 1000, amount, 0.001)
}

func TestSameReferenceIsTheSameOrder(t *testing.T) {
	t.Parallel()
	s := newStack(t, 60)
	first, err := s.Orders.StartOnramp(t.Context(), onrampRequest("once"))
	require.NoError(t, err)
	second, err := s.Orders.StartOnramp(t.Context(), onrampRequest("once"))
	require.NoError(t, err)
	require.Equal(t, first.OrderID, second.OrderID)
	other := onrampRequest("once")
	other.Fiat.Amount = "2000.00"
	_, err = s.Orders.StartOnramp(t.Context(), other)
	require.True(t, ramp.IsError(err, ramp.ReferenceTaken), "%v", err)

	_, err = s.Orders.SubmitUTR(t.Context(), "once", utrOf(1))
	require.NoError(t, err)
	s.awaitStatus(buy("once"), completionTime, ramp.Completed)

	third, err := s.Orders.StartOnramp(t.Context(), onrampRequest("once"))
	require.NoError(t, err)
	require.Equal(t, ramp.Completed, third.Status)
	_, err = s.Orders.StartOnramp(t.Context(), other)
	require.True(t, ramp.IsError(err, ramp.ReferenceTaken), "%v", err)
	require.Len(t, s.ledger().Orders, 1)

	_, err = s.Orders.SubmitUTR(t.Context(), "once", utrOf(2))
	require.True(t, ramp.IsError(err, ramp.OrderOver), "%v", err)
}

func TestInvalidRequestIsRefusedByTheClientAndByTheWorkflow(t *testing.T) {
	t.Parallel()
	s := newStack(t, 60)
	request := onrampRequest("bad")
	request.Fiat.Amount, request.WalletAddress = "0", "nowhere"

	_, err := s.Orders.StartOnramp(t.Context(), request)
	require.True(t, ramp.IsError(err, ramp.InvalidRequest), "%v", err)
	_, err = s.Orders.Get(t.Context(), buy("bad"))
	require.True(t, ramp.IsError(err, ramp.NotFound), "%v", err)

	run, err := s.Temporal.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: "onramp/bad", TaskQueue: "ramp"}, "Onramp", request)
	require.NoError(t, err)
	var application *temporal.ApplicationError
	require.ErrorAs(t, run.Get(t.Context(), nil), &application)
	require.Equal(t, "InvalidRequest", application.Type())
	_, err = s.Orders.Get(t.Context(), buy("bad"))
	require.True(t, ramp.IsError(err, ramp.InvalidRequest), "%v", err)
	require.ErrorContains(t, err, "walletAddress")
	require.Empty(t, s.ledger().Orders)
}

func TestRefusedProofIsReportedAndTheNextOneCounts(t *testing.T) {
	t.Parallel()
	s := newStack(t, 60)
	_, err := s.Orders.StartOnramp(t.Context(), onrampRequest("retry"))
	require.NoError(t, err)

	_, err = s.Orders.SubmitUTR(t.Context(), "retry", "123")
	require.True(t, ramp.IsError(err, ramp.InvalidRequest), "%v", err)
	_, err = s.Orders.SubmitUTR(t.Context(), "retry", "000000000000")
	require.True(t, ramp.IsError(err, ramp.ProofRefused), "%v", err)
	require.ErrorContains(t, err, "Invalid UTR")
	order, err := s.Orders.SubmitUTR(t.Context(), "retry", utrOf(1))
	require.NoError(t, err)
	require.Equal(t, utrOf(1), string(order.Proof.UTR))

	s.awaitStatus(buy("retry"), completionTime, ramp.Completed)
	_, err = s.Orders.SubmitUTR(t.Context(), "retry", utrOf(2))
	require.True(t, ramp.IsError(err, ramp.OrderOver), "%v", err)
	s.requireReplay(buy("retry"))
}

func TestCancellationEndsAnUnpaidOrderAndIsRefusedForAPaidOne(t *testing.T) {
	t.Parallel()
	s := newStack(t, 60)
	for _, reference := range []string{"unpaid", "paid"} {
		_, err := s.Orders.StartOnramp(t.Context(), onrampRequest(reference))
		require.NoError(t, err)
	}
	s.setClock(`{"speed":0}`)

	order, err := s.Orders.Cancel(t.Context(), buy("unpaid"))
	require.NoError(t, err)
	require.Equal(t, ramp.Cancelled, order.Status)
	description, err := s.Temporal.DescribeWorkflow(t.Context(), "onramp/unpaid", "")
	require.NoError(t, err)
	require.Equal(t, enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED, description.Status)

	_, err = s.Orders.SubmitUTR(t.Context(), "paid", utrOf(1))
	require.NoError(t, err)
	_, err = s.Orders.Cancel(t.Context(), buy("paid"))
	require.True(t, ramp.IsError(err, ramp.CancelRefused), "%v", err)
	s.setClock(`{"speed":60}`)
	s.awaitStatus(buy("paid"), completionTime, ramp.Completed)
	s.requireReplay(buy("paid"), buy("unpaid"))
}

func TestOrdersAreListedByTheirSearchAttributes(t *testing.T) {
	t.Parallel()
	s := newStack(t, 60)
	_, err := s.Orders.StartOnramp(t.Context(), onrampRequest("list-1"))
	require.NoError(t, err)
	sold, err := s.Orders.StartOfframp(t.Context(), offrampRequest("list-2"))
	require.NoError(t, err)

	for _, filter := range []ramp.Filter{
		{Direction: ramp.Offramp},
		{OrderID: sold.OrderID},
		{Direction: ramp.Offramp, Token: "USDC", Statuses: []ramp.Status{ramp.AwaitingPayment, ramp.Settling}, StartedAfter: time.Now().Add(-time.Hour)},
	} {
		eventually(t, patience, func() error { return s.checkList(filter, "list-2") })
	}
	eventually(t, patience, func() error { return s.checkList(ramp.Filter{}, "list-2", "list-1") })
	eventually(t, patience, func() error { return s.checkList(ramp.Filter{Attention: true}) })
}

func TestStartThatTimesOutIsNotReadyAndTheOrderContinues(t *testing.T) {
	t.Parallel()
	s := newStack(t, 60)
	s.stop(s.worker)
	soon, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()

	_, err := s.Orders.StartOnramp(soon, onrampRequest("later"))

	require.True(t, ramp.IsError(err, ramp.NotReady), "%v", err)
	s.startWorker()
	s.awaitStatus(buy("later"), completionTime, ramp.AwaitingPayment)
}

func TestAccountIsLinkedAndWatchedWhileTheProviderChecksIt(t *testing.T) {
	t.Parallel()
	s := newStack(t, 60)
	request := onrampRequest("link")
	request.Email = "asha@example.test"
	request.PaymentMethod, request.UPI = ramp.IMPS, nil
	request.Bank = &ramp.BankAccount{AccountName: "Asha Rao", AccountNumber: "50100000009001", IFSC: "HDFC0001234", PAN: "ABCPE1234F"}

	order, err := s.Orders.StartOnramp(t.Context(), request)

	require.NoError(t, err)
	require.Equal(t, ramp.AwaitingPayment, order.Status)
	require.NotEmpty(t, order.Instructions.Bank.AccountNumber)
	require.Contains(t, activities(s.history(buy("link"))), "WatchLink")
}

func activities(history *historypb.History) []string {
	var names []string
	for _, event := range history.GetEvents() {
		if scheduled := event.GetActivityTaskScheduledEventAttributes(); scheduled != nil {
			names = append(names, scheduled.GetActivityType().GetName())
		}
	}
	return names
}
