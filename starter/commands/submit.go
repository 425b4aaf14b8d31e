package commands

import (
	"context"
	"time"

	"rampart/ramp"
	"rampart/starter/view"
)

// tell sends an order a message and prints the order as it is then.
func (p *Program) tell(
	ctx context.Context, timeout time.Duration, what string, send func(context.Context) (*ramp.Order, error),
) error {
	order, err := await(ctx, p, timeout, what, send)
	if err != nil {
		return err
	}
	return p.showOrder(order, false, (*view.Screen).Start)
}
