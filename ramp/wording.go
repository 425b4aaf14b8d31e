package ramp

import (
	"fmt"
	"strings"
)

// Title says in a few words what the order does, such as "Buy USDC for ₹1,000". It holds no personal data.
func (v OnrampRequest) Title() string { return "Buy " + v.Token.Symbol + " for " + v.Fiat.Text() }

// Title says in a few words what the order does, such as "Sell 100 USDC for INR", or "Sell USDC for ₹8,400" where the
// payout is given. It holds no personal data.
func (v OfframpRequest) Title() string {
	if v.TokenAmount == "" {
		return "Sell " + v.Token.Symbol + " for " + v.Fiat.Text()
	}
	return "Sell " + Amount{Amount: v.TokenAmount, Currency: v.Token.Symbol}.Text() + " for " + INR
}

// Details says in a sentence of Markdown what the order does, for the Web UI. It holds no personal data.
func (v OnrampRequest) Details() string {
	return fmt.Sprintf("Buys **%s** on chain %d for **%s**, paid by %s, to the wallet `%s`.",
		v.Token.Symbol, v.Token.ChainID, v.Fiat.Text(), v.PaymentMethod, v.WalletAddress)
}

// Details says in a sentence of Markdown what the order does, for the Web UI. It holds no personal data.
func (v OfframpRequest) Details() string {
	return fmt.Sprintf("**%s**, on chain %d from the wallet `%s`, paid out to the account %s.",
		v.Title(), v.Token.ChainID, v.SenderWallet, v.Bank.AccountNumber)
}

// Text writes an amount as people read it: rupees as "₹1,00,000" or "₹8,360.24", tokens as "10.63 USDC". Zeros that say
// nothing are left out; no other digit is.
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

// groupDigits sets commas as India does: before the last three digits, and before every two ahead of them. What holds anything but
// digits stays as it is.
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
