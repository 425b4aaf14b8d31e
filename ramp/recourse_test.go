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

// endedOrder returns an on-ramp order that ended without delivery.
func endedOrder(status ramp.Status, providerStatus string, changes ...func(*ramp.Order)) *ramp.Order {
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

func cancelledByProvider(o *ramp.Order) { o.CancelledBy = ramp.CancelledByProvider }

func offramp(o *ramp.Order) { o.Direction = ramp.Offramp }

func uncreated(o *ramp.Order) { o.OrderID = "" }

func reused(o *ramp.Order) { o.Previous = &ramp.PreviousOrder{Reference: "inv-41", OrderID: "6400f"} }

func paymentFound(o *ramp.Order) {
	o.Timeline = []ramp.TimelineEntry{{Status: ramp.AwaitingPayment}, {Status: ramp.Settling}, {Status: o.Status}}
}

func TestRecourseFollowsWhatTheProviderAccepts(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		order    *ramp.Order
		recourse ramp.Recourse
		advice   []string
	}{
		"expired without a UTR":                        {endedOrder(ramp.Expired, "expired"), ramp.OrderSameAmount, []string{sameAmount}},
		"expired by the workflow's timer":              {endedOrder(ramp.Expired, "fiatPending"), ramp.OrderSameAmount, []string{sameAmount}},
		"cancelled by the user":                        {endedOrder(ramp.Cancelled, "fiatPending"), ramp.OrderSameAmount, []string{sameAmount}},
		"cancelled by the provider":                    {endedOrder(ramp.Cancelled, "cancelled", accepted), ramp.OrderAmountPaid, []string{amountPaid}},
		"cancelled in the FAQ's spelling":              {endedOrder(ramp.Cancelled, "Canceled", accepted), ramp.OrderAmountPaid, []string{amountPaid}},
		"cancelled by the provider, no UTR":            {endedOrder(ramp.Cancelled, "cancelled", cancelledByProvider), ramp.OrderAmountPaid, []string{amountPaid}},
		"cancelled after the payment was found":        {endedOrder(ramp.Cancelled, "cancelled", cancelledByProvider, paymentFound), ramp.OrderAmountPaid, []string{amountPaid}},
		"expired after the UTR was accepted":           {endedOrder(ramp.Expired, "expired", accepted), ramp.AskSupport, []string{support, "may be refused"}},
		"expired after the payment was found":          {endedOrder(ramp.Expired, "expired", paymentFound), ramp.AskSupport, []string{support}},
		"a reused payment that was refused":            {endedOrder(ramp.Expired, "expired", reused), ramp.AskSupport, []string{"6400f and 6500a", "inv-41"}},
		"a second order cancelled by a request":        {endedOrder(ramp.Cancelled, "fiatPending", reused), ramp.AskSupport, []string{"6400f and 6500a"}},
		"a second order that expired after acceptance": {endedOrder(ramp.Expired, "expired", reused, accepted), ramp.AskSupport, []string{"6400f and 6500a"}},
		"a second order for a wrong amount": {endedOrder(ramp.Cancelled, "cancelled", reused, accepted), ramp.OrderAmountPaid,
			[]string{amountPaid, "6400f and 6500a"}},
		"a second order that was never created": {endedOrder(ramp.Cancelled, "", reused, uncreated), ramp.OrderAgain,
			[]string{"order inv-41", "use its UTR on a new order"}},
		"nothing to pay yet":              {endedOrder(ramp.Cancelled, "", uncreated), ramp.NoRecourse, nil},
		"tokens sent, expired":            {endedOrder(ramp.Expired, "expired", offramp), ramp.AskSupport, []string{"If tokens were sent", support}},
		"tokens sent, cancelled":          {endedOrder(ramp.Cancelled, "cancelled", offramp), ramp.AskSupport, []string{support}},
		"an off-ramp order never created": {endedOrder(ramp.Cancelled, "", offramp, uncreated), ramp.NoRecourse, nil},
		"completed":                       {endedOrder(ramp.Completed, "completed", accepted), ramp.NoRecourse, nil},
		"refunded":                        {endedOrder(ramp.Refunded, "refunded", accepted), ramp.NoRecourse, nil},
		"rejected":                        {endedOrder(ramp.Rejected, "", uncreated), ramp.NoRecourse, nil},
		"still waiting to be paid":        {endedOrder(ramp.AwaitingPayment, "fiatPending"), ramp.NoRecourse, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.recourse, c.order.Recourse())
			advice := ramp.PaidAdvice(c.order)
			if c.recourse == ramp.NoRecourse {
				require.Empty(t, advice)
			}
			for _, part := range c.advice {
				require.Contains(t, advice, part)
			}
			require.NotContains(t, advice, "412345678901")
		})
	}
}

func TestAdviceNamesOneRecourseOnly(t *testing.T) {
	t.Parallel()
	cancelled := ramp.PaidAdvice(endedOrder(ramp.Cancelled, "cancelled", accepted))
	require.NotContains(t, cancelled, sameAmount, "it would be cancelled again")
	refused := ramp.PaidAdvice(endedOrder(ramp.Expired, "expired", reused))
	require.NotRegexp(t, `\buse\b`, refused, "a refused payment is not tried again and again")
}

func TestReorderArgumentsFitTheRecourse(t *testing.T) {
	t.Parallel()
	again := []string{"reorder", "inv-42", "--reference", "NEW-REFERENCE"}
	for _, c := range []struct {
		order *ramp.Order
		more  []string
	}{
		{endedOrder(ramp.Expired, "expired"), []string{"--utr", "UTR"}},
		{endedOrder(ramp.Cancelled, "cancelled", accepted), []string{"--amount", "AMOUNT-PAID"}},
		{endedOrder(ramp.Cancelled, "cancelled", cancelledByProvider), []string{"--amount", "AMOUNT-PAID", "--utr", "UTR"}},
		{endedOrder(ramp.Cancelled, "", reused, uncreated), nil},
	} {
		require.Equal(t, append(again[:4:4], c.more...), ramp.ReorderArguments(c.order))
	}
	for _, order := range []*ramp.Order{
		endedOrder(ramp.Expired, "expired", accepted), endedOrder(ramp.Expired, "expired", reused), endedOrder(ramp.Cancelled, "", uncreated),
		endedOrder(ramp.Expired, "", offramp), endedOrder(ramp.Completed, "completed"),
	} {
		require.Nil(t, ramp.ReorderArguments(order))
	}
}
