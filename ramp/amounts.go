package ramp

import (
	"errors"
	"fmt"
	"strings"

	"github.com/shopspring/decimal"
)

const (
	// maxAmountLength bounds the work that an amount can cause. The largest supplies, to 18 decimals, stay below it.
	maxAmountLength = 40
	// fiatDecimals is the fraction of INR (provider 3.15).
	fiatDecimals = 2
	// tokenDecimals is the finest division that tokens have in practice, that of ether.
	tokenDecimals = 18

	// maxUPIRupees is what a user may pay by UPI in a day (provider 7).
	maxUPIRupees = 100_000
	// maxRupees is what a user may transfer between banks at once, and the largest order on any chain (provider 7).
	maxRupees = 500_000
)

// ParseAmount parses an amount in plain decimal notation, such as "1000.00": digits, without leading zeros, and
// optionally a point and more digits. There is no sign, exponent, space or separator, and at most 40 characters, so
// that an amount has one meaning in every language. Zero is an amount.
//
// The error says what is valid and does not contain the amount.
func ParseAmount(text string) (decimal.Decimal, error) {
	if !isPlainDecimal(text) {
		return decimal.Decimal{}, fmt.Errorf(
			"must be a decimal number such as 1000.00, of at most %d characters, without sign, exponent, spaces, "+
				"separators or leading zeros", maxAmountLength)
	}
	return decimal.NewFromString(text)
}

func isPlainDecimal(text string) bool {
	whole, fraction, hasPoint := strings.Cut(text, ".")
	switch {
	case len(text) > maxAmountLength, !only(whole, 1, maxAmountLength, isDigit):
		return false
	case whole[0] == '0' && len(whole) > 1:
		return false
	default:
		return !hasPoint || only(fraction, 1, maxAmountLength, isDigit)
	}
}

// parsePositive parses an amount above zero with at most this many decimals.
func parsePositive(text string, decimals int32) (decimal.Decimal, error) {
	amount, err := ParseAmount(text)
	switch {
	case err != nil:
		return decimal.Decimal{}, err
	case !amount.IsPositive():
		return decimal.Decimal{}, errors.New("must be more than 0")
	case amount.Exponent() < -decimals:
		return decimal.Decimal{}, fmt.Errorf("must have at most %d decimals", decimals)
	default:
		return amount, nil
	}
}

// validateRupees checks an amount of INR.
func validateRupees(text string, limit int64) error {
	amount, err := parsePositive(text, fiatDecimals)
	if err != nil {
		return err
	}
	if amount.GreaterThan(decimal.NewFromInt(limit)) {
		return tooMuch(limit)
	}
	return nil
}

// tooMuch returns the error of an amount above the limit, with the methods that have a higher one.
func tooMuch(limit int64) error {
	if limit < maxRupees {
		return fmt.Errorf("must be at most %d %s by %s; %s and %s take up to %d", limit, INR, UPI, IMPS, NEFT, maxRupees)
	}
	return fmt.Errorf("must be at most %d %s", limit, INR)
}

// validateTokens checks an amount of a token, in whole tokens.
func validateTokens(text string) error {
	_, err := parsePositive(text, tokenDecimals)
	return err
}

func validateCurrency(currency string) error {
	if currency != INR {
		return errors.New("must be " + INR)
	}
	return nil
}

// maxRupees returns the largest amount of an order that is paid by this method (provider 7).
func (m PaymentMethod) maxRupees() int64 {
	if m == UPI {
		return maxUPIRupees
	}
	return maxRupees
}
