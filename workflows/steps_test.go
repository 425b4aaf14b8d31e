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

func TestUnverifiedUserWithADossierIsVerifiedByUploadingIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	w.on((*activities.Calls)(nil).KYCStatus).Return(activities.KYCStatusResult{}, nil)
	w.on((*activities.Calls)(nil).UploadKYC).Return(activities.UploadKYCResult{}, nil).Once()
	w.on((*activities.Watches)(nil).WatchKYC).After(6*time.Hour).
		Return(activities.WatchKYCResult{WatchEnd: activities.WatchEnd{End: activities.Decided}}, nil)
	w.happy(completed)
	request := onrampRequest()
	request.KYC = &ramp.KYC{Dossier: "file:///var/lib/rampart/kyc/asha"}
	request.UTR = utr

	order := w.buy(request)

	require.Equal(t, ramp.Completed, order.Status)
	require.NotContains(t, statuses(order), ramp.AwaitingKYC)
}

func TestUnverifiedUserIsAskedForADossierUntilOneIsAccepted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	w.on((*activities.Calls)(nil).KYCStatus).Return(activities.KYCStatusResult{}, nil)
	w.on((*activities.Calls)(nil).UploadKYC).Return(activities.UploadKYCResult{}, refusal("Invalid request")).Once()
	w.on((*activities.Calls)(nil).UploadKYC).Return(activities.UploadKYCResult{}, nil).Once()
	w.watchKYC(false).Return(activities.WatchKYCResult{WatchEnd: activities.WatchEnd{End: activities.Decided}}, nil)
	w.happy(completed)
	dossier := ramp.KYCSubmission{Dossier: "file:///var/lib/rampart/kyc/asha"}
	asked := w.update(0, ramp.AwaitOrder)
	refused := w.update(time.Hour, ramp.SubmitKYC, dossier)
	w.at(2*time.Hour, func() {
		require.Equal(t, ramp.AwaitingKYC, w.order().Status)
		require.Contains(t, notes(w.order()), "The order waits until 24 Nov 2026, 12:30:00 IST.")
	})
	accepted := w.update(3*time.Hour, ramp.SubmitKYC, dossier)
	w.signalUTR(4*time.Hour, utr)

	order := w.buy(onrampRequest())

	require.Equal(t, ramp.Completed, order.Status)
	require.Equal(t, ramp.AwaitingKYC, asked.order.Status)
	requireType(t, refused.failed, ramp.KYCRefused)
	require.NoError(t, accepted.failed)
	require.Equal(t, start.Add(6*time.Hour), order.ExpiresAt)
}

func TestUserWhoIsNeverVerifiedIsRejectedWithTheReason(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	w.on((*activities.Calls)(nil).KYCStatus).Return(activities.KYCStatusResult{}, nil)
	w.on((*activities.Calls)(nil).UploadKYC).Return(activities.UploadKYCResult{}, nil)
	w.on((*activities.Watches)(nil).WatchKYC).
		Return(activities.WatchKYCResult{WatchEnd: activities.WatchEnd{End: activities.TimeUp}}, nil)
	w.happy()
	request := onrampRequest()
	request.KYC = &ramp.KYC{Dossier: "file:///var/lib/rampart/kyc/asha"}

	order := w.buy(request)

	require.Equal(t, ramp.Rejected, order.Status)
	require.Contains(t, notes(order), "did not verify")
}

func TestUserWhoSubmitsNoDossierIsRejectedAfterADay(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	w.on((*activities.Calls)(nil).KYCStatus).Return(activities.KYCStatusResult{}, nil)
	w.happy()

	order := w.buy(onrampRequest())

	require.Equal(t, ramp.Rejected, order.Status)
	require.Equal(t, start.Add(24*time.Hour), order.UpdatedAt)
}

func TestAccountThatIsNotLinkedIsLinkedAndWatchedWhilePending(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	w.on((*activities.Calls)(nil).LinkedAccounts).Return(activities.LinkResult{State: activities.NotLinked}, nil)
	w.on((*activities.Calls)(nil).LinkAccount).
		Return(activities.LinkResult{State: activities.LinkPending, LinkReference: "ref-1"}, nil).Once()
	w.on((*activities.Watches)(nil).WatchLink).Return(func(_ context.Context, req activities.WatchLinkRequest) (activities.WatchLinkResult, error) {
		require.Equal(t, "ref-1", req.LinkReference)
		require.True(t, req.UPI)
		return activities.WatchLinkResult{
			WatchEnd:   activities.WatchEnd{End: activities.Decided},
			LinkResult: activities.LinkResult{State: activities.Linked},
		}, nil
	}).Once()
	w.happy(completed)
	w.signalUTR(time.Hour, utr)

	require.Equal(t, ramp.Completed, w.buy(onrampRequest()).Status)
}

func TestAccountThatIsNeverVerifiedRejectsTheOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	w.on((*activities.Calls)(nil).LinkedAccounts).Return(activities.LinkResult{State: activities.LinkPending, LinkReference: "ref-1"}, nil)
	w.on((*activities.Watches)(nil).WatchLink).
		Return(activities.WatchLinkResult{WatchEnd: activities.WatchEnd{End: activities.TimeUp}}, nil)
	w.happy()

	order := w.buy(onrampRequest())

	require.Equal(t, ramp.Rejected, order.Status)
	require.Contains(t, notes(order), "did not verify the account in time")
	w.AssertActivityNumberOfCalls(t, "LinkAccount", 0)
}

func TestRefusedAccountIsAskedForAnew(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	w.on((*activities.Calls)(nil).LinkedAccounts).Return(activities.LinkResult{State: activities.NotLinked}, nil)
	w.on((*activities.Calls)(nil).LinkAccount).Return(func(_ context.Context, req activities.AccountRequest) (activities.LinkResult, error) {
		switch req.UPI.ID {
		case "asha@okbank":
			return activities.LinkResult{State: activities.LinkFailed, Reason: "name mismatch"}, nil
		case "unknown@okbank":
			return activities.LinkResult{}, refusal("account not found for vpa")
		default:
			return activities.LinkResult{State: activities.Linked}, nil
		}
	})
	w.happy(completed)
	w.at(time.Hour, func() {
		require.Equal(t, ramp.AwaitingAccount, w.order().Status)
		require.Contains(t, notes(w.order()), "name mismatch")
	})
	bank := w.update(time.Hour, ramp.SubmitAccount, ramp.AccountSubmission{Bank: offrampRequest().Bank})
	refused := w.update(2*time.Hour, ramp.SubmitAccount, ramp.AccountSubmission{UPI: &ramp.UPIAccount{ID: "unknown@okbank", Name: "Asha Rao"}})
	linked := w.update(3*time.Hour, ramp.SubmitAccount, ramp.AccountSubmission{UPI: &ramp.UPIAccount{ID: "asha@okaxis", Name: "Asha Rao"}})
	late := w.update(4*time.Hour, ramp.SubmitAccount, ramp.AccountSubmission{UPI: &ramp.UPIAccount{ID: "asha@okaxis", Name: "Asha Rao"}})
	w.signalUTR(5*time.Hour, utr)

	order := w.buy(onrampRequest())

	require.Equal(t, ramp.Completed, order.Status)
	requireType(t, bank.rejected, ramp.InvalidRequest)
	requireType(t, refused.failed, ramp.AccountRefused)
	require.ErrorContains(t, refused.failed, "account not found for vpa")
	require.NoError(t, linked.failed)
	requireType(t, late.rejected, ramp.NotAwaited)
}

func TestQuoteBelowTheMinimumWaitsForConfirmation(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	w.happy(completed)
	request := onrampRequest()
	request.Quote = &ramp.QuoteTerms{MinReceived: "10.64"}
	waiting := w.update(0, ramp.AwaitOrder)
	wrong := w.update(10*time.Second, ramp.ConfirmQuote, ramp.QuoteConfirmation{QuoteID: "quote-0"})
	right := w.update(20*time.Second, ramp.ConfirmQuote, ramp.QuoteConfirmation{QuoteID: "quote-1"})
	w.signalUTR(time.Hour, utr)

	order := w.buy(request)

	require.Equal(t, ramp.AwaitingConfirmation, waiting.order.Status)
	require.Equal(t, "10.63", waiting.order.Quote.Receive.Amount)
	requireType(t, wrong.rejected, ramp.QuoteMismatch)
	require.NoError(t, right.failed)
	require.Equal(t, ramp.Completed, order.Status)
	w.AssertActivityNumberOfCalls(t, "QuoteBuy", 1)
}

func TestQuoteThatIsNotConfirmedInTimeCancelsTheOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	w.happy()
	request := onrampRequest()
	request.Quote = &ramp.QuoteTerms{Confirm: true}

	order := w.buy(request)

	require.Equal(t, ramp.Cancelled, order.Status)
	require.Equal(t, start.Add(15*time.Minute), order.UpdatedAt)
	w.AssertActivityNumberOfCalls(t, "CreateOnrampOrder", 0)
}

func TestQuoteInPlaceOfAConfirmedOneCanBeConfirmedForTwoMinutesAtLeast(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	pay := ramp.Amount{Amount: "1000.00", Currency: "INR"}
	w.on((*activities.Calls)(nil).QuoteBuy).Return(w.quoteBuy).Once()
	w.on((*activities.Calls)(nil).QuoteBuy).Return(func(context.Context, activities.QuoteBuyRequest) (activities.QuoteResult, error) {
		return w.quote("quote-2", pay, ramp.Amount{Amount: "10.62", Currency: "USDC"}), nil
	})
	w.happy(completed)
	request := onrampRequest()
	request.Quote, request.UTR = &ramp.QuoteTerms{Confirm: true}, utr
	w.update(14*time.Minute+50*time.Second, ramp.ConfirmQuote, ramp.QuoteConfirmation{QuoteID: "quote-1"})
	w.update(15*time.Minute+10*time.Second, ramp.ConfirmQuote, ramp.QuoteConfirmation{QuoteID: "quote-2"})

	require.Equal(t, ramp.Completed, w.buy(request).Status)
}

func TestStaleConfirmedQuoteStandsOnlyIfTheNewOneIsNoWorse(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		second string
		asked  bool
	}{
		"better": {second: "10.70"},
		"same":   {second: "10.63"},
		"worse":  {second: "10.62", asked: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, ramp.Onramp)
			pay := ramp.Amount{Amount: "1000.00", Currency: "INR"}
			w.on((*activities.Calls)(nil).QuoteBuy).Return(w.quoteBuy).Once()
			w.on((*activities.Calls)(nil).QuoteBuy).Return(func(context.Context, activities.QuoteBuyRequest) (activities.QuoteResult, error) {
				return w.quote("quote-2", pay, ramp.Amount{Amount: tt.second, Currency: "USDC"}), nil
			})
			w.happy(completed)
			request := onrampRequest()
			request.Quote = &ramp.QuoteTerms{Confirm: true}
			w.update(2*time.Minute, ramp.ConfirmQuote, ramp.QuoteConfirmation{QuoteID: "quote-1"})
			w.at(3*time.Minute, func() { require.Equal(t, tt.asked, w.order().Status == ramp.AwaitingConfirmation) })
			w.update(3*time.Minute+10*time.Second, ramp.ConfirmQuote, ramp.QuoteConfirmation{QuoteID: "quote-2"})
			w.signalUTR(time.Hour, utr)

			order := w.buy(request)

			require.Equal(t, ramp.Completed, order.Status)
			require.Equal(t, tt.second, order.Quote.Receive.Amount)
		})
	}
}

func TestQuoteThatExpiresBeforeTheOrderIsMadeIsFetchedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	w.on((*activities.Calls)(nil).CreateOnrampOrder).Return(activities.CreatedOrder{}, quoteExpired()).Twice()
	w.happy(completed)
	w.signalUTR(time.Hour, utr)

	order := w.buy(onrampRequest())

	require.Equal(t, ramp.Completed, order.Status)
	w.AssertActivityNumberOfCalls(t, "QuoteBuy", 3)
}

func TestProviderThatRefusesTheOrderRejectsIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	w.on((*activities.Calls)(nil).CreateOnrampOrder).Return(activities.CreatedOrder{}, refusal("amount is below the limit"))
	w.happy()

	order := w.buy(onrampRequest())

	require.Equal(t, ramp.Rejected, order.Status)
	require.Equal(t, "amount is below the limit", order.ProviderReason)
}

func TestOutageAsksForAttentionAndTheOrderGoesOnAfterIt(t *testing.T) {
	t.Parallel()
	for _, step := range []struct {
		name     string
		activity any
		answer   any
	}{
		{"KYC status", (*activities.Calls)(nil).KYCStatus, activities.KYCStatusResult{Verified: true}},
		{"linked accounts", (*activities.Calls)(nil).LinkedAccounts, activities.LinkResult{State: activities.Linked}},
		{"order", (*activities.Calls)(nil).CreateOnrampOrder, onrampOrder},
		{"proof", (*activities.Calls)(nil).SubmitUTR, activities.SubmitResult{}},
	} {
		t.Run(step.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, ramp.Onramp)
			w.on(step.activity).Return(step.answer, unavailable()).Times(20)
			w.on(step.activity).Return(step.answer, nil)
			w.happy(completed)
			request := onrampRequest()
			request.UTR = utr
			w.at(5*time.Minute, func() {
				require.Contains(t, w.order().Attention, "does not answer")
			})

			order := w.buy(request)

			require.Equal(t, ramp.Completed, order.Status)
			require.Empty(t, order.Attention)
		})
	}
}

func TestOrderThatMayHaveBeenMadeIsLookedForOnTheNextTry(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	var again []bool
	w.on((*activities.Calls)(nil).CreateOnrampOrder).Return(func(_ context.Context, req activities.CreateOnrampOrderRequest) (activities.CreatedOrder, error) {
		again = append(again, req.OrderMayExist)
		require.Equal(t, start, req.NotBefore)
		if len(again) <= 10 {
			return activities.CreatedOrder{}, unavailable()
		}
		adopted := onrampOrder
		adopted.Adopted, adopted.Instructions = true, ramp.Instructions{CheckoutURL: "https://checkout.example.test/"}
		return adopted, nil
	})
	w.happy(completed)
	w.signalUTR(2*time.Hour, utr)

	order := w.buy(onrampRequest())

	require.Equal(t, []bool{false, false, false, false, false, false, false, false, true, true, true}, again)
	require.Equal(t, ramp.Completed, order.Status)
	require.Empty(t, order.Attention)
}

func TestOutageDuringAWatchAsksForAttentionUntilItIsOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	end := func(end activities.End, problem string) activities.WatchOrderResult {
		return activities.WatchOrderResult{WatchEnd: activities.WatchEnd{End: end, Problem: problem}}
	}
	var outages []bool
	answers := []activities.WatchOrderResult{end(activities.Outage, "HTTP 503"), end(activities.Recovered, ""), decided(completed)}
	w.on((*activities.Watches)(nil).WatchOrder).After(time.Hour).
		Return(func(_ context.Context, req activities.WatchOrderRequest) (activities.WatchOrderResult, error) {
			outages = append(outages, req.InOutage)
			return answers[len(outages)-1], nil
		})
	w.happy()
	request := onrampRequest()
	request.UTR = utr
	w.at(90*time.Minute, func() { require.Contains(t, w.order().Attention, "HTTP 503") })
	w.at(150*time.Minute, func() { require.Empty(t, w.order().Attention) })

	order := w.buy(request)

	require.Equal(t, ramp.Completed, order.Status)
	require.Equal(t, []bool{false, true, false}, outages)
}

func TestOverdueOrderAsksForAttentionAndIsWatchedOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	w.on((*activities.Watches)(nil).WatchOrder).After(24*time.Hour).
		Return(activities.WatchOrderResult{WatchEnd: activities.WatchEnd{End: activities.TimeUp}}, nil).Once()
	w.on((*activities.Watches)(nil).WatchOrder).After(24 * time.Hour).
		Return(func(_ context.Context, req activities.WatchOrderRequest) (activities.WatchOrderResult, error) {
			require.True(t, req.Overdue)
			return decided(completed), nil
		}).Once()
	w.happy()
	request := onrampRequest()
	request.UTR = utr
	w.at(30*time.Hour, func() { require.Contains(t, w.order().Attention, "a day after its payment") })

	require.Equal(t, ramp.Completed, w.buy(request).Status)
}

func TestProviderStatusNeverMovesTheOrderBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	w.happy(
		activities.OrderState{ProviderStatus: "refundInitiated", Status: ramp.Refunding, Reason: "payer is not the linked account"},
		received,
		activities.OrderState{ProviderStatus: "somethingNew"},
		activities.OrderState{ProviderStatus: "refunded", Status: ramp.Refunded},
	)
	request := onrampRequest()
	request.UTR = utr

	order := w.buy(request)

	require.Equal(t, ramp.Refunded, order.Status)
	require.NotContains(t, statuses(order), ramp.Settling)
	require.Equal(t, "payer is not the linked account", order.ProviderReason)
	require.Contains(t, notes(order), "somethingNew")
}

func TestPaymentThatComesAfterTheProviderExpiredTheOrderIsFollowedWithAWarning(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	w.happy(activities.OrderState{ProviderStatus: "expired", Status: ramp.Expired})
	w.on((*activities.Watches)(nil).WatchOrder).After(30 * time.Minute).
		Return(func(_ context.Context, req activities.WatchOrderRequest) (activities.WatchOrderResult, error) {
			require.True(t, req.Late)
			return decided(received), nil
		}).Once()
	w.on((*activities.Watches)(nil).WatchOrder).
		Return(func(_ context.Context, req activities.WatchOrderRequest) (activities.WatchOrderResult, error) {
			require.False(t, req.Late)
			return decided(completed), nil
		}).Once()
	request := onrampRequest()
	request.UTR = utr
	w.at(10*time.Minute, func() {
		require.Equal(t, ramp.VerifyingPayment, w.order().Status)
		require.Contains(t, w.order().Attention, "although it took the proof")
	})

	order := w.buy(request)

	require.Equal(t, ramp.Completed, order.Status)
	require.Contains(t, notes(order), "The payment came late")
}

func TestOrderThatTheProviderExpiredEndsWhenNoPaymentComesAnyMore(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	w.happy(activities.OrderState{ProviderStatus: "expired", Status: ramp.Expired})
	w.on((*activities.Watches)(nil).WatchOrder).After(time.Hour).
		Return(activities.WatchOrderResult{WatchEnd: activities.WatchEnd{End: activities.TimeUp}}, nil).Once()
	request := onrampRequest()
	request.UTR = utr

	order := w.buy(request)

	require.Equal(t, ramp.Expired, order.Status)
	require.Equal(t, start.Add(time.Hour), order.UpdatedAt)
	require.Contains(t, notes(order), "ask the provider's support about its order "+orderID)
}

func TestProviderEndings(t *testing.T) {
	t.Parallel()
	for provider, want := range map[string]ramp.Status{
		"cancelled": ramp.Cancelled,
		"refunded":  ramp.Refunded,
	} {
		t.Run(provider, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, ramp.Onramp)
			w.happy(activities.OrderState{ProviderStatus: provider, Status: want, Reason: "because"})
			request := onrampRequest()
			request.UTR = utr

			order := w.buy(request)

			require.Equal(t, want, order.Status)
			require.Contains(t, notes(order), "because")
		})
	}
}

func TestCancellationBeforeAcceptedProofEndsTheOrder(t *testing.T) {
	t.Parallel()
	slow := func(w *world, activity, answer any) { w.on(activity).After(time.Hour).Return(answer, nil) }
	for name, prepare := range map[string]func(*world){
		"during the first call": func(w *world) {
			slow(w, (*activities.Calls)(nil).KYCStatus, activities.KYCStatusResult{Verified: true})
		},
		"while KYC is awaited": func(w *world) {
			w.on((*activities.Calls)(nil).KYCStatus).Return(activities.KYCStatusResult{}, nil)
		},
		"while another account is awaited": func(w *world) {
			w.on((*activities.Calls)(nil).LinkedAccounts).Return(activities.LinkResult{State: activities.LinkFailed}, nil)
		},
		"while the order is made":     func(w *world) { slow(w, (*activities.Calls)(nil).CreateOnrampOrder, onrampOrder) },
		"while payment is awaited":    func(*world) {},
		"while a proof is refused":    refuseSlowly,
		"while the provider is asked": nil,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, ramp.Onramp)
			when := 30 * time.Minute
			if prepare == nil {
				slow(w, (*activities.Calls)(nil).OrderStatus, activities.OrderState{Unpaid: true})
				when = 3*time.Hour + 30*time.Minute
			} else {
				prepare(w)
			}
			w.happy()
			w.at(when, w.CancelWorkflow)

			order := w.buy(onrampRequest())

			require.Equal(t, ramp.Cancelled, order.Status)
			w.AssertActivityNumberOfCalls(t, "WatchOrder", 0)
		})
	}
}

func TestDeadlineCountsFromTheCreationHoweverLateItsAnswer(t *testing.T) {
	t.Parallel()
	made := onrampOrder
	made.At = start.Add(-2 * time.Hour)
	w := newWorld(t, ramp.Onramp)
	w.on((*activities.Calls)(nil).CreateOnrampOrder).Return(made, nil)
	w.happy()

	order := w.buy(onrampRequest())

	require.Equal(t, ramp.Expired, order.Status)
	require.Equal(t, start.Add(time.Hour), order.ExpiresAt)
	require.Equal(t, order.ExpiresAt, order.UpdatedAt)
}

func TestOrderThatIsPublishedLateIsKeptFirst(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		late time.Duration
		kept int
	}{"at once": {time.Second, 0}, "late": {3 * time.Second, 1}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			made := onrampOrder
			made.At = start.Add(-c.late)
			w := newWorld(t, ramp.Onramp)
			w.on((*activities.Calls)(nil).CreateOnrampOrder).Return(made, nil).Once()
			w.happy()

			order := w.buy(onrampRequest())

			require.Equal(t, orderID, order.OrderID)
			w.AssertActivityNumberOfCalls(t, "KeepOrder", c.kept)
		})
	}
}

// losing answers creations with orders whose instructions were lost, so many times, and then with one that can be paid.
func (w *world) losing(times int) *[]activities.CreateOnrampOrderRequest {
	var asked []activities.CreateOnrampOrderRequest
	w.on((*activities.Calls)(nil).CreateOnrampOrder).Return(func(_ context.Context, req activities.CreateOnrampOrderRequest) (activities.CreatedOrder, error) {
		asked = append(asked, req)
		created := onrampOrder
		created.OrderID, created.At = fmt.Sprintf("6500000000000000000000%02d", len(asked)), w.Now()
		if len(asked) <= times {
			created.Adopted, created.Instructions = true, ramp.Instructions{}
		}
		return created, nil
	})
	return &asked
}

func TestOrderWhoseInstructionsWereLostIsReplacedAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	asked := w.losing(1)
	w.happy(completed)
	w.at(time.Second, func() {
		order := w.order()
		require.Equal(t, ramp.AwaitingPayment, order.Status)
		require.NotNil(t, order.Instructions.UPI)
		require.Empty(t, order.Attention)
		require.Equal(t, start.Add(3*time.Hour), order.ExpiresAt)
	})
	w.signalUTR(time.Hour, utr)

	order := w.buy(onrampRequest())

	require.Equal(t, ramp.Completed, order.Status)
	require.Equal(t, []string{"650000000000000000000001"}, order.LostOrderIDs)
	require.Equal(t, "650000000000000000000002", order.OrderID)
	require.Contains(t, notes(order), "Nobody was shown that order")
	require.Len(t, *asked, 2)
	require.Equal(t, (*asked)[0].Quote, (*asked)[1].Quote, "at the price agreed")
	require.Equal(t, order.LostOrderIDs, (*asked)[1].LostOrderIDs)
	require.False(t, (*asked)[1].OrderMayExist)
}

// After a reset, the run before may have shown its user how to pay.
func TestOrderThatMayHaveBeenShownIsKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	found := onrampOrder
	found.Adopted, found.Keep, found.Instructions = true, true, ramp.Instructions{}
	w.on((*activities.Calls)(nil).CreateOnrampOrder).Return(found, nil).Once()
	w.happy(completed)
	w.signalUTR(time.Hour, utr)

	order := w.buy(onrampRequest())

	require.Equal(t, ramp.Completed, order.Status)
	require.Equal(t, orderID, order.OrderID)
	require.Empty(t, order.LostOrderIDs)
}

func TestLostOrderIsReplacedOnlyAtAPriceThatTheUserAgreesTo(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	quotes, times := []string{"10.63", "9.00"}, 0
	w.on((*activities.Calls)(nil).QuoteBuy).Return(func(context.Context, activities.QuoteBuyRequest) (activities.QuoteResult, error) {
		receive := quotes[min(times, 1)]
		times++
		return w.quote("quote-"+receive, ramp.Amount{Amount: "1000.00", Currency: "INR"}, ramp.Amount{Amount: receive, Currency: "USDC"}), nil
	})
	lost := onrampOrder
	lost.Adopted, lost.Instructions = true, ramp.Instructions{}
	w.on((*activities.Calls)(nil).CreateOnrampOrder).Return(lost, nil).Once()
	w.on((*activities.Calls)(nil).CreateOnrampOrder).Return(activities.CreatedOrder{}, temporal.NewNonRetryableApplicationError(
		"the price is worse", activities.ErrQuoteExpired, nil, activities.StaleQuote{})).Once()
	w.happy()
	w.at(time.Minute, func() {
		order := w.order()
		require.Equal(t, ramp.AwaitingConfirmation, order.Status)
		require.Equal(t, "9.00", order.Quote.Receive.Amount)
		require.Equal(t, []string{orderID}, order.LostOrderIDs)
	})
	request := onrampRequest()
	request.Quote = &ramp.QuoteTerms{MinReceived: "10.00"}

	order := w.buy(request)

	require.Equal(t, ramp.Cancelled, order.Status, "the user did not confirm the price")
	require.Empty(t, order.OrderID)
}

// A provider whose answers never arrive must make few orders.
func TestOrdersWhoseInstructionsAreLostAgainAndAgainAreReplacedMoreAndMoreSlowly(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	asked := w.losing(12)
	w.happy(completed)
	w.at(time.Minute, func() {
		require.Equal(t, ramp.ConcernLostInstructions, w.order().Concerns[0].Type)
		require.Contains(t, w.order().Attention, "again and again")
	})
	w.signalUTR(3*time.Hour, utr)

	order := w.buy(onrampRequest())

	require.Equal(t, ramp.Completed, order.Status)
	require.Len(t, *asked, 13)
	require.Len(t, order.LostOrderIDs, 12)
	require.Empty(t, order.Attention)
	require.Contains(t, notes(order), "No longer a concern")
}

func TestCancellationWhileALostOrderIsReplacedMakesNoOther(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	asked := w.losing(12)
	w.happy()
	w.at(time.Minute, w.CancelWorkflow)

	order := w.buy(onrampRequest())

	require.Equal(t, ramp.Cancelled, order.Status)
	require.Empty(t, order.OrderID)
	require.Len(t, order.LostOrderIDs, len(*asked))
	require.Less(t, len(*asked), 6)
}

func TestOrderThatAnotherHasAdoptedIsMadeAgain(t *testing.T) {
	t.Parallel()
	adopted, another := onrampOrder, onrampOrder
	adopted.At = start.Add(-time.Minute)
	another.OrderID = "650000000000000000000002"
	w := newWorld(t, ramp.Onramp)
	w.on((*activities.Calls)(nil).CreateOnrampOrder).Return(adopted, nil).Once()
	w.on((*activities.Calls)(nil).KeepOrder).Return(activities.KeepOrderResult{}, nil).Once()
	w.on((*activities.Calls)(nil).CreateOnrampOrder).Return(func(_ context.Context, request activities.CreateOnrampOrderRequest) (activities.CreatedOrder, error) {
		require.True(t, request.OrderMayExist, "an order of its own may have been made meanwhile")
		return another, nil
	}).Once()
	w.happy()

	order := w.buy(onrampRequest())

	require.Equal(t, another.OrderID, order.OrderID)
	require.Contains(t, notes(order), "has adopted the created one")
}

// A provider that answers with orders of others, for whatever reason, must not make an order's history grow until the server ends it.
func TestProviderThatAnswersWithOthersOrdersIsAskedMoreAndMoreSlowly(t *testing.T) {
	t.Parallel()
	const others = 50
	w := newWorld(t, ramp.Onramp)
	made := 0
	w.on((*activities.Calls)(nil).CreateOnrampOrder).Return(func(context.Context, activities.CreateOnrampOrderRequest) (activities.CreatedOrder, error) {
		made++
		created := onrampOrder
		created.At = w.Now().Add(-time.Minute)
		return created, nil
	})
	w.on((*activities.Calls)(nil).KeepOrder).Return(func(context.Context, activities.KeepOrderRequest) (activities.KeepOrderResult, error) {
		return activities.KeepOrderResult{Kept: made > others}, nil
	})
	w.happy()
	w.at(time.Hour, func() {
		require.Contains(t, w.order().Attention, "other orders' of ours")
		require.LessOrEqual(t, made, 6)
	})

	order := w.buy(onrampRequest())

	require.Equal(t, others+1, made)
	require.Greater(t, order.ExpiresAt.Sub(start), 50*time.Hour)
	require.Empty(t, order.Attention)
}

func TestOrderThatOnlyGetsOthersOrdersCanBeCancelled(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	others := onrampOrder
	others.At = start.Add(-time.Minute)
	w.on((*activities.Calls)(nil).CreateOnrampOrder).Return(others, nil)
	w.on((*activities.Calls)(nil).KeepOrder).Return(activities.KeepOrderResult{}, nil)
	w.happy()
	w.at(time.Hour, w.CancelWorkflow)

	order := w.buy(onrampRequest())

	require.Equal(t, ramp.Cancelled, order.Status)
	require.Empty(t, order.OrderID)
}

func TestCancellationDuringTheCreationWaitsForTheOrderID(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	w.on((*activities.Calls)(nil).CreateOnrampOrder).After(time.Minute).Return(onrampOrder, nil)
	w.happy()
	w.at(30*time.Second, w.CancelWorkflow)

	order := w.buy(onrampRequest())

	require.Equal(t, ramp.Cancelled, order.Status)
	require.Equal(t, orderID, order.OrderID)
	require.Contains(t, notes(order), "It waits for the provider's answer about the new order.")
	require.Contains(t, notes(order), "The provider holds no payment; its order expires by itself.")
}

func TestCancellationWhileTheOrderIsMadeDoesNotWaitForTheEndOfAnOutage(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	w.on((*activities.Calls)(nil).CreateOnrampOrder).Return(activities.CreatedOrder{}, unavailable()).Times(8)
	w.on((*activities.Calls)(nil).CreateOnrampOrder).After(24*time.Hour).Return(onrampOrder, nil)
	w.happy()
	w.at(time.Hour, w.CancelWorkflow)

	order := w.buy(onrampRequest())

	require.Equal(t, ramp.Cancelled, order.Status)
	require.Equal(t, start.Add(time.Hour), order.UpdatedAt)
	require.Empty(t, order.OrderID)
	require.Contains(t, notes(order), "may have made an order whose answer was lost")
}

// refuseSlowly has a proof on its way to the provider, who will refuse it, when the cancellation comes.
func refuseSlowly(w *world) {
	w.on((*activities.Calls)(nil).SubmitUTR).After(time.Hour).Return(activities.SubmitResult{}, refusal("Invalid UTR"))
	w.signalUTR(10*time.Minute, utr)
}

func TestCancellationWhileTheConfirmationIsAwaitedEndsTheOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	w.happy()
	request := onrampRequest()
	request.Quote = &ramp.QuoteTerms{Confirm: true}
	w.at(time.Minute, w.CancelWorkflow)

	order := w.buy(request)

	require.Equal(t, ramp.Cancelled, order.Status)
	require.Contains(t, notes(order), "on request")
}

func TestCancellationAfterAcceptedProofIsRefusedWithAReason(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	w.on((*activities.Watches)(nil).WatchOrder).After(time.Hour).Return(decided(completed), nil)
	w.happy()
	request := onrampRequest()
	request.UTR = utr
	w.at(30*time.Minute, w.CancelWorkflow)

	order := w.buy(request)

	require.Equal(t, ramp.Completed, order.Status)
	require.Contains(t, notes(order), "Cancellation refused")
}

func TestCancellationWaitsForTheAnswerAboutASubmittedProof(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	w.on((*activities.Calls)(nil).SubmitUTR).After(time.Hour).Return(activities.SubmitResult{}, nil)
	w.happy(completed)
	w.signalUTR(10*time.Minute, utr)
	w.at(30*time.Minute, w.CancelWorkflow)

	order := w.buy(onrampRequest())

	require.Equal(t, ramp.Completed, order.Status)
	require.Contains(t, notes(order), "waits for the provider's answer")
}

func TestProofThatComesBeforeACancellationIsSubmittedFirst(t *testing.T) {
	t.Parallel()
	for name, together := range map[string]func(*world){
		"in one task": func(w *world) {
			w.CancelWorkflow()
			w.SignalWorkflow(ramp.SubmitUTR, ramp.UTRSubmission{UTR: utr})
		},
		"during the last look": func(w *world) {
			w.SignalWorkflow(ramp.SubmitUTR, ramp.UTRSubmission{UTR: utr})
			w.at(time.Second, w.CancelWorkflow)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, ramp.Onramp)
			w.on((*activities.Calls)(nil).OrderStatus).After(time.Minute).
				Return(activities.OrderState{ProviderStatus: "fiatPending", Unpaid: true}, nil)
			w.happy(completed)
			w.at(3*time.Hour+10*time.Second, func() { together(w) })

			order := w.buy(onrampRequest())

			require.Equal(t, ramp.Completed, order.Status)
			require.Equal(t, utr, string(order.Proof.UTR))
		})
	}
}

func TestInvalidRequestFailsTheWorkflowAndNamesEveryBadField(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	request := onrampRequest()
	request.Fiat.Amount = "-1"
	request.WalletAddress = "0x12"
	request.UPI = nil

	failed := w.failure(ramp.OnrampWorkflow, request)

	require.Equal(t, string(ramp.InvalidRequest), failed.Type())
	for _, field := range []string{"fiat.amount", "walletAddress", "upi"} {
		require.ErrorContains(t, failed, field)
	}
}

func TestMisspeltFieldFailsTheWorkflow(t *testing.T) {
	t.Parallel()
	for name, input := range map[string]any{
		"unknown field":   map[string]any{"reference": reference, "minRecieved": "10"},
		"number for text": map[string]any{"reference": reference, "fiat": map[string]any{"currency": "INR", "amount": 1000}},
		"no object":       "inv-42",
		"null":            nil,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, ramp.Offramp)
			require.Equal(t, string(ramp.InvalidRequest), w.failure(ramp.OfframpWorkflow, input).Type())
		})
	}
}

func TestWorkflowIDMustBeTheReferences(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	request := onrampRequest()
	request.Reference = "inv-43"

	failed := w.failure(ramp.OnrampWorkflow, request)

	require.Equal(t, string(ramp.InvalidRequest), failed.Type())
	require.ErrorContains(t, failed, "onramp/inv-43")
}
