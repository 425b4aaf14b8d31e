package run

import (
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"rampart/onmeta"
	"rampart/ramp"
	"rampart/ramp/situation"
	"rampart/reconcile"
)

const (
	userWallet    = "0x1111111111111111111111111111111111111111"
	otherWallet   = "0x2222222222222222222222222222222222222222"
	depositWallet = "0x4444444444444444444444444444444444444444"
	usdc          = "0x3c499c542cef5e3811e1192ce70d8cc03d5c3359"
	utr           = "412345678901"
	delivery      = "0xabc0000000000000000000000000000000000000000000000000000000000001"
)

func noon() time.Time { return time.Date(2026, 11, 26, 6, 30, 0, 0, time.UTC) }

func inr(amount string) ramp.Amount { return ramp.Amount{Amount: amount, Currency: ramp.INR} }

func dec(text string) decimal.NullDecimal {
	return decimal.NewNullDecimal(decimal.RequireFromString(text))
}

// bought is a completed on-ramp order.
func bought() ours {
	return ours{Entry: reconcile.Entry{
		Order: ramp.Order{
			Reference: "inv-42", Direction: ramp.Onramp, Status: ramp.Completed, OrderID: "6500a", CreatedAt: noon(),
			Proof:      &ramp.Proof{UTR: utr, AcceptedAt: noon()},
			Settlement: &ramp.Settlement{TransactionHash: delivery, Amount: ramp.Amount{Amount: "10.5", Currency: "USDC"}},
		},
		Email: "asha@example.test", Fiat: inr("1000.00"), Token: ramp.Token{Symbol: "USDC", Address: usdc, ChainID: 137}, Wallet: userWallet,
	}}
}

// boughtThere is what the provider says of it.
func boughtThere() theirs {
	return theirs{
		source: reconcile.SourceStatus, orderID: "6500a", status: "completed", phase: onmeta.PhaseCompleted, fiat: dec("1000"), delivered: dec("10.50"),
		token: ramp.Token{Symbol: "usdc", Address: "0x3C499c542cEF5E3811e1192ce70d8cC03d5c3359", ChainID: 137}, wallet: userWallet, hash: delivery,
		createdAt: noon(), updatedAt: noon(),
	}
}

// sold is a completed off-ramp order of 8444.90 INR before 0.21 of gas and 84.45 of TDS.
func sold() ours {
	return ours{Entry: reconcile.Entry{
		Order: ramp.Order{
			Reference: "wd-7", Direction: ramp.Offramp, Status: ramp.Completed, OrderID: "6500b", CreatedAt: noon(),
			Quote: &ramp.Quote{Receive: inr("8360.24"), Fees: []ramp.Fee{
				{Name: "gas", Amount: inr("0.21")}, {Name: "tds", Amount: inr("84.45")}, {Name: "network", Amount: ramp.Amount{Amount: "1", Currency: "MATIC"}},
			}},
			Instructions: &ramp.Instructions{Deposit: &ramp.Deposit{WalletAddress: depositWallet}},
			Proof:        &ramp.Proof{TransactionHash: delivery, AcceptedAt: noon()},
			Settlement:   &ramp.Settlement{Amount: inr("8360.24"), TDS: inr("84.45")},
		},
		Email: "asha@example.test", Fiat: ramp.Amount{Currency: ramp.INR}, Token: ramp.Token{Symbol: "USDC", Address: usdc, ChainID: 137}, Wallet: userWallet,
	}}
}

func soldThere() theirs {
	return theirs{
		source: reconcile.SourceStatus, orderID: "6500b", status: "PayoutSuccess", phase: onmeta.PhaseCompleted, fiat: dec("8444.90"),
		token: ramp.Token{Symbol: "USDC", Address: usdc, ChainID: 137}, wallet: userWallet, deposit: depositWallet, proof: delivery,
		createdAt: noon(), updatedAt: noon(),
	}
}

func compared(o ours, t theirs) []difference {
	return comparison{now: noon().Add(24 * time.Hour)}.compare(o, t)
}

func TestOrdersThatAgreeHaveNoDifference(t *testing.T) {
	t.Parallel()
	require.Empty(t, compared(bought(), boughtThere()))
	require.Empty(t, compared(sold(), soldThere()))
	require.Empty(t, compared(bought(), theirs{source: reconcile.SourceExport, status: "Completed", phase: onmeta.PhaseCompleted}), "what is not told is not compared")
	rounded := soldThere()
	rounded.fiat = dec("8444.90016171818")
	require.Empty(t, compared(sold(), rounded))
}

func TestEachDifferenceIsFound(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		sold   bool
		change func(*ours, *theirs)
		want   difference
	}{
		"completed here, refunded there": {
			change: func(_ *ours, t *theirs) { t.status, t.phase = "refunded", onmeta.PhaseRefunded },
			want:   difference{situation.OtherStatus, "completed", "refunded", ""},
		},
		"refunded here, completed there": {
			change: func(o *ours, _ *theirs) { o.Order.Status = ramp.Refunded },
			want:   difference{situation.OtherStatus, "refunded", "completed", ""},
		},
		"expired here, paid there": {
			change: func(o *ours, t *theirs) {
				o.Order.Status, t.status, t.phase = ramp.Expired, "fiatReceived", onmeta.PhaseSettling
			},
			want: difference{situation.PaidThere, "expired", "fiatReceived", ""},
		},
		"cancelled here, completed there": {
			change: func(o *ours, _ *theirs) { o.Order.Status = ramp.Cancelled },
			want:   difference{situation.PaidThere, "cancelled", "completed", ""},
		},
		"rejected here, completed there": {
			change: func(o *ours, _ *theirs) { o.Order.Status = ramp.Rejected },
			want:   difference{situation.PaidThere, "rejected", "completed", ""},
		},
		"expired here, cancelled there for another amount": {
			change: func(o *ours, t *theirs) {
				o.Order.Status, t.status, t.phase = ramp.Expired, "Canceled", onmeta.PhaseCancelled
			},
			want: difference{situation.OtherStatus, "expired", "Canceled", ""},
		},
		"ended here, unknown status there": {
			change: func(o *ours, t *theirs) {
				o.Order.Status, t.status, t.phase = ramp.Expired, "complianceReview", onmeta.PhaseUnknown
			},
			want: difference{situation.OtherStatus, "expired", "complianceReview", ""},
		},
		"runs here long after its end there": {
			change: func(o *ours, _ *theirs) { o.running, o.Order.Status, o.Order.Settlement = true, ramp.Settling, nil },
			want:   difference{situation.OtherStatus, "settling", "completed", ""},
		},
		"another amount": {
			change: func(_ *ours, t *theirs) { t.fiat = dec("1000.50") },
			want:   difference{situation.OtherAmount, "1000 INR", "1000.5 INR", ""},
		},
		"other tokens delivered": {
			change: func(_ *ours, t *theirs) { t.delivered = dec("10.4") },
			want:   difference{situation.OtherAmount, "10.5 USDC", "10.4 USDC", factDelivery},
		},
		"another payout": {
			sold: true, change: func(_ *ours, t *theirs) { t.fiat = dec("8443") },
			want: difference{situation.OtherAmount, "8444.9 INR", "8443 INR", ""},
		},
		"another token": {
			change: func(_ *ours, t *theirs) { t.token.Address = otherWallet },
			want:   difference{situation.OtherToken, "USDC 0x3c49…3359 on chain 137", "usdc 0x2222…2222 on chain 137", ""},
		},
		"another chain": {
			change: func(_ *ours, t *theirs) { t.token = ramp.Token{ChainID: 1} },
			want:   difference{situation.OtherToken, "USDC 0x3c49…3359 on chain 137", "on chain 1", ""},
		},
		"another symbol": {
			change: func(_ *ours, t *theirs) { t.token = ramp.Token{Symbol: "USDT"} },
			want:   difference{situation.OtherToken, "USDC 0x3c49…3359 on chain 137", "USDT", ""},
		},
		"another wallet": {
			change: func(_ *ours, t *theirs) { t.wallet = otherWallet },
			want:   difference{situation.OtherWallet, "0x1111…1111", "0x2222…2222", ""},
		},
		"another deposit wallet": {
			sold: true, change: func(_ *ours, t *theirs) { t.deposit = otherWallet },
			want: difference{situation.OtherWallet, "deposit 0x4444…4444", "deposit 0x2222…2222", factDeposit},
		},
		"another UTR": {
			change: func(_ *ours, t *theirs) { t.proof = "512345678909" },
			want:   difference{situation.OtherProof, "…8901", "…8909", ""},
		},
		"another hash of the delivery": {
			change: func(_ *ours, t *theirs) { t.hash = delivery[:60] + "ffffff" },
			want:   difference{situation.OtherProof, "delivery …0001", "delivery …ffff", factDelivery},
		},
		"another TDS in the export": {
			sold: true, change: func(_ *ours, t *theirs) { t.source, t.tds = reconcile.SourceExport, dec("100") },
			want: difference{situation.OtherTDS, "84.45 INR", "100 INR", ""},
		},
		"TDS in the export, of which only the quote tells": {
			sold: true, change: func(o *ours, t *theirs) {
				o.Order.Settlement.TDS = ramp.Amount{}
				t.source, t.tds = reconcile.SourceExport, dec("100")
			},
			want: difference{situation.OtherTDS, "84.45 INR (quote)", "100 INR", ""},
		},
		"more TDS by webhook than quoted": {
			sold: true, change: func(o *ours, _ *theirs) { o.Order.Settlement.TDS = inr("422.25") },
			want: difference{situation.OtherTDS, "84.45 INR (quote)", "422.25 INR", factQuote},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o, there := bought(), boughtThere()
			if tc.sold {
				o, there = sold(), soldThere()
			}
			tc.change(&o, &there)
			require.Equal(t, []difference{tc.want}, compared(o, there))
		})
	}
}

func TestUnpaidEndingsThatMeanTheSameAgree(t *testing.T) {
	t.Parallel()
	for _, here := range []ramp.Status{ramp.Expired, ramp.Cancelled, ramp.Rejected} {
		for _, there := range []onmeta.Phase{onmeta.PhaseUnpaid, onmeta.PhaseExpired} {
			o, t2 := bought(), boughtThere()
			o.Order.Status, o.Order.Settlement, t2.phase, t2.delivered, t2.hash = here, nil, there, decimal.NullDecimal{}, ""
			require.Empty(t, compared(o, t2))
		}
	}
	o, there := bought(), boughtThere()
	o.Order.Status, o.Order.CancelledBy, there.phase = ramp.Cancelled, ramp.CancelledByProvider, onmeta.PhaseCancelled
	require.Empty(t, compared(o, there))
}

func TestOrderOfBooksWithoutRequestsIsComparedByItsQuote(t *testing.T) {
	t.Parallel()
	o := bought()
	o.Order.Quote = &ramp.Quote{Pay: inr("1000.00"), Receive: ramp.Amount{Amount: "10.5", Currency: "USDC"}}
	o.Entry = reconcile.EntryOf(o.Order, o.Email)
	require.Empty(t, compared(o, boughtThere()))
	other := boughtThere()
	other.fiat, other.token.Symbol = dec("900"), "USDT"
	require.Equal(t, []difference{{situation.OtherAmount, "1000 INR", "900 INR", ""}, {situation.OtherToken, "USDC", "USDT 0x3C49…3359 on chain 137", ""}}, compared(o, other))
	s := sold()
	s.Order.Quote.Pay = ramp.Amount{Amount: "100", Currency: "USDC"}
	s.Entry = reconcile.EntryOf(s.Order, s.Email)
	require.Empty(t, compared(s, soldThere()))
	unpriced := reconcile.EntryOf(ramp.Order{Direction: ramp.Offramp, Status: ramp.Rejected, OrderID: "6500c"}, s.Email)
	require.Empty(t, compared(ours{Entry: unpriced}, theirs{source: reconcile.SourceStatus, phase: onmeta.PhaseUnpaid, token: ramp.Token{Symbol: "USDC", ChainID: 1}}))
}

func TestOrderThatRunsMayBeBehindTheProvider(t *testing.T) {
	t.Parallel()
	o, there := bought(), boughtThere()
	o.running, o.Order.Status, o.Order.Settlement, there.updatedAt = true, ramp.VerifyingPayment, nil, noon().Add(23*time.Hour+30*time.Minute)
	require.Empty(t, compared(o, there))
	there.updatedAt = time.Time{}
	require.Empty(t, compared(o, there), "the provider does not tell when it ended")
}

func TestStagingIsComparedWithoutAmountsAndTokens(t *testing.T) {
	t.Parallel()
	there := boughtThere()
	there.delivered, there.token = dec("0.01"), ramp.Token{Symbol: "WMATIC", ChainID: 80001}
	require.Empty(t, comparison{staging: true, now: noon()}.compare(bought(), there))
	require.NotEmpty(t, comparison{now: noon()}.compare(bought(), there))
}
