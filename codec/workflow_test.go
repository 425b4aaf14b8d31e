package codec_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	sdkactivity "go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"
)

// recording records the roles that the SDK uses.
type recording struct {
	converter.DataConverter
	roles map[string]bool
}

func (r recording) WithSerializationContext(context converter.SerializationContext) converter.DataConverter {
	if own, isActivity := context.(converter.ActivitySerializationContext); isActivity {
		r.roles[own.ActivityType] = true
	}
	return converter.WithDataConverterSerializationContext(r.DataConverter, context)
}

// The SDK passes the activity's type on both sides: for the input, heartbeats, the result, and the failure with its details.
func TestWorkflowAndItsActivitiesDecryptEachOther(t *testing.T) {
	t.Parallel()
	options := secured(t, "default-test-namespace")
	env := new(testsuite.WorkflowTestSuite).NewTestWorkflowEnvironment()
	roles := make(map[string]bool)
	env.SetDataConverter(recording{options.DataConverter, roles})
	env.SetFailureConverter(options.FailureConverter)
	look := func(ctx context.Context, orderID string) (status, error) {
		sdkactivity.RecordHeartbeat(ctx, orderID)
		if sdkactivity.GetInfo(ctx).Attempt == 1 {
			return status{}, temporal.NewApplicationError("again", "ProviderUnavailable")
		}
		return status{ProviderStatus: "completed", Status: orderID}, nil
	}
	refuse := func(context.Context, string) (status, error) { return status{}, refusal() }
	env.RegisterActivityWithOptions(look, sdkactivity.RegisterOptions{Name: "OrderStatus"})
	env.RegisterActivityWithOptions(refuse, sdkactivity.RegisterOptions{Name: "SubmitUTR"})
	var beats int
	env.SetOnActivityHeartbeatListener(func(*sdkactivity.Info, converter.EncodedValues) { beats++ })

	env.ExecuteWorkflow(func(ctx workflow.Context) (status, error) {
		ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{StartToCloseTimeout: time.Minute})
		var told status
		if err := workflow.ExecuteActivity(ctx, "OrderStatus", secret).Get(ctx, &told); err != nil {
			return told, err
		}
		return told, workflow.ExecuteActivity(ctx, "SubmitUTR", secret).Get(ctx, &told)
	})

	err := env.GetWorkflowError()
	require.ErrorContains(t, err, "refused for "+secret)
	var refused *temporal.ApplicationError
	require.ErrorAs(t, err, &refused)
	require.Equal(t, "ProviderRefused", refused.Type())
	var detail string
	require.NoError(t, refused.Details(&detail))
	require.Equal(t, secret, detail)
	require.Equal(t, map[string]bool{"OrderStatus": true, "SubmitUTR": true}, roles)
	require.Positive(t, beats)
}
