package baseline

import (
	"time"

	"go.temporal.io/sdk/workflow"

	"rampart/onmeta"
	"rampart/ramp"
)

// TaskQueue is the task queue of the workflows and activities of this package.
const TaskQueue = "baseline"

const (
	callTimeout   = time.Minute
	orderLifetime = 3 * time.Hour
	pollEvery     = 12 * time.Second
)

// Workflows are the workflows of the orders. Speed divides their times, for a provider whose clock runs that much faster.
type Workflows struct {
	Speed float64
}

func (w Workflows) scaled(d time.Duration) time.Duration { return time.Duration(float64(d) / w.Speed) }

// Naive is the lifecycle in the style of the usual samples: one activity after another, default retries, the user's proof by signal, and
// a timer loop that polls every 12 seconds. It returns the last status of the provider.
func (w Workflows) Naive(ctx workflow.Context, request ramp.OnrampRequest) (string, error) {
	ctx = withTimeout(ctx)
	order, err := create(ctx, request)
	if err != nil {
		return "", err
	}
	if !w.awaitProof(ctx, &order) {
		return "expired", nil
	}
	if err := workflow.ExecuteActivity(ctx, (*Calls).Submit, order).Get(ctx, nil); err != nil {
		return "", err
	}
	for {
		if err := workflow.Sleep(ctx, w.scaled(pollEvery)); err != nil {
			return "", err
		}
		if status, err := readStatus(ctx, order); err != nil || final(status) {
			return status, err
		}
	}
}

// Floor makes the provider's calls as activities and nothing else: no timers, search attributes, summaries or encryption. It is the least
// that these activities can cost.
func (w Workflows) Floor(ctx workflow.Context, request ramp.OnrampRequest) (string, error) {
	ctx = withTimeout(ctx)
	order, err := create(ctx, request)
	if err != nil {
		return "", err
	}
	var proof ramp.UTRSubmission
	workflow.GetSignalChannel(ctx, ramp.SubmitUTR).Receive(ctx, &proof)
	order.UTR = string(proof.UTR)
	if err := workflow.ExecuteActivity(ctx, (*Calls).Submit, order).Get(ctx, nil); err != nil {
		return "", err
	}
	for {
		if status, err := readStatus(ctx, order); err != nil || final(status) {
			return status, err
		}
	}
}

func withTimeout(ctx workflow.Context) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{StartToCloseTimeout: callTimeout})
}

// create makes the calls before the payment.
func create(ctx workflow.Context, request ramp.OnrampRequest) (Order, error) {
	order := Order{Email: request.Email, Request: request}
	if err := workflow.ExecuteActivity(ctx, (*Calls).Login, request.Email).Get(ctx, &order.Token); err != nil {
		return order, err
	}
	var verified, linked bool
	if err := workflow.ExecuteActivity(ctx, (*Calls).KYC, order).Get(ctx, &verified); err != nil {
		return order, err
	}
	if !verified {
		return order, errNotReady("KYC")
	}
	if err := workflow.ExecuteActivity(ctx, (*Calls).Linked, order).Get(ctx, &linked); err != nil {
		return order, err
	}
	if !linked {
		return order, errNotReady("UPI ID")
	}
	if err := workflow.ExecuteActivity(ctx, (*Calls).Quote, order).Get(ctx, nil); err != nil {
		return order, err
	}
	var created onmeta.OnrampCreated
	if err := workflow.ExecuteActivity(ctx, (*Calls).Create, order).Get(ctx, &created); err != nil {
		return order, err
	}
	order.OrderID = created.OrderID
	return order, nil
}

func (w Workflows) awaitProof(ctx workflow.Context, order *Order) bool {
	timed, stop := workflow.WithCancel(ctx)
	defer stop()
	var proof ramp.UTRSubmission
	workflow.NewSelector(ctx).
		AddReceive(workflow.GetSignalChannel(ctx, ramp.SubmitUTR), func(c workflow.ReceiveChannel, _ bool) { c.Receive(ctx, &proof) }).
		AddFuture(workflow.NewTimer(timed, w.scaled(orderLifetime)), func(workflow.Future) {}).
		Select(ctx)
	order.UTR = string(proof.UTR)
	return proof.UTR != ""
}

func readStatus(ctx workflow.Context, order Order) (string, error) {
	var status string
	err := workflow.ExecuteActivity(ctx, (*Calls).Status, order).Get(ctx, &status)
	return status, err
}

func final(status string) bool {
	return status == "completed" || status == "expired" || status == "cancelled" || status == "refunded"
}
