// Package nexus is a workflow of another namespace that buys tokens: it runs an order as a Nexus operation, without keys.
// docs/how-to/integrate-nexus.md explains it.
package nexus

import (
	"time"

	"go.temporal.io/sdk/workflow"

	"rampart/ramp"
)

// Outcome is how an order ended.
type Outcome struct {
	Reference string      `json:"reference"`
	Status    ramp.Status `json:"status"`
	OrderID   string      `json:"orderId"`
}

// Paid is the signal by which the user's payment reaches the workflow. Its argument is the UTR.
const Paid = "paid"

// Buy starts an order, submits the UTR of its payment once that is signalled, and returns how the order ended.
func Buy(ctx workflow.Context, request ramp.OnrampRequest) (Outcome, error) {
	rampart := workflow.NewNexusClient("ramp", "ramp")
	ended := rampart.ExecuteOperation(ctx, "onramp", request, workflow.NexusOperationOptions{ScheduleToCloseTimeout: 7 * 24 * time.Hour})
	if err := ended.GetNexusOperationExecution().Get(ctx, nil); err != nil {
		return Outcome{}, err
	}
	payments := workflow.GetSignalChannel(ctx, Paid)
	var outcome Outcome
	var err error
	wait := workflow.NewSelector(ctx)
	wait.AddFuture(ended, func(f workflow.Future) { err = f.Get(ctx, &outcome) })
	wait.AddReceive(payments, func(c workflow.ReceiveChannel, _ bool) {
		var utr string
		c.Receive(ctx, &utr)
		proof := map[string]string{"reference": request.Reference, "utr": utr}
		submitted := rampart.ExecuteOperation(ctx, "submit-utr", proof, workflow.NexusOperationOptions{ScheduleToCloseTimeout: time.Hour})
		if refused := submitted.Get(ctx, nil); refused != nil {
			workflow.GetLogger(ctx).Warn("the order waits for another UTR", "error", refused)
		}
	})
	for !ended.IsReady() {
		wait.Select(ctx)
	}
	return outcome, err
}
