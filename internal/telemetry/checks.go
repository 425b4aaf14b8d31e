package telemetry

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"go.temporal.io/sdk/client"
)

// TemporalCheck checks that Temporal responds.
func TemporalCheck(temporal client.Client, address string) Check {
	return Check{Name: "temporal", Run: func(ctx context.Context) *Problem {
		if _, err := temporal.CheckHealth(ctx, &client.CheckHealthRequest{}); err != nil {
			return &Problem{
				Problem: fmt.Sprintf("Temporal does not respond at %s", address),
				Do:      "check that the server runs, and TEMPORAL_ADDRESS; orders wait and then continue",
			}
		}
		return nil
	}}
}

// KeysetInterval is how often a program reads its keyset again, so that a rotated one takes effect without a restart.
const KeysetInterval = 30 * time.Second

// KeysetHealth records when reloading the keyset last failed. Its zero value is ready for use.
type KeysetHealth struct {
	failed atomic.Pointer[time.Time]
}

// Note records the outcome of a reload.
func (k *KeysetHealth) Note(err error) {
	if err != nil {
		now := time.Now()
		k.failed.Store(&now)
	}
}

// Check checks that the last reload of the keyset succeeded.
func (k *KeysetHealth) Check() Check {
	return Check{Name: "keyset", Run: func(context.Context) *Problem {
		if failed := k.failed.Load(); failed == nil || time.Since(*failed) > KeysetInterval+KeysetInterval/2 {
			return nil
		}
		return &Problem{
			Problem: "the keyset cannot be reloaded",
			Do:      "see the log for the error; the previous keys stay in use, and new keys are not available",
		}
	}}
}
