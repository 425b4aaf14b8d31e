package main

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"rampart/internal/telemetry"
	"rampart/ramp"
)

// namespaceCheck checks that orders can run in the namespace, until it has found that they can. A server that does not respond is not its matter.
func namespaceCheck(temporal ramp.Visibility, namespace string) telemetry.Check {
	var ready atomic.Bool
	return telemetry.Check{Name: "namespace", Run: func(ctx context.Context) *telemetry.Problem {
		if ready.Load() {
			return nil
		}
		err := ramp.CheckNamespace(ctx, temporal, namespace)
		ready.Store(err == nil)
		var unready *ramp.NamespaceError
		if !errors.As(err, &unready) {
			return nil
		}
		problem := &telemetry.Problem{
			Problem: fmt.Sprintf("namespace %q does not exist", namespace),
			Do:      `run "starter setup" with TEMPORAL_NAMESPACE=` + namespace,
		}
		if unready.Lacks != "" {
			problem.Problem = fmt.Sprintf("namespace %q lacks the search attribute %s of orders", namespace, unready.Lacks)
		}
		return problem
	}}
}

// tokensCheck checks that the file of tokens can be used as it is now.
func (a *callers) tokensCheck() telemetry.Check {
	return telemetry.Check{Name: "tokens", Run: func(context.Context) *telemetry.Problem {
		if a == nil || a.file == nil || a.file.Problem() == nil {
			return nil
		}
		return &telemetry.Problem{
			Problem: "the file of tokens cannot be read, or has an invalid line",
			Do:      "see the log for the line, and correct RAMP_GATEWAY_TOKENS_FILE; the previous tokens stay in use",
		}
	}}
}
