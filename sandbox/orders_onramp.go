package sandbox

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// onrampForm is the body of creating an on-ramp order (provider 3.16).
type onrampForm struct {
	deal        deal
	receiver    string
	paymentMode string
	upiID       string
	bankNumber  string
	bankIFSC    string
	metaData    map[string]string
}

// createOnramp creates an order that waits for its payment.
func (s *Server) createOnramp(c *call) (any, error) {
	form, err := c.readOnrampForm()
	if err != nil {
		return nil, err
	}
	if err := c.checkOnramp(form); err != nil {
		return nil, err
	}
	bought, err := form.deal.token.tokensBought(form.deal.amount, s.orderRate(form.deal, c.now))
	if err != nil {
		return nil, err
	}
	o := &order{direction: onramp, fiat: form.deal.amount, tokens: bought, metaData: form.metaData,
		paymentMode: form.paymentMode, receiver: form.receiver}
	o.course = s.courseOf(o, form.deal)
	s.openOrder(c, o, form.deal, statusFiatPending)
	return answer(newOnrampCreated(o)), nil
}

func (c *call) readOnrampForm() (onrampForm, error) {
	form := onrampForm{deal: deal{side: buy, byFiat: true}}
	var symbol, address string
	var chainID int64
	err := c.read(func(o *object) {
		symbol, address, chainID = o.text("buyTokenSymbol"), o.text("buyTokenAddress"), o.integer("chainId")
		readINR(o)
		form.deal.amount = readFiat(o)
		form.receiver = o.text("receiverAddress")
		form.paymentMode = o.text("paymentMode")
		form.readPayer(o)
		form.metaData = o.texts("metaData")
	})
	if err != nil {
		return onrampForm{}, err
	}
	form.deal.token, err = findToken(symbol, address, chainID)
	return form, err
}

// readPayer reads the account that pays. The one that the mode needs is required, the other one optional.
func (f *onrampForm) readPayer(o *object) {
	byUPI := f.paymentMode == modeUPI
	if !knownMode(f.paymentMode) {
		o.complain("paymentMode", "is not one of those that currencies lists")
	}
	if byUPI || o.has("upiId") {
		o.nested("upiId", func(o *object) { f.upiID = textIf(byUPI, o, "upiId"); textIf(byUPI, o, "name") })
	}
	if !byUPI || o.has("bankDetails") {
		o.nested("bankDetails", func(o *object) {
			textIf(!byUPI, o, "accountName")
			f.bankNumber, f.bankIFSC = textIf(!byUPI, o, "accountNumber"), textIf(!byUPI, o, "ifsc")
		})
	}
}

// textIf reads a string that may be empty unless it is needed.
func textIf(needed bool, o *object, name string) string {
	if needed {
		return o.text(name)
	}
	return o.anyText(name)
}

func (c *call) checkOnramp(form onrampForm) error {
	if err := c.requireKYC(); err != nil {
		return err
	}
	if !form.deal.token.chain.family.validAddress(form.receiver) {
		return walletRefusal("receiverAddress")
	}
	if err := checkChainLimit(form.deal.amount, form.deal.token.chain.minOnramp); err != nil {
		return err
	}
	return c.checkPayer(form)
}

// checkPayer checks that the paying account is linked and, for UPI, has room left today.
func (c *call) checkPayer(form onrampForm) error {
	if form.paymentMode == modeUPI {
		if !c.user.linkedUPI(form.upiID, c.now) {
			return refuse(http.StatusNotFound, upiNotFound, "the UPI id must be linked first")
		}
		return checkUPILimit(c.user, form.deal.amount, c.now)
	}
	_, err := c.user.linkedBank(c.now, func(b *bankLink) bool {
		return b.ifsc == form.bankIFSC && (b.number == form.bankNumber || b.masked() == form.bankNumber)
	})
	return err
}

// expiry returns the step in which an unpaid order expires.
func (o *order) expiry() step {
	return step{at: o.createdAt.Add(onrampLife), status: statusExpired}
}

type onrampCreated struct {
	OrderID         string           `json:"orderId"`
	PGOrderID       string           `json:"pgOrderId"`
	UPICode         string           `json:"upiCode"`
	RedirectActions *redirectActions `json:"redirect_actions,omitempty"`
	PaymentDetails  struct {
		UPICode string `json:"upiCode"`
	} `json:"paymentDetails"`
}

type redirectActions struct {
	QRCheckoutString string     `json:"qr_checkout_string"`
	DeepLinks        []deepLink `json:"deepLinks"`
}

type deepLink struct {
	Name     string `json:"name"`
	URL      string `json:"url"`
	ImageURL string `json:"imageUrl"`
}

// newOnrampCreated returns the answer to a creation. That of a bank transfer holds no payment instructions: the payer takes the
// beneficiary from currencies (provider 3.16).
func newOnrampCreated(o *order) onrampCreated {
	created := onrampCreated{OrderID: o.id}
	ways := o.waysToPay()
	if ways.vpa {
		created.PaymentDetails.UPICode = merchantVPA
	}
	if ways.qr || ways.links {
		created.RedirectActions = newRedirectActions(o, ways)
	}
	return created
}

// waysToPay returns the payment instructions that the create answer holds.
func (o *order) waysToPay() waysToPay {
	switch {
	case o.paymentMode != modeUPI:
		return waysToPay{}
	case o.course.ways != nil:
		return *o.course.ways
	default:
		return waysToPay{qr: true, vpa: true, links: true}
	}
}

func newRedirectActions(o *order, ways waysToPay) *redirectActions {
	amount := o.fiat.StringFixed(fiatDecimals)
	pay := func(scheme string) string { return scheme + "://pay?pa=" + merchantVPA + "&am=" + amount + "&cu=INR" }
	actions := &redirectActions{DeepLinks: []deepLink{}}
	if ways.qr {
		actions.QRCheckoutString = fmt.Sprintf("upi://pay?pa=%s&am=%s&tn=%s&pn=merchant&cu=INR", merchantVPA, amount, o.id[:18])
	}
	if ways.links {
		actions.DeepLinks = []deepLink{
			{"Phonepe", pay("phonepe"), "https://example.test/phonepe.svg"},
			{"Google Pay", pay("tez"), "https://example.test/gpay.svg"},
			{"Paytm", pay("paytmmp"), "https://example.test/paytm.svg"},
			{"Others", pay("upi"), "https://example.test/upi.svg"},
			{"QR", pay("upi"), "https://example.test/bhim.svg"},
		}
	}
	return actions
}

type onrampState struct {
	OrderID               string      `json:"orderId"`
	Status                string      `json:"status"`
	Reason                string      `json:"reason"`
	TransactionHash       string      `json:"transactionHash"`
	ExplorerURL           string      `json:"explorerUrl"`
	TransferredAmount     string      `json:"transferredAmount"`
	TransferredAmountWei  string      `json:"transferredAmountWei"`
	Fiat                  json.Number `json:"fiat"`
	Currency              string      `json:"currency"`
	ReceiverWalletAddress string      `json:"receiverWalletAddress"`
	BuyTokenSymbol        string      `json:"buyTokenSymbol"`
	BuyTokenAddress       string      `json:"buyTokenAddress"`
	ChainID               int64       `json:"chainId"`
	Customer              struct {
		Email string `json:"email"`
		Phone struct {
			CountryCode string `json:"countryCode"`
			Number      string `json:"number"`
		} `json:"phone"`
		CreatedAt string `json:"created_at"`
	} `json:"customer"`
	CreatedAt string `json:"created_at"`
	UpdatedAt string `json:"updated_at"`
}

// onrampStatus answers with the status of an order (provider 3.18).
func (s *Server) onrampStatus(c *call) (any, error) {
	o, err := s.readOrderID(c, onramp)
	if err != nil {
		return nil, err
	}
	at := o.shownAt(c.now)
	current, sent := o.steps.current(at), o.transfer(at)
	state := onrampState{
		OrderID: o.id, Status: current.status, Reason: current.reason,
		TransactionHash: sent.hash, ExplorerURL: sent.explorer,
		TransferredAmount: sent.amount, TransferredAmountWei: sent.wei,
		Fiat: number(o.fiat), Currency: "INR", ReceiverWalletAddress: o.receiver,
		BuyTokenSymbol: o.token.symbol, BuyTokenAddress: o.token.address, ChainID: o.token.chain.id,
		CreatedAt: timestamp(o.createdAt), UpdatedAt: timestamp(latest(current.at, o.proofAt)),
	}
	state.Customer.Email, state.Customer.CreatedAt = o.owner.email, timestamp(o.owner.createdAt)
	state.Customer.Phone.CountryCode, state.Customer.Phone.Number = o.owner.phone.countryCode, o.owner.phone.number
	return answer(state), nil
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
