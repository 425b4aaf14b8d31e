package main

import (
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"

	"rampart/codec"
	"rampart/onmeta"
	reconciliation "rampart/reconcile/run"
	"rampart/records"
)

// reconciling registers the reconciliation of days: its workflow beside the orders, and its activities, which last for hours, beside the
// watches.
func reconciling(
	c config, temporal client.Client, keyring *codec.Keyring, provider onmeta.Caller, o *observability, orders, watches worker.Worker,
) error {
	var secured client.Options
	codec.Secure(&secured, keyring)
	options := reconciliation.Options{
		Temporal: temporal,
		Data:     secured.DataConverter,
		Caller:   provider,
		Staging:  c.Onmeta.staging(),
		Store:    c.Worker.ReconcileStore,
		Meter:    o.Metrics.Meter(),
	}
	if c.Worker.Records != "" {
		store, err := records.Open(c.Worker.Records, keyring)
		if err != nil {
			return err
		}
		options.Books = books(store.Between)
	}
	activities, err := reconciliation.New(options)
	if err != nil {
		return err
	}
	reconciliation.Register(orders)
	reconciliation.RegisterActivities(watches, activities)
	return nil
}
