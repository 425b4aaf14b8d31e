package activities_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/workflow"

	"rampart/activities"
	"rampart/onmeta"
	"rampart/ramp"
)

// beats is the part of Temporal that takes heartbeats, and hands them to the next attempt.
type beats struct {
	client.Client

	mu sync.Mutex
	// until is what each heartbeat told: until when the provider may still create an order; zero for none.
	until []time.Time
	// fail returns the error of a heartbeat, by its number from 1; nil takes all.
	fail func(number int) error
	// attempt is the number of the attempt that told last, and given that of the last one that Temporal gave to another worker.
	attempt, given int32
	// untold keeps what heartbeats tell from the next attempt, as those of a worker that tells nothing.
	untold bool
}

func (b *beats) RecordActivityHeartbeatWithOptions(ctx context.Context, options client.RecordActivityHeartbeatOptions) error {
	encoded, err := json.Marshal(options.Details[0])
	if err != nil {
		return err
	}
	var told struct {
		Attempt      int32     `json:"attempt"`
		CommitsUntil time.Time `json:"commitsUntil"`
	}
	if err := json.Unmarshal(encoded, &told); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.attempt = told.Attempt; told.Attempt == b.given {
		return serviceerror.NewNotFound("the attempt has timed out")
	}
	if b.fail != nil {
		if err := b.fail(len(b.until) + 1); err != nil {
			activity.RecordHeartbeat(ctx)
			return err
		}
	}
	b.until = append(b.until, told.CommitsUntil)
	if b.untold {
		activity.RecordHeartbeat(ctx)
		return nil
	}
	activity.RecordHeartbeat(ctx, options.Details...)
	return nil
}

// failOn makes heartbeats fail.
func (b *beats) failOn(fail func(number int) error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fail = fail
}

// giveAway makes Temporal give the attempt that runs to another worker.
func (b *beats) giveAway() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.given = b.attempt
}

func (b *beats) told() []time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]time.Time(nil), b.until...)
}

// crashes makes the worker of a request seem dead to Temporal while the provider does with it what then does.
func (w *world) crashes(then fault) fault {
	return func(request *http.Request, next send) (*http.Response, error) {
		if answer, err := then(request, next); err == nil {
			_ = answer.Body.Close()
		}
		w.beats.giveAway()
		<-request.Context().Done()
		return nil, request.Context().Err()
	}
}

// untilCreated runs the creation from a workflow as a worker does, until it ends.
func untilCreated(w *world, request activities.CreateOnrampOrderRequest) (activities.CreatedOrder, error) {
	var created activities.CreatedOrder
	env := lastingEnv(context.Background(), w)
	env.ExecuteWorkflow(func(ctx workflow.Context) (activities.CreatedOrder, error) {
		return activities.CreateOnrampOrder(ctx, request)
	})
	err := errors.Join(env.GetWorkflowError(), getResult(env, &created))
	return created, err
}

// mayCommitFor is how long after its announcement an order may still come into being: ten seconds to send it, 45, and three for clocks.
const mayCommitFor = 58 * time.Second

func TestOrderByBankTransferIsAskedForOnceTemporalKnows(t *testing.T) {
	t.Parallel()
	controlled(t, func(t *testing.T, w *world) {
		w.network.once(onmeta.RouteCreateOnramp, first(func() {
			told := w.beats.told()
			require.Len(t, told, 2)
			require.Zero(t, told[0])
			require.WithinDuration(t, time.Now().Add(mayCommitFor), told[1], time.Second)
		}))
		_, attempts, err := lasting(w, activities.CreateOnrampOrder, byBankTransfer(ramp.IMPS))
		require.NoError(t, err)
		require.Equal(t, 1, attempts)
		require.Len(t, w.orders(), 1)
	})
}

func TestOrderByUPITellsTemporalNothingBefore(t *testing.T) {
	t.Parallel()
	controlled(t, func(t *testing.T, w *world) {
		request := onrampRequest()
		request.ReplaceLost = true
		_, _, err := lasting(w, activities.CreateOnrampOrder, request)
		require.NoError(t, err)
		require.Empty(t, w.beats.told())
	})
}

func TestNoOrderByBankTransferIsAskedForUnlessTemporalKnows(t *testing.T) {
	t.Parallel()
	controlled(t, func(t *testing.T, w *world) {
		w.beats.failOn(func(number int) error {
			if number == 1 {
				return nil
			}
			return serviceerror.NewUnavailable("connection refused")
		})
		_, err := untilCreated(w, byBankTransfer(ramp.IMPS))
		require.Equal(t, activities.ErrUnavailable, failure(t, err).Type())
		require.ErrorContains(t, err, "no order was asked for")
		require.Empty(t, w.network.sent(onmeta.RouteCreateOnramp))
	})
}

func TestAttemptWhoseHeartbeatMayArriveLateAsksForNoOrder(t *testing.T) {
	t.Parallel()
	controlled(t, func(t *testing.T, w *world) {
		w.beats.failOn(func(int) error {
			w.beats.fail = nil
			return serviceerror.NewUnavailable("connection refused")
		})
		w.network.once(onmeta.RouteCreateOnramp, first(func() {
			require.Len(t, w.beats.told(), 3, "the first attempt tells that it asks for nothing, the second that it begins and that it asks")
		}))
		began := time.Now()
		created, err := untilCreated(w, byBankTransfer(ramp.IMPS))
		require.NoError(t, err)
		require.Equal(t, []string{created.OrderID}, w.orders())
		require.Less(t, time.Since(began), 5*time.Second)
	})
}

func TestOrderThatACrashedWorkerHadMadeIsAdoptedAtOnce(t *testing.T) {
	t.Parallel()
	for name, untold := range map[string]bool{"its attempt told what it asked for": false, "its attempt told nothing": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			controlled(t, func(t *testing.T, w *world) {
				w.beats.untold = untold
				w.network.once(onmeta.RouteCreateOnramp, w.crashes(unharmed))
				began := time.Now()
				created, err := untilCreated(w, byBankTransfer(ramp.NEFT))
				require.NoError(t, err)
				require.True(t, created.Adopted)
				require.NotNil(t, created.Instructions.Bank)
				require.Equal(t, []string{created.OrderID}, w.orders())
				require.Less(t, time.Since(began), 10*time.Second)
			})
		})
	}
}

func TestFoundOrderThatMayBeAnotherOnesIsClaimedOnceItsOwnCannotComeAnyMore(t *testing.T) {
	t.Parallel()
	controlled(t, func(t *testing.T, w *world) {
		w.owners.crowded = true
		w.network.once(onmeta.RouteCreateOnramp, w.crashes(unharmed))
		began := time.Now()
		created, err := untilCreated(w, byBankTransfer(ramp.NEFT))
		require.NoError(t, err)
		require.True(t, created.Adopted)
		require.WithinDuration(t, began.Add(mayCommitFor), time.Now(), 3*time.Second)
		require.Greater(t, len(w.owners.claimants), 5)
		for i, claimant := range w.owners.claimants {
			require.Equal(t, ramp.Email(linked), claimant.Email)
			require.Equal(t, i < len(w.owners.claimants)-1, claimant.OnlyIfAlone)
		}
	})
}

func TestOrderThatTheProviderMakesAfterTheCrashIsAwaited(t *testing.T) {
	t.Parallel()
	for name, untold := range map[string]bool{"its attempt told what it asked for": false, "its attempt told nothing": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			controlled(t, func(t *testing.T, w *world) {
				w.beats.untold = untold
				w.network.once(onmeta.RouteCreateOnramp, w.crashes(commitsLater(40*time.Second)))
				created, err := untilCreated(w, byBankTransfer(ramp.IMPS))
				require.NoError(t, err)
				require.True(t, created.Adopted)
				require.Equal(t, []string{created.OrderID}, w.orders())
			})
		})
	}
}

func TestOrderThatACrashedWorkerAskedForInVainIsMadeOnceItCannotComeAnyMore(t *testing.T) {
	t.Parallel()
	controlled(t, func(t *testing.T, w *world) {
		w.network.once(onmeta.RouteCreateOnramp, w.crashes(refuses(http.StatusBadGateway, "down")))
		began := time.Now()
		created, err := untilCreated(w, byBankTransfer(ramp.IMPS))
		require.NoError(t, err)
		require.False(t, created.Adopted)
		require.Equal(t, []string{created.OrderID}, w.orders())
		require.WithinDuration(t, began.Add(mayCommitFor), time.Now(), 3*time.Second)
	})
}

func TestOrderThatACrashedWorkerHadNotAskedForYetIsMadeAtOnce(t *testing.T) {
	t.Parallel()
	controlled(t, func(t *testing.T, w *world) {
		w.network.once(onmeta.RouteCurrencies, w.crashes(unharmed))
		began := time.Now()
		created, err := untilCreated(w, byBankTransfer(ramp.IMPS))
		require.NoError(t, err)
		require.False(t, created.Adopted)
		require.Equal(t, []string{created.OrderID}, w.orders())
		require.Less(t, time.Since(began), 10*time.Second)
	})
}

func TestOrderIsMadeAtOnceAfterARefusalThatIsKnown(t *testing.T) {
	t.Parallel()
	controlled(t, func(t *testing.T, w *world) {
		w.network.once(onmeta.RouteCreateOnramp, refuses(http.StatusInternalServerError, "internal server error"))
		began := time.Now()
		created, err := untilCreated(w, byBankTransfer(ramp.IMPS))
		require.NoError(t, err)
		require.Equal(t, []string{created.OrderID}, w.orders())
		require.Less(t, time.Since(began), 5*time.Second)
	})
}

// The next attempt searches for as long as an order may come into being that is asked for within ten seconds.
func TestRequestThatIsDelayedAfterItsHeartbeatIsNotSent(t *testing.T) {
	t.Parallel()
	controlled(t, func(t *testing.T, w *world) {
		w.network.once(onmeta.RouteCreateOnramp, first(func() { w.revokeTokens(t, linked) }))
		w.network.once(onmeta.RouteLogin, unharmed, slow(12*time.Second, unharmed))
		created, err := untilCreated(w, byBankTransfer(ramp.IMPS))
		require.NoError(t, err)
		require.Equal(t, []string{created.OrderID}, w.orders())
		sent, told := w.network.sent(onmeta.RouteCreateOnramp), w.beats.told()
		require.Len(t, sent, 2)
		require.Len(t, w.network.sent(onmeta.RouteLogin), 2)
		require.WithinDuration(t, told[len(told)-1].Add(-mayCommitFor), sent[1].at, time.Second)
	})
}

func TestActivityAfterASilentOneWaitsForWhatThatMayHaveAskedFor(t *testing.T) {
	t.Parallel()
	controlled(t, func(t *testing.T, w *world) {
		request := byBankTransfer(ramp.IMPS)
		request.CommitsUntil = time.Now().Add(45 * time.Second)
		began := time.Now()
		_, err := untilCreated(w, request)
		require.NoError(t, err)
		require.WithinDuration(t, began.Add(46*time.Second), time.Now(), 2*time.Second)
	})
}
