package main

import (
	"context"
	"net"

	"rampart/gateway/webhook"
	"rampart/ramp"
)

// serveWebhooks receives the provider's webhooks until ctx ends, and passes on what was received by then.
func (g *gateway) serveWebhooks(ctx context.Context, server *server, listener net.Listener, orders *ramp.Client) error {
	hints := webhook.New(webhook.Options{
		Secret: g.config.apiSecret, Orders: orders, Meter: g.process.Metrics.Meter(), Logger: g.process.Log,
	})
	err := server.serve(ctx, "provider", listener, hints)
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), g.config.Process.StopTimeout)
	defer cancel()
	hints.Close(closing)
	return err
}
