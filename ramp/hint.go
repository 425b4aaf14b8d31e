package ramp

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// ProviderHint is the signal by which a gateway tells an order that the provider has sent a webhook about it. Its argument is a Hint.
const ProviderHint = "provider-hint"

// UserQuery is the query that tells whether an order is a user's. Its argument is a UserQuestion, its answer true or false. A gateway finds
// by it the orders that a webhook about a user's KYC concerns, because such a webhook names only the user (provider 6).
const UserQuery = "is-user"

// Bounds of what a hint says.
const (
	maxProviderStatus  = 64
	maxPayoutReference = 64
)

// Hint is what a verified webhook of the provider says. It is a reason to ask the provider now, and never news by itself: webhooks come
// late, twice and out of order (provider 5).
type Hint struct {
	// ProviderStatus is the provider's status in the webhook, verbatim, or the name of the event in a webhook about KYC.
	ProviderStatus string `json:"providerStatus"`
	// PayoutReference is the bank's reference of an off-ramp payout, which only webhooks carry (provider 13).
	PayoutReference UTR `json:"payoutReference,omitempty"`
	// TDS is the tax withheld from an off-ramp payout, a decimal string in INR, which only webhooks carry (provider 13).
	TDS string `json:"tds,omitempty"`
	// TokensDeducted is the amount of tokens that an off-ramp order took, a decimal string in whole tokens, which only webhooks carry
	// (provider 13).
	TokensDeducted string `json:"tokensDeducted,omitempty"`
}

// UserQuestion is the argument of UserQuery.
type UserQuestion struct {
	// Email is the address of the user. Its case does not count.
	Email Email `json:"email"`
}

// Validate checks a hint: a status of 1 to 64 visible ASCII characters; a payout reference of at most 64; amounts as ParseAmount takes
// them. The error names the fields and contains none of their values.
func (h Hint) Validate() error {
	var p problems
	if !only(h.ProviderStatus, 1, maxProviderStatus, isVisible) {
		p.check("providerStatus", fmt.Errorf("must be 1 to %d ASCII characters without spaces", maxProviderStatus))
	}
	if !only(string(h.PayoutReference), 0, maxPayoutReference, isReferenceByte) {
		p.check("payoutReference", fmt.Errorf("must be at most %d letters, digits, dots, slashes, hyphens and underscores", maxPayoutReference))
	}
	p.hinted("tds", h.TDS)
	p.hinted("tokensDeducted", h.TokensDeducted)
	return p.invalid("the hint is invalid", "")
}

func (p *problems) hinted(field, amount string) {
	if amount != "" {
		_, err := ParseAmount(amount)
		p.check(field, err)
	}
}

func isReferenceByte(c byte) bool { return isAlphanumeric(c) || strings.IndexByte("-_./", c) >= 0 }

// Validate checks the question. The error does not contain the address.
func (q UserQuestion) Validate() error {
	if err := ValidateEmail(string(q.Email)); err != nil {
		return &Error{Type: InvalidRequest, Message: "email " + err.Error()}
	}
	return nil
}

// Hint sends an order a hint. The error is NotFound if no such order runs.
func (c *Client) Hint(ctx context.Context, id ID, hint Hint) error {
	if err := c.temporal.SignalWorkflow(ctx, id.workflow(), "", ProviderHint, hint); err != nil {
		return c.explain(id, fmt.Errorf("send a hint: %w", err))
	}
	return nil
}

// IsUser reports whether an order is that of the user with this e-mail address. It fails for an order of a worker that does not know the
// question, and is NotFound if there is no such order.
func (c *Client) IsUser(ctx context.Context, id ID, email Email) (bool, error) {
	question := UserQuestion{Email: email}
	if err := question.Validate(); err != nil {
		return false, err
	}
	answer, err := c.query(ctx, id, "", UserQuery, question)
	if err != nil {
		return false, c.explain(id, fmt.Errorf("ask whose order it is: %w", err))
	}
	var same bool
	if err := answer.Get(&same); err != nil {
		return false, c.explain(id, errors.Join(errors.New("read whose order it is"), err))
	}
	return same, nil
}
