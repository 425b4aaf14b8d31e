package nexus

import (
	"context"
	"errors"
	"strings"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"rampart/ramp"
)

const (
	followPrefix = "nexus/"
	awaitOrder   = "AwaitOrder"
	// orderTime bounds the wait for the end of an order, far above what an order takes.
	orderTime = 90 * 24 * time.Hour
	// A worker that dies is noticed after heartbeatTimeout.
	heartbeatTimeout  = time.Minute
	heartbeatInterval = 20 * time.Second
)

// followed returns the order of the workflow behind an operation.
func followed(workflowID string) (ramp.ID, error) {
	direction, reference, err := ramp.ParseWorkflowID(strings.TrimPrefix(workflowID, followPrefix))
	return ramp.ID{Direction: direction, Reference: reference}, err
}

// follow is the workflow behind an operation: it ends with the order, and Temporal then calls the operation's caller back. It is not the
// order itself, whose result is encrypted.
func follow(ctx workflow.Context, named Named) (Outcome, error) {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: orderTime,
		HeartbeatTimeout:    heartbeatTimeout,
		Summary:             "Wait for the end of the order",
	})
	var outcome Outcome
	err := workflow.ExecuteActivity(ctx, awaitOrder, named).Get(ctx, &outcome)
	return outcome, err
}

type awaited struct {
	order *ramp.Order
	err   error
}

// awaitOrder is the activity that waits until an order has ended.
func (s *service) awaitOrder(ctx context.Context, named Named) (Outcome, error) {
	waiting, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan awaited, 1)
	go func() {
		order, err := s.orders.Await(waiting, named.id())
		ended <- awaited{order, err}
	}()
	ticks := time.NewTicker(heartbeatInterval)
	defer ticks.Stop()
	for {
		select {
		case a := <-ended:
			return outcome(a)
		case <-ticks.C:
			activity.RecordHeartbeat(ctx)
		case <-activity.GetWorkerStopChannel(ctx):
			return Outcome{}, errors.New("the gateway stops; another one continues")
		}
	}
}

func outcome(a awaited) (Outcome, error) {
	var contract *ramp.Error
	switch {
	case errors.As(a.err, &contract):
		return Outcome{}, applicationError(contract)
	case a.err != nil:
		return Outcome{}, a.err
	}
	o := a.order
	return Outcome{Reference: o.Reference, Direction: o.Direction, Status: o.Status, OrderID: o.OrderID}, nil
}

// applicationError returns the error without its details: they may contain the order, and stay unencrypted in the caller's history.
func applicationError(contract *ramp.Error) error {
	return temporal.NewNonRetryableApplicationError(contract.Error(), string(contract.Type), nil)
}
