package main

import (
	"context"
	"net"

	"go.temporal.io/sdk/client"

	"rampart/gateway/webhook"
	"rampart/ramp"
)

// userQuery asks an order whether it is of the user with an e-mail address, as {"email": "…"}.
const userQuery = "is-user"

// hinted are the orders that webhooks are about.
type hinted struct {
	*ramp.Client
	temporal client.Client
}

var _ webhook.Orders = hinted{}

// IsUser implements webhook.Orders.
func (h hinted) IsUser(ctx context.Context, id ramp.ID, email ramp.Email) (bool, error) {
	question := struct {
		Email ramp.Email `json:"email"`
	}{email}
	answer, err := h.temporal.QueryWorkflow(ctx, id.Direction.WorkflowID(id.Reference), "", userQuery, question)
	if err != nil {
		return false, err
	}
	var same bool
	return same, answer.Get(&same)
}

// serveWebhooks receives the provider's webhooks until ctx ends, and passes on what was received by then.
func (g *gateway) serveWebhooks(ctx context.Context, server *server, listener net.Listener, orders *ramp.Client) error {
	hints := webhook.New(webhook.Options{
		Secret: g.config.Onmeta.APISecret, Orders: hinted{orders, g.temporal}, Meter: g.process.Metrics.Meter(), Logger: g.process.Log,
	})
	err := server.serve(ctx, "provider", listener, hints)
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), g.config.Process.StopTimeout)
	defer cancel()
	hints.Close(closing)
	return err
}
