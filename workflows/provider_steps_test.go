package workflows_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rampart/onmeta"
	"rampart/ramp"
)

const (
	refusedUTR  = "000000000000"
	refusedHash = "0x0000000000000000000000000000000000000000000000000000000000000000"
	otherHash   = "0xabc0000000000000000000000000000000000000000000000000000000000002"
)

// afterTheDeed are the ways in which the provider does what it is asked and nobody hears of it.
func afterTheDeed() map[string]trouble {
	return map[string]trouble{
		"answer lost": answerLost, "connection reset": resetAfterWrite, "gateway's 504": gatewayGivesUp, "answer broken off": truncated,
	}
}

func TestOnrampOrderWhoseCreationLostItsAnswerIsReplaced(t *testing.T) {
	t.Parallel()
	for name, unheard := range afterTheDeed() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			withProvider(t, func(p *provider) {
				p.network.once(onmeta.RouteCreateOnramp, unheard)
				r := p.journey(ramp.Onramp)
				r.at(time.Minute, func() {
					require.NotNil(t, r.order().Instructions.UPI)
					require.Empty(t, r.order().Attention)
				})
				r.signalUTR(time.Hour, utr)

				order := r.buy(linkedBuy("1000.00"))

				require.Equal(t, ramp.Completed, order.Status)
				orders := p.orders()
				require.Len(t, orders, 2)
				require.Equal(t, []string{orders[0].ID}, order.LostOrderIDs)
				require.Equal(t, orders[1].ID, order.OrderID)
				require.Empty(t, orders[0].Proof)
				require.Len(t, p.payouts(), 1)
				require.Equal(t, orders[1].ID, p.payouts()[0].OrderID)
			})
		})
	}
}

func TestOfframpOrderWhoseCreationLostItsAnswerIsNeverShownNorPaid(t *testing.T) {
	t.Parallel()
	for name, unheard := range afterTheDeed() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			withProvider(t, func(p *provider) {
				p.network.once(onmeta.RouteCreateOfframp, unheard)
				r := p.journey(ramp.Offramp)
				r.signalHash(time.Hour, hash)

				order := r.sell(linkedSell("100.00"))

				require.Equal(t, ramp.Completed, order.Status)
				orders := p.orders()
				require.Len(t, orders, 2)
				require.Equal(t, "cryptoInit", orders[0].Status)
				require.Empty(t, orders[0].Proof)
				require.Equal(t, orders[1].ID, order.OrderID)
				require.Equal(t, map[string]bool{orders[1].WalletAddress: true}, r.deposits)
				require.NotEqual(t, orders[0].WalletAddress, orders[1].WalletAddress)
				require.Len(t, p.payouts(), 1)
				require.Equal(t, orders[1].ID, p.payouts()[0].OrderID)
			})
		})
	}
}

func TestNoSecondOrderIsCreatedWhileTheOrderHistoryIsDown(t *testing.T) {
	t.Parallel()
	withProvider(t, func(p *provider) {
		p.network.once(onmeta.RouteCreateOnramp, resetAfterWrite)
		h := &hourOf{trouble: answersWith(http.StatusServiceUnavailable, "down")}
		h.from(p.network, onmeta.RouteOrderHistory, 0)
		r := p.journey(ramp.Onramp)
		request := linkedBuyByBank("1000.00")
		request.UTR = utr

		order := r.buy(request)

		require.Equal(t, ramp.Completed, order.Status)
		require.Len(t, p.orders(), 1)
		require.Len(t, p.network.sent(onmeta.RouteCreateOnramp), 1)
		require.Len(t, p.payouts(), 1)
		require.LessOrEqual(t, h.during(p.network, onmeta.RouteOrderHistory), callsInAnHour)
		require.GreaterOrEqual(t, r.concerned, 50)
		require.LessOrEqual(t, r.commands.all, commandsOfAnOrder)
	})
}

func TestHourWithoutAnswersToTheCreationEndsInOneRecordedOrder(t *testing.T) {
	t.Parallel()
	withProvider(t, func(p *provider) {
		(&hourOf{trouble: resetAfterWrite}).from(p.network, onmeta.RouteCreateOnramp, 0)
		r := p.journey(ramp.Onramp)
		r.signalUTR(2*time.Hour, utr)

		order := r.buy(linkedBuyByBank("1000.00"))

		require.Equal(t, ramp.Completed, order.Status)
		require.Len(t, p.orders(), 1)
		require.Len(t, p.payouts(), 1)
	})
}

// Each order of the provider whose instructions were lost is recorded, and there are few.
func TestHourWithoutAnswersToTheCreationOfAUPIOrderMakesFewOrders(t *testing.T) {
	t.Parallel()
	withProvider(t, func(p *provider) {
		(&hourOf{trouble: resetAfterWrite}).from(p.network, onmeta.RouteCreateOnramp, 0)
		r := p.journey(ramp.Onramp)
		r.signalUTR(2*time.Hour, utr)

		order := r.buy(linkedBuy("1000.00"))

		require.Equal(t, ramp.Completed, order.Status)
		require.Len(t, p.orders(), len(order.LostOrderIDs)+1)
		require.LessOrEqual(t, len(order.LostOrderIDs), 12)
		require.Len(t, p.payouts(), 1)
		require.Equal(t, order.OrderID, p.payouts()[0].OrderID)
	})
}

func TestHourOfOutageAtTheCreationEndsInOneOrder(t *testing.T) {
	t.Parallel()
	upi, _, _, sale := walks()
	for _, s := range []stop{{"buy", onmeta.RouteCreateOnramp, 0, upi}, {"sell", onmeta.RouteCreateOfframp, 0, sale}} {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			withProvider(t, func(p *provider) {
				(&hourOf{trouble: answersWith(http.StatusServiceUnavailable, "down")}).from(p.network, s.route, 0)

				order := s.walk.run(p, p.journey(s.walk.direction))

				require.Equal(t, ramp.Completed, order.Status)
				require.Len(t, p.orders(), 1)
				require.Len(t, p.payouts(), 1)
			})
		})
	}
}

func TestProofThatLostItsAnswerCountsOnce(t *testing.T) {
	t.Parallel()
	for name, unheard := range afterTheDeed() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			withProvider(t, func(p *provider) {
				p.network.once(onmeta.RouteSubmitUTR, unheard)
				p.network.once(onmeta.RouteSubmitHash, unheard)
				r := p.journey(ramp.Onramp)
				answered := r.update(time.Hour, ramp.SubmitUTR, ramp.UTRSubmission{UTR: utr})
				bought := r.buy(linkedBuy("1000.00"))
				s := p.journey(ramp.Offramp)
				s.signalHash(time.Hour, hash)
				sold := s.sell(linkedSell("100.00"))

				require.NoError(t, answered.failed)
				require.Equal(t, ramp.Completed, bought.Status)
				require.Equal(t, ramp.Completed, sold.Status)
				require.Empty(t, bought.ProviderReason+sold.ProviderReason)
				require.Len(t, p.sandbox.Ledger().Proofs, 2)
				require.Len(t, p.payouts(), 2)
			})
		})
	}
}

func TestRefusedUTRLeavesTheDeadlineAndTheNextOneCounts(t *testing.T) {
	t.Parallel()
	for name, refused := range map[string]string{"invalid": refusedUTR, "used on another order": otherUTR} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			withProvider(t, func(p *provider) {
				before := p.journey(ramp.Onramp)
				before.signalUTR(time.Minute, otherUTR)
				require.Equal(t, ramp.Completed, before.buy(linkedBuy("1000.00")).Status)
				began := time.Now().UTC()
				r := p.journey(ramp.Onramp)
				answered := r.update(time.Hour, ramp.SubmitUTR, ramp.UTRSubmission{UTR: ramp.UTR(refused)})
				r.at(2*time.Hour, func() {
					order := r.order()
					require.Equal(t, ramp.AwaitingPayment, order.Status)
					require.WithinDuration(t, began.Add(3*time.Hour), order.ExpiresAt, tick)
				})
				r.signalUTR(2*time.Hour+time.Minute, utr)

				order := r.buy(linkedBuy("1000.00"))

				requireType(t, answered.failed, ramp.ProofRefused)
				require.ErrorContains(t, answered.failed, "Invalid UTR")
				require.Equal(t, ramp.Completed, order.Status)
				require.Equal(t, utr, string(order.Proof.UTR))
				require.Len(t, p.payouts(), 2)
			})
		})
	}
}

func TestRefusedHashLeavesTheDeadlineAndTheNextOneCounts(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ refused, reason string }{
		"invalid":               {refusedHash, "Invalid transaction hash"},
		"used on another order": {otherHash, "Duplicate transaction hash"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			withProvider(t, func(p *provider) {
				before := p.journey(ramp.Offramp)
				before.signalHash(time.Minute, otherHash)
				require.Equal(t, ramp.Completed, before.sell(linkedSell("100.00")).Status)
				began := time.Now().UTC()
				r := p.journey(ramp.Offramp)
				answered := r.update(time.Hour, ramp.SubmitTransactionHash, ramp.HashSubmission{TransactionHash: tt.refused})
				r.at(2*time.Hour, func() {
					order := r.order()
					require.Equal(t, ramp.AwaitingPayment, order.Status)
					require.WithinDuration(t, began.Add(3*time.Hour), order.ExpiresAt, tick)
				})
				r.signalHash(2*time.Hour+time.Minute, hash)

				order := r.sell(linkedSell("100.00"))

				requireType(t, answered.failed, ramp.ProofRefused)
				require.ErrorContains(t, answered.failed, tt.reason)
				require.Equal(t, ramp.Completed, order.Status)
				require.Equal(t, hash, order.Proof.TransactionHash)
				require.Len(t, p.payouts(), 2)
			})
		})
	}
}

func TestUTRForAnOrderThatTheProviderHasThePaymentOfIsNotNeededAndTheOrderFollowed(t *testing.T) {
	t.Parallel()
	withProvider(t, func(p *provider) {
		r := p.journey(ramp.Onramp)
		r.at(time.Hour, func() { p.force("fiatReceived") })
		answered := r.update(time.Hour+time.Minute, ramp.SubmitUTR, ramp.UTRSubmission{UTR: utr})
		r.at(2*time.Hour, func() { p.force("completed") })

		order := r.buy(linkedBuy("1000.00"))

		requireType(t, answered.failed, ramp.NotAwaited)
		require.Equal(t, ramp.Completed, order.Status)
		require.Nil(t, order.Proof, "the provider took none")
		require.Contains(t, p.sandbox.Ledger().Refusals, "POST /v1/orders/utr: 400 Order already success, can't update UTR")
	})
}

// force puts the newest order in a status.
func (p *provider) force(status string) { p.forceSaying(status, "because of "+status) }

func (p *provider) forceSaying(status, reason string) {
	p.t.Helper()
	orders := p.orders()
	p.control("/sandbox/orders/"+orders[len(orders)-1].ID, map[string]any{"status": status, "reason": reason})
}

// course is what an order goes through after its proof was accepted, by the cents of its amount.
type course struct {
	amount  string
	ending  ramp.Status
	through []ramp.Status
	// provider are statuses that the provider named on the way; the order shows each.
	provider []string
	// concern is in the order's timeline, where a person had to look.
	concern string
}

// withProvider polls slowly what takes more than a day.
func (c course) withProvider(t *testing.T, test func(*provider)) {
	t.Helper()
	if strings.HasSuffix(c.amount, ".05") {
		withSlowPolls(t, test)
		return
	}
	withProvider(t, test)
}

func onrampCourses() []course {
	settling := []ramp.Status{ramp.Settling}
	return []course{
		{"1000.00", ramp.Completed, settling, []string{"fiatReceived", "orderReceived", "InProgress", "transferred"}, ""},
		{"1000.01", ramp.Cancelled, nil, nil, ""},
		{"1000.02", ramp.Refunded, []ramp.Status{ramp.Refunding}, []string{"refundInitiated"}, ""},
		{"1000.03", ramp.Completed, settling, []string{"complianceReview"}, ""},
		{"1000.04", ramp.Completed, settling, []string{"orderReceived", "fiatReceived"}, ""},
		{"1000.05", ramp.Completed, settling, nil, "a day after"},
		{"1000.06", ramp.Completed, settling, nil, ""},
		{"1000.07", ramp.Refunded, []ramp.Status{ramp.Refunding}, []string{"fiatRefundInitiated"}, ""},
		{"1000.21", ramp.Completed, settling, []string{"FiatReceived", "OrderReceived", "inProgress", "Transferred"}, ""},
		{"1000.22", ramp.Cancelled, nil, nil, ""},
		{"1000.23", ramp.Refunded, []ramp.Status{ramp.Refunding}, []string{"refunding"}, ""},
	}
}

func offrampCourses() []course {
	settling := []ramp.Status{ramp.Settling}
	refunding := []ramp.Status{ramp.Settling, ramp.Refunding}
	return []course{
		{"100.00", ramp.Completed, settling, []string{"orderReceived", "InProgress", "CryptoReceived", "fiatPending"}, ""},
		{"100.01", ramp.Refunded, refunding, []string{"refundInitiated"}, ""},
		{"100.02", ramp.Refunded, refunding, []string{"refundInitiated"}, ""},
		{"100.03", ramp.Completed, settling, []string{"complianceReview"}, ""},
		{"100.04", ramp.Completed, settling, []string{"CryptoReceived", "orderReceived"}, ""},
		{"100.05", ramp.Completed, settling, nil, "a day after"},
		{"100.06", ramp.Completed, settling, nil, ""},
		{"100.07", ramp.Completed, settling, []string{"fiatFailed"}, "could not pay out"},
		{"100.08", ramp.Completed, settling, nil, ""},
		{"100.09", ramp.Completed, settling, nil, ""},
		{"100.16", ramp.Completed, settling, []string{"OrderReceived", "inProgress", "cryptoReceived", "FiatPending"}, ""},
		{"100.17", ramp.Refunded, refunding, []string{"refunding"}, ""},
	}
}

func (c course) check(t *testing.T, p *provider, order ramp.Order) {
	t.Helper()
	want := []ramp.Status{ramp.AwaitingPayment, ramp.VerifyingPayment}
	want = append(append(want, c.through...), c.ending)
	all := statuses(order)
	require.Equal(t, want, all[len(all)-len(want):])
	for _, status := range c.provider {
		require.Contains(t, notes(order), "The provider says "+status+".")
	}
	require.Equal(t, p.orders()[0].Status, order.ProviderStatus)
	require.Empty(t, order.Attention)
	if c.concern == "" {
		require.NotContains(t, notes(order), "Attention:")
	} else {
		require.Contains(t, notes(order), c.concern)
	}
	require.Equal(t, c.ending == ramp.Completed, order.Settlement != nil)
	paid := map[ramp.Status]int{ramp.Completed: 1, ramp.Refunded: 1, ramp.Cancelled: 0}
	require.Len(t, p.payouts(), paid[c.ending])
}

func TestOnrampOrderFollowsTheProviderToEveryEnding(t *testing.T) {
	t.Parallel()
	for _, c := range onrampCourses() {
		t.Run(c.amount, func(t *testing.T) {
			t.Parallel()
			c.withProvider(t, func(p *provider) {
				r := p.journey(ramp.Onramp)
				r.pace = time.Minute
				r.signalUTR(time.Minute, utr)
				c.check(t, p, r.buy(linkedBuy(c.amount)))
			})
		})
	}
}

func TestOfframpOrderFollowsTheProviderToEveryEnding(t *testing.T) {
	t.Parallel()
	for _, c := range offrampCourses() {
		t.Run(c.amount, func(t *testing.T) {
			t.Parallel()
			c.withProvider(t, func(p *provider) {
				r := p.journey(ramp.Offramp)
				r.pace = time.Minute
				r.signalHash(time.Minute, hash)
				c.check(t, p, r.sell(linkedSell(c.amount)))
			})
		})
	}
}

func TestAcceptedUTRWithoutAPaymentExpiresWithTheProvidersOrder(t *testing.T) {
	t.Parallel()
	withProvider(t, func(p *provider) {
		r := p.journey(ramp.Onramp)
		r.pace = time.Minute
		r.signalUTR(time.Minute, "999912345678")

		order := r.buy(linkedBuy("1000.00"))

		require.Equal(t, ramp.Expired, order.Status)
		require.Equal(t, "expired", order.ProviderStatus)
		require.Empty(t, p.payouts())
	})
}

func TestAcceptedHashWithoutTokensIsWatchedOnWithAttentionUntilTheProviderEndsIt(t *testing.T) {
	t.Parallel()
	withSlowPolls(t, func(p *provider) {
		r := p.journey(ramp.Offramp)
		r.pace = time.Minute
		r.signalHash(time.Minute, "0x"+strings.Repeat("1", 60)+"dead")
		r.at(23*time.Hour, func() { require.Empty(t, r.order().Attention) })
		r.at(25*time.Hour, func() { require.Contains(t, r.order().Attention, "a day after") })
		r.at(49*time.Hour, r.CancelWorkflow)
		r.at(50*time.Hour, func() { require.Equal(t, ramp.VerifyingPayment, r.order().Status) })
		r.at(51*time.Hour, func() { p.force("refunded") })

		order := r.sell(linkedSell("100.00"))

		require.Equal(t, ramp.Refunded, order.Status)
		require.Equal(t, "because of refunded", order.ProviderReason)
	})
}

func TestUTROfAnOrderThatFellThroughPaysANewOne(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		fall func(*journey) ramp.Order
		as   ramp.Status
		utr  string
		pays string // the amount of the new order
	}{
		"cancelled, for the amount was another": {func(r *journey) ramp.Order {
			r.signalUTR(time.Minute, utr)
			return r.buy(linkedBuy("1000.01"))
		}, ramp.Cancelled, utr, "900.00"},
		"expired without a UTR": {func(r *journey) ramp.Order {
			return r.buy(linkedBuy("1000.00"))
		}, ramp.Expired, utr, "1000.00"},
		"expired with its UTR, and the provider gives it back": {func(r *journey) ramp.Order {
			r.pace = time.Minute
			r.signalUTR(time.Minute, "999812345678")
			return r.buy(linkedBuy("1000.00"))
		}, ramp.Expired, "999812345678", "1000.00"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			withProvider(t, func(p *provider) {
				old := tt.fall(p.journey(ramp.Onramp))
				require.Equal(t, tt.as, old.Status)
				request := linkedBuy(tt.pays)
				request.UTR = ramp.UTR(tt.utr)

				order := p.journey(ramp.Onramp).buy(request)

				require.Equal(t, ramp.Completed, order.Status)
				require.NotEqual(t, old.OrderID, order.OrderID)
				require.Len(t, p.payouts(), 1)
				require.Equal(t, order.OrderID, p.payouts()[0].OrderID)
			})
		})
	}
}

// What was really paid decides: the amount of the cancelled order is the wrong one again.
func TestUTROfACancelledOrderIsCancelledAgainOnAnOrderOfTheSameAmount(t *testing.T) {
	t.Parallel()
	withProvider(t, func(p *provider) {
		for range 2 {
			request := linkedBuy("1000.01")
			request.UTR = utr
			order := p.journey(ramp.Onramp).buy(request)
			require.Equal(t, ramp.Cancelled, order.Status)
			require.Contains(t, order.ProviderReason, "amount paid (900.00 INR)")
		}
		require.Empty(t, p.payouts())
	})
}

// The provider's support is the way out: no order of ours can have the payment.
func TestUTRThatAnExpiredOrderTookIsRefusedOnANewOne(t *testing.T) {
	t.Parallel()
	withProvider(t, func(p *provider) {
		old := p.journey(ramp.Onramp)
		old.signalUTR(time.Minute, utr)
		old.at(2*time.Minute, func() { p.force("expired") })
		require.Equal(t, ramp.Expired, old.buy(linkedBuy("1000.00")).Status)
		request := linkedBuy("1000.00")
		request.UTR = utr

		order := p.journey(ramp.Onramp).buy(request)

		require.Equal(t, ramp.Expired, order.Status)
		require.Contains(t, notes(order), "Invalid UTR")
		require.Empty(t, p.payouts())
	})
}

func TestOrderWithoutProofExpiresWithoutAPoll(t *testing.T) {
	t.Parallel()
	withProvider(t, func(p *provider) {
		bought := p.journey(ramp.Onramp)

		require.Equal(t, ramp.Expired, bought.buy(linkedBuy("1000.00")).Status)
		require.Len(t, p.network.sent(onmeta.RouteOnrampStatus), 1)

		sold := p.journey(ramp.Offramp)
		require.Equal(t, ramp.Expired, sold.sell(linkedSell("100.00")).Status)
		require.Len(t, p.network.sent(onmeta.RouteOfframpStatus), 1)
		require.Empty(t, p.payouts())
	})
}

func TestOrderDoesNotExpireBeforeTheProviderHasAnsweredTheLastLook(t *testing.T) {
	t.Parallel()
	withProvider(t, func(p *provider) {
		h := &hourOf{trouble: answersWith(http.StatusServiceUnavailable, "down")}
		h.from(p.network, onmeta.RouteOnrampStatus, 0)
		r := p.journey(ramp.Onramp)
		r.at(3*time.Hour+30*time.Minute, func() {
			require.Equal(t, ramp.AwaitingPayment, r.order().Status)
			require.Contains(t, r.order().Attention, "does not answer")
			p.force("fiatReceived")
		})
		r.at(5*time.Hour, func() { p.force("completed") })

		order := r.buy(linkedBuy("1000.00"))

		require.Equal(t, ramp.Completed, order.Status)
		require.Nil(t, order.Proof)
		require.LessOrEqual(t, h.during(p.network, onmeta.RouteOnrampStatus), callsInAnHour)
	})
}

func TestTokenThatExpiresMidOrderIsRenewed(t *testing.T) {
	t.Parallel()
	withSlowPolls(t, func(p *provider) {
		r := p.journey(ramp.Onramp)
		r.pace = time.Minute
		r.signalUTR(2*time.Hour+30*time.Minute, utr)

		require.Equal(t, ramp.Completed, r.buy(linkedBuy("1000.05")).Status)

		require.Len(t, p.network.sent(onmeta.RouteLogin), 2, "the refresh token lives for a day, the order was slower")
		require.InDelta(t, 32*60/54, len(p.network.sent(onmeta.RouteRefreshToken)), 4)
		require.Len(t, p.network.sent(onmeta.RouteSubmitUTR), 1)
	})
}

func TestTokensThatTheProviderRevokesMidOrderAreReplacedAtOnce(t *testing.T) {
	t.Parallel()
	withProvider(t, func(p *provider) {
		r := p.journey(ramp.Onramp)
		r.at(30*time.Minute, func() { p.control("/sandbox/users", map[string]any{"email": linkedUser, "revokeTokens": true}) })
		r.signalUTR(40*time.Minute, utr)

		order := r.buy(linkedBuy("1000.00"))

		require.Equal(t, ramp.Completed, order.Status)
		require.WithinDuration(t, order.Proof.SubmittedAt, order.Proof.AcceptedAt, tick)
		require.Len(t, p.network.sent(onmeta.RouteLogin), 2)
	})
}
