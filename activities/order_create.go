package activities

import (
	"context"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"

	"rampart/onmeta"
	"rampart/ramp"
)

// Placement is the part of a request to create an order that keeps it at one order and one fresh quote.
type Placement struct {
	Email     string `json:"email"`
	Reference string `json:"reference"`
	// Quote is what the user agreed to; none is sent to the provider, who prices the order by itself (wire 3.12).
	Quote ramp.Quote `json:"quote"`
	// MinReceived is the least that the user agreed to receive, a decimal string; empty for any.
	MinReceived string `json:"minReceived,omitempty"`
	// Since is the provider's clock when it gave the first quote for which an order may have been made.
	Since time.Time `json:"since"`
	// Again is set when an earlier activity may have made the order.
	Again bool `json:"again,omitempty"`
}

// Created is an order at the provider.
type Created struct {
	OrderID string `json:"orderId"`
	// ProviderStatus is the status with which the provider says it makes orders (guide).
	ProviderStatus string            `json:"providerStatus"`
	Instructions   ramp.Instructions `json:"instructions"`
	// Lifetime is how long the order waits for proof of payment, counted from At.
	Lifetime time.Duration `json:"lifetime"`
	// At is when the order was asked for, or found. What reads it later, after an outage of ours, must not give the user
	// more time than the provider does.
	At time.Time `json:"at,omitzero"`
	// Quote is the one that the order was made at; nil for an adopted order.
	Quote *ramp.Quote `json:"quote,omitempty"`
	// Adopted is set when an earlier attempt had made the order and its answer was lost. Instructions that only that
	// answer held are missing then.
	Adopted bool `json:"adopted,omitempty"`
}

// mayExist reports whether an earlier attempt may have made the order. The provider takes no idempotency key (wire 1.7), so
// that every attempt but the first looks before it creates.
func (p Placement) mayExist(ctx context.Context) bool {
	return p.Again || activity.GetInfo(ctx).Attempt > 1
}

// goodQuote is the quote that the order is made at: the one that was agreed on while it is good, and another one after
// that, if the user receives no less than they agreed to. An attempt fetches it by itself, so that an outage of hours
// costs the order no more history than one attempt.
func (p Placement) goodQuote(fetch func() (QuoteResult, error)) (ramp.Quote, error) {
	if time.Now().Before(p.Quote.ExpiresAt) {
		return p.Quote, nil
	}
	result, err := fetch()
	if err != nil {
		return ramp.Quote{}, err
	}
	if !result.Quote.Receive.AtLeast(p.MinReceived) {
		return ramp.Quote{}, temporal.NewApplicationErrorWithOptions(
			"the quote expired, and the price is now below what the user agreed to; no order was made", ErrQuoteExpired,
			temporal.ApplicationErrorOptions{NonRetryable: true, Category: temporal.ApplicationErrorCategoryBenign})
	}
	return result.Quote, nil
}

// metadata adds the order's reference, by which a person finds it at the provider.
func (p Placement) metadata(given map[string]string) map[string]string {
	all := map[string]string{"reference": p.Reference}
	for key, value := range given {
		all[key] = value
	}
	return all
}

func deepLinks(links []onmeta.DeepLink) []ramp.DeepLink {
	var out []ramp.DeepLink
	for _, link := range links {
		out = append(out, ramp.DeepLink{Name: link.Name, URL: link.URL})
	}
	return out
}
