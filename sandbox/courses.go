package sandbox

import (
	"fmt"
	"slices"
	"strings"

	"github.com/shopspring/decimal"
)

// course is what happens to an order. The fraction of its amount selects it, or its name; see CourseShare.
type course struct {
	fraction string
	name     string
	note     string
	// path is what happens after a proof is accepted.
	path []hop
	// unproven is what happens from the order's creation while no proof is accepted; nil: the order waits.
	unproven []hop
	// underpaid: the payment is less than ordered, and path is what the provider does with it.
	underpaid bool
	// refusesFirst: the first proof is refused as often as it is submitted, and any other is accepted.
	refusesFirst bool
	// startsPending: an off-ramp order starts as pending instead of cryptoInit.
	startsPending bool
	// ways are the ways to pay that a create answer holds; nil: all.
	ways *waysToPay
	// swings: the price is 10 % worse for the user in every second window of 30 s.
	swings bool
	// quotesTDS: a sell quote holds its TDS.
	quotesTDS bool
	// quotesNothing: a quote is of no tokens.
	quotesNothing bool
	// rate multiplies the price at which the order is created, and deposit the tokens that it asks for; empty: as quoted.
	rate    string
	deposit string
}

// waysToPay are the payment instructions in a create answer (provider 3.16).
type waysToPay struct{ qr, vpa, links bool }

// showsInQuotes reports whether quotes depend on the course, which then only the amount can select.
func (c course) showsInQuotes() bool { return c.swings || c.quotesTDS || c.quotesNothing }

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

func onrampCourses() []course {
	return []course{
		{fraction: ".01", name: "cancelled", note: "the payment is 10 % less than ordered, in whole rupees; its UTR pays a new order of that amount",
			path: hops(statusCancelled), underpaid: true},
		{fraction: ".02", name: "refunded", note: "the payer's account is not the linked one",
			path: hopsFor(reasonForeignPayer, statusRefundInitiated, statusRefunded)},
		{fraction: ".03", name: "unknown-status", note: "a status that no document names",
			path: hops(statusFiatReceived, statusUndocumented, statusOrderReceived, statusInProgress, statusTransferred,
				statusCompleted)},
		{fraction: ".04", name: "out-of-order", note: "statuses out of order",
			path: hops(statusOrderReceived, statusFiatReceived, statusInProgress, statusTransferred, statusCompleted)},
		{fraction: ".05", name: "slow", note: "slow: 30 h to `" + statusOrderReceived + "`",
			path: slow(onrampPath(), statusOrderReceived)},
		{fraction: ".06", name: "swinging-price", note: noteSwings, path: onrampPath(), swings: true},
		{fraction: ".07", name: "older-refund", note: "the older spelling of a refund",
			path: hopsFor(reasonForeignPayer, statusFiatRefundInitiated, statusRefunded)},
		{fraction: ".08", name: "first-proof-refused", note: "the first UTR is refused, however often it comes, and another one taken",
			path: onrampPath(), refusesFirst: true},
		{fraction: ".09", name: "late-payment", note: "expires 30 min after the UTR, and is found paid 10 min later",
			path: paidLatePath()},
		{fraction: ".11", name: "no-instructions", note: "the create answer holds no way to pay", path: onrampPath(), ways: &waysToPay{}},
		{fraction: ".12", name: "vpa-only", note: "the create answer holds the VPA alone", path: onrampPath(), ways: &waysToPay{vpa: true}},
		{fraction: ".13", name: "qr-only", note: "the create answer holds the QR code alone", path: onrampPath(), ways: &waysToPay{qr: true}},
		{fraction: ".14", name: "links-only", note: "the create answer holds the deep links alone", path: onrampPath(), ways: &waysToPay{links: true}},
		{fraction: ".15", name: "cancelled-unpaid", note: "cancelled" + noteUnpaid, path: onrampPath(),
			unproven: after(ownTime, hopsFor(reasonEnded, statusCancelled))},
		{fraction: ".16", name: "refunded-unpaid", note: "paid from another account and refunded" + noteUnpaid, path: onrampPath(),
			unproven: after(ownTime, hopsFor(reasonForeignPayer, statusRefundInitiated, statusRefunded))},
		{fraction: ".17", name: "expired-unpaid", note: "expired" + noteUnpaid, path: onrampPath(),
			unproven: after(ownTime, hops(statusExpired))},
		{fraction: ".18", name: "paid-by-itself", note: "the payment is found" + noteUnpaid, path: onrampPath(),
			unproven: after(ownTime, onrampPath())},
		{fraction: ".19", name: "reopened", note: "expires 30 min after the UTR, is opened again 20 min later, and found paid an hour after that",
			path: reopenedPath()},
		{fraction: ".21", name: "other-spelling", note: noteSpelling,
			path: hops("FiatReceived", "OrderReceived", "inProgress", "Transferred", "Completed")},
		{fraction: ".22", name: "canceled", note: "as `.01`, in another spelling", path: hops(statusCanceled), underpaid: true},
		{fraction: ".23", name: "refunding", note: "a refund in another spelling",
			path: hopsFor(reasonForeignPayer, statusRefunding, "Refunded")},
		{fraction: ".24", name: "flapping", note: noteFlaps, path: flapping(onrampPath())},
		{fraction: ".25", name: "quote-of-nothing", note: "the quote is of no tokens", path: onrampPath(), quotesNothing: true},
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

func offrampCourses() []course {
	return []course{
		{fraction: ".01", name: "refunded", note: "the tokens received are not the amount ordered",
			path: slices.Concat(hops(statusOrderReceived), hopsFor(reasonAmountSent, statusRefundInitiated, statusRefunded))},
		{fraction: ".02", name: "other-token", note: "another token was received",
			path: slices.Concat(hops(statusOrderReceived, statusInProgress, statusCryptoReceived),
				hopsFor(reasonTokenSent, statusRefundInitiated, statusRefunded))},
		{fraction: ".03", name: "unknown-status", note: "a status that no document names",
			path: hops(statusOrderReceived, statusUndocumented, statusCryptoReceived, statusFiatPending, statusPayoutSuccess)},
		{fraction: ".04", name: "out-of-order", note: "statuses out of order",
			path: hops(statusCryptoReceived, statusOrderReceived, statusFiatPending, statusPayoutSuccess)},
		{fraction: ".05", name: "slow", note: "slow: 30 h to `" + statusPayoutSuccess + "`",
			path: slow(offrampPath(), statusPayoutSuccess)},
		{fraction: ".06", name: "swinging-price", note: noteSwings, path: offrampPath(), swings: true},
		{fraction: ".07", name: "payout-retried", note: "the bank refuses the first payout",
			path: slices.Concat(hops(statusOrderReceived, statusInProgress, statusCryptoReceived, statusFiatPending),
				hopsFor(reasonBankDown, statusFiatFailed), hops(statusPayoutSuccess))},
		{fraction: ".08", name: "other-success", note: "ends under the other name of success",
			path: hops(statusOrderReceived, statusInProgress, statusCryptoReceived, statusFiatPending, statusCompleted)},
		{fraction: ".09", name: "begins-pending", note: "begins as `" + statusPending + "`, not `" + statusCryptoInit + "`",
			path: offrampPath(), startsPending: true},
		{fraction: ".11", name: "first-proof-refused", note: "the first hash is refused, however often it comes, and another one taken",
			path: offrampPath(), refusesFirst: true},
		{fraction: ".12", name: "tds-quoted", note: "the sell quote names its `tdsFee`", path: offrampPath(), quotesTDS: true},
		{fraction: ".13", name: "low-payout", note: "the order pays half of what was quoted, or by payout takes twice the tokens",
			path: offrampPath(), rate: "0.5"},
		{fraction: ".14", name: "dearer", note: "the order pays 3 % less than was quoted, or by payout takes 3 % more tokens",
			path: offrampPath(), rate: "0.97"},
		{fraction: ".15", name: "other-deposit", note: "the order asks for 3 % more tokens than were ordered, for the same payout",
			path: offrampPath(), deposit: "1.03"},
		{fraction: ".16", name: "other-spelling", note: noteSpelling,
			path: hops("OrderReceived", "inProgress", "cryptoReceived", "FiatPending", "payoutSuccess")},
		{fraction: ".17", name: "refunding", note: "a refund in another spelling",
			path: slices.Concat(hops(statusOrderReceived), hopsFor(reasonAmountSent, statusRefunding, "Refunded"))},
		{fraction: ".18", name: "flapping", note: noteFlaps, path: flapping(offrampPath())},
		{fraction: ".19", name: "paid-by-itself", note: "the tokens are found" + noteUnpaid, path: offrampPath(),
			unproven: after(ownTime, offrampPath())},
		{fraction: ".21", name: "expired-unpaid", note: "expired" + noteUnpaid, path: offrampPath(),
			unproven: after(ownTime, hops(statusExpired))},
		{fraction: ".22", name: "quote-of-nothing", note: "the quote's fees eat up its payout", path: offrampPath(), quotesNothing: true},
		{fraction: ".23", name: "cancelled-unpaid", note: "cancelled" + noteUnpaid, path: offrampPath(),
			unproven: after(ownTime, hopsFor(reasonEnded, statusCancelled))},
	}
}

// describe returns the note and the statuses after the proof, for a token that is swapped, or those of an order without a proof.
func (c course) describe() string {
	path := c.path
	if c.unproven != nil {
		path = c.unproven
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
	return c.note + ": " + strings.Join(statuses, " → ")
}

// courseFor returns the course that the amount selects, or the usual one with the given path.
func courseFor(courses []course, amount decimal.Decimal, usual []hop) course {
	fraction := amount.Sub(amount.Truncate(0))
	for _, c := range courses {
		if fraction.Equal(decimal.RequireFromString("0" + c.fraction)) {
			return c
		}
	}
	return course{name: courseUsual, path: usual}
}
