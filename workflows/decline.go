package workflows

import (
	"fmt"
	"strings"

	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/workflow"

	"rampart/internal/redact"
	"rampart/ramp"
)

// misnamed takes workflows of types that nobody registered. One whose name is an order's but for its case is declined, so that whoever
// started it is told; any other waits for a worker that knows it.
func misnamed(ctx workflow.Context, _ converter.EncodedValues) (*ramp.Order, error) {
	name := workflow.GetInfo(ctx).WorkflowType.Name
	for _, known := range []string{ramp.OnrampWorkflow, ramp.OfframpWorkflow} {
		if strings.EqualFold(name, known) {
			return nil, decline(ctx, &ramp.Error{
				Type:    ramp.InvalidRequest,
				Message: fmt.Sprintf("the workflow type must be %s, not %s", known, name),
			})
		}
	}
	panic("this worker does not know the workflow type " + redact.Message(name, longestWord))
}

// decline ends a run whose request is no order's, and tells whoever asks why. The error is what the workflow fails with.
func decline(ctx workflow.Context, why error) error {
	declined := contractError(why)
	if err := workflow.SetQueryHandler(ctx, ramp.OrderQuery, func() (*ramp.Order, error) { return nil, declined }); err != nil {
		return err
	}
	for _, name := range updates() {
		if err := workflow.SetUpdateHandlerWithOptions(ctx, name,
			func(workflow.Context, converter.RawValue) (*ramp.Order, error) { return nil, declined },
			workflow.UpdateHandlerOptions{Validator: func(converter.RawValue) error { return declined }},
		); err != nil {
			return err
		}
	}
	giveWay(ctx)
	return declined
}

// updates are the names of all updates of both directions.
func updates() []string {
	return []string{
		ramp.AwaitOrder, ramp.SubmitUTR, ramp.SubmitTransactionHash, ramp.SubmitKYC, ramp.SubmitAccount, ramp.ConfirmQuote,
	}
}

// giveWay lets the updates that came with the start be answered.
func giveWay(ctx workflow.Context) {
	given := false
	workflow.GoNamed(ctx, "give way", func(workflow.Context) { given = true })
	_ = workflow.Await(disconnected(ctx), func() bool { return given }) // cannot be cancelled
}
