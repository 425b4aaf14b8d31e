package activities

import (
	"context"

	"github.com/shopspring/decimal"
	"go.temporal.io/sdk/workflow"

	"rampart/onmeta"
	"rampart/ramp"
)

// OrderRequest names an order at the provider.
type OrderRequest struct {
	Email     string         `json:"email"`
	Direction ramp.Direction `json:"direction"`
	OrderID   string         `json:"orderId"`
	// Holder is the name that the user's account is in, hidden in what the provider says.
	Holder string `json:"holder,omitempty"`
	// Currency is what the order delivers, a token symbol or INR. Orders of earlier versions do not tell it.
	Currency string `json:"currency,omitempty"`
}

// OrderState is what the provider says of an order.
type OrderState struct {
	// ProviderStatus is the provider's, verbatim.
	ProviderStatus string `json:"providerStatus"`
	// Status is ours; empty where the provider's leaves ours as it is.
	Status ramp.Status `json:"status,omitempty"`
	// Unpaid is set while the provider has seen no payment.
	Unpaid bool `json:"unpaid,omitempty"`
	// Attention says why a person must look.
	Attention string `json:"attention,omitempty"`
	// Concern is the type of what Attention says. Calls and watches of earlier versions do not tell it.
	Concern    ramp.ConcernType `json:"concern,omitempty"`
	Reason     string           `json:"reason,omitempty"`
	Settlement *ramp.Settlement `json:"settlement,omitempty"`
}

// OrderStatus asks for the status of an order (provider 3.18, 3.24): before it expires, or is cancelled. A refusal of the look is no
// answer about the payment, and is asked again.
func (c *Calls) OrderStatus(ctx context.Context, req OrderRequest) (OrderState, error) {
	state, err := orderState(ctx, c.provider, req)
	return state, classify(ctx, lookupError(err))
}

func orderState(ctx context.Context, provider *onmeta.Client, req OrderRequest) (OrderState, error) {
	if req.Direction == ramp.Offramp {
		return offrampState(ctx, provider, req)
	}
	return onrampState(ctx, provider, req)
}

func onrampState(ctx context.Context, provider *onmeta.Client, req OrderRequest) (OrderState, error) {
	status, err := provider.OnrampStatus(ctx, holder(req.Email, req.Holder), req.OrderID)
	if err != nil {
		return OrderState{}, err
	}
	state := newOrderState(status.Status, onrampMeaning(status.Status), status.Reason)
	if status.TransactionHash != "" {
		settled, isHash := hash(status.TransactionHash)
		if !isHash {
			state.Attention, state.Concern = noHash, ramp.ConcernUnclearDelivery
		}
		state.Settlement = &ramp.Settlement{TransactionHash: settled, ExplorerURL: explorerURL(status.ExplorerURL)}
		state.deliver(delivered(status.TransferredAmount), status.TokenSymbol, req.Currency)
	}
	return state, nil
}

// deliver takes over the amount that the provider has delivered, in the order's own currency. One in another currency is not shown, for it
// would be taken for one in this, and neither is the provider's name of it.
func (s *OrderState) deliver(amount, told, own string) {
	if own == "" {
		own, _ = feeCurrency(told)
	}
	switch {
	case !sameCurrency(told, own):
		s.Attention, s.Concern = otherCurrency, ramp.ConcernUnclearDelivery
	case amount != "":
		s.Settlement.Amount = ramp.Amount{Amount: amount, Currency: own}
	}
}

func offrampState(ctx context.Context, provider *onmeta.Client, req OrderRequest) (OrderState, error) {
	status, err := provider.OfframpStatus(ctx, holder(req.Email, req.Holder), req.OrderID)
	if err != nil {
		return OrderState{}, err
	}
	return offrampStateOf(status), nil
}

func offrampStateOf(status onmeta.OfframpStatus) OrderState {
	state := newOrderState(status.Status, offrampMeaning(status.Status), status.Reason)
	if state.Status == ramp.Completed && status.Fiat.Valid {
		state.Settlement = new(ramp.Settlement)
		state.deliver(fiat(status.Fiat.Decimal, ramp.INR).Amount, status.Currency, ramp.INR)
	}
	return state
}

func newOrderState(status onmeta.Status, means meaning, reason string) OrderState {
	return OrderState{
		ProviderStatus: string(status),
		Status:         means.status,
		Unpaid:         means.unpaid,
		Attention:      means.attention,
		Concern:        means.concern,
		Reason:         reason,
	}
}

// delivered is empty until the provider tells.
func delivered(amount decimal.NullDecimal) string {
	if !amount.Valid {
		return ""
	}
	return amount.Decimal.String()
}

// OrderStatus runs the activity.
func OrderStatus(ctx workflow.Context, req OrderRequest) (OrderState, error) {
	return call[OrderState](ctx, concludes, "Look whether the provider has the payment", (*Calls)(nil).OrderStatus, req)
}
