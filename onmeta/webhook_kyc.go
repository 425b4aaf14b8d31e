package onmeta

import (
	"errors"
	"strings"
	"time"

	"rampart/internal/redact"
)

// KYCEventName is what happened to a user's KYC, as the provider spells it.
type KYCEventName string

// The events of a user's KYC (provider 6.1). There is none for a refusal in review.
const (
	KYCInit                KYCEventName = "KYCInit"
	KYCSelfieSuccess       KYCEventName = "SelfieSuccess"
	KYCSelfieFailure       KYCEventName = "SelfieFailure"
	KYCPANSuccess          KYCEventName = "PanSuccess"
	KYCPANFailure          KYCEventName = "PanFailure"
	KYCAadhaarFrontSuccess KYCEventName = "AadhaarFrontSuccess"
	KYCAadhaarFrontFailure KYCEventName = "AadhaarFrontFailure"
	KYCAadhaarBackSuccess  KYCEventName = "AadhaarBackSuccess"
	KYCAadhaarBackFailure  KYCEventName = "AadhaarBackFailure"
	// KYCCompleted: the user is verified.
	KYCCompleted KYCEventName = "KYCCompleted"
)

// Completes reports whether the event says that the user is verified, regardless of case.
func (n KYCEventName) Completes() bool { return strings.EqualFold(string(n), string(KYCCompleted)) }

// KYCWebhookEvent is an event of a user's KYC. The provider's message, a text to display, is left out.
type KYCWebhookEvent struct {
	Name KYCEventName `redact:"show"`
	// Email is the user's.
	Email redact.Email
	// Success is false for a step that failed.
	Success bool
	// CreatedAt is in UTC, zero when unknown.
	CreatedAt time.Time
}

type wireKYCEvent struct {
	EventName text      `json:"eventName"`
	Email     text      `json:"email"`
	Success   flag      `json:"success"`
	CreatedAt timestamp `json:"createdAt"`
}

// ParseKYCWebhook reads a KYC event from a body that VerifyWebhook accepted, as ParseWebhook does an order event (provider 6). A body
// without an event name or an e-mail is an error; the error holds nothing of the body.
func ParseKYCWebhook(body []byte) (KYCWebhookEvent, error) {
	var wire wireKYCEvent
	if err := readWebhook(body, &wire); err != nil {
		return KYCWebhookEvent{}, err
	}
	switch {
	case identifier(wire.EventName) == "":
		return KYCWebhookEvent{}, errors.New("onmeta webhook: eventName is missing, or no name")
	case wire.Email == "":
		return KYCWebhookEvent{}, errors.New("onmeta webhook: email is missing")
	}
	return KYCWebhookEvent{
		Name:      KYCEventName(identifier(wire.EventName)),
		Email:     redact.Email(wire.Email),
		Success:   bool(wire.Success),
		CreatedAt: wire.CreatedAt.Time,
	}, nil
}
