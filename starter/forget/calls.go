package forget

import (
	"context"
	"errors"
	"time"

	"go.temporal.io/api/serviceerror"
	"google.golang.org/grpc"
)

// Pauses before a call is repeated.
const (
	firstPause = 100 * time.Millisecond
	lastPause  = 5 * time.Second
)

// patiently repeats a call that Temporal refuses because the namespace makes too many, which backends and workers come before.
func patiently[Q, A any](ctx context.Context, call func(context.Context, Q, ...grpc.CallOption) (A, error), request Q) (A, error) {
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		answer, err := call(ctx, request)
		var busy *serviceerror.ResourceExhausted
		if !errors.As(err, &busy) {
			return answer, err
		}
		if err := sleep(ctx, pause); err != nil {
			return answer, err
		}
	}
}

func sleep(ctx context.Context, pause time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(pause):
		return nil
	}
}
