package delivery

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"rampart/codec"
)

// Settings configure a worker.
type Settings struct {
	// Address is that of Temporal.
	Address string
	// Keyset is the file of the keys that encrypt payloads.
	Keyset string
	// Endpoint is the URL that receives events.
	Endpoint string
}

// Ready is the line that a worker writes once it polls.
const Ready = "worker started"

// RunWorker runs orders and deliveries until ctx ends. It writes Ready to out once it polls.
func RunWorker(ctx context.Context, settings Settings, out io.Writer) error {
	keyring, err := codec.OpenKeyring(ctx, codec.KeysetSource{File: settings.Keyset})
	if err != nil {
		return err
	}
	options := client.Options{
		HostPort: settings.Address, Logger: sdklog.NewStructuredLogger(slog.New(slog.NewTextHandler(out, &slog.HandlerOptions{Level: slog.LevelError}))),
	}
	codec.Secure(&options, keyring)
	temporal, err := client.DialContext(ctx, options)
	if err != nil {
		return err
	}
	defer temporal.Close()
	transport := &http.Transport{MaxIdleConnsPerHost: 100}
	calls := &Calls{temporal: temporal, endpoint: settings.Endpoint, http: &http.Client{Transport: transport, Timeout: 10 * time.Second}}
	orders, deliveries := worker.New(temporal, TaskQueue, worker.Options{}), worker.New(temporal, DeliveryTaskQueue, worker.Options{})
	orders.RegisterWorkflowWithOptions(Run, workflow.RegisterOptions{Name: OrderWorkflow})
	orders.RegisterActivity(calls)
	deliveries.RegisterWorkflowWithOptions(deliverRest, workflow.RegisterOptions{Name: restWorkflow})
	deliveries.RegisterWorkflowWithOptions(deliverOrder, workflow.RegisterOptions{Name: deliverWorkflow})
	deliveries.RegisterActivity(calls)
	for _, each := range []worker.Worker{orders, deliveries} {
		if err := each.Start(); err != nil {
			return err
		}
		defer each.Stop()
	}
	_, _ = fmt.Fprintln(out, Ready)
	<-ctx.Done()
	return nil
}
