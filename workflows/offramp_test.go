package workflows_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"

	"rampart/activities"
	"rampart/ramp"
)

func TestOfframpRunsFromLoginToPayout(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Offramp)
	w.happy(activities.OrderState{ProviderStatus: "CryptoReceived", Status: ramp.Settling}, paidOut)
	w.at(10*time.Minute, func() {
		w.SignalWorkflow(ramp.SubmitTransactionHash, ramp.HashSubmission{TransactionHash: "0xABC" + hash[5:]})
	})

	order := w.sell(offrampRequest())

	require.Equal(t, ramp.Completed, order.Status)
	require.Equal(t, offrampOrder.Instructions, *order.Instructions)
	require.Equal(t, hash, order.Proof.TransactionHash)
	require.Equal(t, "8360.24", order.Settlement.Amount.Amount)
	w.AssertActivityNumberOfCalls(t, "SubmitTransactionHash", 1)
}

func TestHashGivenWithTheRequestIsTheSameAsOneSubmittedInOtherCase(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Offramp)
	w.on((*activities.Calls)(nil).CreateOfframpOrder).After(time.Minute).Return(offrampOrder, nil)
	w.happy(paidOut)
	request := offrampRequest()
	request.TransactionHash = "0xABC" + hash[5:]
	same := w.update(time.Second, ramp.SubmitTransactionHash, ramp.HashSubmission{TransactionHash: hash})

	order := w.sell(request)

	require.Equal(t, hash, order.Proof.TransactionHash)
	require.NoError(t, same.failed)
	w.AssertActivityNumberOfCalls(t, "SubmitTransactionHash", 1)
}

func TestPayoutIsShownNetOfTheQuotesFees(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Offramp)
	w.on((*activities.Calls)(nil).QuoteSell).Return(func(context.Context, activities.QuoteSellRequest) (activities.QuoteResult, error) {
		result := w.quote("quote-1", ramp.Amount{Amount: "100", Currency: "USDC"}, ramp.Amount{Amount: "8360.24", Currency: "INR"})
		result.Quote.Fees = []ramp.Fee{
			{Name: "gas", Amount: ramp.Amount{Amount: "0.21", Currency: "INR"}},
			{Name: "tds", Amount: ramp.Amount{Amount: "84.45", Currency: "INR"}},
		}
		return result, nil
	})
	gross := paidOut
	gross.Settlement = &ramp.Settlement{Amount: ramp.Amount{Amount: "8444.90", Currency: "INR"}}
	w.happy(gross)
	request := offrampRequest()
	request.TransactionHash = hash

	require.Equal(t, "8360.24", w.sell(request).Settlement.Amount.Amount)
}

func TestOfframpOrderIsMadeWithTheMaskedAccountAndNoPAN(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Offramp)
	w.OnActivity((*activities.Calls)(nil).CreateOfframpOrder, mock.Anything,
		mock.MatchedBy(func(req activities.CreateOfframpOrderRequest) bool {
			return req.AccountNumber == "XXXX4821" && req.IFSC == "HDFC0001234" && req.TokenAmount == "100.00"
		})).Return(offrampOrder, nil).Once()
	w.happy(paidOut)
	request := offrampRequest()
	request.TransactionHash = hash

	require.Equal(t, ramp.Completed, w.sell(request).Status)
}

func TestOfframpOrderWithoutHashExpiresAfterThreeHours(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Offramp)
	w.on((*activities.Calls)(nil).OrderStatus).Return(activities.OrderState{ProviderStatus: "cryptoInit", Unpaid: true}, nil)
	w.happy()

	order := w.sell(offrampRequest())

	require.Equal(t, ramp.Expired, order.Status)
	require.Equal(t, "cryptoInit", order.ProviderStatus)
	require.Equal(t, start.Add(3*time.Hour), order.UpdatedAt)
}

func TestRefusedHashSendsTheOfframpOrderBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Offramp)
	w.on((*activities.Calls)(nil).SubmitTransactionHash).Return(activities.SubmitResult{}, refusal("Duplicate transaction hash")).Once()
	w.happy(paidOut)
	refused := w.update(time.Hour, ramp.SubmitTransactionHash, ramp.HashSubmission{TransactionHash: hash})
	other := "0x" + hash[3:] + "f"
	w.update(2*time.Hour, ramp.SubmitTransactionHash, ramp.HashSubmission{TransactionHash: other})

	order := w.sell(offrampRequest())

	requireType(t, refused.failed, ramp.ProofRefused)
	require.Equal(t, ramp.Completed, order.Status)
	require.Equal(t, other, order.Proof.TransactionHash)
}

func TestFailedPayoutAsksForAttentionAndIsStillWatched(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Offramp)
	w.happy(
		activities.OrderState{ProviderStatus: "fiatFailed", Status: ramp.Settling, Attention: "the provider could not pay out to the bank account"},
	)
	w.on((*activities.Watches)(nil).WatchOrder).After(time.Hour).Return(decided(paidOut), nil)
	request := offrampRequest()
	request.TransactionHash = hash
	w.at(30*time.Minute, func() {
		require.Equal(t, ramp.Settling, w.order().Status)
		require.Contains(t, w.order().Attention, "could not pay out")
	})

	order := w.sell(request)

	require.Equal(t, ramp.Completed, order.Status)
	require.Empty(t, order.Attention)
}
