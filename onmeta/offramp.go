package onmeta

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"rampart/internal/redact"
)

// CreateOfframpRequest orders a payout for tokens: exactly one of TokenAmount and FiatAmount is set
// (provider 3.22).
type CreateOfframpRequest struct {
	TokenSymbol  string
	TokenAddress string
	ChainID      int64
	// FiatCurrency is INR: no other is paid out.
	FiatCurrency string
	// TokenAmount is in whole tokens.
	TokenAmount decimal.Decimal
	// FiatAmount is in major units.
	FiatAmount   decimal.Decimal
	SenderWallet string
	RefundWallet string
	Bank         PayoutBank
	// MetaData comes back in webhooks.
	MetaData redact.Metadata
}

// PayoutBank names a linked bank account.
type PayoutBank struct {
	// AccountNumber is the masked form that BankAccounts returns, such as XXXX4821.
	AccountNumber redact.Account
	IFSC          redact.Personal
}

// OfframpCreated is a new order and where its tokens are to be sent.
type OfframpCreated struct {
	OrderID string
	// ReceiverWallet is where the user sends the tokens.
	ReceiverWallet string
	// TokenAmount is how many, in whole tokens.
	TokenAmount decimal.Decimal
	// FiatAmount is the payout.
	FiatAmount  decimal.Decimal
	PaymentMode string
	// At is when the provider answered, UTC.
	At time.Time
}

// CreateOfframp creates an off-ramp order. It is not idempotent, and the provider documents no history of off-ramp orders in which a lost
// order could be found (provider 1.7). Therefore an answer of KindMalformed that holds an order id returns OrderID beside the error: the
// order exists, and OfframpStatus returns its status.
func (c *Client) CreateOfframp(ctx context.Context, user User, request CreateOfframpRequest) (OfframpCreated, error) {
	err := require(RouteCreateOfframp,
		field{"token symbol", request.TokenSymbol}, field{"fiat currency", request.FiatCurrency},
		field{"sender wallet", request.SenderWallet}, field{"refund wallet", request.RefundWallet},
		field{"bank account number", string(request.Bank.AccountNumber)}, field{"IFSC", string(request.Bank.IFSC)})
	if err != nil {
		return OfframpCreated{}, err
	}
	tokens, fiat, err := oneAmount(RouteCreateOfframp, request.TokenAmount, request.FiatAmount)
	if err != nil {
		return OfframpCreated{}, err
	}
	body := wireCreateOfframp{
		SellTokenSymbol: request.TokenSymbol, SellTokenAddress: request.TokenAddress, ChainID: request.ChainID,
		FiatCurrency: strings.ToLower(request.FiatCurrency), SellTokenAmount: tokens, FiatAmount: fiat,
		SenderWalletAddress: request.SenderWallet, RefundWalletAddress: request.RefundWallet,
		BankDetails: wirePayoutBank(request.Bank), MetaData: request.MetaData,
	}
	wire, answer, err := ask[wireOfframpCreated](ctx, c, user.call(RouteCreateOfframp), body, string(request.Bank.AccountNumber))
	if err != nil {
		return OfframpCreated{}, err
	}
	var check checks
	created := OfframpCreated{
		OrderID:        check.id("orderId", wire.OrderID),
		ReceiverWallet: check.text("receiverWalletAddress", wire.ReceiverWalletAddress),
		TokenAmount:    check.positive("quote", wire.Quote),
		FiatAmount:     check.positive("fiatAmount", wire.FiatAmount),
		PaymentMode:    string(wire.PaymentMode),
		At:             answer.At,
	}
	if err := check.err(RouteCreateOfframp, answer); err != nil {
		return OfframpCreated{OrderID: created.OrderID}, err
	}
	return created, nil
}

type wireCreateOfframp struct {
	SellTokenSymbol     string          `json:"sellTokenSymbol"`
	SellTokenAddress    string          `json:"sellTokenAddress"`
	ChainID             int64           `json:"chainId"`
	FiatCurrency        string          `json:"fiatCurrency"`
	SellTokenAmount     json.Number     `json:"sellTokenAmount,omitempty"`
	FiatAmount          json.Number     `json:"fiatAmount,omitempty"`
	SenderWalletAddress string          `json:"senderWalletAddress"`
	RefundWalletAddress string          `json:"refundWalletAddress"`
	BankDetails         wirePayoutBank  `json:"bankDetails"`
	MetaData            redact.Metadata `json:"metaData,omitempty"`
}

type wirePayoutBank struct {
	AccountNumber redact.Account  `json:"accountNumber"`
	IFSC          redact.Personal `json:"ifsc"`
}

type wireOfframpCreated struct {
	OrderID               text   `json:"orderId"`
	ReceiverWalletAddress text   `json:"receiverWalletAddress"`
	Quote                 amount `json:"quote"`
	FiatAmount            amount `json:"fiatAmount"`
	PaymentMode           text   `json:"paymentMode"`
}

// SubmitTransactionHash submits the hash of the finished token transfer (provider 3.23). The provider answers 409 to a hash that was
// submitted before, even by an earlier attempt of the same call.
func (c *Client) SubmitTransactionHash(ctx context.Context, user User, orderID, hash string) error {
	if err := require(RouteSubmitHash, field{"order id", orderID}, field{"transaction hash", hash}); err != nil {
		return err
	}
	_, err := c.send(ctx, user.call(RouteSubmitHash), map[string]string{"orderId": orderID, "txnHash": hash})
	return err
}

// OfframpStatus is the state of an off-ramp order, without the customer's personal data and bank account.
type OfframpStatus struct {
	OrderID string
	Status  Status
	Reason  string
	// Fiat is the payout, in Currency (upper case); invalid if the provider omits it.
	Fiat           decimal.NullDecimal
	Currency       string
	TokenSymbol    string
	TokenAddress   string
	ChainID        int64
	SenderWallet   string
	ReceiverWallet string
	// TransactionHash is the hash of the user's token transfer; empty until it is submitted.
	TransactionHash string
	ExplorerURL     string
	// PayoutReference is the bank's reference of the payout, if the provider gives one.
	PayoutReference redact.UTR
	// CreatedAt and UpdatedAt are UTC, zero when unknown.
	CreatedAt time.Time
	UpdatedAt time.Time
	// At is when the provider answered, UTC.
	At time.Time
}

// OfframpStatus fetches the status of an off-ramp order (provider 3.24). The guide asks for 10 to 15 seconds
// between two fetches.
func (c *Client) OfframpStatus(ctx context.Context, user User, orderID string) (OfframpStatus, error) {
	wire, answer, err := c.orderStatus(ctx, user.call(RouteOfframpStatus), orderID)
	if err != nil {
		return OfframpStatus{}, err
	}
	return OfframpStatus{
		OrderID:         orderID,
		Status:          Status(wire.Status),
		Reason:          wire.reason(user),
		Fiat:            wire.Fiat.optional(),
		Currency:        strings.ToUpper(string(wire.Currency)),
		TokenSymbol:     string(wire.SellTokenSymbol),
		TokenAddress:    string(wire.SellTokenAddress),
		ChainID:         int64(wire.ChainID),
		SenderWallet:    string(wire.SenderWalletAddress),
		ReceiverWallet:  string(wire.ReceiverWalletAddress),
		TransactionHash: firstText(wire.TxnHash, wire.TransactionHash),
		ExplorerURL:     string(wire.ExplorerURL),
		PayoutReference: redact.UTR(wire.TransactionID),
		CreatedAt:       firstTime(wire.CreatedAt, wire.CreatedAtCamel),
		UpdatedAt:       firstTime(wire.UpdatedAt, wire.UpdatedAtCamel),
		At:              answer.At,
	}, nil
}
