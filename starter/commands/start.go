package commands

import (
	"context"
	"time"

	"github.com/spf13/pflag"

	"rampart/ramp"
	"rampart/starter/view"
)

// starting is how a command that starts an order goes about it.
type starting struct {
	timeout time.Duration
	watch   bool
	qr      bool
}

func (s *starting) register(flags *pflag.FlagSet) {
	timeoutFlag(flags, &s.timeout)
	flags.BoolVar(&s.watch, "watch", false, "follow the order until it is over")
	flags.BoolVar(&s.qr, "qr", false, "draw the payment's QR code even where there is no terminal")
}

// start starts an order and prints what its user must do, or follows it until it is over.
func (p *Program) start(
	ctx context.Context, s *Session, id ramp.ID, how starting, call func(context.Context) (*ramp.Order, error),
) error {
	began := p.Now()
	order, err := await(ctx, p, how.timeout, "Starting order "+id.Reference, call)
	if how.watch && ctx.Err() == nil && (err == nil || ramp.IsError(err, ramp.NotReady)) {
		return p.follow(ctx, s, id, how.qr)
	}
	if err != nil {
		return err
	}
	if err := p.showOrder(order, how.qr, (*view.Screen).Start); err != nil {
		return err
	}
	p.sayWhetherStarted(order, began)
	return ending(order)
}

// clockSkew is how far this machine's clock may be from the order's without making a new order look like an old one.
const clockSkew = 5 * time.Second

// sayWhetherStarted says so when the reference belonged to an order that was there before.
func (p *Program) sayWhetherStarted(order *ramp.Order, began time.Time) {
	if p.output.json || !order.CreatedAt.Before(began.Add(-clockSkew)) {
		return
	}
	p.screen().Linef("Nothing was started: this order exists since %s.", view.Moment(order.CreatedAt))
}
