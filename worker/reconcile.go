package main

import (
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"

	"rampart/codec"
	"rampart/onmeta"
	reconciliation "rampart/reconcile/run"
)

// reconciling registers the reconciliation of days: its workflow beside the orders, and its activities, which last for hours, beside the
// watches.
func reconciling(
	c config, temporal client.Client, keyring *codec.Keyring, provider onmeta.Caller, o *observability, orders, watches worker.Worker,
) error {
	var secured client.Options
	codec.Secure(&secured, keyring)
	activities, err := reconciliation.New(reconciliation.Options{
		Temporal: temporal,
		Data:     secured.DataConverter,
		Caller:   provider,
		Staging:  c.Onmeta.staging(),
		Store:    c.Worker.ReconcileStore,
		Meter:    o.Metrics.Meter(),
	})
	if err != nil {
		return err
	}
	reconciliation.Register(orders)
	reconciliation.RegisterActivities(watches, activities)
	return nil
}
