package activities

import (
	"context"
	"fmt"
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
	// Lifetime is how long the order waits for proof of payment.
	Lifetime time.Duration `json:"lifetime"`
	// Adopted is set when an earlier attempt had made the order and its answer was lost. Instructions that only that
	// answer held are missing then.
	Adopted bool `json:"adopted,omitempty"`
}

// mayExist reports whether an earlier attempt may have made the order. The provider takes no idempotency key (wire 1.7), so
// that every attempt but the first looks before it creates.
func (p Placement) mayExist(ctx context.Context) bool {
	return p.Again || activity.GetInfo(ctx).Attempt > 1
}

func (p Placement) checkQuote() error {
	if age := time.Since(p.Quote.ExpiresAt); age > 0 {
		return temporal.NewApplicationErrorWithOptions(
			fmt.Sprintf("the quote expired %s ago; no order was made", age.Round(time.Second)), ErrQuoteExpired,
			temporal.ApplicationErrorOptions{NonRetryable: true, Category: temporal.ApplicationErrorCategoryBenign})
	}
	return nil
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
