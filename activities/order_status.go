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
	Email     ramp.Email     `json:"email"`
	Direction ramp.Direction `json:"direction"`
	OrderID   string         `json:"orderId"`
	// Holder is the name of the account's holder, which is hidden in the provider's texts.
	Holder ramp.Personal `json:"holder,omitempty"`
	// Currency is what the order delivers, a token symbol or INR; empty for orders of earlier versions.
	Currency string `json:"currency,omitempty"`
}

// OrderState is what the provider says about an order.
type OrderState struct {
	// ProviderStatus is the provider's status, verbatim.
	ProviderStatus string `json:"providerStatus"`
	// Status is ours; empty if the provider's status does not change it.
	Status ramp.Status `json:"status,omitempty"`
	// Unpaid is set while the provider has found no payment.
	Unpaid bool `json:"unpaid,omitempty"`
	// Attention says why a person must look.
	Attention string `json:"attention,omitempty"`
	// Concern is the type of Attention; empty in results of earlier versions.
	Concern    ramp.ConcernType `json:"concern,omitempty"`
	Reason     string           `json:"reason,omitempty"`
	Settlement *ramp.Settlement `json:"settlement,omitempty"`
}

// OrderStatus fetches the status of an order (provider 3.18, 3.24), before the order expires or is cancelled. A refusal says nothing
// about the payment, so it is retried.
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

// deliver sets the amount that the provider has delivered, in the order's own currency. An amount in another currency is not shown,
// because it could be mistaken for one in this; neither is the provider's name of that currency.
func (s *OrderState) deliver(amount, currency, own string) {
	if own == "" {
		own, _ = feeCurrency(currency)
	}
	switch {
	case !sameCurrency(currency, own):
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

// delivered returns the amount as a text, empty if the provider does not tell.
func delivered(amount decimal.NullDecimal) string {
	if !amount.Valid {
		return ""
	}
	return amount.Decimal.String()
}

// OrderStatus runs the activity.
func OrderStatus(ctx workflow.Context, req OrderRequest) (OrderState, error) {
	return call[OrderState](ctx, orderPolicy, "Check whether the provider has the payment", (*Calls)(nil).OrderStatus, req)
}
