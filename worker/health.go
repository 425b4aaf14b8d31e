package main

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"rampart/internal/telemetry"
	"rampart/onmeta"
	"rampart/ramp"
)

// keyCheckInterval is how often the worker checks its API key until a provider call has confirmed it.
const keyCheckInterval = time.Minute

// namespaceCheckInterval is how often the namespace is checked until orders can run in it.
const namespaceCheckInterval = 15 * time.Second

// namespaceHealth checks whether orders can run in the worker's namespace, until it has found that they can.
type namespaceHealth struct {
	temporal ramp.Visibility
	name     string
	ready    atomic.Bool
}

// follow checks the namespace until orders can run, and reports each failed check. Failed workflow tasks are logged at a level that
// is usually disabled.
func (n *namespaceHealth) follow(ctx context.Context, report func(error)) {
	ticks := time.NewTicker(namespaceCheckInterval)
	defer ticks.Stop()
	for !n.ready.Load() {
		if unready := n.unready(ctx); unready != nil {
			report(unready)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
	}
}

// unready returns why orders cannot run in the namespace. It returns nil if they can, or if Temporal does not respond, which
// telemetry.TemporalCheck reports.
func (n *namespaceHealth) unready(ctx context.Context) *ramp.NamespaceError {
	if n.ready.Load() {
		return nil
	}
	var unready *ramp.NamespaceError
	switch err := ramp.CheckNamespace(ctx, n.temporal, n.name); {
	case errors.As(err, &unready):
		return unready
	case err == nil:
		n.ready.Store(true)
	}
	return nil
}

// check checks that orders can run in the namespace.
func (n *namespaceHealth) check() telemetry.Check {
	return telemetry.Check{Name: "namespace", Run: func(ctx context.Context) *telemetry.Problem {
		unready := n.unready(ctx)
		if unready == nil {
			return nil
		}
		problem := &telemetry.Problem{
			Problem: fmt.Sprintf("namespace %q lacks the search attribute %s of orders", n.name, unready.Lacks),
			Do:      `run "starter setup" with TEMPORAL_NAMESPACE=` + n.name + "; orders wait and then continue",
		}
		if unready.Lacks == "" {
			problem.Problem = fmt.Sprintf("namespace %q does not exist", n.name)
		}
		return problem
	}}
}

// providerKey checks whether the provider accepts the API key.
type providerKey struct {
	credentials *onmeta.Credentials
	checked     atomic.Bool
}

// follow checks the key until the provider has accepted it. Without it a worker without orders would not notice a wrong key.
func (k *providerKey) follow(ctx context.Context, provider *onmeta.Client) {
	ticks := time.NewTicker(keyCheckInterval)
	defer ticks.Stop()
	for {
		if k.credentials.Verdict() != onmeta.KeyAccepted {
			_, _ = provider.ChainLimits(ctx) // the cheapest call that requires the key; credentials records the outcome
		}
		k.checked.Store(true)
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
	}
}

// check checks that the provider does not refuse the key. It passes while the provider is down.
func (k *providerKey) check() telemetry.Check {
	return telemetry.Check{Name: "provider", Run: func(context.Context) *telemetry.Problem {
		switch {
		case k.credentials.Verdict() == onmeta.KeyRefused:
			return &telemetry.Problem{
				Problem: "the provider refuses the API key",
				Do: "check that ONMETA_API_KEY is the dashboard's Client ID for ONMETA_BASE_URL, and that the merchant's allowlist contains " +
					"this machine's address; orders wait and then continue",
			}
		case !k.checked.Load():
			return &telemetry.Problem{
				Problem: "the API key has not been checked with the provider yet",
				Do:      "wait for the provider's first response",
			}
		default:
			return nil
		}
	}}
}
