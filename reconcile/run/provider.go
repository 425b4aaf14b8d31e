package run

import (
	"context"
	"errors"
	"net/http"

	"rampart/onmeta"
	"rampart/onmeta/session"
	"rampart/ramp"
	"rampart/reconcile"
)

// provider asks the provider.
type provider interface {
	// status returns the provider's status of an order.
	status(ctx context.Context, o ours) (theirs, error)
	// history returns a page of a user's on-ramp orders, newest first, and how many orders a full page has.
	history(ctx context.Context, email ramp.Email, page int) (orders []theirs, full int, err error)
}

// spareCaller makes calls that let all others go first, logins among them.
type spareCaller struct{ next onmeta.Caller }

// Call implements onmeta.Caller.
func (s spareCaller) Call(ctx context.Context, call onmeta.Call) (onmeta.Answer, error) {
	return s.next.Call(onmeta.Spare(ctx), call)
}

// onmetaProvider is the provider's API.
type onmetaProvider struct{ client *onmeta.Client }

var _ provider = onmetaProvider{}

// newProvider returns the provider behind a caller without user sessions.
func newProvider(caller onmeta.Caller) onmetaProvider {
	return onmetaProvider{onmeta.New(session.New(spareCaller{caller}))}
}

func (p onmetaProvider) status(ctx context.Context, o ours) (theirs, error) {
	user := onmeta.User{Email: o.Email}
	if o.Order.Direction == ramp.Offramp {
		s, err := p.client.OfframpStatus(ctx, user, o.Order.OrderID)
		return theirs{
			source: reconcile.SourceStatus, orderID: o.Order.OrderID, status: string(s.Status), phase: onmeta.OfframpPhase(s.Status),
			fiat: s.Fiat, token: ramp.Token{Symbol: s.TokenSymbol, Address: s.TokenAddress, ChainID: s.ChainID},
			wallet: s.SenderWallet, deposit: s.ReceiverWallet, proof: s.TransactionHash, createdAt: s.CreatedAt, updatedAt: s.UpdatedAt,
		}, err
	}
	s, err := p.client.OnrampStatus(ctx, user, o.Order.OrderID)
	return theirs{
		source: reconcile.SourceStatus, orderID: o.Order.OrderID, status: string(s.Status), phase: onmeta.OnrampPhase(s.Status),
		fiat: s.Fiat, delivered: s.TransferredAmount, token: ramp.Token{Symbol: s.TokenSymbol, Address: s.TokenAddress, ChainID: s.ChainID},
		wallet: s.ReceiverWallet, hash: s.TransactionHash, createdAt: s.CreatedAt, updatedAt: s.UpdatedAt,
	}, err
}

func (p onmetaProvider) history(ctx context.Context, email ramp.Email, page int) ([]theirs, int, error) {
	rows, err := p.client.OrderHistory(ctx, onmeta.User{Email: email}, page)
	if err != nil {
		return nil, 0, err
	}
	var orders []theirs
	for _, row := range rows {
		orders = append(orders, theirs{
			source: reconcile.SourceHistory, orderID: row.OrderID, status: string(row.Status), phase: onmeta.OnrampPhase(row.Status),
			fiat: row.Amount, token: ramp.Token{Symbol: row.TokenSymbol, Address: row.TokenAddress, ChainID: row.ChainID},
			wallet: row.ReceiverWallet, hash: row.TransactionHash, proof: string(row.PaymentReference), createdAt: row.CreatedAt,
		})
	}
	return orders, onmeta.OrderHistoryPageSize, nil
}

// answer is what a failed call says.
type answer int

// Answers.
const (
	// answerNone: the provider did not answer; it is asked again.
	answerNone answer = iota
	// answerAbsent: the provider does not know the order.
	answerAbsent
	// answerRefused: it refuses to tell, and asking again does not help.
	answerRefused
)

// answered reads the error of a call about an order.
func answered(err error) answer {
	var failure *onmeta.Error
	if !errors.As(err, &failure) {
		return answerNone
	}
	aboutOrder := failure.Route == onmeta.RouteOnrampStatus || failure.Route == onmeta.RouteOfframpStatus
	switch {
	case failure.Kind == onmeta.KindRefused && aboutOrder && (failure.Status == http.StatusNotFound || failure.Status == http.StatusBadRequest):
		return answerAbsent
	case failure.Kind == onmeta.KindRefused, failure.Kind == onmeta.KindInvalid:
		return answerRefused
	default:
		return answerNone
	}
}
