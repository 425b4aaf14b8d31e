package ramp

import (
	"fmt"
	"strings"

	"github.com/shopspring/decimal"
)

// PaymentMethod is the provider's code of how the user pays for an on-ramp order (provider 3.15).
type PaymentMethod string

// Payment methods for INR.
const (
	UPI  PaymentMethod = "INR_UPI"
	IMPS PaymentMethod = "INR_IMPS"
	NEFT PaymentMethod = "INR_NEFT"
)

// INR is the only fiat currency of orders.
const INR = "INR"

// OnrampRequest is the input of the Onramp workflow: the user pays INR and receives a token.
type OnrampRequest struct {
	// Reference is the backend's own id of the order. A reference identifies one order: starting it again attaches to that order.
	Reference string `json:"reference"`
	// Email identifies the user at the provider. It is case-sensitive.
	Email Email `json:"email"`
	// Fiat is what the user pays.
	Fiat Amount `json:"fiat"`
	// Token is what the user receives.
	Token Token `json:"token"`
	// WalletAddress receives the token.
	WalletAddress string `json:"walletAddress"`
	// PaymentMethod determines which account is linked: a VPA for UPI, a bank account for IMPS and NEFT.
	PaymentMethod PaymentMethod `json:"paymentMethod"`
	// UPI is the payer's VPA, for INR_UPI.
	UPI *UPIAccount `json:"upi,omitempty"`
	// Bank is the payer's bank account, for INR_IMPS and INR_NEFT.
	Bank *BankAccount `json:"bank,omitempty"`
	// KYC refers to the documents that are uploaded if the user is not verified.
	KYC *KYC `json:"kyc,omitempty"`
	// Quote limits the price.
	Quote *QuoteTerms `json:"quote,omitempty"`
	// UTR is the reference of a payment that was made for an expired or cancelled order. It is submitted to this one, and Fiat is
	// the amount that was paid.
	UTR UTR `json:"utr,omitempty"`
	// Previous is the order that the payment with this UTR was made for.
	Previous *PreviousOrder `json:"previous,omitempty"`
	// Adopt is an order that the provider has already and that no order here owns. The order takes it over instead of creating another.
	Adopt *AdoptedOrder `json:"adopt,omitempty"`
	// Metadata is sent to the provider, which returns it in its webhooks.
	Metadata Metadata `json:"metadata,omitempty"`
	// Events is where the order's events go, beside the endpoints that the workers are configured with.
	Events *EventTarget `json:"events,omitempty"`
}

// OfframpRequest is the input of the Offramp workflow: the user sends a token and receives INR in a bank account.
type OfframpRequest struct {
	// Reference is the backend's own id of the order. A reference identifies one order: starting it again attaches to that order.
	Reference string `json:"reference"`
	// Email identifies the user at the provider. It is case-sensitive.
	Email Email `json:"email"`
	// Token is what the user sends.
	Token Token `json:"token"`
	// TokenAmount is the amount of the token, a decimal string in whole tokens. Empty if Fiat has an amount.
	TokenAmount string `json:"tokenAmount,omitempty"`
	// Fiat is the currency of the payout and, instead of TokenAmount, its amount.
	Fiat Amount `json:"fiat"`
	// SenderWallet is the wallet that the token is sent from.
	SenderWallet string `json:"senderWallet"`
	// RefundWallet receives the token if the provider cannot pay out.
	RefundWallet string `json:"refundWallet"`
	// Bank receives the payout.
	Bank *BankAccount `json:"bank"`
	// KYC refers to the documents that are uploaded if the user is not verified.
	KYC *KYC `json:"kyc,omitempty"`
	// Quote limits the price.
	Quote *QuoteTerms `json:"quote,omitempty"`
	// TransactionHash is the hash of a transfer that was already made for this order.
	TransactionHash string `json:"transactionHash,omitempty"`
	// Adopt is an order that the provider has already and that no order here owns. The order takes it over instead of creating another.
	Adopt *AdoptedOrder `json:"adopt,omitempty"`
	// Metadata is sent to the provider, which returns it in its webhooks.
	Metadata Metadata `json:"metadata,omitempty"`
	// Events is where the order's events go, beside the endpoints that the workers are configured with.
	Events *EventTarget `json:"events,omitempty"`
}

// Amount is an exact amount of money or of a token.
type Amount struct {
	// Amount is a decimal string in whole units, such as "1000.00".
	Amount string `json:"amount,omitempty"`
	// Currency is an ISO 4217 code or a token symbol.
	Currency string `json:"currency"`
}

// AtLeast reports whether a is greater than or equal to least, a decimal string in the same currency. It is true if least is empty,
// and false if either amount is not a number.
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

// AtMost reports whether a is less than or equal to most, a decimal string in the same currency. It is true if most is empty, and
// false if either amount is not a number.
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

// Decimal returns the amount, which must be a number without exponent of at most 200 characters. It accepts more than a request may
// contain, such as negative numbers: ParseAmount checks the amount of a request.
func (a Amount) Decimal() (decimal.Decimal, error) { return readDecimal(a.Amount) }

// maxReadable bounds the cost of parsing a number. Amounts of the provider, and results of computing with them, are shorter.
const maxReadable = 200

// readDecimal parses a number without exponent: comparing 1e999999999 would take all memory.
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
	// Symbol is the symbol under which the provider lists the token.
	Symbol string `json:"symbol"`
	// Address is the address of the token's contract. The provider's address for a chain's native coin is
	// 0xeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee (provider 3.13).
	Address string `json:"address"`
	// ChainID is the number of the token's chain, such as 137 for Polygon.
	ChainID int64 `json:"chainId"`
}

// UPIAccount is a VPA and its holder. Both are personal data.
type UPIAccount struct {
	// ID is the VPA, such as asha@okbank.
	ID VPA `json:"id"`
	// Name is the name of the account's holder.
	Name Personal `json:"name"`
}

// BankAccount is an Indian bank account. All of it is personal data.
type BankAccount struct {
	// AccountName is the name of the account's holder.
	AccountName Personal `json:"accountName"`
	// AccountNumber is the full number: a masked one cannot be linked.
	AccountNumber AccountNumber `json:"accountNumber"`
	// IFSC is the code of the bank's branch.
	IFSC Personal `json:"ifsc"`
	// PAN is the holder's Permanent Account Number. The provider needs it to link the account; it is optional if the account is linked.
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
	// Confirm makes the order wait until the user has confirmed a quote.
	Confirm bool `json:"confirm,omitempty"`
	// MinReceived is the least that the user accepts to receive, a decimal string: tokens of an on-ramp order, INR of an off-ramp order.
	MinReceived string `json:"minReceived,omitempty"`
	// MaxPaid is the most that the user accepts to pay, a decimal string: INR of an on-ramp order, tokens of an off-ramp order. It
	// matters to an off-ramp order with a fixed payout, whose token amount follows the price.
	MaxPaid string `json:"maxPaid,omitempty"`
}

// PreviousOrder identifies an order that expired or was cancelled after its user had paid. If the provider does not accept the
// payment for another order, its support needs the ids of both.
type PreviousOrder struct {
	// Reference is the backend's own id of that order.
	Reference string `json:"reference"`
	// OrderID is the provider's id of that order.
	OrderID string `json:"orderId,omitempty"`
}

// AdoptedOrder is an order that exists at the provider.
type AdoptedOrder struct {
	// OrderID is the provider's id of the order.
	OrderID string `json:"orderId"`
}

// UTRSubmission is the argument of SubmitUTR.
type UTRSubmission struct {
	// UTR is the bank's reference of the user's payment.
	UTR UTR `json:"utr"`
}

// HashSubmission is the argument of SubmitTransactionHash.
type HashSubmission struct {
	// TransactionHash is the hash of the transfer of the user's tokens to the deposit wallet.
	TransactionHash string `json:"transactionHash"`
}

// KYCSubmission is the argument of SubmitKYC.
type KYCSubmission struct {
	// Dossier is the URL of the dossier, as in KYC.
	Dossier Dossier `json:"dossier"`
}

// AccountSubmission is the argument of SubmitAccount. Exactly one field is set: the one that the payment method needs.
type AccountSubmission struct {
	// UPI is for an on-ramp order paid by UPI.
	UPI *UPIAccount `json:"upi,omitempty"`
	// Bank is for an on-ramp order paid by IMPS or NEFT, and for every off-ramp order.
	Bank *BankAccount `json:"bank,omitempty"`
}

// QuoteConfirmation is the argument of ConfirmQuote.
type QuoteConfirmation struct {
	// QuoteID is the ID of the Quote that the user saw.
	QuoteID string `json:"quoteId"`
}
