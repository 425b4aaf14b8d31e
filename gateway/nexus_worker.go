package main

import (
	"context"
	"fmt"

	"go.uber.org/zap"

	"rampart/gateway/nexus"
	"rampart/ramp"
)

// serveNexus handles the Nexus operations of other namespaces until ctx ends. Callers have no keys, so that it uses a connection of its
// own, which does not encrypt; the orders themselves are encrypted.
func (g *gateway) serveNexus(ctx context.Context) error {
	clear, err := g.clear.Dial(ctx, g.process.Log)
	if err != nil {
		return err
	}
	defer clear.Close()
	worker, err := nexus.NewWorker(nexus.Options{
		Temporal:    clear,
		Orders:      ramp.NewClient(g.temporal, g.config.temporal.Options.DataConverter),
		StopTimeout: g.config.Process.StopTimeout,
	})
	if err != nil {
		return err
	}
	if err := worker.Start(); err != nil {
		return fmt.Errorf("the gateway cannot handle Nexus operations: %w", err)
	}
	g.process.Log.Info("the gateway handles Nexus operations", zap.String("taskQueue", nexus.TaskQueue))
	<-ctx.Done()
	worker.Stop()
	return nil
}
