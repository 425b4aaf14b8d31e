package onmeta

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"rampart/internal/redact"
)

// SignatureHeader is the header with the hex signature of a webhook (provider 5.1).
const SignatureHeader = "X-Onmeta-Signature"

// maxWebhookBytes bounds a webhook's body; the documented ones are about 1 KiB.
const maxWebhookBytes = 1 << 20

// SignWebhook returns the signature of a webhook: lower-case hex of HMAC-SHA256 over the body's bytes,
// keyed with the merchant's API secret (provider 5.2).
func SignWebhook(secret Secret, body []byte) string {
	return hex.EncodeToString(webhookMAC(secret, body))
}

// VerifyWebhook reports whether signature is that of body under secret. It tries the raw bytes, then the compacted JSON, which the documented
// procedure signs (provider 5.2), and compares in constant time. With an empty secret it returns false. The signature covers no time, so a
// replayed webhook verifies: treat its status as a hint and ask the provider.
func VerifyWebhook(secret Secret, body []byte, signature string) bool {
	given, err := hex.DecodeString(signature)
	if err != nil || secret == "" {
		return false
	}
	if hmac.Equal(given, webhookMAC(secret, body)) {
		return true
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, body); err != nil {
		return false
	}
	return hmac.Equal(given, webhookMAC(secret, compact.Bytes()))
}

func webhookMAC(secret Secret, body []byte) []byte {
	mac := hmac.New(sha256.New, []byte(secret.Reveal()))
	mac.Write(body)
	return mac.Sum(nil)
}

// EventType is the kind of order in a webhook.
type EventType string

// The two kinds of order events (provider 5.3, 5.4). The event's Status says what happened.
const (
	EventOnramp  EventType = "onramp"
	EventOfframp EventType = "offramp"
)

// WebhookEvent is an order event, without the customer's personal data in the body. A missing amount is invalid rather than zero. Times are UTC, zero when unknown.
type WebhookEvent struct {
	Type    EventType
	OrderID string
	Status  Status
	// Fiat is what the user pays (on-ramp) or gets (off-ramp), in Currency.
	Fiat         decimal.NullDecimal
	Currency     string
	TokenSymbol  string
	TokenAddress string
	ChainID      int64
	// WalletAddress receives the tokens of an on-ramp order and sends those of an off-ramp order.
	WalletAddress   string
	TransactionHash string
	// TransferredAmount is the amount of tokens sent, an estimate until the on-ramp order is completed.
	TransferredAmount decimal.NullDecimal
	// TokensDeducted is the amount of tokens an off-ramp order took.
	TokensDeducted decimal.NullDecimal
	// TDS is the tax withheld from an off-ramp payout, in Currency.
	TDS decimal.NullDecimal
	// PayoutReference is the bank's reference of an off-ramp payout.
	PayoutReference redact.UTR
	// MetaData holds what was given at order creation, and what the provider adds (conversionRate, ...).
	MetaData  redact.Metadata
	CreatedAt time.Time
	UpdatedAt time.Time
}

// wireEvent is matched without regard to case, as encoding/json does; the two spellings of the times are
// separate keys (provider 5.5).
type wireEvent struct {
	EventType             text                     `json:"eventType"`
	OrderID               text                     `json:"orderId"`
	Status                text                     `json:"status"`
	Fiat                  amount                   `json:"fiat"`
	Currency              text                     `json:"currency"`
	ChainID               integer                  `json:"chainId"`
	BuyTokenSymbol        text                     `json:"buyTokenSymbol"`
	BuyTokenAddress       text                     `json:"buyTokenAddress"`
	SellTokenSymbol       text                     `json:"sellTokenSymbol"`
	SellTokenAddress      text                     `json:"sellTokenAddress"`
	ReceiverWalletAddress text                     `json:"receiverWalletAddress"`
	SenderWalletAddress   text                     `json:"senderWalletAddress"`
	TxnHash               text                     `json:"txnHash"`
	TransferredAmount     amount                   `json:"transferredAmount"`
	TokensDeducted        amount                   `json:"tokensDeducted"`
	TDS                   amount                   `json:"tds"`
	TransactionID         text                     `json:"transactionId"`
	MetaData              lenient[map[string]text] `json:"metaData"`
	CreatedAt             timestamp                `json:"createdAt"`
	CreatedAtSnake        timestamp                `json:"created_at"`
	UpdatedAt             timestamp                `json:"updatedAt"`
	UpdatedAtSnake        timestamp                `json:"updated_at"`
}

// ParseWebhook reads an order event from a body that VerifyWebhook accepted. It unwraps "request_data"
// where that is the only key, and matches keys without regard to case (provider 5.5). A body without an
// order id, a status or a recognisable kind is an error; the error holds nothing of the body.
func ParseWebhook(body []byte) (WebhookEvent, error) {
	var wire wireEvent
	if err := readWebhook(body, &wire); err != nil {
		return WebhookEvent{}, err
	}
	event := wire.event()
	switch {
	case event.Type == "":
		return WebhookEvent{}, errors.New("onmeta webhook: neither an on-ramp nor an off-ramp event")
	case event.OrderID == "":
		return WebhookEvent{}, errors.New("onmeta webhook: orderId is missing, or no id")
	case event.Status == "":
		return WebhookEvent{}, errors.New("onmeta webhook: status is missing")
	}
	return event, nil
}

// readWebhook decodes the body of a webhook, wrapped or not. The error holds nothing of the body.
func readWebhook(body []byte, into any) error {
	if len(body) > maxWebhookBytes {
		return fmt.Errorf("onmeta webhook: larger than %d bytes", maxWebhookBytes)
	}
	if err := json.Unmarshal(unwrapRequestData(body), into); err != nil {
		return errors.New("onmeta webhook: not a JSON object")
	}
	return nil
}

func unwrapRequestData(body []byte) []byte {
	var outer map[string]json.RawMessage
	if err := json.Unmarshal(body, &outer); err != nil || len(outer) != 1 {
		return body
	}
	if inner, ok := outer["request_data"]; ok {
		return inner
	}
	return body
}

func (w wireEvent) event() WebhookEvent {
	event := WebhookEvent{
		Type:              w.kind(),
		OrderID:           identifier(w.OrderID),
		Status:            Status(status(w.Status)),
		Fiat:              w.Fiat.optional(),
		Currency:          string(w.Currency),
		ChainID:           int64(w.ChainID),
		TransactionHash:   string(w.TxnHash),
		TransferredAmount: w.TransferredAmount.optional(),
		TokensDeducted:    w.TokensDeducted.optional(),
		TDS:               w.TDS.optional(),
		PayoutReference:   payoutReference(w.TransactionID),
		MetaData:          plainTexts(w.MetaData.value),
		CreatedAt:         firstTime(w.CreatedAt, w.CreatedAtSnake),
		UpdatedAt:         firstTime(w.UpdatedAt, w.UpdatedAtSnake),
	}
	if event.Type == EventOnramp {
		event.TokenSymbol, event.TokenAddress = string(w.BuyTokenSymbol), string(w.BuyTokenAddress)
		event.WalletAddress = string(w.ReceiverWalletAddress)
	} else {
		event.TokenSymbol, event.TokenAddress = string(w.SellTokenSymbol), string(w.SellTokenAddress)
		event.WalletAddress = string(w.SenderWalletAddress)
	}
	return event
}

// kind tells an event without an eventType by its token fields.
func (w wireEvent) kind() EventType {
	switch kind := EventType(strings.ToLower(string(w.EventType))); {
	case kind == EventOnramp, kind == EventOfframp:
		return kind
	case kind != "":
		return ""
	case w.BuyTokenSymbol != "":
		return EventOnramp
	case w.SellTokenSymbol != "":
		return EventOfframp
	default:
		return ""
	}
}

// maxPayoutReference bounds the bank's reference of a payout. The documented ones have 16 characters.
const maxPayoutReference = 64

// payoutReference returns the bank's reference of a payout; empty if the text is none. Its format is not documented: it is at most 64
// printable characters of ASCII.
func payoutReference(t text) redact.UTR {
	outside := func(r rune) bool { return r < ' ' || r > '~' }
	if len(t) > maxPayoutReference || strings.ContainsFunc(string(t), outside) {
		return ""
	}
	return redact.UTR(t)
}

func plainTexts(values map[string]text) map[string]string {
	plain := make(map[string]string, len(values))
	for key, value := range values {
		plain[key] = string(value)
	}
	return plain
}
