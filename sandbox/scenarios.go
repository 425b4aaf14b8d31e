package sandbox

import (
	"fmt"
	"slices"
	"strings"

	"github.com/shopspring/decimal"
)

// scenario is the course of an order, chosen by the fraction of its amount or by its name; see CourseShare.
type scenario struct {
	fraction string
	course   string
	note     string
	// path is what happens after the proof is accepted.
	path []hop
	// unproven is what happens while no proof is accepted, counted from the order's creation; without it the order waits.
	unproven []hop
	// underpaid makes the payment one of another amount than ordered. Its path is that of such a payment.
	underpaid bool
	// refusesFirst makes the first proof bad: it is refused as often as it comes, and any other taken.
	refusesFirst bool
	// startsPending makes an off-ramp order begin as pending instead of cryptoInit.
	startsPending bool
	// ways are the ways to pay that a create answer holds; nil: all.
	ways *waysToPay
	// swings makes the price 10 % worse for the user in every second 30 s window.
	swings bool
	// quotesTDS makes a sell quote name its TDS.
	quotesTDS bool
	// quotesNothing makes a quote promise nothing.
	quotesNothing bool
	// rate multiplies the price at which the order is made, and deposit the tokens that it asks for; empty: as quoted.
	rate    string
	deposit string
}

// waysToPay are what a create answer may hold to pay by (provider 3.16).
type waysToPay struct{ qr, vpa, links bool }

// showsInQuotes tells whether quotes show the course, which then must follow from the amount alone.
func (s scenario) showsInQuotes() bool { return s.swings || s.quotesTDS || s.quotesNothing }

const (
	reasonForeignPayer = "sender's account number does not match the registered account"
	reasonAmountPaid   = "amount paid (%s INR) does not match the order amount (%s INR)"
	reasonAmountSent   = "amount received does not match the order amount"
	reasonTokenSent    = "token received is not the one ordered"
	reasonBankDown     = "beneficiary bank is not reachable"

	reasonEnded = "order was closed"

	noteSwings   = "the price is 10 % worse in every second window of 30 s"
	noteSpelling = "statuses in other spellings"
	noteFlaps    = "two statuses alternate every 15 s"
	noteUnpaid   = " 10 min after it was made, unless a proof was accepted before"
)

func onrampScenarios() []scenario {
	return []scenario{
		{fraction: ".01", course: "cancelled", note: "the payment is 10 % less than ordered, in whole rupees; its UTR pays a new order of that amount",
			path: hops(statusCancelled), underpaid: true},
		{fraction: ".02", course: "refunded", note: "the payer's account is not the linked one",
			path: hopsFor(reasonForeignPayer, statusRefundInitiated, statusRefunded)},
		{fraction: ".03", course: "unknown-status", note: "a status that no document names",
			path: hops(statusFiatReceived, statusUndocumented, statusOrderReceived, statusInProgress, statusTransferred,
				statusCompleted)},
		{fraction: ".04", course: "out-of-order", note: "statuses out of order",
			path: hops(statusOrderReceived, statusFiatReceived, statusInProgress, statusTransferred, statusCompleted)},
		{fraction: ".05", course: "slow", note: "slow: 30 h to `" + statusOrderReceived + "`",
			path: slow(onrampPath(), statusOrderReceived)},
		{fraction: ".06", course: "swinging-price", note: noteSwings, path: onrampPath(), swings: true},
		{fraction: ".07", course: "older-refund", note: "the older spelling of a refund",
			path: hopsFor(reasonForeignPayer, statusFiatRefundInitiated, statusRefunded)},
		{fraction: ".08", course: "first-proof-refused", note: "the first UTR is refused, however often it comes, and another one taken",
			path: onrampPath(), refusesFirst: true},
		{fraction: ".09", course: "late-payment", note: "expires 30 min after the UTR, and is found paid 10 min later",
			path: paidLatePath()},
		{fraction: ".11", course: "no-instructions", note: "the create answer holds no way to pay", path: onrampPath(), ways: &waysToPay{}},
		{fraction: ".12", course: "vpa-only", note: "the create answer holds the VPA alone", path: onrampPath(), ways: &waysToPay{vpa: true}},
		{fraction: ".13", course: "qr-only", note: "the create answer holds the QR code alone", path: onrampPath(), ways: &waysToPay{qr: true}},
		{fraction: ".14", course: "links-only", note: "the create answer holds the deep links alone", path: onrampPath(), ways: &waysToPay{links: true}},
		{fraction: ".15", course: "cancelled-unpaid", note: "cancelled" + noteUnpaid, path: onrampPath(),
			unproven: after(ownTime, hopsFor(reasonEnded, statusCancelled))},
		{fraction: ".16", course: "refunded-unpaid", note: "paid from another account and refunded" + noteUnpaid, path: onrampPath(),
			unproven: after(ownTime, hopsFor(reasonForeignPayer, statusRefundInitiated, statusRefunded))},
		{fraction: ".17", course: "expired-unpaid", note: "expired" + noteUnpaid, path: onrampPath(),
			unproven: after(ownTime, hops(statusExpired))},
		{fraction: ".18", course: "paid-by-itself", note: "the payment is found" + noteUnpaid, path: onrampPath(),
			unproven: after(ownTime, onrampPath())},
		{fraction: ".19", course: "reopened", note: "expires 30 min after the UTR, is opened again 20 min later, and found paid an hour after that",
			path: reopenedPath()},
		{fraction: ".21", course: "other-spelling", note: noteSpelling,
			path: hops("FiatReceived", "OrderReceived", "inProgress", "Transferred", "Completed")},
		{fraction: ".22", course: "canceled", note: "as `.01`, in another spelling", path: hops(statusCanceled), underpaid: true},
		{fraction: ".23", course: "refunding", note: "a refund in another spelling",
			path: hopsFor(reasonForeignPayer, statusRefunding, "Refunded")},
		{fraction: ".24", course: "flapping", note: noteFlaps, path: flapping(onrampPath())},
		{fraction: ".25", course: "quote-of-nothing", note: "the quote is of no tokens", path: onrampPath(), quotesNothing: true},
	}
}

// reopenedPath is the course of an order that expires with its UTR, and is opened again by the provider's support.
func reopenedPath() []hop {
	return slices.Concat(after(lateExpiry, hops(statusExpired)), after(reopenTime, hops(statusFiatPending)),
		after(reopenedTime, onrampPath()))
}

// paidLatePath is the course of a payment that is found only after the order expired.
func paidLatePath() []hop {
	return slices.Concat(after(lateExpiry, hops(statusExpired)), after(lateTime, onrampPath()))
}

func offrampScenarios() []scenario {
	return []scenario{
		{fraction: ".01", course: "refunded", note: "the tokens received are not the amount ordered",
			path: slices.Concat(hops(statusOrderReceived), hopsFor(reasonAmountSent, statusRefundInitiated, statusRefunded))},
		{fraction: ".02", course: "other-token", note: "another token was received",
			path: slices.Concat(hops(statusOrderReceived, statusInProgress, statusCryptoReceived),
				hopsFor(reasonTokenSent, statusRefundInitiated, statusRefunded))},
		{fraction: ".03", course: "unknown-status", note: "a status that no document names",
			path: hops(statusOrderReceived, statusUndocumented, statusCryptoReceived, statusFiatPending, statusPayoutSuccess)},
		{fraction: ".04", course: "out-of-order", note: "statuses out of order",
			path: hops(statusCryptoReceived, statusOrderReceived, statusFiatPending, statusPayoutSuccess)},
		{fraction: ".05", course: "slow", note: "slow: 30 h to `" + statusPayoutSuccess + "`",
			path: slow(offrampPath(), statusPayoutSuccess)},
		{fraction: ".06", course: "swinging-price", note: noteSwings, path: offrampPath(), swings: true},
		{fraction: ".07", course: "payout-retried", note: "the bank refuses the first payout",
			path: slices.Concat(hops(statusOrderReceived, statusInProgress, statusCryptoReceived, statusFiatPending),
				hopsFor(reasonBankDown, statusFiatFailed), hops(statusPayoutSuccess))},
		{fraction: ".08", course: "other-success", note: "ends under the other name of success",
			path: hops(statusOrderReceived, statusInProgress, statusCryptoReceived, statusFiatPending, statusCompleted)},
		{fraction: ".09", course: "begins-pending", note: "begins as `" + statusPending + "`, not `" + statusCryptoInit + "`",
			path: offrampPath(), startsPending: true},
		{fraction: ".11", course: "first-proof-refused", note: "the first hash is refused, however often it comes, and another one taken",
			path: offrampPath(), refusesFirst: true},
		{fraction: ".12", course: "tds-quoted", note: "the sell quote names its `tdsFee`", path: offrampPath(), quotesTDS: true},
		{fraction: ".13", course: "low-payout", note: "the order pays half of what was quoted, or by payout takes twice the tokens",
			path: offrampPath(), rate: "0.5"},
		{fraction: ".14", course: "dearer", note: "the order pays 3 % less than was quoted, or by payout takes 3 % more tokens",
			path: offrampPath(), rate: "0.97"},
		{fraction: ".15", course: "other-deposit", note: "the order asks for 3 % more tokens than were ordered, for the same payout",
			path: offrampPath(), deposit: "1.03"},
		{fraction: ".16", course: "other-spelling", note: noteSpelling,
			path: hops("OrderReceived", "inProgress", "cryptoReceived", "FiatPending", "payoutSuccess")},
		{fraction: ".17", course: "refunding", note: "a refund in another spelling",
			path: slices.Concat(hops(statusOrderReceived), hopsFor(reasonAmountSent, statusRefunding, "Refunded"))},
		{fraction: ".18", course: "flapping", note: noteFlaps, path: flapping(offrampPath())},
		{fraction: ".19", course: "paid-by-itself", note: "the tokens are found" + noteUnpaid, path: offrampPath(),
			unproven: after(ownTime, offrampPath())},
		{fraction: ".21", course: "expired-unpaid", note: "expired" + noteUnpaid, path: offrampPath(),
			unproven: after(ownTime, hops(statusExpired))},
		{fraction: ".22", course: "quote-of-nothing", note: "the quote's fees eat up its payout", path: offrampPath(), quotesNothing: true},
		{fraction: ".23", course: "cancelled-unpaid", note: "cancelled" + noteUnpaid, path: offrampPath(),
			unproven: after(ownTime, hopsFor(reasonEnded, statusCancelled))},
	}
}

// describe tells the statuses after the proof, for a token that is swapped, or those that come without one.
func (s scenario) describe() string {
	path := s.path
	if s.unproven != nil {
		path = s.unproven
	}
	statuses := make([]string, len(path))
	for i, h := range path {
		statuses[i] = "`" + h.status + "`"
	}
	pairs := 1
	for 2*pairs+1 < len(statuses) && slices.Equal(statuses[2*pairs:2*pairs+2], statuses[:2]) {
		pairs++
	}
	if pairs > 1 {
		flapped := fmt.Sprintf("(%s) × %d", strings.Join(statuses[:2], " → "), pairs)
		statuses = append([]string{flapped}, statuses[2*pairs:]...)
	}
	return s.note + ": " + strings.Join(statuses, " → ")
}

// scenarioFor finds the scenario of an amount, or the usual course.
func scenarioFor(scenarios []scenario, amount decimal.Decimal, usual []hop) scenario {
	fraction := amount.Sub(amount.Truncate(0))
	for _, s := range scenarios {
		if fraction.Equal(decimal.RequireFromString("0" + s.fraction)) {
			return s
		}
	}
	return scenario{course: courseUsual, path: usual}
}
