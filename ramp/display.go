package ramp

import (
	"fmt"
	"strings"
)

// Title returns a short description of the order, such as "Buy USDC for ₹1,000". It contains no personal data.
func (v OnrampRequest) Title() string { return "Buy " + v.Token.Symbol + " for " + v.Fiat.Text() }

// Title returns a short description of the order, such as "Sell 100 USDC for INR", or "Sell USDC for ₹8,400" where the
// payout is given. It contains no personal data.
func (v OfframpRequest) Title() string {
	if v.TokenAmount == "" {
		return "Sell " + v.Token.Symbol + " for " + v.Fiat.Text()
	}
	return "Sell " + Amount{Amount: v.TokenAmount, Currency: v.Token.Symbol}.Text() + " for " + INR
}

// Details returns a description of the order in a sentence of Markdown, for the Web UI. It contains no personal data.
func (v OnrampRequest) Details() string {
	return fmt.Sprintf("Buys **%s** on chain %d for **%s**, paid by %s, to the wallet `%s`.",
		v.Token.Symbol, v.Token.ChainID, v.Fiat.Text(), v.PaymentMethod, v.WalletAddress)
}

// Details returns a description of the order in a sentence of Markdown, for the Web UI. It contains no personal data.
func (v OfframpRequest) Details() string {
	payout, sold := v.Fiat.Text(), v.Token.Symbol
	if v.TokenAmount != "" {
		payout, sold = INR, Amount{Amount: v.TokenAmount, Currency: v.Token.Symbol}.Text()
	}
	return fmt.Sprintf("Sells **%s** on chain %d for **%s**, from the wallet `%s`, paid out to the account %s.",
		sold, v.Token.ChainID, payout, v.SenderWallet, v.Bank.AccountNumber)
}

// Text formats an amount for people: "₹1,00,000", "₹8,360.24" or "10.63 USDC". It omits trailing zeros and no other digit.
func (a Amount) Text() string {
	whole, fraction, _ := strings.Cut(a.Amount, ".")
	fraction = strings.TrimRight(fraction, "0")
	if a.Currency != INR {
		return withFraction(whole, fraction) + " " + a.Currency
	}
	if len(fraction) == 1 {
		fraction += "0" // paise have two digits
	}
	return "₹" + withFraction(groupDigits(whole), fraction)
}

func withFraction(whole, fraction string) string {
	if fraction == "" {
		return whole
	}
	return whole + "." + fraction
}

// groupDigits inserts commas in the Indian style, such as 12,34,567. Text with other characters than digits is returned unchanged.
func groupDigits(digits string) string {
	if len(digits) <= 3 || !only(digits, 1, len(digits), isDigit) {
		return digits
	}
	var b strings.Builder
	b.Grow(len(digits) + len(digits)/2)
	head, tail := digits[:len(digits)-3], digits[len(digits)-3:]
	for i := range len(head) {
		if i > 0 && (len(head)-i)%2 == 0 {
			b.WriteByte(',')
		}
		b.WriteByte(head[i])
	}
	return b.String() + "," + tail
}
