package ramp_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rampart/ramp"
)

const (
	sameAmount = "on a new order for the same amount"
	amountPaid = "on a new order for the amount that was paid"
	support    = "ask the provider's support about its order 6500a"
)

// fallen is an on-ramp order that ended without delivery.
func fallen(status ramp.Status, providerStatus string, changes ...func(*ramp.Order)) *ramp.Order {
	order := &ramp.Order{
		Reference: "inv-42", Direction: ramp.Onramp, Status: status, OrderID: "6500a", ProviderStatus: providerStatus,
	}
	for _, change := range changes {
		change(order)
	}
	return order
}

func accepted(o *ramp.Order) {
	o.Proof = &ramp.Proof{UTR: "412345678901", SubmittedAt: time.Unix(1, 0), AcceptedAt: time.Unix(2, 0)}
}

func byProvider(o *ramp.Order) { o.CancelledBy = ramp.CancelledByProvider }

func selling(o *ramp.Order) { o.Direction = ramp.Offramp }

func unplaced(o *ramp.Order) { o.OrderID = "" }

func reused(o *ramp.Order) { o.Previous = &ramp.PreviousOrder{Reference: "inv-41", OrderID: "6400f"} }

func settled(o *ramp.Order) {
	o.Timeline = []ramp.TimelineEntry{{Status: ramp.AwaitingPayment}, {Status: ramp.Settling}, {Status: o.Status}}
}

func TestWhoHasPaidIsToldWhatTheProviderTakes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		order *ramp.Order
		way   ramp.WayOut
		says  []string
	}{
		"expired before a UTR came":           {fallen(ramp.Expired, "expired"), ramp.OrderSameAmount, []string{sameAmount}},
		"expired by our clock":                {fallen(ramp.Expired, "fiatPending"), ramp.OrderSameAmount, []string{sameAmount}},
		"cancelled by the user":               {fallen(ramp.Cancelled, "fiatPending"), ramp.OrderSameAmount, []string{sameAmount}},
		"cancelled by the provider":           {fallen(ramp.Cancelled, "cancelled", accepted), ramp.OrderAmountPaid, []string{amountPaid}},
		"cancelled in the FAQ's spelling":     {fallen(ramp.Cancelled, "Canceled", accepted), ramp.OrderAmountPaid, []string{amountPaid}},
		"cancelled by the provider, no UTR":   {fallen(ramp.Cancelled, "cancelled", byProvider), ramp.OrderAmountPaid, []string{amountPaid}},
		"cancelled with the payment at hand":  {fallen(ramp.Cancelled, "cancelled", byProvider, settled), ramp.OrderAmountPaid, []string{amountPaid}},
		"expired with the UTR taken":          {fallen(ramp.Expired, "expired", accepted), ramp.AskSupport, []string{support, "may be refused"}},
		"expired with the payment at hand":    {fallen(ramp.Expired, "expired", settled), ramp.AskSupport, []string{support}},
		"a payment refused for a second time": {fallen(ramp.Expired, "expired", reused), ramp.AskSupport, []string{"6400f and 6500a", "inv-41"}},
		"a second order cancelled by us":      {fallen(ramp.Cancelled, "fiatPending", reused), ramp.AskSupport, []string{"6400f and 6500a"}},
		"a second order that expired, taken":  {fallen(ramp.Expired, "expired", reused, accepted), ramp.AskSupport, []string{"6400f and 6500a"}},
		"a second order for a wrong amount": {fallen(ramp.Cancelled, "cancelled", reused, accepted), ramp.OrderAmountPaid,
			[]string{amountPaid, "6400f and 6500a"}},
		"a second order that was never made": {fallen(ramp.Cancelled, "", reused, unplaced), ramp.OrderAgain,
			[]string{"order inv-41", "use its UTR on a new order"}},
		"nothing to pay yet":       {fallen(ramp.Cancelled, "", unplaced), ramp.NoWayOut, nil},
		"tokens sent, expired":     {fallen(ramp.Expired, "expired", selling), ramp.AskSupport, []string{"If tokens were sent", support}},
		"tokens sent, cancelled":   {fallen(ramp.Cancelled, "cancelled", selling), ramp.AskSupport, []string{support}},
		"a sale never made":        {fallen(ramp.Cancelled, "", selling, unplaced), ramp.NoWayOut, nil},
		"completed":                {fallen(ramp.Completed, "completed", accepted), ramp.NoWayOut, nil},
		"refunded":                 {fallen(ramp.Refunded, "refunded", accepted), ramp.NoWayOut, nil},
		"rejected":                 {fallen(ramp.Rejected, "", unplaced), ramp.NoWayOut, nil},
		"still waiting to be paid": {fallen(ramp.AwaitingPayment, "fiatPending"), ramp.NoWayOut, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.way, c.order.WayOut())
			advice := ramp.PaidAdvice(c.order)
			if c.way == ramp.NoWayOut {
				require.Empty(t, advice)
			}
			for _, part := range c.says {
				require.Contains(t, advice, part)
			}
			require.NotContains(t, advice, "412345678901")
		})
	}
}

func TestOnlyOneWayOutIsAdvised(t *testing.T) {
	t.Parallel()
	cancelled := ramp.PaidAdvice(fallen(ramp.Cancelled, "cancelled", accepted))
	require.NotContains(t, cancelled, sameAmount, "it would be cancelled again")
	refused := ramp.PaidAdvice(fallen(ramp.Expired, "expired", reused))
	require.NotContains(t, refused, "use", "a refused payment is not tried again and again")
}

func TestOrderIsOrderedAgainByTheCommandOfItsCase(t *testing.T) {
	t.Parallel()
	again := []string{"reorder", "inv-42", "--reference", "NEW-REFERENCE"}
	for _, c := range []struct {
		order *ramp.Order
		more  []string
	}{
		{fallen(ramp.Expired, "expired"), []string{"--utr", "UTR"}},
		{fallen(ramp.Cancelled, "cancelled", accepted), []string{"--amount", "AMOUNT-PAID"}},
		{fallen(ramp.Cancelled, "cancelled", byProvider), []string{"--amount", "AMOUNT-PAID", "--utr", "UTR"}},
		{fallen(ramp.Cancelled, "", reused, unplaced), nil},
	} {
		require.Equal(t, append(again[:4:4], c.more...), ramp.ReorderArguments(c.order))
	}
	for _, order := range []*ramp.Order{
		fallen(ramp.Expired, "expired", accepted), fallen(ramp.Expired, "expired", reused), fallen(ramp.Cancelled, "", unplaced),
		fallen(ramp.Expired, "", selling), fallen(ramp.Completed, "completed"),
	} {
		require.Nil(t, ramp.ReorderArguments(order))
	}
}
