package onmeta

import (
	"context"
	"strings"

	"github.com/shopspring/decimal"

	"rampart/internal/redact"
)

// ChainLimit holds the order limits of one chain, by currency code in upper case. A limit that
// is missing or unreadable in the answer is not in the map.
type ChainLimit struct {
	Chain   string
	ChainID int64
	Min     map[string]decimal.Decimal
	Max     map[string]decimal.Decimal
}

// ChainLimits lists the limits of every chain, which are the same for buying and selling (provider 3.14).
func (c *Client) ChainLimits(ctx context.Context) ([]ChainLimit, error) {
	type wireLimit struct {
		Chain    text                       `json:"chain"`
		ChainID  integer                    `json:"chainId"`
		MinLimit lenient[map[string]amount] `json:"minLimit"`
		MaxLimit lenient[map[string]amount] `json:"maxLimit"`
	}
	wire, _, err := ask[list[wireLimit]](ctx, c, Call{Route: RouteChainLimits}, nil)
	if err != nil {
		return nil, err
	}
	limits := make([]ChainLimit, 0, len(wire))
	for _, w := range wire {
		limits = append(limits, ChainLimit{
			Chain:   string(w.Chain),
			ChainID: int64(w.ChainID),
			Min:     readable(w.MinLimit.value),
			Max:     readable(w.MaxLimit.value),
		})
	}
	return limits, nil
}

func readable(amounts map[string]amount) map[string]decimal.Decimal {
	decimals := make(map[string]decimal.Decimal, len(amounts))
	for currency, a := range amounts {
		if d := a.optional(); d.Valid {
			decimals[strings.ToUpper(currency)] = d.Decimal
		}
	}
	return decimals
}

// Currency is a fiat currency in which tokens are bought.
type Currency struct {
	// Code is the ISO code in upper case.
	Code string
	// Fraction is the number of decimal places.
	Fraction     int
	Symbol       string
	PaymentModes []PaymentMode
}

// PaymentMode is a way to pay.
type PaymentMode struct {
	// Code is the value in an on-ramp order, such as INR_UPI.
	Code     string
	ImageURL string
	// Beneficiary is the account to pay to; nil for UPI, where the order names it.
	Beneficiary *Beneficiary
}

// Beneficiary is the provider's bank account that a payer sends money to.
type Beneficiary struct {
	Name          redact.Personal
	IFSC          redact.Personal
	AccountNumber redact.Account
}

// Currencies lists the fiat currencies and their payment modes (provider 3.15). One source sends the user's token besides the key
// (provider 13); without a user only the key is sent.
func (c *Client) Currencies(ctx context.Context, user User) ([]Currency, error) {
	wire, _, err := ask[list[wireCurrency]](ctx, c, user.call(RouteCurrencies), nil)
	if err != nil {
		return nil, err
	}
	currencies := make([]Currency, 0, len(wire))
	for _, w := range wire {
		currencies = append(currencies, w.currency())
	}
	return currencies, nil
}

type wireCurrency struct {
	CurrencyCode text    `json:"currencyCode"`
	Fraction     integer `json:"fraction"`
	Symbol       text    `json:"symbol"`
	PaymentModes []struct {
		Code     text                     `json:"code"`
		ImageURL text                     `json:"imageUrl"`
		Extra    lenient[wireBeneficiary] `json:"extra"`
	} `json:"paymentModes"`
}

func (w wireCurrency) currency() Currency {
	currency := Currency{
		Code:         strings.ToUpper(string(w.CurrencyCode)),
		Fraction:     int(w.Fraction),
		Symbol:       string(w.Symbol),
		PaymentModes: make([]PaymentMode, 0, len(w.PaymentModes)),
	}
	for _, mode := range w.PaymentModes {
		currency.PaymentModes = append(currency.PaymentModes, PaymentMode{
			Code:        string(mode.Code),
			ImageURL:    string(mode.ImageURL),
			Beneficiary: mode.Extra.value.beneficiary(),
		})
	}
	return currency
}

// wireBeneficiary decodes the field names of the currencies call and of the other bank details.
type wireBeneficiary struct {
	Name          text `json:"name"`
	AccountName   text `json:"accountName"`
	IFSC          text `json:"ifsc"`
	Account       text `json:"account"`
	AccountNumber text `json:"accountNumber"`
}

// beneficiary returns nil if no account is named.
func (w wireBeneficiary) beneficiary() *Beneficiary {
	b := Beneficiary{
		Name:          redact.Personal(firstText(w.Name, w.AccountName)),
		IFSC:          redact.Personal(w.IFSC),
		AccountNumber: redact.Account(firstText(w.Account, w.AccountNumber)),
	}
	if b.AccountNumber == "" {
		return nil
	}
	return &b
}
