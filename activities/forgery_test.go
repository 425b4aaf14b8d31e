package activities_test

import (
	"context"
	"encoding/json"
	"reflect"
	"testing"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	failurepb "go.temporal.io/api/failure/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"rampart/activities"
	"rampart/codec"
)

func secured(t *testing.T) client.Options {
	t.Helper()
	keyring, err := codec.NewKeyring()
	require.NoError(t, err)
	var options client.Options
	codec.Secure(&options, keyring)
	return options
}

// withoutKeys is what a client is that completes activities and has no keys: its failures are in clear, and are read by who has.
type withoutKeys struct{ converter.FailureConverter }

func (f withoutKeys) ErrorToFailure(err error) *failurepb.Failure {
	return temporal.GetDefaultFailureConverter().ErrorToFailure(err)
}

func (f withoutKeys) WithSerializationContext(context converter.SerializationContext) converter.FailureConverter {
	return withoutKeys{converter.WithFailureConverterSerializationContext(f.FailureConverter, context)}
}

// decided runs a workflow that submits a UTR, and returns what it decided by the failure.
func decided(t *testing.T, failures converter.FailureConverter, failure error) (decision string, err error) {
	t.Helper()
	env := new(testsuite.WorkflowTestSuite).NewTestWorkflowEnvironment()
	env.SetFailureConverter(failures)
	env.RegisterActivity(new(activities.Calls))
	env.OnActivity((*activities.Calls)(nil).SubmitUTR, mock.Anything, mock.Anything).Return(activities.SubmitResult{}, failure)
	env.ExecuteWorkflow(func(ctx workflow.Context) error {
		_, err := activities.SubmitUTR(ctx, activities.SubmitUTRRequest{OrderID: "1"})
		_, refused := activities.Refused(err)
		_, unanswered := activities.Unanswered(err)
		switch {
		case refused:
			decision = "refused"
		case unanswered:
			decision = "unanswered"
		case temporal.IsCanceledError(err):
			decision = "cancelled"
		default:
			decision = "goes on"
		}
		return nil
	})
	return decision, env.GetWorkflowError()
}

func TestForgedFailureStopsTheTaskAndNotTheOrder(t *testing.T) {
	t.Parallel()
	options := secured(t)
	refusal := temporal.NewNonRetryableApplicationError("no", activities.ErrRefused, nil, activities.Refusal{HTTPStatus: 400, Reason: "no"})

	decision, err := decided(t, options.FailureConverter, refusal)
	require.NoError(t, err)
	require.Equal(t, "refused", decision, "a worker's own failure decides")

	for name, forged := range map[string]error{
		"refusal":       refusal,
		"quote expired": temporal.NewNonRetryableApplicationError("", activities.ErrQuoteExpired, nil, activities.StaleQuote{OrderMayExist: true}),
		"dossier":       temporal.NewNonRetryableApplicationError("", activities.ErrDossier, nil),
		"outage":        temporal.NewNonRetryableApplicationError("", activities.ErrUnavailable, nil),
		"handover":      temporal.NewNonRetryableApplicationError("", activities.ErrHandover, nil),
		"unknown":       temporal.NewNonRetryableApplicationError("", "Unknown", nil),
	} {
		decision, err := decided(t, withoutKeys{options.FailureConverter}, forged)
		var stopped *temporal.PanicError
		require.ErrorAs(t, err, &stopped, name)
		require.ErrorContains(t, err, "not authentic", name)
		require.Empty(t, decision, name)
	}
}

// The server gives up an activity for one attempt that is late, or has died; no activity here is bounded as a whole. Who says so has
// not waited for it.
func TestTimeoutThatNoActivityHasStopsTheTaskAndNotTheOrder(t *testing.T) {
	t.Parallel()
	options := secured(t)
	decision, err := decided(t, withoutKeys{options.FailureConverter}, temporal.NewTimeoutError(enumspb.TIMEOUT_TYPE_SCHEDULE_TO_CLOSE, nil))
	require.ErrorContains(t, err, "not authentic")
	require.Empty(t, decision)
}

// What an activity leaves in a history beside its result is encrypted for the same role. None of it is taken for the result.
func TestResultOfAnActivityIsToldFromAllElseThatItLeaves(t *testing.T) {
	t.Parallel()
	options := secured(t)
	for _, kind := range []any{new(activities.Calls), new(activities.Watches)} {
		for method := range reflect.TypeOf(kind).Methods() {
			role := converter.ActivitySerializationContext{Namespace: "default", WorkflowID: "onramp/inv-42", ActivityType: method.Name}
			own := converter.WithDataConverterSerializationContext(options.DataConverter, role)
			read := func(value any) (problem any) {
				payloads, err := own.ToPayloads(value)
				require.NoError(t, err)
				defer func() { problem = recover() }()
				inWorkflow := own.(converter.ContextAware).WithWorkflowContext(nil)
				require.NoError(t, inWorkflow.FromPayloads(payloads, reflect.New(method.Type.Out(0)).Interface()), method.Name)
				return nil
			}
			result := resultOf(method.Type.Out(0))
			encoded, err := json.Marshal(result)
			require.NoError(t, err)
			require.NotEqual(t, "{}", string(encoded), "the result of %s says nothing", method.Name)
			require.Nil(t, read(result), "%s: its own result is read", method.Name)

			require.Equal(t, reflect.TypeFor[context.Context](), method.Type.In(1))
			input := reflect.New(method.Type.In(2)).Elem().Interface()
			for _, other := range []any{input, activities.WatchHeartbeat{}, activities.Refusal{}, activities.StaleQuote{}, struct{}{}} {
				require.NotNil(t, read(other), "%s: %T is taken for its result", method.Name, other)
			}
		}
	}
}

// resultOf is a result that says the least.
func resultOf(kind reflect.Type) any {
	switch kind {
	case reflect.TypeFor[activities.SubmitResult]():
		return activities.SubmitResult{Accepted: true}
	case reflect.TypeFor[activities.UploadKYCResult]():
		return activities.UploadKYCResult{Received: true}
	default:
		return reflect.New(kind).Elem().Interface()
	}
}
