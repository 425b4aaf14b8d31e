// Package run carries out the reconciliation of a day, in the worker: it reads the orders here, asks the provider about each, compares, and
// writes the findings. The workflow Reconciliation runs it.
package run

import (
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"rampart/internal/redact"
	"rampart/onmeta"
	"rampart/ramp"
	"rampart/ramp/situation"
	"rampart/reconcile"
)

// ours is an order here, with what of its request is compared.
type ours struct {
	reconcile.Entry
	// running is set while the order has not ended.
	running bool
}

// theirs is an order as the provider tells of it. What it does not tell is empty.
type theirs struct {
	source    reconcile.Source
	orderID   string
	status    string
	phase     onmeta.Phase
	fiat      decimal.NullDecimal
	delivered decimal.NullDecimal // in tokens
	token     ramp.Token
	wallet    string
	deposit   string
	proof     string // the UTR or the hash of the user's payment
	hash      string // of the delivery
	tds       decimal.NullDecimal
	createdAt time.Time
	updatedAt time.Time
}

// difference is what differs, with both values as texts.
type difference struct {
	kind         situation.Difference
	ours, theirs string
	fact         fact
}

// fact tells differences of one kind apart: an order has each once. It is empty for what the kind is named after.
type fact string

// Facts.
const (
	// factDelivery: the tokens that were delivered, or the hash of their delivery.
	factDelivery fact = "delivery"
	// factDeposit: the deposit wallet.
	factDeposit fact = "deposit"
	// factQuote: what the provider told by webhook is not what the quote named.
	factQuote fact = "quote"
)

const (
	// settleTime is how long after the provider ended an order the order here may still run.
	settleTime = time.Hour
	// maxShown bounds a text of the provider in a finding, in characters.
	maxShown = 80
)

// paisa is the difference by which amounts in rupees may differ, because one side rounds.
func paisa() decimal.Decimal { return decimal.New(1, -2) }

// comparison says how orders are compared.
type comparison struct {
	// staging is set for the provider's staging environment, whose amounts and tokens are not those that were ordered (provider 13).
	staging bool
	now     time.Time
}

// compare returns what differs between an order here and the provider's.
func (c comparison) compare(o ours, t theirs) []difference {
	var found []difference
	add := func(kind situation.Difference, which fact, here, there string) {
		found = append(found, difference{kind, here, redact.Plain(there, maxShown), which})
	}
	if kind := c.status(o, t); kind != "" {
		add(kind, "", string(o.Order.Status), t.status)
	}
	if !c.staging {
		c.amounts(o, t, add)
		compareToken(o, t, add)
	}
	compareWallets(o, t, add)
	compareProof(o, t, add)
	compareTDS(o, t, add)
	return found
}

// adder takes a difference.
type adder func(kind situation.Difference, which fact, here, there string)

// status compares the statuses. An order that runs follows the provider by itself, so that only a lasting difference counts.
func (c comparison) status(o ours, t theirs) situation.Difference {
	ended := over(t.phase)
	switch {
	case o.running && ended && !t.updatedAt.IsZero() && c.now.Sub(t.updatedAt) > settleTime && t.source == reconcile.SourceStatus:
		return situation.OtherStatus
	case o.running:
		return ""
	}
	switch o.Order.Status {
	case ramp.Completed:
		return unless(t.phase == onmeta.PhaseCompleted, situation.OtherStatus)
	case ramp.Refunded:
		return unless(t.phase == onmeta.PhaseRefunded, situation.OtherStatus)
	}
	switch {
	case t.phase.Paid():
		return situation.PaidThere
	case t.phase == onmeta.PhaseUnknown:
		return situation.OtherStatus
	case t.phase == onmeta.PhaseCancelled: // typically another amount was paid (provider 13)
		return unless(o.Order.Status == ramp.Cancelled && o.Order.CancelledBy != ramp.CancelledByRequest, situation.OtherStatus)
	default:
		return ""
	}
}

func unless(same bool, kind situation.Difference) situation.Difference {
	if same {
		return ""
	}
	return kind
}

// over reports whether the provider's order is over.
func over(phase onmeta.Phase) bool {
	switch phase {
	case onmeta.PhaseCompleted, onmeta.PhaseExpired, onmeta.PhaseCancelled, onmeta.PhaseRefunded:
		return true
	default:
		return false
	}
}

// amounts compares the order's amount in rupees, and the tokens that were delivered.
func (c comparison) amounts(o ours, t theirs, add adder) {
	if want, tolerance, known := rupees(o); known && t.fiat.Valid && want.Sub(t.fiat.Decimal).Abs().GreaterThan(tolerance) {
		add(situation.OtherAmount, "", want.String()+" INR", t.fiat.Decimal.String()+" INR")
	}
	if o.Order.Direction == ramp.Offramp || o.Order.Settlement == nil || !t.delivered.Valid {
		return
	}
	got, err := o.Order.Settlement.Amount.Decimal()
	if o.Order.Settlement.Amount.Amount != "" && (err != nil || !got.Equal(t.delivered.Decimal)) {
		symbol := " " + o.Token.Symbol
		add(situation.OtherAmount, factDelivery, o.Order.Settlement.Amount.Amount+symbol, t.delivered.Decimal.String()+symbol)
	}
}

// rupees returns the amount of the order in rupees as the provider names it: what is paid for tokens, or a payout before fees. The order
// has a payout after the fees of its quote.
func rupees(o ours) (amount, tolerance decimal.Decimal, known bool) {
	if o.Order.Direction == ramp.Onramp {
		amount, err := o.Fiat.Decimal()
		return amount, decimal.Zero, err == nil && o.Fiat.Amount != ""
	}
	if o.Order.Quote == nil {
		return amount, tolerance, false
	}
	net := o.Order.Quote.Receive
	if o.Order.Settlement != nil && o.Order.Settlement.Amount.Amount != "" {
		net = o.Order.Settlement.Amount
	}
	amount, err := net.Decimal()
	if err != nil || !strings.EqualFold(net.Currency, ramp.INR) {
		return amount, tolerance, false
	}
	for _, fee := range o.Order.Quote.Fees {
		if charged, err := fee.Decimal(); err == nil && strings.EqualFold(fee.Currency, ramp.INR) {
			amount = amount.Add(charged)
		}
	}
	return amount, paisa(), true
}

func compareToken(o ours, t theirs, add adder) {
	chain := o.Token.ChainID
	switch {
	case chain != 0 && t.token.ChainID != 0 && t.token.ChainID != chain:
	case o.Token.Address != "" && t.token.Address != "" && !ramp.SameAddress(chain, t.token.Address, o.Token.Address):
	case o.Token.Symbol != "" && t.token.Symbol != "" && !strings.EqualFold(t.token.Symbol, o.Token.Symbol):
	default:
		return
	}
	add(situation.OtherToken, "", tokenText(o.Token), redact.Message(tokenText(t.token), maxShown))
}

func tokenText(token ramp.Token) string {
	text := token.Symbol
	if token.Address != "" {
		text += " " + short(token.Address)
	}
	if token.ChainID != 0 {
		text += " on chain " + decimal.NewFromInt(token.ChainID).String()
	}
	return strings.TrimSpace(text)
}

func compareWallets(o ours, t theirs, add adder) {
	chain := o.Token.ChainID
	if t.wallet != "" && o.Wallet != "" && !ramp.SameAddress(chain, t.wallet, o.Wallet) {
		add(situation.OtherWallet, "", short(o.Wallet), short(t.wallet))
	}
	if o.Order.Instructions == nil || o.Order.Instructions.Deposit == nil || t.deposit == "" {
		return
	}
	if shown := o.Order.Instructions.Deposit.WalletAddress; !ramp.SameAddress(chain, t.deposit, shown) {
		add(situation.OtherWallet, factDeposit, "deposit "+short(shown), "deposit "+short(t.deposit))
	}
}

// compareProof compares the accepted proof of payment, and the hash of the delivery.
func compareProof(o ours, t theirs, add adder) {
	if o.Order.Accepted() && t.proof != "" && !sameProof(o, t.proof) {
		add(situation.OtherProof, "", ramp.MaskProof(o.Order.Proof.Reference()), ramp.MaskProof(t.proof))
	}
	if s := o.Order.Settlement; s != nil && s.TransactionHash != "" && t.hash != "" && !strings.EqualFold(s.TransactionHash, t.hash) {
		add(situation.OtherProof, factDelivery, "delivery "+ramp.MaskProof(s.TransactionHash), "delivery "+ramp.MaskProof(t.hash))
	}
}

// sameProof reports whether the provider's proof is the one that counts. UTRs are case-sensitive, hashes are not.
func sameProof(o ours, theirs string) bool {
	if o.Order.Direction == ramp.Onramp {
		return theirs == o.Order.Proof.Reference()
	}
	return strings.EqualFold(theirs, o.Order.Proof.Reference())
}

// compareTDS compares the tax that the provider withheld with the one that the order says: what the provider's webhook told or, without one,
// what the quote named. What a webhook told is compared with the quote too.
func compareTDS(o ours, t theirs, add adder) {
	if o.Order.Direction != ramp.Offramp || o.Order.Status != ramp.Completed {
		return
	}
	told, toldErr := decimal.Decimal{}, error(nil)
	wasTold := o.Order.Settlement != nil && o.Order.Settlement.TDS.Amount != ""
	if wasTold {
		told, toldErr = o.Order.Settlement.TDS.Decimal()
	}
	quoted, isQuoted := quotedTDS(o.Order.Quote)
	differs := func(a, b decimal.Decimal) bool { return a.Sub(b).Abs().GreaterThan(paisa()) }
	switch {
	case wasTold && toldErr != nil:
		add(situation.OtherTDS, "", "not a number", "")
	case t.tds.Valid && wasTold && differs(told, t.tds.Decimal):
		add(situation.OtherTDS, "", told.String()+" INR", t.tds.Decimal.String()+" INR")
	case t.tds.Valid && !wasTold && isQuoted && differs(quoted, t.tds.Decimal):
		add(situation.OtherTDS, "", quoted.String()+" INR (quote)", t.tds.Decimal.String()+" INR")
	case t.source == reconcile.SourceStatus && wasTold && isQuoted && differs(quoted, told):
		add(situation.OtherTDS, factQuote, quoted.String()+" INR (quote)", told.String()+" INR")
	}
}

// tdsFee is the name of the tax among the fees of a quote.
const tdsFee = "tds"

func quotedTDS(quote *ramp.Quote) (decimal.Decimal, bool) {
	if quote == nil {
		return decimal.Decimal{}, false
	}
	for _, fee := range quote.Fees {
		if fee.Name == tdsFee && strings.EqualFold(fee.Currency, ramp.INR) {
			amount, err := fee.Decimal()
			return amount, err == nil
		}
	}
	return decimal.Decimal{}, false
}

// short returns a wallet, of which its owner recognizes both ends.
func short(wallet string) string {
	const head, tail = 6, 4
	if len(wallet) <= head+tail+1 {
		return wallet
	}
	return wallet[:head] + "…" + wallet[len(wallet)-tail:]
}

// meaning returns our status for the provider's; empty while it has found no payment, and for one that says nothing.
func meaning(phase onmeta.Phase) ramp.Status {
	switch phase {
	case onmeta.PhaseSettling, onmeta.PhasePayoutFailed:
		return ramp.Settling
	case onmeta.PhaseRefunding:
		return ramp.Refunding
	case onmeta.PhaseCompleted:
		return ramp.Completed
	case onmeta.PhaseExpired:
		return ramp.Expired
	case onmeta.PhaseCancelled:
		return ramp.Cancelled
	case onmeta.PhaseRefunded:
		return ramp.Refunded
	default:
		return ""
	}
}
