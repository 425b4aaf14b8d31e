package onmeta

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"rampart/internal/redact"
)

// CreateOnrampRequest orders tokens for fiat (provider 3.16).
type CreateOnrampRequest struct {
	TokenSymbol  string
	TokenAddress string
	ChainID      int64
	FiatCurrency string
	// FiatAmount is in major units, within the limits of the chain and of the payment mode.
	FiatAmount decimal.Decimal
	// ReceiverAddress is the wallet that gets the tokens.
	ReceiverAddress string
	// PaymentMode is a code of Currencies.
	PaymentMode string
	// UPI is the payer's linked UPI id, for INR_UPI.
	UPI *UPIAccount
	// Bank is the payer's linked bank account, for INR_IMPS and INR_NEFT.
	Bank *PayerBank
	// MetaData comes back in webhooks.
	MetaData redact.Metadata
}

// UPIAccount is the payer's UPI id and name.
type UPIAccount struct {
	ID   redact.VPA
	Name redact.Personal
}

// PayerBank is the payer's bank account, with its full number.
type PayerBank struct {
	AccountName   redact.Personal
	AccountNumber redact.Account
	IFSC          redact.Personal
}

// OnrampCreated is a new order with its payment instructions. Unpaid, it expires after three hours (guide). An answer may hold only some of
// QR, DeepLinks and VPA (provider 13); each of them is enough to pay.
type OnrampCreated struct {
	OrderID string
	// QR is the upi://pay text to show as a QR code; UPI only.
	QR string
	// DeepLinks are the links that have a URL.
	DeepLinks []DeepLink
	// VPA is the UPI id that collects the payment; UPI only.
	VPA redact.VPA
	// Beneficiary is the account to pay to, if the answer names one; otherwise it is in Currencies.
	Beneficiary *Beneficiary
	// At is when the provider answered, UTC.
	At time.Time
}

// DeepLink opens a payment app.
type DeepLink struct {
	Name     string `redact:"show"`
	URL      string
	ImageURL string
}

// CreateOnramp creates an on-ramp order. It is not idempotent (provider 1.7). After a failure that is neither
// NotSent nor KindRefused, KindUnauthorized or KindRateLimited the order may exist: look for it in
// OrderHistory before trying again.
func (c *Client) CreateOnramp(ctx context.Context, user User, request CreateOnrampRequest) (OnrampCreated, error) {
	err := require(RouteCreateOnramp,
		field{"token symbol", request.TokenSymbol}, field{"fiat currency", request.FiatCurrency},
		field{"receiver address", request.ReceiverAddress}, field{"payment mode", request.PaymentMode})
	if err != nil {
		return OnrampCreated{}, err
	}
	fiat, err := number(RouteCreateOnramp, "fiat amount", request.FiatAmount)
	if err != nil {
		return OnrampCreated{}, err
	}
	body := wireCreateOnramp{
		BuyTokenSymbol: request.TokenSymbol, BuyTokenAddress: request.TokenAddress, ChainID: request.ChainID,
		FiatCurrency: strings.ToLower(request.FiatCurrency), FiatAmount: fiat,
		ReceiverAddress: request.ReceiverAddress, PaymentMode: request.PaymentMode, MetaData: request.MetaData,
		UPI: (*wireUPIAccount)(request.UPI), Bank: (*wirePayer)(request.Bank),
	}
	wire, answer, err := ask[wireOnrampCreated](ctx, c, user.call(RouteCreateOnramp), body, request.personal()...)
	if err != nil {
		return OnrampCreated{}, err
	}
	var check checks
	check.id("orderId", wire.OrderID)
	return whole(wire.created(answer.At), check.err(RouteCreateOnramp, answer))
}

func (r CreateOnrampRequest) personal() []string {
	var values []string
	if r.UPI != nil {
		values = append(values, string(r.UPI.ID), string(r.UPI.Name))
	}
	if r.Bank != nil {
		values = append(values, string(r.Bank.AccountName), string(r.Bank.AccountNumber))
	}
	return values
}

type wireCreateOnramp struct {
	BuyTokenSymbol  string          `json:"buyTokenSymbol"`
	BuyTokenAddress string          `json:"buyTokenAddress"`
	ChainID         int64           `json:"chainId"`
	FiatCurrency    string          `json:"fiatCurrency"`
	FiatAmount      json.Number     `json:"fiatAmount"`
	ReceiverAddress string          `json:"receiverAddress"`
	PaymentMode     string          `json:"paymentMode"`
	UPI             *wireUPIAccount `json:"upiId,omitempty"`
	Bank            *wirePayer      `json:"bankDetails,omitempty"`
	MetaData        redact.Metadata `json:"metaData,omitempty"`
}

type wireUPIAccount struct {
	ID   redact.VPA      `json:"upiId"`
	Name redact.Personal `json:"name"`
}

type wireOnrampCreated struct {
	OrderID         text                         `json:"orderId"`
	UPICode         text                         `json:"upiCode"`
	RedirectActions lenient[wireRedirectActions] `json:"redirect_actions"`
	PaymentDetails  lenient[wirePaymentDetails]  `json:"paymentDetails"`
}

type wireRedirectActions struct {
	QR        text                             `json:"qr_checkout_string"`
	DeepLinks lenient[[]lenient[wireDeepLink]] `json:"deepLinks"`
}

type wireDeepLink struct {
	Name     text `json:"name"`
	URL      text `json:"url"`
	ImageURL text `json:"imageUrl"`
}

type wirePaymentDetails struct {
	UPICode text `json:"upiCode"`
	wireBeneficiary
}

func (w wireOnrampCreated) created(at time.Time) OnrampCreated {
	created := OnrampCreated{
		OrderID:     string(w.OrderID),
		QR:          string(w.RedirectActions.value.QR),
		VPA:         redact.VPA(firstText(w.PaymentDetails.value.UPICode, w.UPICode)),
		Beneficiary: w.PaymentDetails.value.beneficiary(),
		At:          at,
	}
	for _, link := range w.RedirectActions.value.DeepLinks.value {
		if link.value.URL != "" {
			created.DeepLinks = append(created.DeepLinks, link.value.deepLink())
		}
	}
	return created
}

func (w wireDeepLink) deepLink() DeepLink {
	return DeepLink{Name: string(w.Name), URL: string(w.URL), ImageURL: string(w.ImageURL)}
}

// SubmitUTR submits the bank's reference of the payment (provider 3.17). The provider answers 403 to a UTR that it refuses. UTRs are
// case-sensitive, and one may be used again only if the order that held it was cancelled.
func (c *Client) SubmitUTR(ctx context.Context, user User, orderID, utr string) error {
	if err := require(RouteSubmitUTR, field{"order id", orderID}, field{"UTR", utr}); err != nil {
		return err
	}
	_, err := c.send(ctx, user.call(RouteSubmitUTR), map[string]string{"orderId": orderID, "utr": utr}, utr)
	return err
}

// OnrampStatus is the state of an on-ramp order, without the customer's personal data.
type OnrampStatus struct {
	OrderID string
	Status  Status
	// Reason is set if the order was cancelled or refunded.
	Reason string
	// TransactionHash and ExplorerURL are empty before the transfer.
	TransactionHash string
	ExplorerURL     string
	// TransferredAmount is in whole tokens, TransferredAmountWei in the smallest unit; invalid and empty if
	// the provider omits them.
	TransferredAmount    decimal.NullDecimal
	TransferredAmountWei string
	// Fiat is the amount ordered, in Currency (upper case); invalid if the provider omits it.
	Fiat           decimal.NullDecimal
	Currency       string
	TokenSymbol    string
	TokenAddress   string
	ChainID        int64
	ReceiverWallet string
	// CreatedAt and UpdatedAt are UTC, zero when unknown.
	CreatedAt time.Time
	UpdatedAt time.Time
	// At is when the provider answered, UTC.
	At time.Time
}

// OnrampStatus fetches the status of an on-ramp order (provider 3.18). The guide asks for 10 to 15 seconds
// between two fetches.
func (c *Client) OnrampStatus(ctx context.Context, user User, orderID string) (OnrampStatus, error) {
	wire, answer, err := c.orderStatus(ctx, user.call(RouteOnrampStatus), orderID)
	if err != nil {
		return OnrampStatus{}, err
	}
	return OnrampStatus{
		OrderID:              orderID,
		Status:               Status(wire.Status),
		Reason:               wire.reason(user),
		TransactionHash:      firstText(wire.TransactionHash, wire.TxnHash),
		ExplorerURL:          string(wire.ExplorerURL),
		TransferredAmount:    wire.TransferredAmount.optional(),
		TransferredAmountWei: string(wire.TransferredAmountWei),
		Fiat:                 wire.Fiat.optional(),
		Currency:             strings.ToUpper(string(wire.Currency)),
		TokenSymbol:          string(wire.BuyTokenSymbol),
		TokenAddress:         string(wire.BuyTokenAddress),
		ChainID:              int64(wire.ChainID),
		ReceiverWallet:       string(wire.ReceiverWalletAddress),
		CreatedAt:            firstTime(wire.CreatedAt, wire.CreatedAtCamel),
		UpdatedAt:            firstTime(wire.UpdatedAt, wire.UpdatedAtCamel),
		At:                   answer.At,
	}, nil
}
