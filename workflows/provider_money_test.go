package workflows_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rampart/onmeta"
	"rampart/ramp"
)

const unmatchedUTR = "999900000001"

func TestMistypedUTRIsCorrectedAndThePaymentFound(t *testing.T) {
	t.Parallel()
	withProvider(t, func(p *provider) {
		r := p.journey(ramp.Onramp)
		r.signalUTR(time.Hour, unmatchedUTR)
		corrected := r.updateUTR(2*time.Hour, utr)

		order := r.buy(linkedBuy("1000.00"))

		require.NoError(t, corrected.failed)
		require.Equal(t, ramp.Completed, order.Status)
		require.Equal(t, utr, string(order.Proof.UTR))
		require.Equal(t, unmatchedUTR, string(order.Proof.Replaced[0].UTR))
		require.Len(t, p.payouts(), 1)
		require.Equal(t, utr, p.orders()[0].Payment.Proof)
	})
}

func TestDroppedTransactionIsReplacedAndTheTokensFound(t *testing.T) {
	t.Parallel()
	withProvider(t, func(p *provider) {
		r := p.journey(ramp.Offramp)
		dropped := hash[:len(hash)-4] + "dead"
		r.signalHash(time.Hour, dropped)
		r.signalHash(2*time.Hour, hash)

		order := r.sell(linkedSell("100.00"))

		require.Equal(t, ramp.Completed, order.Status)
		require.Equal(t, hash, order.Proof.TransactionHash)
		require.Len(t, p.payouts(), 1)
	})
}

// The provider moved the order while no proof was accepted: what it says decides, and nobody is asked to pay.
func TestOrderThatTheProviderMovedBeforeAnyProofEndsAsTheProviderHasIt(t *testing.T) {
	t.Parallel()
	for name, amount := range map[string]string{
		"cancelled": "1000.15", "refunded": "1000.16", "expired": "1000.17", "paid": "1000.18",
	} {
		for event, act := range map[string]func(*journey){
			"a proof":        func(r *journey) { r.signalUTR(20*time.Minute, utr) },
			"a cancellation": func(r *journey) { r.at(20*time.Minute, r.CancelWorkflow) },
			"the deadline":   func(*journey) {},
		} {
			t.Run(name+", then "+event, func(t *testing.T) {
				t.Parallel()
				withProvider(t, func(p *provider) {
					r := p.journey(ramp.Onramp)
					act(r)

					order := r.buy(linkedBuy(amount))

					requireAgreement(t, p, order)
				})
			})
		}
	}
}

func TestSaleThatTheProviderMovedBeforeAnyProofEndsAsTheProviderHasIt(t *testing.T) {
	t.Parallel()
	for name, tokens := range map[string]string{"paid": "100.19", "expired": "100.21", "cancelled": "100.23"} {
		for event, act := range map[string]func(*journey){
			"a proof":        func(r *journey) { r.signalHash(20*time.Minute, refusedHash) },
			"a cancellation": func(r *journey) { r.at(20*time.Minute, r.CancelWorkflow) },
		} {
			t.Run(name+", then "+event, func(t *testing.T) {
				t.Parallel()
				withProvider(t, func(p *provider) {
					r := p.journey(ramp.Offramp)
					act(r)

					order := r.sell(linkedSell(tokens))

					requireAgreement(t, p, order)
				})
			})
		}
	}
}

// requireAgreement compares how an order ended with what the provider holds.
func requireAgreement(t *testing.T, p *provider, order ramp.Order) {
	t.Helper()
	require.Len(t, p.orders(), 1)
	theirs := p.orders()[0]
	switch order.Status {
	case ramp.Completed:
		require.Len(t, p.payouts(), 1)
	case ramp.Refunded:
		require.Equal(t, "refunded", theirs.Status)
	default:
		require.True(t, theirs.Payment == nil || theirs.Payment.Returned || order.CancelledBy == ramp.CancelledByProvider,
			"%s, and the provider holds %+v", order.Status, theirs.Payment)
		require.Empty(t, p.payouts())
	}
}

func TestOrderFollowsStatusesInEverySpelling(t *testing.T) {
	t.Parallel()
	for amount, ending := range map[string]ramp.Status{
		"1000.21": ramp.Completed, "1000.22": ramp.Cancelled, "1000.23": ramp.Refunded,
	} {
		t.Run(amount, func(t *testing.T) {
			t.Parallel()
			withProvider(t, func(p *provider) {
				r := p.journey(ramp.Onramp)
				r.signalUTR(time.Minute, utr)
				require.Equal(t, ending, r.buy(linkedBuy(amount)).Status)
			})
		})
	}
	for tokens, ending := range map[string]ramp.Status{"100.16": ramp.Completed, "100.17": ramp.Refunded} {
		t.Run(tokens, func(t *testing.T) {
			t.Parallel()
			withProvider(t, func(p *provider) {
				r := p.journey(ramp.Offramp)
				r.signalHash(time.Minute, hash)
				require.Equal(t, ending, r.sell(linkedSell(tokens)).Status)
			})
		})
	}
}

func TestOrderThatTheProvidersSupportOpensAgainCompletes(t *testing.T) {
	t.Parallel()
	withProvider(t, func(p *provider) {
		r := p.journey(ramp.Onramp)
		r.signalUTR(time.Minute, utr)
		order := r.buy(linkedBuy("1000.19"))
		require.Equal(t, ramp.Completed, order.Status)
		require.Contains(t, notes(order), "opened the order again")
	})
}

func TestOrderWhoseStatusesChangeBackAndForthStaysShort(t *testing.T) {
	t.Parallel()
	withProvider(t, func(p *provider) {
		r := p.journey(ramp.Onramp)
		r.signalUTR(time.Minute, utr)
		order := r.buy(linkedBuy("1000.24"))
		require.Equal(t, ramp.Completed, order.Status)
		require.LessOrEqual(t, r.commands.activities["WatchOrder"], 26)
	})
}

// The look before an order expires is refused for an hour: it must not end the order, and a UTR that comes is submitted.
func TestRefusedLookNeverEndsAnOrder(t *testing.T) {
	t.Parallel()
	for name, status := range map[string]int{"forbidden": http.StatusForbidden, "not found": http.StatusNotFound} {
		for _, direction := range []ramp.Direction{ramp.Onramp, ramp.Offramp} {
			t.Run(name+" "+string(direction), func(t *testing.T) {
				t.Parallel()
				withProvider(t, func(p *provider) {
					h := &hourOf{trouble: answersWith(status, "user is forbidden")}
					h.from(p.network, onmeta.RouteOnrampStatus, 0)
					(&hourOf{trouble: h.trouble}).from(p.network, onmeta.RouteOfframpStatus, 0)
					r := p.journey(direction)
					if direction == ramp.Offramp {
						order := r.sell(linkedSell("100.00"))
						require.Equal(t, ramp.Expired, order.Status)
						return
					}
					proved := r.updateUTR(3*time.Hour+30*time.Minute, utr)

					order := r.buy(linkedBuy("1000.00"))

					require.NotEqual(t, ramp.Rejected, order.Status)
					require.True(t, proved.done)
					require.GreaterOrEqual(t, r.concerned, 20)
				})
			})
		}
	}
}

func TestLoginThatIsRefusedMidOrderIsNoRefusalOfTheProof(t *testing.T) {
	t.Parallel()
	withProvider(t, func(p *provider) {
		r := p.journey(ramp.Onramp)
		r.at(30*time.Minute, func() {
			p.control("/sandbox/users", map[string]any{"email": linkedUser, "revokeTokens": true})
			(&hourOf{trouble: answersWith(http.StatusBadRequest, "bad request")}).
				from(p.network, onmeta.RouteLogin, 0)
		})
		proved := r.updateUTR(time.Hour, utr)

		order := r.buy(linkedBuy("1000.00"))

		require.NoError(t, proved.failed)
		require.Equal(t, ramp.Completed, order.Status)
		require.NotContains(t, notes(order), "refused the UTR")
	})
}

// commitsLate: the connection broke, and the provider makes the order only some time after that.
func commitsLate(after time.Duration) trouble {
	return func(request *http.Request, next send) (*http.Response, error) {
		body, err := io.ReadAll(request.Body)
		if err != nil {
			return nil, err
		}
		late := request.Clone(context.WithoutCancel(request.Context()))
		late.Body = io.NopCloser(bytes.NewReader(body))
		go func() {
			time.Sleep(after)
			if answer, err := next(late); err == nil {
				_ = answer.Body.Close()
			}
		}()
		return nil, syscall.ECONNRESET
	}
}

func TestSlowCreationEndsInOneOrder(t *testing.T) {
	t.Parallel()
	withProvider(t, func(p *provider) {
		p.network.once(onmeta.RouteCreateOnramp, commitsLate(18*time.Second))
		r := p.journey(ramp.Onramp)
		r.signalUTR(time.Hour, utr)

		order := r.buy(linkedBuyByBank("1000.00"))

		require.Equal(t, ramp.Completed, order.Status)
		require.Len(t, p.orders(), 1)
		require.Equal(t, p.orders()[0].ID, order.OrderID)
	})
}

// The provider's order pays half of what it quoted, or takes twice the tokens: its user must agree first.
func TestOrderThatIsFarWorseThanItsQuoteIsShownToNobodyUntilItIsConfirmed(t *testing.T) {
	t.Parallel()
	byPayout := linkedSell("")
	byPayout.Fiat.Amount = "8400.13"
	for name, request := range map[string]ramp.OfframpRequest{"by tokens": linkedSell("100.13"), "by payout": byPayout} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			withProvider(t, func(p *provider) {
				r := p.journey(ramp.Offramp)
				r.at(time.Minute, func() { require.Equal(t, ramp.AwaitingConfirmation, r.order().Status) })

				order := r.sell(request)

				require.Equal(t, ramp.Cancelled, order.Status, "nobody confirmed it")
				require.Empty(t, r.deposits)
				require.Len(t, p.orders(), 1)
				require.Contains(t, notes(order), p.orders()[0].ID)
			})
		})
	}
}

// What the card, the instructions and the provider say to pay is one amount.
func TestThereIsOneAmountToPay(t *testing.T) {
	t.Parallel()
	byPayout := linkedSell("")
	byPayout.Fiat.Amount = "8400.14" // takes 3 % more tokens than quoted
	withProvider(t, func(p *provider) {
		r := p.journey(ramp.Offramp)
		r.at(time.Minute, func() {
			order := r.order()
			require.Equal(t, ramp.AwaitingPayment, order.Status)
			require.Equal(t, p.orders()[0].Tokens.String(), order.Instructions.Deposit.Amount)
			require.Equal(t, order.Instructions.Deposit.Amount, order.Quote.Pay.Amount)
		})
		r.signalHash(time.Hour, hash)

		require.Equal(t, ramp.Completed, r.sell(byPayout).Status)
	})
}

func TestDepositOfMoreTokensThanOrderedIsShownToNobody(t *testing.T) {
	t.Parallel()
	withProvider(t, func(p *provider) {
		r := p.journey(ramp.Offramp)
		order := r.sell(linkedSell("100.15"))
		require.Equal(t, ramp.Rejected, order.Status)
		require.Empty(t, r.deposits)
	})
}

func TestPayoutIsPromisedNetOfATaxThatTheQuoteDoesNotName(t *testing.T) {
	t.Parallel()
	withProvider(t, func(p *provider) {
		r := p.journey(ramp.Offramp)
		r.signalHash(time.Hour, hash)

		order := r.sell(linkedSell("100.00"))

		require.Equal(t, ramp.Completed, order.Status)
		tds := order.Quote.Fees[len(order.Quote.Fees)-1]
		require.Equal(t, "tds", tds.Name)
		require.True(t, tds.Estimated)
		require.True(t, order.Quote.Receive.AtMost(p.payouts()[0].Amount.String()), "%s promised, %s paid", order.Quote.Receive.Amount, p.payouts()[0].Amount)
	})
}
