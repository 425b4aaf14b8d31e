package ramp_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"rampart/ramp"
)

// crowded is what the server says of an update that is one too many: service/history/workflow/update.
func crowded(client.UpdateWorkflowOptions) (client.WorkflowUpdateHandle, error) {
	return nil, serviceerror.NewResourceExhausted(enumspb.RESOURCE_EXHAUSTED_CAUSE_CONCURRENT_LIMIT,
		"limit on number of concurrent in-flight updates has been reached (10)")
}

// retried is the same as most connections show it: the SDK tries again until the caller's time is over.
func retried(ctx context.Context) func(client.UpdateWorkflowOptions) (client.WorkflowUpdateHandle, error) {
	return func(client.UpdateWorkflowOptions) (client.WorkflowUpdateHandle, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
}

func payable(o *ramp.Order) {
	o.Status = ramp.AwaitingPayment
	o.Instructions = &ramp.Instructions{UPI: &ramp.UPIInstructions{VPA: "pay@provider"}}
}

func TestStartThatIsCrowdedOutIsAnsweredOnceThereIsSomethingToPay(t *testing.T) {
	t.Parallel()
	for name, retries := range map[string]bool{"told so": false, "tried again for as long as it may": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				there := &orderThere{order: running(ramp.CreatingOrder), history: startedWith(t, onrampRequest()), update: crowded}
				if retries {
					there.update = retried(ctx)
				}
				time.AfterFunc(20*time.Second, func() { there.change(payable) })
				began := time.Now()
				order, err := ramp.NewClient(there, nil).StartOnramp(ctx, onrampRequest())
				require.NoError(t, err)
				require.Equal(t, "pay@provider", string(order.Instructions.UPI.VPA))
				require.Less(t, time.Since(began), 30*time.Second)
				cancel()
			})
		})
	}
}

func TestStartThatIsCrowdedOutOfAnothersOrderIsReferenceTaken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		other := onrampRequest()
		other.Email = "ravi@example.test"
		there := &orderThere{order: running(ramp.AwaitingPayment), history: startedWith(t, other), update: crowded}
		_, err := ramp.NewClient(there, nil).StartOnramp(t.Context(), onrampRequest())
		require.True(t, ramp.IsError(err, ramp.ReferenceTaken), "%v", err)
	})
}

func TestStartThatIsCrowdedOutAndSeesNothingIsNotReady(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		there := &orderThere{order: running(ramp.CreatingOrder), history: startedWith(t, onrampRequest()), update: crowded}
		_, err := ramp.NewClient(there, nil).StartOnramp(ctx, onrampRequest())
		require.True(t, ramp.IsError(err, ramp.NotReady), "%v", err)
	})
}

func TestStartWhileNoWorkerRunsTellsWhetherTheOrderIsTheCallers(t *testing.T) {
	t.Parallel()
	other := onrampRequest()
	other.Fiat.Amount = "2000.00"
	for name, c := range map[string]struct {
		there ramp.ErrorType
		is    any
	}{
		"the caller's own":  {ramp.NotReady, onrampRequest()},
		"another's request": {ramp.ReferenceTaken, other},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
				defer cancel()
				there := &orderThere{
					order: running(ramp.VerifyingKYC), history: startedWith(t, c.is), queryable: make(chan struct{}), update: retried(ctx),
				}
				_, err := ramp.NewClient(there, nil).StartOnramp(ctx, onrampRequest())
				require.True(t, ramp.IsError(err, c.there), "%v", err)
				cancel()
			})
		})
	}
}

func TestStartOfUnknownOutcomeSaysSo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		there := &orderThere{update: retried(ctx)}
		_, err := ramp.NewClient(there, nil).StartOnramp(ctx, onrampRequest())
		require.ErrorContains(t, err, "it is unknown whether the order started")
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.False(t, ramp.IsError(err, ramp.NotFound), "%v", err)
	})
}

func TestStartThatTheServersOwnLimitEndsIsOfUnknownOutcome(t *testing.T) {
	t.Parallel()
	there := &orderThere{update: func(client.UpdateWorkflowOptions) (client.WorkflowUpdateHandle, error) {
		return nil, client.NewWorkflowUpdateServiceTimeoutOrCanceledError(serviceerror.NewDeadlineExceeded("late"))
	}}
	_, err := ramp.NewClient(there, nil).StartOnramp(t.Context(), onrampRequest())
	require.ErrorContains(t, err, "it is unknown whether the order started")
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.False(t, ramp.IsError(err, ramp.NotFound), "%v", err)
}

func TestStartOverARateLimitSaysSoAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		there := &orderThere{update: func(client.UpdateWorkflowOptions) (client.WorkflowUpdateHandle, error) {
			return nil, serviceerror.NewResourceExhausted(enumspb.RESOURCE_EXHAUSTED_CAUSE_RPS_LIMIT, "namespace rate limit exceeded")
		}}
		_, err := ramp.NewClient(there, nil).StartOnramp(ctx, onrampRequest())
		var exhausted *serviceerror.ResourceExhausted
		require.ErrorAs(t, err, &exhausted)
		require.NoError(t, ctx.Err())
	})
}
