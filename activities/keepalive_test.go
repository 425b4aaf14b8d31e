package activities_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"rampart/activities"
	"rampart/dossier/dossiertest"
	"rampart/onmeta"
	"rampart/ramp"
	"rampart/sandbox"
)

// lasting runs a call from a workflow as a worker does, and returns its heartbeats and attempts.
func lasting[Request, Result any](
	w *world, call func(workflow.Context, Request) (Result, error), request Request,
) (beats, attempts int, err error) {
	return lastingIn(context.Background(), w, call, request)
}

func lastingIn[Request, Result any](
	ctx context.Context, w *world, call func(workflow.Context, Request) (Result, error), request Request,
) (beats, attempts int, err error) {
	env := lastingEnv(ctx, w)
	env.SetOnActivityHeartbeatListener(func(*activity.Info, converter.EncodedValues) { beats++ })
	env.SetOnActivityStartedListener(func(*activity.Info, context.Context, converter.EncodedValues) { attempts++ })
	env.ExecuteWorkflow(func(ctx workflow.Context) (Result, error) { return call(ctx, request) })
	return beats, attempts, env.GetWorkflowError()
}

// lastingEnv is an environment in which calls may last, as a worker has them.
func lastingEnv(ctx context.Context, w *world) *testsuite.TestWorkflowEnvironment {
	env := suite().NewTestWorkflowEnvironment()
	env.SetWorkerOptions(worker.Options{
		BackgroundActivityContext: ctx, Interceptors: []interceptor.WorkerInterceptor{activities.KeepAlive()},
	})
	env.SetTestTimeout(time.Hour)
	env.SetActivityTimeoutGracePeriod(time.Hour) // counts from the first attempt, over all retries, which no server does
	env.RegisterActivity(w.calls)
	return env
}

// slowly reads an upload as a slow line takes it.
func slowly(whole time.Duration, size *int64) fault {
	return func(request *http.Request, next send) (*http.Response, error) {
		body := request.Body
		paced, writer := io.Pipe()
		go func() {
			const parts = 100
			for range parts {
				time.Sleep(whole / parts)
				n, err := io.CopyN(writer, body, request.ContentLength/parts)
				*size += n
				if err != nil {
					_ = writer.CloseWithError(err)
					return
				}
			}
			n, err := io.Copy(writer, body)
			*size += n
			_ = writer.CloseWithError(err)
		}()
		slow := request.Clone(request.Context())
		slow.Body = paced
		return next(slow)
	}
}

func TestUploadOverASlowLineIsNotTakenForACrash(t *testing.T) {
	t.Parallel()
	documents := dossiertest.New(t)
	for _, name := range []string{"asha-rao.jpg", "front.png", "back.png", "pan.pdf", "pan-back"} {
		documents.Write(name, dossiertest.ContentsOf(name)+strings.Repeat("x", 5<<20-100))
	}
	controlled(t, func(t *testing.T, w *world) {
		var size int64
		w.network.once(onmeta.RouteUploadKYC, slowly(150*time.Second, &size))
		began := time.Now()
		beats, attempts, err := lasting(w, activities.UploadKYC, activities.UploadKYCRequest{Email: unverified, Dossier: ramp.Dossier(documents.URL)})
		require.NoError(t, err)
		require.Equal(t, 1, attempts)
		require.GreaterOrEqual(t, time.Since(began), 150*time.Second)
		require.Greater(t, size, int64(25_000_000))
		require.GreaterOrEqual(t, beats, 23, "the environment's throttle is 6.4 seconds")
	})
}

func TestSlowProviderIsNotTakenForACrash(t *testing.T) {
	t.Parallel()
	w := emptyWorld(t)
	w.network = newNetwork(inProcess{w.sandbox})
	w.patience = 70 * time.Second
	w.open(t, "http://127.0.0.1", sandbox.DefaultAPIKey, activities.Options{})
	synctest.Test(t, func(t *testing.T) {
		w.clock.Set(testStart())
		require.NoError(t, w.clock.SetSpeed(1))
		order := w.onrampOrder(t)
		w.network.once(onmeta.RouteSubmitUTR, slow(time.Minute, unharmed))
		beats, attempts, err := lasting(w, activities.SubmitUTR, activities.SubmitUTRRequest{Email: linked, OrderID: order, UTR: goodUTR})
		require.NoError(t, err)
		require.Equal(t, 1, attempts)
		require.GreaterOrEqual(t, beats, 9, "the environment's throttle is 6.4 seconds")
	})
}

// The client gives up after 15 seconds, which is a failure of the provider.
func TestProviderThatAnswersTooLateFailsTheAttempt(t *testing.T) {
	t.Parallel()
	controlled(t, func(t *testing.T, w *world) {
		order := w.onrampOrder(t)
		w.network.on(onmeta.RouteSubmitUTR, slow(time.Minute, unharmed))
		_, attempts, err := lasting(w, activities.SubmitUTR, activities.SubmitUTRRequest{Email: linked, OrderID: order, UTR: goodUTR})
		require.Equal(t, activities.ErrUnavailable, failure(t, err).Type())
		require.Equal(t, 8, attempts)
	})
}

func TestOrdinaryCallSendsNoHeartbeat(t *testing.T) {
	t.Parallel()
	controlled(t, func(t *testing.T, w *world) {
		w.network.once(onmeta.RouteQuoteBuy, slow(time.Second, unharmed))
		beats, attempts, err := lasting(w, activities.QuoteBuy, buy())
		require.NoError(t, err)
		require.Equal(t, 1, attempts)
		require.Zero(t, beats)
	})
}

func TestCallEndsOnlyIfNobodyTakesItsAnswer(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		cause error
		ends  bool
	}{
		"its worker stops":                       {context.Canceled, true},
		"the server has given it to another":     {serviceerror.NewNotFound("the attempt has timed out"), true},
		"a heartbeat did not reach the server":   {serviceerror.NewUnavailable("connection refused"), false},
		"an operator pauses the activity":        {activity.ErrActivityPaused, false},
		"the order does not wait for the answer": {temporal.NewCanceledError(), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			controlled(t, func(t *testing.T, w *world) {
				w.network.once(onmeta.RouteQuoteBuy, slow(5*time.Second, unharmed))
				ctx, cancel := context.WithCancelCause(t.Context())
				in(time.Second, func() { cancel(tc.cause) })
				_, attempts, _ := lastingIn(ctx, w, activities.QuoteBuy, buy())
				require.Equal(t, tc.ends, attempts > 1)
			})
		})
	}
}

// A deadline is the SDK's own, and a call keeps it.
func TestCallThatLastsKeepsItsDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		env := suite().NewTestWorkflowEnvironment()
		env.SetWorkerOptions(worker.Options{Interceptors: []interceptor.WorkerInterceptor{activities.KeepAlive()}})
		env.RegisterActivityWithOptions(func(ctx context.Context) error {
			<-ctx.Done()
			return ctx.Err()
		}, activity.RegisterOptions{Name: "endless"})
		began := time.Now()
		env.SetTestTimeout(time.Hour)
		env.ExecuteWorkflow(func(ctx workflow.Context) error {
			ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
				StartToCloseTimeout: 75 * time.Second, HeartbeatTimeout: 8 * time.Second, RetryPolicy: &temporal.RetryPolicy{MaximumAttempts: 1},
			})
			return workflow.ExecuteActivity(ctx, "endless").Get(ctx, nil)
		})
		require.ErrorContains(t, env.GetWorkflowError(), context.DeadlineExceeded.Error())
		require.InDelta(t, 75, time.Since(began).Seconds(), 5)
	})
}
