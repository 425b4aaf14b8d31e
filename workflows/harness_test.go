package workflows_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"

	"rampart/activities"
	"rampart/ramp"
	"rampart/workflows"
)

const (
	reference = "inv-42"
	orderID   = "650000000000000000000001"
	utr       = "412345678901"
	otherUTR  = "412345678902"
	hash      = "0xabc0000000000000000000000000000000000000000000000000000000000001"
)

// start is when orders in these tests begin, in mock time.
var start = time.Date(2026, time.November, 23, 6, 0, 0, 0, time.UTC)

// world is an order in the SDK's test environment: its clock jumps, and its activities answer what the test says.
type world struct {
	*testsuite.TestWorkflowEnvironment
	t *testing.T
}

// patient lets a workflow task take longer than the SDK's second, for which a busy machine stops now and then.
var patient = worker.Options{DeadlockDetectionTimeout: time.Minute}

// newWorld is a world in which the user is verified, the account is linked and everything succeeds. A test changes what
// it is about, before or after.
func newWorld(t *testing.T, direction ramp.Direction) *world {
	t.Helper()
	return newWorldOf(t, new(testsuite.WorkflowTestSuite), direction)
}

func newWorldOf(t *testing.T, suite *testsuite.WorkflowTestSuite, direction ramp.Direction) *world {
	t.Helper()
	w := newUnpublishedWorld(t, suite, direction)
	w.OnUpsertTypedSearchAttributes(mock.Anything).Return(nil).Maybe()
	return w
}

// newUnpublishedWorld is newWorldOf for tests of the search attributes, which set up their upserts.
func newUnpublishedWorld(t *testing.T, suite *testsuite.WorkflowTestSuite, direction ramp.Direction) *world {
	t.Helper()
	w := &world{TestWorkflowEnvironment: suite.NewTestWorkflowEnvironment(), t: t}
	w.SetStartTime(start)
	w.SetTestTimeout(time.Minute)
	w.SetWorkerOptions(patient)
	w.SetStartWorkflowOptions(client.StartWorkflowOptions{ID: direction.WorkflowID(reference), TaskQueue: ramp.TaskQueue})
	workflows.Register(w)
	w.RegisterActivity(new(activities.Calls))
	activities.RegisterWatches(w, new(activities.Watches))
	return w
}

func (w *world) on(activity any) *testsuite.MockCallWrapper {
	return w.OnActivity(activity, mock.Anything, mock.Anything)
}

// watchKYC is the watch of the user's KYC while the provider has documents of the order to look at, or while it has none.
func (w *world) watchKYC(idle bool) *testsuite.MockCallWrapper {
	return w.OnActivity((*activities.Watches)(nil).WatchKYC, mock.Anything,
		mock.MatchedBy(func(req activities.WatchKYCRequest) bool { return req.Idle == idle }))
}

// happy lets every activity that a test has not set up succeed.
func (w *world) happy(watched ...activities.OrderState) {
	w.on((*activities.Calls)(nil).KYCStatus).Return(activities.KYCStatusResult{Verified: true}, nil).Maybe()
	w.watchKYC(true).After(365*24*time.Hour).Return(activities.WatchKYCResult{}, nil).Maybe() // nobody verifies the user elsewhere
	w.on((*activities.Calls)(nil).LinkedAccounts).Return(activities.LinkResult{State: activities.Linked}, nil).Maybe()
	w.on((*activities.Calls)(nil).QuoteBuy).Return(w.quoteBuy).Maybe()
	w.on((*activities.Calls)(nil).QuoteSell).Return(w.quoteSell).Maybe()
	w.on((*activities.Calls)(nil).CreateOnrampOrder).Return(onrampOrder, nil).Maybe()
	w.on((*activities.Calls)(nil).CreateOfframpOrder).Return(offrampOrder, nil).Maybe()
	w.on((*activities.Calls)(nil).KeepOrder).Return(activities.KeepOrderResult{Kept: true}, nil).Maybe()
	w.on((*activities.Calls)(nil).SubmitUTR).Return(activities.SubmitResult{}, nil).Maybe()
	w.on((*activities.Calls)(nil).SubmitTransactionHash).Return(activities.SubmitResult{}, nil).Maybe()
	w.on((*activities.Calls)(nil).OrderStatus).Return(activities.OrderState{ProviderStatus: "fiatPending", Unpaid: true}, nil).Maybe()
	for _, state := range watched {
		w.on((*activities.Watches)(nil).WatchOrder).Return(decided(state), nil).Once()
	}
}

var onrampOrder = activities.CreatedOrder{
	OrderID:  orderID,
	Lifetime: 3 * time.Hour,
	Instructions: ramp.Instructions{UPI: &ramp.UPIInstructions{
		QR:  "upi://pay?pa=merchant0001@examplebank&am=1000.00&cu=INR",
		VPA: "merchant0001@examplebank",
	}},
}

var offrampOrder = activities.CreatedOrder{
	OrderID:  orderID,
	Lifetime: 3 * time.Hour,
	Instructions: ramp.Instructions{Deposit: &ramp.Deposit{
		WalletAddress: "0x2222222222222222222222222222222222222222",
		Amount:        "100",
		Symbol:        "USDC",
		ChainID:       137,
	}},
}

func (w *world) quoteBuy(context.Context, activities.QuoteBuyRequest) (activities.QuoteResult, error) {
	return w.quote("quote-1", ramp.Amount{Amount: "1000.00", Currency: "INR"}, ramp.Amount{Amount: "10.63", Currency: "USDC"}), nil
}

func (w *world) quoteSell(context.Context, activities.QuoteSellRequest) (activities.QuoteResult, error) {
	return w.quote("quote-1", ramp.Amount{Amount: "100", Currency: "USDC"}, ramp.Amount{Amount: "8360.24", Currency: "INR"}), nil
}

func (w *world) quote(id string, pay, receive ramp.Amount) activities.QuoteResult {
	return activities.QuoteResult{
		ProviderTime: w.Now().UTC(),
		Quote:        ramp.Quote{ID: id, Rate: "94.07", Pay: pay, Receive: receive, ExpiresAt: w.Now().UTC().Add(30 * time.Second)},
	}
}

func decided(state activities.OrderState) activities.WatchOrderResult {
	return activities.WatchOrderResult{WatchEnd: activities.WatchEnd{End: activities.Decided}, State: state}
}

// refusal is how an activity says that the provider refused.
func refusal(reason string) error {
	return temporal.NewNonRetryableApplicationError("refused", activities.ErrRefused, nil, activities.Refusal{HTTPStatus: 403, Reason: reason})
}

// unavailable is how an activity says that the provider does not answer.
func unavailable() error {
	return temporal.NewApplicationError("unavailable", activities.ErrUnavailable)
}

var (
	received  = activities.OrderState{ProviderStatus: "fiatReceived", Status: ramp.Settling}
	completed = activities.OrderState{
		ProviderStatus: "completed",
		Status:         ramp.Completed,
		Settlement: &ramp.Settlement{
			TransactionHash: hash,
			ExplorerURL:     "https://example.test/tx/1",
			Amount:          ramp.Amount{Amount: "10.63", Currency: "USDC"},
		},
	}
	paidOut = activities.OrderState{
		ProviderStatus: "PayoutSuccess",
		Status:         ramp.Completed,
		Settlement:     &ramp.Settlement{Amount: ramp.Amount{Amount: "8360.24", Currency: "INR"}},
	}
)

func onrampRequest() ramp.OnrampRequest {
	return ramp.OnrampRequest{
		Reference:     reference,
		Email:         "asha@example.test",
		Fiat:          ramp.Amount{Amount: "1000.00", Currency: "INR"},
		Token:         ramp.Token{Symbol: "USDC", Address: "0x3c499c542cef5e3811e1192ce70d8cc03d5c3359", ChainID: 137},
		WalletAddress: "0x1111111111111111111111111111111111111111",
		PaymentMethod: ramp.UPI,
		UPI:           &ramp.UPIAccount{ID: "asha@okbank", Name: "Asha Rao"},
	}
}

func offrampRequest() ramp.OfframpRequest {
	return ramp.OfframpRequest{
		Reference:    reference,
		Email:        "asha@example.test",
		Token:        ramp.Token{Symbol: "USDC", Address: "0x3c499c542cef5e3811e1192ce70d8cc03d5c3359", ChainID: 137},
		TokenAmount:  "100.00",
		Fiat:         ramp.Amount{Currency: "INR"},
		SenderWallet: "0x3333333333333333333333333333333333333333",
		RefundWallet: "0x3333333333333333333333333333333333333333",
		Bank:         &ramp.BankAccount{AccountName: "Asha Rao", AccountNumber: "50100000004821", IFSC: "HDFC0001234", PAN: "ABCPE1234F"},
	}
}

// buy and sell run an order to its end and return it.
func (w *world) buy(request any) ramp.Order {
	w.t.Helper()
	return w.run(ramp.OnrampWorkflow, request)
}

func (w *world) sell(request any) ramp.Order {
	w.t.Helper()
	return w.run(ramp.OfframpWorkflow, request)
}

func (w *world) run(workflow string, request any) ramp.Order {
	w.t.Helper()
	w.ExecuteWorkflow(workflow, request)
	require.True(w.t, w.IsWorkflowCompleted())
	require.NoError(w.t, w.GetWorkflowError())
	var order ramp.Order
	require.NoError(w.t, w.GetWorkflowResult(&order))
	return order
}

// failure runs an order that is expected to fail and returns its error.
func (w *world) failure(workflow string, request any) *temporal.ApplicationError {
	w.t.Helper()
	w.ExecuteWorkflow(workflow, request)
	require.True(w.t, w.IsWorkflowCompleted())
	var application *temporal.ApplicationError
	require.ErrorAs(w.t, w.GetWorkflowError(), &application)
	return application
}

// at does something when the order has run for so long.
func (w *world) at(after time.Duration, do func()) {
	w.RegisterDelayedCallback(do, after)
}

func (w *world) signalUTR(after time.Duration, utr string) {
	w.at(after, func() { w.SignalWorkflow(ramp.SubmitUTR, ramp.UTRSubmission{UTR: ramp.UTR(utr)}) })
}

// order is the order as the query shows it.
func (w *world) order() ramp.Order {
	w.t.Helper()
	value, err := w.QueryWorkflow(ramp.OrderQuery)
	require.NoError(w.t, err)
	var order ramp.Order
	require.NoError(w.t, value.Get(&order))
	return order
}

// reply is what an update answered.
type reply struct {
	order    *ramp.Order
	rejected error
	failed   error
	done     bool
}

// update sends an update when the order has run for so long. The reply is filled in as it comes.
func (w *world) update(after time.Duration, name string, arguments ...any) *reply {
	r := new(reply)
	w.at(after, func() {
		w.UpdateWorkflow(name, "", &testsuite.TestUpdateCallback{
			OnAccept: func() {},
			OnReject: func(err error) { r.rejected, r.done = err, true },
			OnComplete: func(result any, err error) {
				r.failed, r.done = err, true
				if order, ok := result.(ramp.Order); ok {
					r.order = &order
				}
			},
		}, arguments...)
	})
	return r
}

// statuses are those that the order went through, each once.
func statuses(order ramp.Order) []ramp.Status {
	var all []ramp.Status
	for _, entry := range order.Timeline {
		if len(all) == 0 || all[len(all)-1] != entry.Status {
			all = append(all, entry.Status)
		}
	}
	return all
}

func notes(order ramp.Order) string {
	var all string
	for _, entry := range order.Timeline {
		all += entry.Note + "\n"
	}
	return all
}

func requireType(t *testing.T, err error, want ramp.ErrorType) {
	t.Helper()
	var application *temporal.ApplicationError
	require.ErrorAs(t, err, &application)
	require.Equal(t, string(want), application.Type())
	require.True(t, application.NonRetryable())
}

// quoteExpired is how the activity says that the quote was too old.
func quoteExpired() error {
	return temporal.NewNonRetryableApplicationError("the quote expired", activities.ErrQuoteExpired, nil)
}
