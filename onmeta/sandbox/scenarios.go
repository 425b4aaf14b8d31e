package sandbox

import (
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
	// swings makes the price 10 % worse for the user in every second 30 s window.
	swings bool
	// startsPending makes an off-ramp order begin as pending instead of cryptoInit.
	startsPending bool
	// refusesFirst makes the first proof bad: it is refused as often as it comes, and any other taken.
	refusesFirst bool
}

const (
	reasonForeignPayer = "sender's account number does not match the registered account"
	reasonAmountPaid   = "amount paid does not match the order amount"
	reasonAmountSent   = "amount received does not match the order amount"
	reasonTokenSent    = "token received is not the one ordered"
	reasonBankDown     = "beneficiary bank is not reachable"

	noteSwings = "the price is 10 % worse in every second window of 30 s"
)

func onrampScenarios() []scenario {
	return []scenario{
		{fraction: ".01", course: "cancelled", note: "the amount paid is not the amount ordered",
			path: hopsFor(reasonAmountPaid, statusCancelled)},
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
	}
}

// paidLatePath is the course of a payment that is found only after the order expired.
func paidLatePath() []hop {
	path := append(hops(statusExpired), onrampPath()...)
	path[0].after, path[1].after = lateExpiry, lateTime
	return path
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
	}
}

// describe tells the statuses after the proof, for a token that is swapped.
func (s scenario) describe() string {
	statuses := make([]string, len(s.path))
	for i, h := range s.path {
		statuses[i] = "`" + h.status + "`"
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
