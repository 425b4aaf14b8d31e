package sandbox

import (
	"encoding/json"
	"strconv"
)

// offrampForm is the body of creating an off-ramp order (provider 3.22).
type offrampForm struct {
	deal         deal
	sender       string
	refundWallet string
	bankNumber   string
	bankIFSC     string
	metaData     map[string]string
}

// createOfframp creates an order that waits for its tokens.
func (s *Server) createOfframp(c *call) (any, error) {
	form, err := c.readOfframpForm()
	if err != nil {
		return nil, err
	}
	bank, err := c.checkOfframp(form)
	if err != nil {
		return nil, err
	}
	o := &order{direction: offramp, metaData: form.metaData, sender: form.sender, refundWallet: form.refundWallet, bank: bank}
	o.course = s.courseOf(o, form.deal)
	o.tokens, o.fiat = form.deal.sold(o.course.worsened(s.orderRate(form.deal, c.now)))
	o.tokens = form.deal.token.rounded(times(o.tokens, o.course.deposit))
	if err := checkChainLimit(o.fiat, form.deal.token.chain.minOfframp); err != nil {
		return nil, err
	}
	if s.options.Staging {
		o.tokens = stagingTokens()
	}
	s.openOrder(c, o, form.deal, firstOfframpStatus(o.course))
	o.receiver = o.token.chain.family.deriveAddress(o.id)
	return answer(newOfframpCreated(o)), nil
}

// firstOfframpStatus returns cryptoInit as in the guide, or pending as in the older documents.
func firstOfframpStatus(c course) string {
	if c.startsPending {
		return statusPending
	}
	return statusCryptoInit
}

func (c *call) readOfframpForm() (offrampForm, error) {
	var form offrampForm
	var sale sellForm
	err := c.read(func(o *object) {
		sale = readSellForm(o)
		form.sender, form.refundWallet = o.text("senderWalletAddress"), o.text("refundWalletAddress")
		o.nested("bankDetails", func(o *object) {
			form.bankNumber, form.bankIFSC = o.text("accountNumber"), o.text("ifsc")
		})
		form.metaData = o.texts("metaData")
	})
	if err != nil {
		return offrampForm{}, err
	}
	form.deal, err = sale.deal()
	return form, err
}

// checkOfframp returns the linked account that gets the payout, by its masked number.
func (c *call) checkOfframp(form offrampForm) (*bankLink, error) {
	if err := c.requireKYC(); err != nil {
		return nil, err
	}
	chain := form.deal.token.chain.family
	if !chain.validAddress(form.sender) {
		return nil, walletRefusal("senderWalletAddress")
	}
	if !chain.validAddress(form.refundWallet) {
		return nil, walletRefusal("refundWalletAddress")
	}
	return c.user.linkedBank(c.now, func(b *bankLink) bool {
		return b.masked() == form.bankNumber && b.ifsc == form.bankIFSC
	})
}

type offrampCreated struct {
	OrderID               string      `json:"orderId"`
	ReceiverWalletAddress string      `json:"receiverWalletAddress"`
	GasPriceWei           string      `json:"gasPriceWei"`
	GasUseEstimate        string      `json:"gasUseEstimate"`
	Quote                 string      `json:"quote"`
	FiatCurrency          string      `json:"fiatCurrency"`
	FiatAmount            json.Number `json:"fiatAmount"`
	SellTokenSymbol       string      `json:"sellTokenSymbol"`
	SellTokenAddress      string      `json:"sellTokenAddress"`
	SenderWalletAddress   string      `json:"senderWalletAddress"`
	ChainID               int64       `json:"chainId"`
	PaymentMode           string      `json:"paymentMode"`
}

func newOfframpCreated(o *order) offrampCreated {
	return offrampCreated{
		OrderID: o.id, ReceiverWalletAddress: o.receiver,
		GasPriceWei: o.token.chain.gasWei, GasUseEstimate: "70000", Quote: o.tokens.String(),
		FiatCurrency: "inr", FiatAmount: number(o.fiat), SellTokenSymbol: o.token.symbol, SellTokenAddress: o.token.address,
		SenderWalletAddress: o.sender, ChainID: o.token.chain.id, PaymentMode: "NEFT",
	}
}

type offrampState struct {
	OrderID               string       `json:"orderId"`
	Status                string       `json:"status"`
	Reason                string       `json:"reason"`
	Fiat                  json.Number  `json:"fiat"`
	Currency              string       `json:"currency"`
	ChainID               string       `json:"chainId"` // a string here, a number everywhere else
	SenderWalletAddress   string       `json:"senderWalletAddress"`
	ReceiverWalletAddress string       `json:"receiverWalletAddress"`
	SellTokenSymbol       string       `json:"sellTokenSymbol"`
	SellTokenAddress      string       `json:"sellTokenAddress"`
	TxnHash               string       `json:"txnHash"`
	BankDetails           *bankDetails `json:"bankDetails"`
	Customer              struct {
		Name  string `json:"name"`
		Email string `json:"email"`
		Phone struct {
			CountryCode string `json:"CountryCode"`
			Number      string `json:"Number"`
		} `json:"phone"`
		CreatedAt string `json:"created_at"`
	} `json:"customer"`
	CreatedAt string `json:"created_at"`
}

// offrampStatus answers with the status of an order (provider 3.24).
func (s *Server) offrampStatus(c *call) (any, error) {
	o, err := s.readOrderID(c, offramp)
	if err != nil {
		return nil, err
	}
	current := o.steps.current(o.shownAt(c.now))
	state := offrampState{
		OrderID: o.id, Status: current.status, Reason: current.reason, Fiat: number(o.fiat), Currency: "inr",
		ChainID: strconv.FormatInt(o.token.chain.id, 10), SenderWalletAddress: o.sender, ReceiverWalletAddress: o.receiver,
		SellTokenSymbol: o.token.symbol, SellTokenAddress: o.token.address, TxnHash: o.proof,
		BankDetails: o.bank.details(), CreatedAt: timestamp(o.createdAt),
	}
	state.Customer.Name, state.Customer.Email = o.bank.holder, o.owner.email
	state.Customer.Phone.CountryCode, state.Customer.Phone.Number = o.owner.phone.countryCode, o.owner.phone.number
	state.Customer.CreatedAt = timestamp(o.owner.createdAt)
	return answer(state), nil
}
