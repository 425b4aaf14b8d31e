package ramp

import (
	"context"
	"fmt"
)

// ProviderHint is the signal by which a gateway tells an order that the provider has sent a webhook about it. Its argument is a Hint.
const ProviderHint = "provider-hint"

// Hint is what a verified webhook of the provider says. It is a reason to ask the provider now, and never news by itself: webhooks come
// late, twice and out of order (provider 5).
type Hint struct {
	// ProviderStatus is the provider's status in the webhook, verbatim.
	ProviderStatus string `json:"providerStatus"`
	// PayoutReference is the bank's reference of an off-ramp payout, which only webhooks carry (provider 13).
	PayoutReference UTR `json:"payoutReference,omitempty"`
	// TDS is the tax withheld from an off-ramp payout, a decimal string in INR, which only webhooks carry (provider 13).
	TDS string `json:"tds,omitempty"`
	// TokensDeducted is the amount of tokens that an off-ramp order took, a decimal string in whole tokens, which only webhooks carry
	// (provider 13).
	TokensDeducted string `json:"tokensDeducted,omitempty"`
}

// Hint sends an order a hint. The error is NotFound if no such order runs.
func (c *Client) Hint(ctx context.Context, id ID, hint Hint) error {
	if err := c.temporal.SignalWorkflow(ctx, id.workflow(), "", ProviderHint, hint); err != nil {
		return c.explain(id, fmt.Errorf("send a hint: %w", err))
	}
	return nil
}
