package workflows_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/sdk/v1"

	"rampart/activities"
	"rampart/ramp"
)

// card is what the Web UI shows as the order's current details.
func (w *world) card() string {
	w.t.Helper()
	value, err := w.QueryWorkflow("__temporal_workflow_metadata")
	require.NoError(w.t, err)
	var metadata sdk.WorkflowMetadata
	require.NoError(w.t, value.Get(&metadata))
	return metadata.GetCurrentDetails()
}

func requireTells(t *testing.T, card string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		require.Contains(t, card, text)
	}
}

// scene is a moment in an order's life, and what its card says then.
type scene struct {
	direction ramp.Direction
	buy       func(*ramp.OnrampRequest)
	sell      func(*ramp.OfframpRequest)
	provider  func(w *world)
	at        time.Duration
	tells     []string
}

// play runs the order to its end, and is in its world before that at the scene's moment.
func (s scene) play(t *testing.T, then func(*world)) *world {
	t.Helper()
	direction := s.direction
	if direction == "" {
		direction = ramp.Onramp
	}
	w := newWorld(t, direction)
	if s.provider != nil {
		s.provider(w)
	}
	w.happy(completed)
	if then != nil {
		w.at(s.at, func() { then(w) })
	}
	buying, selling := onrampRequest(), offrampRequest()
	if s.buy != nil {
		s.buy(&buying)
	}
	if s.sell != nil {
		s.sell(&selling)
	}
	if direction == ramp.Offramp {
		w.sell(selling)
	} else {
		w.buy(buying)
	}
	return w
}

// check looks at the card at the scene's moment, and ends the order if that is still possible.
func (s scene) check(t *testing.T) {
	t.Helper()
	looked := false
	s.play(t, func(w *world) {
		looked = true
		requireTells(t, w.card(), s.tells...)
		w.CancelWorkflow()
	})
	require.True(t, looked, "the order was over before")
}

func alreadyPaid(r *ramp.OnrampRequest) { r.UTR = utr }

func alreadySent(r *ramp.OfframpRequest) { r.TransactionHash = hash }

// then lets the order's watch see something at once, and the end later.
func then(state activities.OrderState) func(*world) {
	return func(w *world) {
		w.on((*activities.Watches)(nil).WatchOrder).Return(decided(state), nil).Once()
		w.on((*activities.Watches)(nil).WatchOrder).After(48*time.Hour).Return(decided(completed), nil)
	}
}

func slowly(w *world) {
	w.on((*activities.Watches)(nil).WatchOrder).After(time.Hour).Return(decided(completed), nil)
}

func TestCurrentDetailsShowWhatIsAwaitedFromWhomAndTheRemedies(t *testing.T) {
	t.Parallel()
	const begun = "23 Nov 2026, 11:30:00 IST"
	const noLonger = "**The user no longer wants the order:** cancel it: `starter cancel onramp/inv-42`"
	for name, s := range map[string]scene{
		"KYC is checked": {
			provider: func(w *world) {
				w.on((*activities.Calls)(nil).KYCStatus).After(time.Hour).Return(activities.KYCStatusResult{Verified: true}, nil)
			},
			tells: []string{"## The provider checks the user's KYC", "**Buy USDC for ₹1,000** · `inv-42`",
				"**Waits for the provider** since " + begun + ".", noLonger, "**Started:** " + begun + " (06:00:00 UTC)"},
			at: time.Minute,
		},
		"documents are awaited": {
			provider: func(w *world) {
				w.on((*activities.Calls)(nil).KYCStatus).Return(activities.KYCStatusResult{}, nil)
			},
			at: time.Minute,
			tells: []string{"## The user must submit KYC documents",
				"**Waits for the user** since " + begun + ", until 24 Nov 2026, 11:30:00 IST (06:00:00 UTC).",
				"`starter submit-kyc onramp/inv-42 DOSSIER-URL`", noLonger, "**awaiting KYC:** The provider has not verified the user."},
		},
		"documents are reviewed": {
			provider: func(w *world) {
				w.on((*activities.Calls)(nil).KYCStatus).Return(activities.KYCStatusResult{}, nil)
				w.on((*activities.Calls)(nil).UploadKYC).Return(activities.UploadKYCResult{}, nil)
				w.on((*activities.Watches)(nil).WatchKYC).After(time.Hour).
					Return(activities.WatchKYCResult{WatchEnd: activities.WatchEnd{End: activities.Decided}}, nil)
			},
			buy:   func(r *ramp.OnrampRequest) { r.KYC = &ramp.KYC{Dossier: "file:///var/lib/rampart/kyc/asha"} },
			at:    time.Minute,
			tells: []string{"## The provider reviews the user's KYC documents", "up to 24 hours", "The provider reviews the documents."},
		},
		"the account is linked": {
			provider: func(w *world) {
				w.on((*activities.Calls)(nil).LinkedAccounts).Return(activities.LinkResult{State: activities.LinkPending}, nil)
				w.on((*activities.Watches)(nil).WatchLink).After(time.Hour).Return(activities.WatchLinkResult{
					WatchEnd: activities.WatchEnd{End: activities.Decided}, LinkResult: activities.LinkResult{State: activities.Linked}}, nil)
			},
			at:    time.Minute,
			tells: []string{"## The provider links the user's UPI ID", "**Waits for the provider**"},
		},
		"another account is awaited": {
			direction: ramp.Offramp,
			provider: func(w *world) {
				w.on((*activities.Calls)(nil).LinkedAccounts).Return(activities.LinkResult{State: activities.LinkFailed, Reason: "name mismatch"}, nil)
			},
			at: time.Minute,
			tells: []string{"## The user must name another bank account", "**Sell 100 USDC for INR**", "until 24 Nov 2026, 11:30:00 IST",
				"`starter submit-account offramp/inv-42 --file account.json`", "name mismatch"},
		},
		"the price is awaited": {
			provider: func(w *world) {
				w.on((*activities.Calls)(nil).QuoteBuy).After(time.Hour).Return(w.quoteBuy)
			},
			at:    time.Minute,
			tells: []string{"## The provider is asked for the price"},
		},
		"a confirmation is awaited": {
			buy: func(r *ramp.OnrampRequest) { r.Quote = &ramp.QuoteTerms{MinReceived: "11"} },
			at:  time.Minute,
			tells: []string{"## The user must confirm the price", "until 23 Nov 2026, 11:45:00 IST (06:15:00 UTC).",
				"`starter confirm-quote onramp/inv-42 quote-1`", "**Amounts:** 10.63 USDC for ₹1,000, at ₹94.07 a token",
				"less than the user's minimum of 11 USDC"},
		},
		"the provider creates the order": {
			provider: func(w *world) {
				w.on((*activities.Calls)(nil).CreateOnrampOrder).After(time.Hour).Return(onrampOrder, nil)
			},
			at:    time.Minute,
			tells: []string{"## The provider creates the order"},
		},
		"a payment by UPI is awaited": {
			at: time.Minute,
			tells: []string{"## The user must pay ₹1,000", "by UPI to `merchant0001@examplebank`",
				"**Waits for the user** since " + begun + ", until 23 Nov 2026, 14:30:00 IST (09:00:00 UTC).",
				"**The user has paid:** submit the UTR: `starter submit-utr onramp/inv-42 UTR`", noLonger,
				"**Provider's order:** `" + orderID + "`", "23 Nov 11:30:00 **awaiting payment:** Quote: 10.63 USDC for ₹1,000."},
		},
		"a deposit is awaited": {
			direction: ramp.Offramp,
			at:        time.Minute,
			tells: []string{"## The user must pay 100 USDC", "on chain 137 to `0x2222222222222222222222222222222222222222`",
				"`starter submit-hash offramp/inv-42 TRANSACTION-HASH`", "**Amounts:** ₹8,360.24 for 100 USDC, at ₹94.07 a token"},
		},
		"the UTR is submitted to the provider": {
			provider: func(w *world) {
				w.on((*activities.Calls)(nil).SubmitUTR).After(time.Hour).Return(activities.SubmitResult{}, nil)
				slowly(w)
			},
			buy:   alreadyPaid,
			at:    time.Minute,
			tells: []string{"## The UTR is submitted to the provider", "**Proof of payment:** UTR, submitted " + begun},
		},
		"the provider cannot tell whether the order is paid": {
			provider: func(w *world) {
				w.on((*activities.Calls)(nil).OrderStatus).Return(activities.OrderState{ProviderStatus: "somethingNew"}, nil)
				slowly(w)
			},
			at: 3*time.Hour + time.Minute,
			tells: []string{"## The provider must say whether the order is paid", "`somethingNew` (last checked: see Pending Activities",
				"ask the provider's support about its order `" + orderID + "`"},
		},
		"the payment is looked for": {
			provider: slowly,
			buy:      alreadyPaid,
			at:       time.Minute,
			tells: []string{"## The provider looks for the payment", "**Waits for the provider** since " + begun,
				"**Accepted by the provider:** " + begun, "can no longer be cancelled",
				"**The UTR was mistyped:** submit the right one, which replaces it until the provider has found the payment: `starter submit-utr onramp/inv-42 UTR`"},
		},
		"another UTR took the place of a mistyped one": {
			provider: func(w *world) {
				slowly(w)
				w.signalUTR(30*time.Second, otherUTR)
			},
			buy: alreadyPaid,
			at:  time.Minute,
			tells: []string{"## The provider looks for the payment", "**Accepted by the provider:** 23 Nov 2026, 11:30:30 IST",
				"**Replaced:** UTR `…8901`, accepted 23 Nov 2026, 11:30:00 IST, replaced 23 Nov 2026, 11:30:30 IST"},
		},
		"the payment of an earlier order is refused": {
			provider: func(w *world) { w.takes(map[string]error{utr: refusedWith(unpaid)}) },
			buy: func(r *ramp.OnrampRequest) {
				r.UTR, r.Previous = utr, &ramp.PreviousOrder{Reference: "inv-41", OrderID: "6400f"}
			},
			at: time.Minute,
			tells: []string{"## The payment of order `inv-41` was not accepted", "must not pay again",
				"**Needs attention:** the provider does not take the payment that was made for order inv-41",
				"**The UTR was right:** ask the provider's support about both of its orders, `6400f` and `" + orderID + "`",
				"**The UTR was mistyped:** submit the right one: `starter submit-utr onramp/inv-42 UTR`", noLonger},
		},
		"no more proofs are taken": {
			provider: func(w *world) {
				w.on((*activities.Calls)(nil).SubmitUTR).Return(activities.SubmitResult{}, refusedWith(unpaid))
				for n := range 50 {
					w.signalUTR(time.Duration(n+1)*time.Second, fmt.Sprintf("4123456789%02d", n))
				}
			},
			at:    2 * time.Minute,
			tells: []string{"## The user must pay ₹1,000", "**The user has paid:** ask the provider's support about its order `" + orderID + "`"},
		},
		"a deposit of another amount than quoted is awaited": {
			direction: ramp.Offramp,
			provider: func(w *world) {
				deposit := *offrampOrder.Instructions.Deposit
				deposit.Amount = "97.5"
				other := offrampOrder
				other.Instructions = ramp.Instructions{Deposit: &deposit}
				w.on((*activities.Calls)(nil).CreateOfframpOrder).Return(other, nil)
			},
			at:    time.Minute,
			tells: []string{"## The user must pay 97.5 USDC", "The user sends 97.5 USDC on chain 137"},
		},
		"the tokens are looked for": {
			direction: ramp.Offramp,
			provider:  slowly,
			sell:      alreadySent,
			at:        time.Minute,
			tells:     []string{"**The transaction hash was mistyped, or the transaction replaced:**", "`starter submit-hash offramp/inv-42 TRANSACTION-HASH`"},
		},
		"the provider delivers": {
			provider: then(received),
			buy:      alreadyPaid,
			at:       time.Minute,
			tells:    []string{"## The provider has the payment and delivers 10.63 USDC", "**Provider's status:** `fiatReceived` (last checked"},
		},
		"the provider refunds": {
			provider: then(activities.OrderState{ProviderStatus: "refundInitiated", Status: ramp.Refunding, Reason: "another account paid"}),
			buy:      alreadyPaid,
			at:       time.Minute,
			tells:    []string{"## The provider returns the payment", "**Provider's reason:** another account paid"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s.check(t)
		})
	}
}

func TestCurrentDetailsShowARemedyForEachConcern(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]scene{
		"an outage": {
			provider: func(w *world) {
				w.on((*activities.Calls)(nil).KYCStatus).Return(activities.KYCStatusResult{}, unavailable()).Times(20)
			},
			at: 5 * time.Minute,
			tells: []string{"**Needs attention:** the provider does not answer properly.\n**What to do:** check whether the provider has an outage",
				"Attention: the provider does not answer properly."},
		},
		"a failed payout": {
			direction: ramp.Offramp,
			provider:  then(activities.OrderState{ProviderStatus: "fiatFailed", Status: ramp.Settling, Attention: "the provider could not pay out"}),
			sell:      alreadySent,
			at:        time.Minute,
			tells:     []string{"**Needs attention:** the provider could not pay out.\n**What to do:** ask the provider's support about its order `" + orderID + "` and whether"},
		},
		"an expiry after proof": {
			provider: then(activities.OrderState{ProviderStatus: "expired", Status: ramp.Expired}),
			buy:      alreadyPaid,
			at:       time.Minute,
			tells:    []string{"**Needs attention:** the provider expired the order although", "ask the user whether the payment was made. If it was, ask the provider's support about its order `" + orderID + "`"},
		},
		"lost payment instructions": {
			provider: func(w *world) {
				adopted := onrampOrder
				adopted.Adopted, adopted.Instructions = true, ramp.Instructions{}
				w.on((*activities.Calls)(nil).CreateOnrampOrder).Return(adopted, nil)
			},
			at:    time.Minute,
			tells: []string{"**Needs attention:** the provider's answers with the payment instructions are lost again and again", "**What to do:** ask the provider's support why its answers to creations do not arrive"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s.check(t)
		})
	}
}

func TestCurrentDetailsOfAnEndedOrderShowTheReasonAndTheRemedies(t *testing.T) {
	t.Parallel()
	const again = "**The user wants to try again:** start another order, with a reference of its own"
	for name, s := range map[string]scene{
		"completed": {buy: alreadyPaid, tells: []string{"## Completed: 10.63 USDC delivered", "**Over** since", "The provider says completed.",
			"**Delivered:** 10.63 USDC", "**Transaction:** `" + hash + "`", "**Explorer:** `https://example.test/tx/1`"}},
		"expired": {tells: []string{"## Expired", "No accepted UTR in time.",
			"**The user has paid:** start another order for the same amount with the UTR of the payment: `starter reorder onramp/inv-42 --reference NEW-REFERENCE --utr UTR`", again}},
		"expired without tokens": {direction: ramp.Offramp, tells: []string{"## Expired",
			"**The user has sent the tokens:** ask the provider's support about its order `" + orderID + "`", again}},
		"cancelled by the provider": {buy: alreadyPaid,
			provider: then(activities.OrderState{ProviderStatus: "cancelled", Status: ramp.Cancelled, Reason: "amounts differ"}),
			tells: []string{"## Cancelled", "amounts differ", again,
				"**The user has paid:** start another order for the amount that left the user's account", "`starter reorder onramp/inv-42 --reference NEW-REFERENCE --amount AMOUNT-PAID`"}},
		"expired with its UTR": {buy: alreadyPaid, provider: func(w *world) {
			expired := activities.OrderState{ProviderStatus: "expired", Status: ramp.Expired}
			w.on((*activities.Watches)(nil).WatchOrder).Return(decided(expired), nil).Once()
			w.on((*activities.Watches)(nil).WatchOrder).Return(activities.WatchOrderResult{State: expired, WatchEnd: activities.WatchEnd{End: activities.TimeUp}}, nil)
		}, tells: []string{"## Expired", "**The user has paid:** ask the provider's support about its order `" + orderID + "`\n", again}},
		"cancelled before there was an order": {buy: func(r *ramp.OnrampRequest) { r.Quote = &ramp.QuoteTerms{Confirm: true} },
			tells: []string{"## Cancelled", "The quote was not confirmed in time.", "in time.\n\n" + again}},
		"refunded": {buy: alreadyPaid,
			provider: then(activities.OrderState{ProviderStatus: "refunded", Status: ramp.Refunded, Reason: "another account paid"}),
			tells:    []string{"## Refunded", "another account paid", "The user misses the payment:** ask the provider's support", again}},
		"rejected": {
			provider: func(w *world) {
				w.on((*activities.Calls)(nil).CreateOnrampOrder).Return(activities.CreatedOrder{}, refusal("Amount is out of limits"))
			},
			tells: []string{"## Rejected\n", "The provider refused: Amount is out of limits", again}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			card := s.play(t, nil).card()
			requireTells(t, card, s.tells...)
			require.NotContains(t, card, "Waits for")
			require.NotContains(t, card, "last checked")
		})
	}
}

func TestCurrentDetailsShowTheLatestEntriesOfALongTimeline(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	w.happy()
	for n := range 30 {
		w.at(time.Duration(n+1)*time.Minute, func() { w.SignalWorkflow(ramp.SubmitUTR, ramp.UTRSubmission{UTR: "1"}) })
	}

	w.buy(onrampRequest())

	require.Equal(t, 12, strings.Count(w.card(), "\n23 Nov "))
	requireTells(t, w.card(), "(IST, the latest)", "11:50:00", "12:00:00", "**expired:** No accepted")
}

func TestSignalsOfUnknownNamesAreNoted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ramp.Onramp)
	w.happy(completed)
	w.at(time.Minute, func() {
		w.SignalWorkflow("submit_utr", ramp.UTRSubmission{UTR: utr})
		w.SignalWorkflow("pay`[now](https://example.test)", nil)
	})
	w.at(2*time.Minute, func() {
		requireTells(t, w.card(), "A signal was ignored: unknown name submit_utr.", "unknown name pay'[now] (https: //example.test).")
	})
	w.signalUTR(3*time.Minute, utr)

	order := w.buy(onrampRequest())

	require.Equal(t, ramp.Completed, order.Status)
	require.Equal(t, 2, strings.Count(notes(order), "unknown name"))
}
