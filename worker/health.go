package main

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"go.temporal.io/sdk/client"

	"rampart/internal/telemetry"
	"rampart/onmeta"
	"rampart/ramp"
)

// askKeyEvery is how often the provider is asked whether it takes the API key, while nothing else has told.
const askKeyEvery = time.Minute

// temporalCheck finds that Temporal cannot be reached.
func temporalCheck(temporal client.Client, address string) telemetry.Check {
	return telemetry.Check{Name: "temporal", Run: func(ctx context.Context) *telemetry.Problem {
		if _, err := temporal.CheckHealth(ctx, &client.CheckHealthRequest{}); err != nil {
			return &telemetry.Problem{
				Problem: fmt.Sprintf("Temporal does not answer at %s", address),
				Do:      "see that the server runs and that TEMPORAL_ADDRESS names it; orders wait, and go on by themselves",
			}
		}
		return nil
	}}
}

// askNamespaceEvery is how often a namespace is asked whether orders can run in it, until they can.
const askNamespaceEvery = 15 * time.Second

// namespaceHealth says whether orders can run in the worker's namespace. What it has once, it keeps.
type namespaceHealth struct {
	temporal ramp.Visibility
	name     string
	ready    atomic.Bool
}

// follow asks until orders can run, and reports each time why they cannot. A failed workflow task tells the same of each order, at
// a level that few logs show.
func (n *namespaceHealth) follow(ctx context.Context, report func(error)) {
	ticks := time.NewTicker(askNamespaceEvery)
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

// unready is what keeps orders from the namespace; nil if nothing does, or nobody knows: that Temporal does not answer is told
// by its own check.
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

// check finds a namespace in which no order can run.
func (n *namespaceHealth) check() telemetry.Check {
	return telemetry.Check{Name: "namespace", Run: func(ctx context.Context) *telemetry.Problem {
		unready := n.unready(ctx)
		if unready == nil {
			return nil
		}
		problem := &telemetry.Problem{
			Problem: fmt.Sprintf("namespace %q lacks the search attribute %s of orders", n.name, unready.Lacks),
			Do:      `run "starter setup" with TEMPORAL_NAMESPACE=` + n.name + "; orders wait, and go on by themselves",
		}
		if unready.Lacks == "" {
			problem.Problem = fmt.Sprintf("there is no namespace %q", n.name)
		}
		return problem
	}}
}

// providerKey says whether the provider takes the API key.
type providerKey struct {
	heard *onmeta.Credentials
	asked atomic.Bool
}

// follow asks until an answer tells, and again while the key is refused, so that a worker without orders knows too.
func (k *providerKey) follow(ctx context.Context, provider *onmeta.Client) {
	ticks := time.NewTicker(askKeyEvery)
	defer ticks.Stop()
	for {
		if k.heard.Verdict() != onmeta.KeyAccepted {
			_, _ = provider.ChainLimits(ctx) // the cheapest call that needs the key and nothing else; heard hears of it
		}
		k.asked.Store(true)
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
	}
}

// check finds a key that the provider refuses. That the provider is down is no fault of this worker.
func (k *providerKey) check() telemetry.Check {
	return telemetry.Check{Name: "provider", Run: func(context.Context) *telemetry.Problem {
		switch {
		case k.heard.Verdict() == onmeta.KeyRefused:
			return &telemetry.Problem{
				Problem: "the provider refuses the API key",
				Do: "see that ONMETA_API_KEY is the dashboard's Client ID for ONMETA_BASE_URL, and that this machine's address is on " +
					"the merchant's list; orders wait, and go on by themselves",
			}
		case !k.asked.Load():
			return &telemetry.Problem{
				Problem: "the provider has not been asked yet whether it takes the API key",
				Do:      "wait for its first answer",
			}
		default:
			return nil
		}
	}}
}

// keysetHealth remembers when the keyset could not be read again.
type keysetHealth struct {
	failed atomic.Pointer[time.Time]
}

func (k *keysetHealth) note(err error) {
	if err != nil {
		now := time.Now()
		k.failed.Store(&now)
	}
}

// check finds a keyset that cannot be read: every failed reading is noted, and the next one is never far.
func (k *keysetHealth) check() telemetry.Check {
	return telemetry.Check{Name: "keyset", Run: func(context.Context) *telemetry.Problem {
		if failed := k.failed.Load(); failed == nil || time.Since(*failed) > keysetEvery+keysetEvery/2 {
			return nil
		}
		return &telemetry.Problem{
			Problem: "the keyset cannot be read again",
			Do:      "see what the log says of it; the keys that were read before go on being used, but not the ones that were added since",
		}
	}}
}
