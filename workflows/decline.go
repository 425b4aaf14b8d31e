package workflows

import (
	"fmt"
	"strings"

	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/workflow"

	"rampart/internal/redact"
	"rampart/ramp"
)

// decline ends a run whose request is invalid, and answers every caller with the reason. The workflow fails with the returned error.
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
	answerUpdates(ctx)
	return declined
}

// updates returns the names of the updates of both directions.
func updates() []string {
	return []string{
		ramp.AwaitOrder, ramp.SubmitUTR, ramp.SubmitTransactionHash, ramp.SubmitKYC, ramp.SubmitAccount, ramp.ConfirmQuote,
	}
}

// answerUpdates lets the updates that came with the start be answered before the workflow ends.
func answerUpdates(ctx workflow.Context) {
	answered := false
	workflow.GoNamed(ctx, "give way", func(workflow.Context) { answered = true })
	_ = workflow.Await(disconnected(ctx), func() bool { return answered }) // never fails: the context cannot be cancelled
}

// misnamed handles workflows of unregistered types. It declines a name that differs from an order's only in its case, so that the
// starter gets an error; any other name fails the workflow task, until a worker that has the type runs it.
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
