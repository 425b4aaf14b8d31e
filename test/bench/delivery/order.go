package delivery

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

// Design is a way to deliver the events of an order.
type Design string

// Designs.
const (
	// Off delivers nothing.
	Off Design = "off"
	// Activities are activities of the order, with a child workflow for what is left at its end.
	Activities Design = "activities of the order"
	// PerOrder is a workflow per order that gets the events by signal.
	PerOrder Design = "a workflow per order"
	// Standalone are activities without a workflow.
	Standalone Design = "standalone activities"
)

// Designs returns every design.
func Designs() []Design { return []Design{Off, Activities, PerOrder, Standalone} }

// Names of workflows, and the signal that carries a batch.
const (
	OrderWorkflow   = "Order"
	restWorkflow    = "DeliverRest"
	deliverWorkflow = "DeliverOrder"
	batchSignal     = "events"
	// PaidSignal carries the proof of payment.
	PaidSignal = "paid"
)

// Task queues of orders and of deliveries.
const (
	TaskQueue         = "delivery-orders"
	DeliveryTaskQueue = "delivery-events"
)

// Order is the input of an order.
type Order struct {
	Reference string `json:"reference"`
	Design    Design `json:"design"`
	// Pause is the time between two changes that the provider makes.
	Pause time.Duration `json:"pause"`
}

// Event is a change of an order.
type Event struct {
	Reference string    `json:"reference"`
	Version   int       `json:"version"`
	Type      string    `json:"type"`
	Status    string    `json:"status"`
	At        time.Time `json:"at"`
}

// Batch is the events of an order that are delivered together.
type Batch struct {
	Events []Event `json:"events"`
	// Last is set if the order changes no more.
	Last bool `json:"last"`
	// Previous is the activity that delivers the batch before this one.
	Previous string `json:"previous,omitempty"`
}

// What an order has: six events, in five batches.
const (
	EventsPerOrder = 6
	Batches        = 5
)

// order is a running order.
type order struct {
	Order
	version  int
	batches  int
	previous string
	waiting  []Event
	busy     bool
	// undelivered is the batch that is being delivered.
	undelivered Batch
	err         error
}

// Run is an on-ramp order by its shape: four calls to the provider until there are payment instructions, a signal with the proof, a call
// that submits it, and three changes that the provider makes.
func Run(ctx workflow.Context, input Order) error {
	o := &order{Order: input}
	for range 4 {
		if err := o.call(ctx, 0); err != nil {
			return err
		}
	}
	o.change(ctx, "awaiting_payment", "instructions")
	o.publish(ctx, false)
	workflow.GetSignalChannel(ctx, PaidSignal).Receive(ctx, nil)
	if err := o.call(ctx, o.Pause); err != nil {
		return err
	}
	o.change(ctx, "verifying_payment")
	o.publish(ctx, false)
	for _, status := range []string{"settling", "attention", "completed"} {
		if err := o.call(ctx, o.Pause); err != nil {
			return err
		}
		o.change(ctx, status)
		o.publish(ctx, status == "completed")
	}
	return o.end(ctx)
}

func (o *order) call(ctx workflow.Context, pause time.Duration) error {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{StartToCloseTimeout: time.Minute})
	var calls *Calls
	return workflow.ExecuteActivity(ctx, calls.Provider, pause).Get(ctx, nil)
}

func (o *order) change(ctx workflow.Context, changes ...string) {
	for _, change := range changes {
		o.version++
		o.waiting = append(o.waiting, Event{
			Reference: o.Reference, Version: o.version, Type: "ramp.order.status_changed", Status: change, At: workflow.Now(ctx).UTC(),
		})
	}
}

// publish hands over what has changed, and delays the order for a local activity at most.
func (o *order) publish(ctx workflow.Context, last bool) {
	switch o.Design {
	case Activities:
		if !o.busy && !last {
			o.busy = true
			workflow.Go(ctx, o.deliverByActivities)
		}
	case PerOrder:
		var calls *Calls
		o.local(ctx, calls.Signal, o.batch(last))
	case Standalone:
		o.batches++
		id := fmt.Sprintf("event/%s/%d", o.Reference, o.batches)
		batch := o.batch(last)
		batch.Previous, o.previous = o.previous, id
		var calls *Calls
		o.local(ctx, calls.Start, id, batch)
	default:
	}
}

func (o *order) batch(last bool) Batch {
	batch := Batch{Events: o.waiting, Last: last}
	o.waiting = nil
	return batch
}

func (o *order) local(ctx workflow.Context, call any, arguments ...any) {
	ctx = workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{ScheduleToCloseTimeout: 10 * time.Second})
	if err := workflow.ExecuteLocalActivity(ctx, call, arguments...).Get(ctx, nil); err != nil {
		o.err = err
	}
}

// deliverByActivities delivers what waits, several changes at once where they do.
func (o *order) deliverByActivities(ctx workflow.Context) {
	for len(o.waiting) > 0 {
		o.undelivered = o.batch(false)
		var calls *Calls
		if o.err = workflow.ExecuteActivity(deliveryOptions(ctx), calls.Deliver, o.undelivered).Get(ctx, nil); o.err != nil {
			return
		}
		o.undelivered = Batch{}
	}
	o.busy = false
}

// end leaves what was not delivered to a child that outlives the order.
func (o *order) end(ctx workflow.Context) error {
	if o.Design != Activities || o.err != nil {
		return o.err
	}
	rest := Batch{Events: append(o.undelivered.Events, o.waiting...), Last: true}
	ctx = workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{
		WorkflowID: restID(o.Reference), ParentClosePolicy: abandon, TaskQueue: DeliveryTaskQueue,
	})
	return workflow.ExecuteChildWorkflow(ctx, restWorkflow, rest).GetChildWorkflowExecution().Get(ctx, nil)
}

// Other returns the id of the workflow that a design runs beside an order; empty if it runs none.
func (d Design) Other(reference string) string {
	switch d {
	case Activities:
		return restID(reference)
	case PerOrder:
		return perOrderID(reference)
	default:
		return ""
	}
}

func restID(reference string) string { return "rest/" + reference }

func perOrderID(reference string) string { return "events/" + reference }

// deliveryOptions retries a delivery often enough for the endpoint's outage in the benchmark.
func deliveryOptions(ctx workflow.Context) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue: DeliveryTaskQueue, StartToCloseTimeout: time.Minute, RetryPolicy: retries(),
	})
}

func retries() *temporal.RetryPolicy {
	return &temporal.RetryPolicy{InitialInterval: time.Second, BackoffCoefficient: 2, MaximumInterval: 8 * time.Second}
}

// deliverRest delivers a batch.
func deliverRest(ctx workflow.Context, batch Batch) error {
	var calls *Calls
	return workflow.ExecuteActivity(deliveryOptions(ctx), calls.Deliver, batch).Get(ctx, nil)
}

// deliverOrder delivers the batches of an order that it gets by signal.
func deliverOrder(ctx workflow.Context) error {
	batches := workflow.GetSignalChannel(ctx, batchSignal)
	for {
		batch := receive(ctx, batches)
		var calls *Calls
		if err := workflow.ExecuteActivity(deliveryOptions(ctx), calls.Deliver, batch).Get(ctx, nil); err != nil || batch.Last {
			return err
		}
	}
}

// receive blocks until a batch is there, and joins all that are.
func receive(ctx workflow.Context, batches workflow.ReceiveChannel) Batch {
	var all Batch
	batches.Receive(ctx, &all)
	for next := (Batch{}); batches.ReceiveAsync(&next); next = (Batch{}) {
		all.Events = append(all.Events, next.Events...)
		all.Last = all.Last || next.Last
	}
	return all
}
