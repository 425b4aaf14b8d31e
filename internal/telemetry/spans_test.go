package telemetry_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"rampart/internal/telemetry"
)

// provider is an activity that fails in the given way.
func provider(_ context.Context, how string) error {
	switch how {
	case "refused":
		return temporal.NewNonRetryableApplicationError("Asha Rao, 50100000004821, may not", "Refused", errors.New("asha@example.test"))
	case "broken":
		return temporal.NewNonRetryableApplicationError("Asha Rao", "", errors.New("asha@example.test"))
	default:
		return nil
	}
}

func order(ctx workflow.Context, how string) error {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{StartToCloseTimeout: time.Minute})
	return workflow.ExecuteActivity(ctx, provider, how).Get(ctx, nil)
}

// spansOf returns the spans of a workflow that runs one activity, by name.
func spansOf(t *testing.T, how string) map[string]sdktrace.ReadOnlySpan {
	t.Helper()
	recorder := tracetest.NewSpanRecorder()
	spans, err := telemetry.Interceptor(sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder)).Tracer("test"))
	require.NoError(t, err)
	var suite testsuite.WorkflowTestSuite
	environment := suite.NewTestWorkflowEnvironment()
	environment.SetWorkerOptions(worker.Options{Interceptors: []interceptor.WorkerInterceptor{spans}})
	environment.RegisterWorkflow(order)
	environment.RegisterActivity(provider)
	environment.ExecuteWorkflow(order, how)
	require.True(t, environment.IsWorkflowCompleted())
	named := make(map[string]sdktrace.ReadOnlySpan)
	for _, span := range recorder.Ended() {
		named[span.Name()] = span
	}
	return named
}

func TestSpansOfAnOrderFormOneTrace(t *testing.T) {
	t.Parallel()
	spans := spansOf(t, "well")
	run, start, call := spans["RunWorkflow:order"], spans["StartActivity:provider"], spans["RunActivity:provider"]

	require.Equal(t, run.SpanContext().SpanID(), start.Parent().SpanID())
	require.Equal(t, start.SpanContext().SpanID(), call.Parent().SpanID())
	require.Equal(t, run.SpanContext().TraceID(), call.SpanContext().TraceID())
	require.Equal(t, codes.Unset, call.Status().Code)
}

func TestSpansRecordTheTypeOfAnErrorOnly(t *testing.T) {
	t.Parallel()
	for how, errorType := range map[string]string{"refused": "Refused", "broken": "other"} {
		spans := spansOf(t, how)
		for _, name := range []string{"RunWorkflow:order", "RunActivity:provider"} {
			span := spans[name]
			require.Equal(t, codes.Error, span.Status().Code, name)
			require.Empty(t, span.Status().Description)
			require.Empty(t, span.Events(), "an event would contain the error's message")
			for _, attribute := range span.Attributes() {
				require.NotContains(t, attribute.Value.String(), "sha")
			}
		}
		require.Contains(t, spans["RunActivity:provider"].Attributes(), attribute.String("error.type", errorType))
	}
}

func TestWatchesAreCountedWhileTheyRun(t *testing.T) {
	t.Parallel()
	metrics := newMetrics(t)
	counted, err := telemetry.CountWatches(metrics.Meter())
	require.NoError(t, err)
	var suite testsuite.WorkflowTestSuite
	environment := suite.NewTestActivityEnvironment()
	environment.SetWorkerOptions(worker.Options{Interceptors: []interceptor.WorkerInterceptor{counted}})
	var during string
	environment.RegisterActivityWithOptions(func(context.Context) error {
		during = scrape(t, metrics)
		return errors.New("the worker stops")
	}, activity.RegisterOptions{Name: "WatchOrder"})

	_, err = environment.ExecuteActivity("WatchOrder")

	require.Error(t, err)
	require.Contains(t, during, `ramp_watches_active{watch="WatchOrder"} 1`)
	require.Contains(t, scrape(t, metrics), `ramp_watches_active{watch="WatchOrder"} 0`)
}
