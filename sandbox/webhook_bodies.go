package sandbox

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"rampart/onmeta"
	"rampart/sandbox/fault"
)

// announces reports whether the provider announces a status by webhook. No source says so of the others (provider 5.6).
func announces(d direction, status string) bool {
	announced := []string{statusFiatPending, statusOrderReceived, statusInProgress, statusFiatReceived, statusTransferred, statusCompleted, statusExpired}
	if d == offramp {
		announced = []string{statusPending, statusOrderReceived, statusInProgress, statusCryptoReceived, statusPayoutSuccess, statusCompleted, statusRefunded}
	}
	return slices.ContainsFunc(announced, func(known string) bool { return strings.EqualFold(known, status) })
}

// webhookCustomer is the user in a webhook.
type webhookCustomer struct {
	ID        string   `json:"id"`
	Email     string   `json:"email"`
	Phone     struct{} `json:"phone"`
	CreatedAt string   `json:"created_at"`
}

func newWebhookCustomer(u *user) webhookCustomer {
	return webhookCustomer{ID: u.id, Email: u.email, CreatedAt: timestamp(u.createdAt)}
}

// onrampEvent is the body of an on-ramp webhook (provider 5.3).
type onrampEvent struct {
	Fiat                  json.Number       `json:"fiat"`
	ReceiverWalletAddress string            `json:"receiverWalletAddress"`
	BuyTokenSymbol        string            `json:"buyTokenSymbol"`
	BuyTokenAddress       string            `json:"buyTokenAddress"`
	OrderID               string            `json:"orderId"`
	Status                string            `json:"status"`
	Currency              string            `json:"currency"`
	ChainID               int64             `json:"chainId"`
	Customer              webhookCustomer   `json:"customer"`
	CreatedAt             string            `json:"createdAt"`
	TxnHash               string            `json:"txnHash,omitempty"`
	TransferredAmount     string            `json:"transferredAmount,omitempty"`
	TransferredAmountWei  string            `json:"transferredAmountWei,omitempty"`
	EventType             string            `json:"eventType"`
	MetaData              map[string]string `json:"metaData"`
}

// offrampEvent is the body of an off-ramp webhook (provider 5.4).
type offrampEvent struct {
	Fiat                json.Number       `json:"fiat"`
	SenderWalletAddress string            `json:"senderWalletAddress"`
	SellTokenSymbol     string            `json:"sellTokenSymbol"`
	SellTokenAddress    string            `json:"sellTokenAddress"`
	ChainID             int64             `json:"chainId"`
	OrderID             string            `json:"orderId"`
	Status              string            `json:"status"`
	Currency            string            `json:"currency"`
	CreatedAt           string            `json:"created_at"`
	UpdatedAt           string            `json:"updated_at"`
	Source              string            `json:"source"`
	Customer            webhookCustomer   `json:"customer"`
	TenantID            string            `json:"tenantId"`
	TransactionID       string            `json:"transactionId,omitempty"`
	TokensDeducted      json.Number       `json:"tokensDeducted,omitempty"`
	TDS                 json.Number       `json:"tds,omitempty"`
	TxnHash             string            `json:"txnHash,omitempty"`
	EventType           string            `json:"eventType"`
	MetaData            map[string]string `json:"metaData"`
}

// orderMessage returns the webhook about a step of an order, signed.
func orderMessage(o *order, st step, secret onmeta.Secret) *message {
	var body []byte
	if o.direction == onramp {
		body = encoded(newOnrampEvent(o, st))
	} else {
		body = encoded(newOfframpEvent(o, st))
	}
	return &message{
		route: orderWebhook, subject: fault.Subject{Order: o.id, Reference: o.reference(), Email: o.owner.email},
		name: st.status, final: final(st.status), body: body, signature: onmeta.SignWebhook(secret, body),
	}
}

func newOnrampEvent(o *order, st step) onrampEvent {
	e := onrampEvent{
		Fiat: number(o.fiat), ReceiverWalletAddress: o.receiver, BuyTokenSymbol: o.token.symbol, BuyTokenAddress: o.token.address,
		OrderID: o.id, Status: st.status, Currency: "INR", ChainID: o.token.chain.id, Customer: newWebhookCustomer(o.owner),
		CreatedAt: timestamp(o.createdAt), EventType: string(onramp), MetaData: maps.Clone(o.metaData),
	}
	switch o.direction.phase(st.status) {
	case onmeta.PhaseUnpaid: // an estimate
		e.TransferredAmount, e.TransferredAmountWei = o.tokens.String(), o.token.smallestUnits(o.tokens)
	case onmeta.PhaseCompleted:
		sent := o.transfer(st.at)
		e.TxnHash, e.TransferredAmount, e.TransferredAmountWei = sent.hash, sent.amount, sent.wei
		e.MetaData = o.metaDataAtTheEnd()
	}
	return e
}

func newOfframpEvent(o *order, st step) offrampEvent {
	e := offrampEvent{
		Fiat: number(o.fiat), SenderWalletAddress: o.sender, SellTokenSymbol: o.token.symbol, SellTokenAddress: o.token.address,
		ChainID: o.token.chain.id, OrderID: o.id, Status: st.status, Currency: "INR", CreatedAt: timestamp(o.createdAt),
		UpdatedAt: timestamp(st.at), Customer: newWebhookCustomer(o.owner), TxnHash: o.proof, EventType: string(offramp),
		MetaData: maps.Clone(o.metaData),
	}
	if o.direction.phase(st.status) == onmeta.PhaseCompleted {
		e.TransactionID, e.TokensDeducted, e.TDS = o.payoutReference(), number(o.tokens), number(tds(o.fiat))
		e.MetaData = o.metaDataAtTheEnd()
	}
	return e
}

// payoutReference returns the bank's reference of an order's payout.
func (o *order) payoutReference() string { return "TRAREF" + strings.ToUpper(o.id[len(o.id)-10:]) }

// metaDataAtTheEnd returns the metadata with what the provider adds to that of a completed order.
func (o *order) metaDataAtTheEnd() map[string]string {
	all := map[string]string{"commission": "0"}
	if o.tokens.IsPositive() {
		all["conversionRate"] = o.fiat.DivRound(o.tokens, fiatDecimals).String()
	}
	if o.direction == offramp {
		all["country"] = "IN"
	}
	maps.Copy(all, o.metaData)
	return all
}

// kycEvent is the body of a KYC webhook (provider 6).
type kycEvent struct {
	Success    bool   `json:"success"`
	Message    string `json:"message"`
	CreatedAt  string `json:"createdAt"`
	Email      string `json:"email"`
	WebhookURL string `json:"webhookUrl"`
	TenantID   string `json:"tenantId"`
	EventName  string `json:"eventName"`
}

// kycMessages returns the text of each event that the sandbox sends (provider 6.4).
func kycMessages() map[onmeta.KYCEventName]string {
	return map[onmeta.KYCEventName]string{
		onmeta.KYCSelfieSuccess:       "selfie uploaded successfully!",
		onmeta.KYCSelfieFailure:       "selfie not accurate",
		onmeta.KYCPANSuccess:          "PAN verified successfully!",
		onmeta.KYCAadhaarFrontSuccess: "Aadhaar front verified successfully!",
		onmeta.KYCAadhaarBackSuccess:  "Aadhaar verified successfully!",
		onmeta.KYCCompleted:           "KYC completed",
	}
}

// kycSteps returns the events of an accepted upload, in the order of the steps (provider 6.2).
func kycSteps() []onmeta.KYCEventName {
	return []onmeta.KYCEventName{onmeta.KYCSelfieSuccess, onmeta.KYCPANSuccess, onmeta.KYCAadhaarFrontSuccess, onmeta.KYCAadhaarBackSuccess}
}

// kycMessage returns the webhook about a user's KYC, signed as those of orders are; whether the provider signs them is not documented.
func kycMessage(u *user, event onmeta.KYCEventName, target string, now time.Time, secret onmeta.Secret) *message {
	body := encoded(kycEvent{
		Success: event != onmeta.KYCSelfieFailure, Message: kycMessages()[event], CreatedAt: timestamp(now), Email: u.email,
		WebhookURL: target, TenantID: tenantID, EventName: string(event),
	})
	return &message{
		route: kycWebhook, subject: fault.Subject{Email: u.email}, name: string(event), body: body,
		signature: onmeta.SignWebhook(secret, body),
	}
}

// encoded returns compact JSON, as Go's encoder writes it: the provider's own is Go too (provider 5.2).
func encoded(value any) []byte {
	text, _ := json.Marshal(value) // no field can fail
	return text
}

// wrapped returns a body in the form of the provider's sample pages (provider 5.5).
func wrapped(body []byte) []byte {
	for _, name := range []string{"txnHash", "transferredAmountWei", "transferredAmount"} {
		body = bytes.Replace(body, []byte(`"`+name+`":`), []byte(`"`+strings.ToLower(name)+`":`), 1)
	}
	return slices.Concat([]byte(`{"request_data":`), body, []byte(`}`))
}
