package sandbox

import (
	"encoding/json"
	"fmt"

	"github.com/shopspring/decimal"
)

type buyQuote struct {
	Quote               string       `json:"quote"`
	ReceivedTokens      string       `json:"receivedTokens"`
	ConversionRate      string       `json:"conversionRate"`
	GasPriceWei         string       `json:"gasPriceWei"`
	GasUseEstimate      string       `json:"gasUseEstimate"`
	GasPriceNativeToken string       `json:"gasPriceNativeToken"`
	NativeTokenDecimals int          `json:"nativeTokenDecimals"`
	Source              string       `json:"source"`
	EstimateID          string       `json:"estimateId"`
	DesiredOrder        desiredOrder `json:"desiredOrder"`
	Orders              []empty      `json:"orders"`
}

type desiredOrder struct {
	Base struct {
		GasCharge struct {
			Currency string `json:"currency"`
			Value    string `json:"value"`
		} `json:"gasCharge"`
		GasChargeInINR string      `json:"gasChargeInINR"`
		TransactionFee json.Number `json:"transactionFee"`
	} `json:"base"`
}

func newDesiredOrder(gasINR string) desiredOrder {
	var d desiredOrder
	d.Base.GasCharge.Currency, d.Base.GasCharge.Value = "inr", gasINR
	d.Base.GasChargeInINR, d.Base.TransactionFee = "0.0", "0"
	return d
}

// quoteBuy prices a purchase (provider 3.12). Limits are checked by the order.
func (s *Server) quoteBuy(c *call) (any, error) {
	d, err := c.readBuyDeal()
	if err != nil {
		return nil, err
	}
	rate := s.quotedRate(d, c.now)
	bought, err := d.token.tokensBought(d.amount, rate)
	if err != nil {
		return nil, err
	}
	if d.course().quotesNothing {
		bought = decimal.Zero
	}
	return answer(buyQuote{
		Quote: d.token.smallestUnits(bought), ReceivedTokens: bought.String(), ConversionRate: rate.String(),
		GasPriceWei: d.token.chain.gasWei, GasPriceNativeToken: "9723000000000000", NativeTokenDecimals: 18,
		Source: "0x", EstimateID: s.store.uuid(), DesiredOrder: newDesiredOrder(d.token.chain.gasINR), Orders: []empty{},
	}), nil
}

func (c *call) readBuyDeal() (deal, error) {
	var symbol, address string
	var chainID int64
	d := deal{side: buy, byFiat: true}
	err := c.read(func(o *object) {
		symbol, address, chainID = o.text("buyTokenSymbol"), o.optionalText("buyTokenAddress"), o.integer("chainId")
		readINR(o)
		d.amount = readFiat(o)
	})
	if err != nil {
		return deal{}, err
	}
	d.token, err = findToken(symbol, address, chainID)
	return d, err
}

// readFiat reads fiatAmount.
func readFiat(o *object) decimal.Decimal { return readPositive(o, "fiatAmount", fiatDecimals) }

func readPositive(o *object, name string, decimals int32) decimal.Decimal {
	amount := o.amount(name)
	if !amount.IsPositive() || !amount.Equal(amount.Truncate(decimals)) {
		o.complain(name, fmt.Sprintf("must be above zero and have no more than %d decimals", decimals))
	}
	return amount
}

type sellQuote struct {
	SellTokens     string      `json:"sellTokens"`
	ConversionRate string      `json:"conversionRate"`
	TransactionFee json.Number `json:"transactionFee"`
	GasFee         json.Number `json:"gasFee"`
	TDSFee         json.Number `json:"tdsFee,omitempty"` // one client saw it, no document names it (provider 3.21, 13)
	FiatCurrency   string      `json:"fiatCurrency"`
	FiatAmount     json.Number `json:"fiatAmount"`
}

// quoteSell prices a sale, by tokens or by payout (provider 3.21). fiatAmount is before the listed fees.
func (s *Server) quoteSell(c *call) (any, error) {
	var form sellForm
	err := c.read(func(o *object) {
		form = readSellForm(o)
		o.anyText("senderAddress") // may be empty
	})
	if err != nil {
		return nil, err
	}
	d, err := form.deal()
	if err != nil {
		return nil, err
	}
	rate := s.quotedRate(d, c.now)
	sold, fiat := d.sold(rate)
	quote := sellQuote{
		SellTokens: shownTokens(sold), ConversionRate: rate.StringFixed(shownDecimals),
		TransactionFee: "0", GasFee: json.Number(d.token.chain.gasINR), FiatCurrency: "inr", FiatAmount: number(fiat),
	}
	if d.course().quotesTDS {
		quote.TDSFee = number(tds(fiat))
	}
	if d.course().quotesNothing {
		quote.GasFee = quote.FiatAmount
	}
	return answer(quote), nil
}

// sellForm is what the bodies of a sell quote and an off-ramp order share.
type sellForm struct {
	symbol  string
	address string
	chainID int64
	amount  decimal.Decimal
	byFiat  bool
}

func readSellForm(o *object) sellForm {
	form := sellForm{symbol: o.text("sellTokenSymbol"), address: o.text("sellTokenAddress"), chainID: o.integer("chainId")}
	readINR(o)
	form.byFiat = o.has("fiatAmount")
	if form.byFiat == o.has("sellTokenAmount") {
		o.complain("sellTokenAmount", "or fiatAmount must be there, one of the two")
	}
	if form.byFiat {
		form.amount = readFiat(o)
	} else {
		form.amount = o.amount("sellTokenAmount")
	}
	return form
}

func (f sellForm) deal() (deal, error) {
	t, err := findToken(f.symbol, f.address, f.chainID)
	if err != nil {
		return deal{}, err
	}
	if !f.amount.IsPositive() || !f.amount.Equal(f.amount.Truncate(t.decimals)) {
		return deal{}, invalidRequest("the amount must be above zero and have no more decimals than the token")
	}
	return deal{side: sell, token: t, amount: f.amount, byFiat: f.byFiat}, nil
}
