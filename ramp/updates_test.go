package ramp_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"rampart/ramp"
)

const utr = "412345678901"

// inOutage is an order whose updates are taken and not answered.
func inOutage() *orderThere {
	return &orderThere{
		order:   running(ramp.AwaitingPayment),
		update:  answering(handle{}),
		earlier: handle{},
	}
}

func answering(h client.WorkflowUpdateHandle) func(client.UpdateWorkflowOptions) (client.WorkflowUpdateHandle, error) {
	return func(client.UpdateWorkflowOptions) (client.WorkflowUpdateHandle, error) { return h, nil }
}

func refusing(kind ramp.ErrorType) handle {
	refused := &ramp.Error{Type: kind, Reference: "inv-42", Message: "refused"}
	return handle{err: refused.ApplicationError()}
}

// submit submits a UTR and gives up after ten seconds.
func submit(t *testing.T, orders *ramp.Client, utr string) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	_, err := orders.SubmitUTR(ctx, "inv-42", utr)
	return err
}

func TestElevenTriesOfOneUTRInAnOutageAreOneUpdate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		there := inOutage()
		orders := ramp.NewClient(there, nil)
		for range 11 {
			require.True(t, ramp.IsError(submit(t, orders, utr), ramp.NotReady))
		}
		require.Len(t, there.ids(), 11)
		for _, id := range there.ids() {
			require.Equal(t, there.ids()[0], id)
		}
	})
}

func TestUpdatesOfDifferentContentAreDifferent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		there := inOutage()
		one, other := ramp.NewClient(there, nil), ramp.NewClient(there, nil)
		_ = submit(t, one, utr)
		_ = submit(t, one, "412345678902")
		_ = submit(t, other, utr)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, _ = one.SubmitUTR(ctx, "inv-43", utr)

		ids := there.ids()
		require.Len(t, ids, 4)
		for i, id := range ids {
			require.NotContains(t, id, utr)
			require.NotContains(t, ids[:i], id, "an id that depends on the content alone lets it be guessed")
		}
	})
}

func TestUTRThatWasRefusedIsTriedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		there := inOutage()
		there.update = answering(refusing(ramp.ProofRefused))
		orders := ramp.NewClient(there, nil)
		require.True(t, ramp.IsError(submit(t, orders, utr), ramp.ProofRefused))
		require.True(t, ramp.IsError(submit(t, orders, utr), ramp.ProofRefused))
		require.NotEqual(t, there.ids()[0], there.ids()[1])
	})
}

func TestUTRThatWasRefusedWhileNobodyWaitedIsTriedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		there := inOutage()
		orders := ramp.NewClient(there, nil)
		require.True(t, ramp.IsError(submit(t, orders, utr), ramp.NotReady))

		there.earlier = refusing(ramp.ProofRefused)
		there.update = answering(handle{order: running(ramp.VerifyingPayment)})
		require.NoError(t, submit(t, orders, utr))
		require.NotEqual(t, there.ids()[0], there.ids()[1])
	})
}

func TestUTRThatWasAcceptedWhileNobodyWaitedIsAnsweredWithTheOrderOfNow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		there := inOutage()
		orders := ramp.NewClient(there, nil)
		require.True(t, ramp.IsError(submit(t, orders, utr), ramp.NotReady))

		then := handle{order: running(ramp.VerifyingPayment)}
		there.earlier, there.update = then, answering(then)
		there.change(turning(ramp.Settling))
		order, err := orders.SubmitUTR(t.Context(), "inv-42", utr)
		require.NoError(t, err)
		require.Equal(t, ramp.Settling, order.Status)
		require.Equal(t, there.ids()[0], there.ids()[1])
	})
}
