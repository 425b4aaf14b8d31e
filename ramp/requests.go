package ramp

import (
	"fmt"
	"strings"

	"github.com/shopspring/decimal"
)

// PaymentMethod is how the user pays rupees for an on-ramp order, by the provider's code (provider 3.15).
type PaymentMethod string

// Payment methods for INR.
const (
	UPI  PaymentMethod = "INR_UPI"
	IMPS PaymentMethod = "INR_IMPS"
	NEFT PaymentMethod = "INR_NEFT"
)

// INR is the only fiat currency that orders take.
const INR = "INR"

// OnrampRequest is the input of the Onramp workflow: the user pays INR and receives a token.
type OnrampRequest struct {
	// Reference is the backend's own id of the order. The same reference always means the same order.
	Reference string `json:"reference"`
	// Email identifies the user to the provider, who treats its case as significant.
	Email Email `json:"email"`
	// Fiat is what the user pays.
	Fiat Amount `json:"fiat"`
	// Token is what the user receives.
	Token Token `json:"token"`
	// WalletAddress receives the token.
	WalletAddress string `json:"walletAddress"`
	// PaymentMethod decides which account must be linked: a VPA for UPI, a bank account for IMPS and NEFT.
	PaymentMethod PaymentMethod `json:"paymentMethod"`
	// UPI is the payer's VPA, for INR_UPI.
	UPI *UPIAccount `json:"upi,omitempty"`
	// Bank is the payer's bank account, for INR_IMPS and INR_NEFT.
	Bank *BankAccount `json:"bank,omitempty"`
	// KYC names the documents to upload should the user not be verified yet.
	KYC *KYC `json:"kyc,omitempty"`
	// Quote guards the price.
	Quote *QuoteTerms `json:"quote,omitempty"`
	// UTR is a payment made for an order that expired or was cancelled; it is submitted to this one. Fiat is the amount
	// that was paid.
	UTR UTR `json:"utr,omitempty"`
	// Previous is the order that the payment of UTR was made for.
	Previous *PreviousOrder `json:"previous,omitempty"`
	// Metadata is passed to the provider, who echoes it in its webhooks.
	Metadata Metadata `json:"metadata,omitempty"`
}

// OfframpRequest is the input of the Offramp workflow: the user sends a token and receives INR in a bank account.
type OfframpRequest struct {
	// Reference is the backend's own id of the order. The same reference always means the same order.
	Reference string `json:"reference"`
	// Email identifies the user to the provider, who treats its case as significant.
	Email Email `json:"email"`
	// Token is what the user sends.
	Token Token `json:"token"`
	// TokenAmount is how much of it, a decimal string in whole tokens. Empty when Fiat has an amount.
	TokenAmount string `json:"tokenAmount,omitempty"`
	// Fiat is the payout's currency and, in place of TokenAmount, its amount.
	Fiat Amount `json:"fiat"`
	// SenderWallet is where the token will come from.
	SenderWallet string `json:"senderWallet"`
	// RefundWallet receives the token back if the provider cannot pay out.
	RefundWallet string `json:"refundWallet"`
	// Bank receives the payout.
	Bank *BankAccount `json:"bank"`
	// KYC names the documents to upload should the user not be verified yet.
	KYC *KYC `json:"kyc,omitempty"`
	// Quote guards the price.
	Quote *QuoteTerms `json:"quote,omitempty"`
	// TransactionHash is a transfer already made for this order.
	TransactionHash string `json:"transactionHash,omitempty"`
	// Metadata is passed to the provider, who echoes it in its webhooks.
	Metadata Metadata `json:"metadata,omitempty"`
}

// Amount is an exact amount of money or of a token.
type Amount struct {
	// Amount is a decimal string in whole units, such as "1000.00".
	Amount string `json:"amount,omitempty"`
	// Currency is an ISO 4217 code or a token symbol.
	Currency string `json:"currency"`
}

// AtLeast reports whether a is no less than an amount in the same currency, a decimal string. Every amount is at least an
// empty one, and an unreadable one is not.
func (a Amount) AtLeast(least string) bool {
	if least == "" {
		return true
	}
	have, err := readDecimal(a.Amount)
	if err != nil {
		return false
	}
	want, err := readDecimal(least)
	return err == nil && have.GreaterThanOrEqual(want)
}

// AtMost reports whether a is no more than an amount in the same currency, a decimal string. Every amount is at most an empty
// one, and an unreadable one is not.
func (a Amount) AtMost(most string) bool {
	if most == "" {
		return true
	}
	have, err := readDecimal(a.Amount)
	if err != nil {
		return false
	}
	limit, err := readDecimal(most)
	return err == nil && have.LessThanOrEqual(limit)
}

// Decimal reads the amount: a number without exponent, of at most 200 characters. It may be negative, and have more decimals than a
// request may give: it is for the amounts of orders, not for judging requests.
func (a Amount) Decimal() (decimal.Decimal, error) { return readDecimal(a.Amount) }

// maxReadable bounds what reading a number costs. The provider's amounts, and what is reckoned with them, stay below it.
const maxReadable = 200

// readDecimal reads a number without exponent: to compare 1e999999999 would take all memory.
func readDecimal(text string) (decimal.Decimal, error) {
	if len(text) <= maxReadable && !strings.ContainsAny(text, "eE") {
		if number, err := decimal.NewFromString(text); err == nil {
			return number, nil
		}
	}
	return decimal.Decimal{}, fmt.Errorf("must be a number without exponent, of at most %d characters", maxReadable)
}

// Token names a token on a chain.
type Token struct {
	// Symbol is the token's, as the provider lists it.
	Symbol string `json:"symbol"`
	// Address is the token's contract; the provider's convention for a chain's native coin is
	// 0xeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee (provider 3.13).
	Address string `json:"address"`
	// ChainID is the number of its chain, such as 137 for Polygon.
	ChainID int64 `json:"chainId"`
}

// UPIAccount is a VPA and its holder. Both are personal data.
type UPIAccount struct {
	// ID is the VPA, such as asha@okbank.
	ID VPA `json:"id"`
	// Name is the holder's.
	Name Personal `json:"name"`
}

// BankAccount is an Indian bank account. All of it is personal data.
type BankAccount struct {
	// AccountName is the holder's.
	AccountName Personal `json:"accountName"`
	// AccountNumber is in full: a masked one cannot be linked.
	AccountNumber AccountNumber `json:"accountNumber"`
	// IFSC is the code of the bank's branch.
	IFSC Personal `json:"ifsc"`
	// PAN of the holder, which the provider needs to link the account. Optional for an account already linked.
	PAN Personal `json:"pan,omitempty"`
}

// KYC refers to a dossier of identity documents.
type KYC struct {
	// Dossier is the URL of a prefix in a blob store that holds dossier.json and the files it names: email, which must be the order's, firstName,
	// lastName, pan, aadhaar, incomeRange, profession, and the names of the files selfie, aadhaarFront, aadhaarBack, panFront, panBack.
	Dossier Dossier `json:"dossier,omitempty"`
}

// QuoteTerms are the user's conditions on the price.
type QuoteTerms struct {
	// Confirm makes the order wait until the user confirms a quote.
	Confirm bool `json:"confirm,omitempty"`
	// MinReceived is the least the user will take, a decimal string: of the token when buying, of INR when selling.
	MinReceived string `json:"minReceived,omitempty"`
	// MaxPaid is the most the user will pay, a decimal string: of INR when buying, of the token when selling. An off-ramp
	// order by payout has a fixed INR amount, and it is the tokens that move with the price.
	MaxPaid string `json:"maxPaid,omitempty"`
}

// PreviousOrder names an order that fell through after its user had paid. Should the provider not take the payment for
// another order, its support needs both.
type PreviousOrder struct {
	// Reference is the backend's own id of it.
	Reference string `json:"reference"`
	// OrderID is the provider's.
	OrderID string `json:"orderId,omitempty"`
}

// UTRSubmission is the argument of SubmitUTR.
type UTRSubmission struct {
	// UTR is the bank's reference of the user's payment.
	UTR UTR `json:"utr"`
}

// HashSubmission is the argument of SubmitTransactionHash.
type HashSubmission struct {
	// TransactionHash is the on-chain transfer of the user's tokens to the deposit wallet.
	TransactionHash string `json:"transactionHash"`
}

// KYCSubmission is the argument of SubmitKYC.
type KYCSubmission struct {
	// Dossier is as in KYC.
	Dossier Dossier `json:"dossier"`
}

// AccountSubmission is the argument of SubmitAccount: exactly one of the two, the one the payment method needs.
type AccountSubmission struct {
	// UPI is for an on-ramp order paid by UPI.
	UPI *UPIAccount `json:"upi,omitempty"`
	// Bank is for an on-ramp order paid by IMPS or NEFT, and for every off-ramp order.
	Bank *BankAccount `json:"bank,omitempty"`
}

// QuoteConfirmation is the argument of ConfirmQuote.
type QuoteConfirmation struct {
	// QuoteID is the ID of the Quote the user saw.
	QuoteID string `json:"quoteId"`
}
