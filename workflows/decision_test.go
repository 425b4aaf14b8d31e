package workflows_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"rampart/activities"
	"rampart/ramp"
)

// looks answers one look at the provider after the other; the last answer stays.
func (w *world) looks(states ...activities.OrderState) {
	for i, state := range states {
		call := w.on((*activities.Calls)(nil).OrderStatus).Return(state, nil)
		if i < len(states)-1 {
			call.Once()
		}
	}
}

func TestCancellationAsksTheProviderForThePaymentFirst(t *testing.T) {
	t.Parallel()
	refunding := activities.OrderState{ProviderStatus: "refundInitiated", Status: ramp.Refunding}
	refunded := activities.OrderState{ProviderStatus: "refunded", Status: ramp.Refunded}
	for name, tc := range map[string]struct {
		says    activities.OrderState
		watched activities.OrderState
		ending  ramp.Status
		note    string
	}{
		"unpaid":             {unpaid, completed, ramp.Cancelled, "The provider holds no payment"},
		"paid":               {received, completed, ramp.Completed, "Cancellation refused"},
		"refunding":          {refunding, refunded, ramp.Refunded, "Cancellation refused"},
		"ended there":        {cancelled, completed, ramp.Cancelled, "amount that was paid"},
		"expired there":      {expired, completed, ramp.Expired, "The provider says expired"},
		"unclear, then not":  {strange, unpaid, ramp.Cancelled, "does not say whether the order is paid"},
		"unclear, then paid": {strange, completed, ramp.Completed, "does not say whether the order is paid"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, ramp.Onramp)
			w.looks(tc.says)
			w.watchedFor(time.Hour, tc.watched)
			w.happy()
			w.at(time.Hour, w.CancelWorkflow)

			order := w.buy(onrampRequest())

			require.Equal(t, tc.ending, order.Status)
			require.Contains(t, notes(order), tc.note)
		})
	}
}

func TestCancellationWaitsThroughAnOutageUntilAProofComesFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	w.on((*activities.Calls)(nil).OrderStatus).After(time.Minute).Return(activities.OrderState{}, unavailable())
	w.watchedFor(time.Hour, completed)
	w.happy()
	w.at(time.Hour, w.CancelWorkflow)
	w.at(90*time.Minute, func() {
		require.Equal(t, ramp.AwaitingPayment, w.order().Status)
		require.NotEmpty(t, w.order().Attention)
	})
	proved := w.updateUTR(2*time.Hour, utr)

	order := w.buy(onrampRequest())

	require.NoError(t, proved.failed)
	require.Equal(t, start.Add(2*time.Hour), order.Proof.AcceptedAt)
	require.Equal(t, ramp.Completed, order.Status)
	require.Empty(t, order.Attention)
}

// By payout, an order's tokens move with the price.
func TestCancellationOfASaleAsksForTheTokensFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Offramp)
	w.looks(activities.OrderState{ProviderStatus: "CryptoReceived", Status: ramp.Settling})
	w.watchedFor(time.Hour, paidOut)
	w.happy()
	w.at(time.Hour, w.CancelWorkflow)

	order := w.sell(offrampRequest())

	require.Equal(t, ramp.Completed, order.Status)
}

func TestCancelledOrderNamesItsCanceller(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	w.looks(unpaid)
	w.happy()
	w.at(time.Hour, w.CancelWorkflow)
	require.Equal(t, ramp.CancelledByRequest, w.buy(onrampRequest()).CancelledBy)

	w = newWorld(t, ramp.Onramp)
	w.happy(cancelled)
	request := onrampRequest()
	request.UTR = utr
	require.Equal(t, ramp.CancelledByProvider, w.buy(request).CancelledBy)
}

// The look before an order expires is not answered for a day: a proof must not wait for it.
func TestProofThatComesDuringALookThatFailsIsSubmittedAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	w.on((*activities.Calls)(nil).OrderStatus).After(time.Minute).Return(activities.OrderState{}, unavailable())
	w.watchedFor(time.Hour, completed)
	w.happy()
	proved := w.updateUTR(5*time.Hour, utr)

	order := w.buy(onrampRequest())

	require.NoError(t, proved.failed)
	require.Equal(t, start.Add(5*time.Hour), order.Proof.AcceptedAt)
	require.Equal(t, ramp.Completed, order.Status)
}

func TestOrderThatTheProviderOpensAgainIsFollowed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	w.watchedFor(3*time.Hour, expired)
	w.watchedFor(30*time.Minute, unpaid)
	w.watchedFor(20*time.Hour, received)
	w.watchedFor(time.Hour, completed)
	w.happy()
	request := onrampRequest()
	request.UTR = utr
	replaced := w.updateUTR(4*time.Hour, otherUTR)

	order := w.buy(request)

	require.Equal(t, ramp.Completed, order.Status)
	require.Contains(t, notes(order), "opened the order again")
	require.NoError(t, replaced.failed, "it waits for its payment as before")
}

func TestStatusesThatChangeBackAndForthDoNotGrowTheOrderWithoutEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	polls := 0
	w.on((*activities.Watches)(nil).WatchOrder).After(15 * time.Second).Return(
		func(_ context.Context, req activities.WatchOrderRequest) (activities.WatchOrderResult, error) {
			polls++
			if req.Flapping != "" {
				require.Equal(t, ramp.Settling, req.Flapping)
				return decided(completed), nil
			}
			return decided(activities.OrderState{ProviderStatus: fmt.Sprint("flap", polls%2), Status: ramp.Settling}), nil
		})
	w.happy()
	request := onrampRequest()
	request.UTR = utr

	order := w.buy(request)

	require.Equal(t, ramp.Completed, order.Status)
	require.Less(t, polls, 30)
}

func TestOrderWithoutAWayToPayIsPaidOnTheProvidersPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	created := onrampOrder
	created.Instructions = ramp.Instructions{CheckoutURL: "https://checkout.example.test/?orderId=" + orderID}
	w.on((*activities.Calls)(nil).CreateOnrampOrder).Return(created, nil)
	w.happy(completed)
	w.at(time.Hour, func() { require.Empty(t, w.order().Attention) })
	w.signalUTR(2*time.Hour, utr)

	require.Equal(t, ramp.Completed, w.buy(onrampRequest()).Status)
}

// A sale by payout: the rupees are fixed, and the tokens move with the price.
func TestSaleByPayoutTakesNoMoreTokensThanConfirmed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Offramp)
	prices := []string{"92.39", "102.97", "91.00"}
	w.on((*activities.Calls)(nil).QuoteSell).Return(func(context.Context, activities.QuoteSellRequest) (activities.QuoteResult, error) {
		pay := prices[0]
		if len(prices) > 1 {
			prices = prices[1:]
		}
		return w.quote("quote-"+pay, ramp.Amount{Amount: pay, Currency: "USDC"}, ramp.Amount{Amount: "8400.00", Currency: "INR"}), nil
	})
	var placed activities.CreateOrderRequest
	w.on((*activities.Calls)(nil).CreateOfframpOrder).Return(
		func(_ context.Context, req activities.CreateOfframpOrderRequest) (activities.CreatedOrder, error) {
			placed = req.CreateOrderRequest
			return offrampOrder, nil
		})
	w.happy(paidOut)
	request := offrampRequest()
	request.TokenAmount, request.Fiat.Amount = "", "8400.00"
	request.Quote = &ramp.QuoteTerms{Confirm: true}
	request.TransactionHash = hash
	confirm := func(after time.Duration, id string) {
		w.at(after, func() { w.SignalWorkflow(ramp.ConfirmQuote, ramp.QuoteConfirmation{QuoteID: id}) })
	}
	confirm(time.Minute, "quote-92.39") // too old by then
	w.at(2*time.Minute, func() {
		require.Equal(t, ramp.AwaitingConfirmation, w.order().Status)
		require.Equal(t, "102.97", w.order().Quote.Pay.Amount)
	})
	confirm(3*time.Minute, "quote-102.97")

	order := w.sell(request)

	require.Equal(t, ramp.Completed, order.Status)
	require.Equal(t, "102.97", placed.MaxPaid)
	require.Equal(t, "8400.00", placed.MinReceived)
}

func TestQuoteAboveTheMostThatTheUserPaysIsConfirmedFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Offramp)
	w.happy(paidOut)
	request := offrampRequest()
	request.TokenAmount, request.Fiat.Amount = "", "8360.24"
	request.Quote = &ramp.QuoteTerms{MaxPaid: "99"}
	request.TransactionHash = hash
	w.at(time.Second, func() {
		require.Equal(t, ramp.AwaitingConfirmation, w.order().Status)
		require.Contains(t, notes(w.order()), "more than the user's maximum of 99 USDC")
	})

	require.Equal(t, ramp.Cancelled, w.sell(request).Status)
}

// The provider's own order is worse than agreed: its price is the next to be agreed to, and nobody is shown where to pay.
func TestOrderThatTheProviderMakesAtAWorsePriceIsAgreedAnew(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Offramp)
	worse := w.quote("worse", ramp.Amount{Amount: "100", Currency: "USDC"}, ramp.Amount{Amount: "4000.00", Currency: "INR"}).Quote
	stale := temporal.NewNonRetryableApplicationError("worse", activities.ErrQuoteExpired, nil,
		activities.StaleQuote{Quote: &worse, OrderID: "650000000000000000000007"})
	w.on((*activities.Calls)(nil).CreateOfframpOrder).Return(activities.CreatedOrder{}, stale).Once()
	var placed activities.CreateOrderRequest
	w.on((*activities.Calls)(nil).CreateOfframpOrder).Return(
		func(_ context.Context, req activities.CreateOfframpOrderRequest) (activities.CreatedOrder, error) {
			placed = req.CreateOrderRequest
			return offrampOrder, nil
		}).Once()
	w.happy(paidOut)
	request := offrampRequest()
	request.Quote = &ramp.QuoteTerms{MinReceived: "8000"}
	request.TransactionHash = hash
	w.at(time.Second, func() {
		order := w.order()
		require.Equal(t, ramp.AwaitingConfirmation, order.Status)
		require.Equal(t, "4000.00", order.Quote.Receive.Amount)
		require.Nil(t, order.Instructions)
		w.SignalWorkflow(ramp.ConfirmQuote, ramp.QuoteConfirmation{QuoteID: "worse"})
	})

	order := w.sell(request)

	require.Equal(t, ramp.Completed, order.Status)
	require.Equal(t, "4000.00", placed.MinReceived)
	require.Contains(t, notes(order), "650000000000000000000007", "the order that was left is told")
}

// The quote expired on a retry, so that an earlier attempt may have made the order.
func TestQuoteThatExpiresOnARetryIsFollowedByASearch(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	stale := temporal.NewNonRetryableApplicationError("stale", activities.ErrQuoteExpired, nil, activities.StaleQuote{OrderMayExist: true})
	w.on((*activities.Calls)(nil).CreateOnrampOrder).Return(activities.CreatedOrder{}, stale).Once()
	w.on((*activities.Calls)(nil).CreateOnrampOrder).Return(
		func(_ context.Context, req activities.CreateOnrampOrderRequest) (activities.CreatedOrder, error) {
			require.True(t, req.OrderMayExist)
			return onrampOrder, nil
		}).Once()
	w.happy(completed)
	request := onrampRequest()
	request.UTR = utr

	require.Equal(t, ramp.Completed, w.buy(request).Status)
}

// The last attempt may have asked for the order a moment before it fell silent or failed.
func TestCreationAfterAnUnansweredOneIsToldUntilWhenTheOrderMayBeMade(t *testing.T) {
	t.Parallel()
	for name, unanswered := range map[string]error{"it fell silent": temporal.NewHeartbeatTimeoutError(), "it failed": unavailable()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, ramp.Onramp)
			w.on((*activities.Calls)(nil).CreateOnrampOrder).Return(activities.CreatedOrder{}, unanswered).Times(8)
			w.on((*activities.Calls)(nil).CreateOnrampOrder).Return(
				func(_ context.Context, req activities.CreateOnrampOrderRequest) (activities.CreatedOrder, error) {
					require.True(t, req.OrderMayExist)
					require.WithinDuration(t, w.Now().Add(58*time.Second), req.CommitsUntil, 5*time.Second)
					return onrampOrder, nil
				}).Once()
			w.happy(completed)
			request := onrampRequest()
			request.UTR = utr

			require.Equal(t, ramp.Completed, w.buy(request).Status)
		})
	}
}

func TestPayoutMarksItsTaxAsAnEstimate(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Offramp)
	w.on((*activities.Calls)(nil).QuoteSell).Return(func(context.Context, activities.QuoteSellRequest) (activities.QuoteResult, error) {
		result := w.quote("quote-1", ramp.Amount{Amount: "100", Currency: "USDC"}, ramp.Amount{Amount: "8360.24", Currency: "INR"})
		result.Quote.Fees = []ramp.Fee{{Name: "tds", Amount: ramp.Amount{Amount: "84.45", Currency: "INR"}, Estimated: true}}
		return result, nil
	})
	w.happy(activities.OrderState{
		ProviderStatus: "completed", Status: ramp.Completed,
		Settlement: &ramp.Settlement{Amount: ramp.Amount{Amount: "8444.69", Currency: "INR"}},
	})
	request := offrampRequest()
	request.TransactionHash = hash

	order := w.sell(request)

	require.Equal(t, "8360.24", order.Settlement.Amount.Amount)
	require.True(t, order.Settlement.Estimated)
}

// An activity worker of an earlier version refuses without a word about the order: nothing is known of it by that.
func TestRefusalWithoutAStateLeavesAnUnclearOrderUnclear(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	w.looks(strange)
	w.on((*activities.Calls)(nil).SubmitUTR).Return(activities.SubmitResult{}, refusal("Invalid UTR")).Once()
	w.on((*activities.Watches)(nil).WatchOrder).After(24*time.Hour).Return(decided(completed), nil)
	w.happy()
	w.signalUTR(4*time.Hour, utr)

	order := w.buy(onrampRequest())

	require.Equal(t, ramp.Completed, order.Status)
	w.AssertActivityNumberOfCalls(t, "OrderStatus", 1)
}

// The provider's status does not say whether the order is paid: its user is not told to pay it.
func TestOrderOfUnknownStatusDoesNotAskForPayment(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	w.takes(map[string]error{utr: refusedWith(strange)})
	w.happy()
	w.signalUTR(time.Hour, utr)
	w.at(2*time.Hour, func() {
		require.Contains(t, w.card(), "The provider must say whether the order is paid")
		require.NotContains(t, w.card(), "The user must pay")
	})

	w.buy(onrampRequest())
}
