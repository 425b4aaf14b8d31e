package ramp_test

import (
	"compress/gzip"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"

	"rampart/ramp"
)

// reordered returns the request that Reorder starts.
func reordered(t *testing.T, old *ramp.Order, history []*historypb.HistoryEvent, request ramp.ReorderRequest) (ramp.OnrampRequest, error) {
	t.Helper()
	there := &orderThere{order: old, history: history}
	there.update = func(client.UpdateWorkflowOptions) (client.WorkflowUpdateHandle, error) {
		return handle{order: running(ramp.AwaitingPayment)}, nil
	}
	request.Reference, request.NewReference = "inv-42", "inv-42-b"
	_, err := ramp.NewClient(there, nil).Reorder(t.Context(), request)
	if len(there.requests) == 0 {
		require.Error(t, err)
		return ramp.OnrampRequest{}, err
	}
	return there.requests[0].(ramp.OnrampRequest), nil
}

func explained(o *ramp.Order) { o.ProviderReason = "Amount mismatch: 900 was received" }

func TestReorderUsesTheSameAmountOrTheAmountPaid(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		old     *ramp.Order
		request ramp.ReorderRequest
		amount  string
	}{
		"expired before its UTR":            {endedOrder(ramp.Expired, "expired"), ramp.ReorderRequest{UTR: utr}, "1000.00"},
		"expired, another amount was paid":  {endedOrder(ramp.Expired, "expired"), ramp.ReorderRequest{UTR: utr, Amount: "900"}, "900"},
		"expired with its UTR":              {endedOrder(ramp.Expired, "expired", accepted), ramp.ReorderRequest{}, "1000.00"},
		"cancelled by the user":             {endedOrder(ramp.Cancelled, "fiatPending"), ramp.ReorderRequest{UTR: utr}, "1000.00"},
		"cancelled by the provider":         {endedOrder(ramp.Cancelled, "cancelled", accepted), ramp.ReorderRequest{Amount: "900.50"}, "900.50"},
		"cancelled in the FAQ's spelling":   {endedOrder(ramp.Cancelled, "Canceled", accepted), ramp.ReorderRequest{Amount: "900.50"}, "900.50"},
		"cancelled by the provider, no UTR": {endedOrder(ramp.Cancelled, "cancelled", cancelledByProvider), ramp.ReorderRequest{UTR: utr, Amount: "1000"}, "1000"},
		"a second one, for a wrong amount":  {endedOrder(ramp.Cancelled, "cancelled", reused, accepted), ramp.ReorderRequest{Amount: "900"}, "900"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			again, err := reordered(t, c.old, startedWith(t, onrampRequest()), c.request)
			require.NoError(t, err)
			require.Equal(t, ramp.Amount{Amount: c.amount, Currency: ramp.INR}, again.Fiat)
			require.Equal(t, utr, string(again.UTR))
			require.Equal(t, "inv-42-b", again.Reference)
			require.Equal(t, &ramp.PreviousOrder{Reference: "inv-42", OrderID: "6500a"}, again.Previous)
		})
	}
}

func TestReorderOfACancelledOrderRequiresTheAmountPaid(t *testing.T) {
	t.Parallel()
	cancelled := endedOrder(ramp.Cancelled, "Canceled", accepted, explained)
	_, err := reordered(t, cancelled, startedWith(t, onrampRequest()), ramp.ReorderRequest{})
	requireField(t, err, "amount", "must be the amount that was paid")
	requireField(t, err, "amount", "Its reason: Amount mismatch: 900 was received")

	for amount, says := range map[string]string{
		"0": "more than 0", "-900": "decimal number", "1e3": "decimal number", "900.001": "at most 2 decimals", "500000.01": "at most 500000",
	} {
		_, err := reordered(t, cancelled, startedWith(t, onrampRequest()), ramp.ReorderRequest{Amount: amount})
		requireField(t, err, "amount", says)
	}
}

func TestReorderOfAnOrderWithoutAProofRequiresTheUTR(t *testing.T) {
	t.Parallel()
	_, err := reordered(t, endedOrder(ramp.Expired, "expired"), startedWith(t, onrampRequest()), ramp.ReorderRequest{})
	requireField(t, err, "utr", "the UTR of the payment")
	_, err = reordered(t, endedOrder(ramp.Cancelled, "cancelled", cancelledByProvider), startedWith(t, onrampRequest()), ramp.ReorderRequest{})
	requireFields(t, err, "utr", "amount")
}

func TestReorderRejectsAPaymentThatWasRefusedBefore(t *testing.T) {
	t.Parallel()
	second := onrampRequest()
	second.UTR, second.Previous = utr, &ramp.PreviousOrder{Reference: "inv-41", OrderID: "6400f"}
	for _, old := range []*ramp.Order{endedOrder(ramp.Expired, "expired", reused), endedOrder(ramp.Cancelled, "cancelled", reused)} {
		for _, given := range []string{"", utr} {
			_, err := reordered(t, old, startedWith(t, second), ramp.ReorderRequest{UTR: ramp.UTR(given), Amount: "1000"})
			require.True(t, ramp.IsError(err, ramp.NotAwaited), "%v", err)
			require.ErrorContains(t, err, "6400f and 6500a")
		}
	}
	again, err := reordered(t, endedOrder(ramp.Expired, "expired", reused), startedWith(t, second), ramp.ReorderRequest{UTR: "412345678902"})
	require.NoError(t, err, "it was mistyped")
	require.Equal(t, second.Previous, again.Previous, "the payment was made for that one")
}

func TestReorderReusesAUTRThatWasNotSubmitted(t *testing.T) {
	t.Parallel()
	second := onrampRequest()
	second.UTR, second.Previous = utr, &ramp.PreviousOrder{Reference: "inv-41", OrderID: "6400f"}
	again, err := reordered(t, endedOrder(ramp.Cancelled, "", reused, uncreated), startedWith(t, second), ramp.ReorderRequest{})
	require.NoError(t, err)
	require.Equal(t, utr, string(again.UTR))
	require.Equal(t, second.Previous, again.Previous)
}

func TestReorderScalesTheQuoteTerms(t *testing.T) {
	t.Parallel()
	old := onrampRequest()
	old.Quote = &ramp.QuoteTerms{MinReceived: "10.50", MaxPaid: "1000.00"}
	again, err := reordered(t, endedOrder(ramp.Expired, "expired"), startedWith(t, old), ramp.ReorderRequest{UTR: utr, Amount: "2500.00"})
	require.NoError(t, err)
	require.Equal(t, &ramp.QuoteTerms{MinReceived: "26.25"}, again.Quote)

	old.Fiat.Amount = "300"
	old.Quote = &ramp.QuoteTerms{MinReceived: "0.00000000000000001"}
	again, err = reordered(t, endedOrder(ramp.Expired, "expired"), startedWith(t, old), ramp.ReorderRequest{UTR: utr, Amount: "100"})
	require.NoError(t, err)
	require.Equal(t, "0.000000000000000004", again.Quote.MinReceived, "rounded up")
}

func TestReorderUsesTheReplacementAccount(t *testing.T) {
	t.Parallel()
	refused, other := vpa(), vpa()
	refused.ID, other.ID = "ashafailed@okbank", "asha.other@okbank"
	first := onrampRequest()
	first.UPI = refused
	history := append(startedWith(t, first),
		calling(t, "LinkedAccounts", map[string]any{"email": first.Email, "upi": refused}),
		calling(t, "LinkAccount", map[string]any{"email": first.Email, "upi": refused}),
		calling(t, "LinkedAccounts", map[string]any{"email": first.Email, "upi": other}),
		calling(t, "CreateOnrampOrder", map[string]any{"email": first.Email}),
	)
	again, err := reordered(t, endedOrder(ramp.Expired, "expired"), history, ramp.ReorderRequest{UTR: utr})
	require.NoError(t, err)
	require.Equal(t, other, again.UPI)
	require.Equal(t, first.Bank, again.Bank)

	first.PaymentMethod = ramp.NEFT
	account := bank()
	account.AccountNumber = "50100000009999"
	history = append(startedWith(t, first), calling(t, "LinkedAccounts", map[string]any{"email": first.Email, "bank": account}))
	again, err = reordered(t, endedOrder(ramp.Expired, "expired"), history, ramp.ReorderRequest{UTR: "HDFCN52026112312"})
	require.NoError(t, err)
	require.Equal(t, account, again.Bank)
}

func TestReorderFindsTheReplacementAccountInARecordedHistory(t *testing.T) {
	t.Parallel()
	file, err := os.Open("../workflows/testdata/histories/onramp-account-refused-first.json.gz")
	require.NoError(t, err)
	defer func() { require.NoError(t, file.Close()) }()
	unpacked, err := gzip.NewReader(file)
	require.NoError(t, err)
	history, err := client.HistoryFromJSON(unpacked, client.HistoryJSONOptions{})
	require.NoError(t, err)

	again, err := reordered(t, endedOrder(ramp.Expired, "expired"), history.GetEvents(), ramp.ReorderRequest{UTR: utr})
	require.NoError(t, err)
	require.Equal(t, &ramp.UPIAccount{ID: "asha@okbank", Name: "Asha Rao"}, again.UPI)
}

func TestOnlyExpiredAndCancelledOrdersCanBeReordered(t *testing.T) {
	t.Parallel()
	for _, status := range []ramp.Status{ramp.AwaitingPayment, ramp.Settling, ramp.Completed, ramp.Refunded, ramp.Rejected} {
		_, err := reordered(t, endedOrder(status, ""), startedWith(t, onrampRequest()), ramp.ReorderRequest{UTR: utr})
		require.True(t, ramp.IsError(err, ramp.NotAwaited), "%v", err)
	}
}
