// Package nexus runs orders as Nexus operations, for workflows of other namespaces. Their workers have no keys of Rampart: requests
// reach this package unencrypted, and it starts the orders encrypted.
//
// The service "ramp" has the operations onramp and offramp, which start an order and end with it, and order, submit-utr and
// submit-transaction-hash, which answer at once. What callers send and receive stays unencrypted in their own namespace's histories,
// unless they encrypt those with keys that are shared with this package's namespace, which is not supported.
package nexus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nexus-rpc/sdk-go/nexus"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporalnexus"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"rampart/ramp"
)

const (
	// TaskQueue is the target of the Nexus endpoint.
	TaskQueue = "ramp-nexus"
	// Service is the name of the Nexus service.
	Service = "ramp"
	// FollowWorkflow is the type of the workflow behind an operation. Its id is "nexus/" and that of the order.
	FollowWorkflow = "FollowOrder"
)

// Operations of the service.
const (
	// OnrampOperation takes a ramp.OnrampRequest, and OfframpOperation a ramp.OfframpRequest. Both return an Outcome once the order has
	// ended. A cancellation of the operation cancels the order.
	OnrampOperation  = "onramp"
	OfframpOperation = "offramp"
	// OrderOperation takes a Named and returns the ramp.Order.
	OrderOperation = "order"
	// SubmitUTROperation and SubmitHashOperation take a Submission and return the ramp.Order once the provider has accepted the proof.
	SubmitUTROperation  = ramp.SubmitUTR
	SubmitHashOperation = ramp.SubmitTransactionHash
)

// Outcome is how an order ended. It contains no personal data.
type Outcome struct {
	Reference string         `json:"reference"`
	Direction ramp.Direction `json:"direction"`
	// Status is the final status.
	Status ramp.Status `json:"status"`
	// OrderID is the provider's id of the order; empty if it has none.
	OrderID string `json:"orderId,omitempty"`
}

// Named names an order.
type Named struct {
	Direction ramp.Direction `json:"direction"`
	Reference string         `json:"reference"`
}

func (n Named) id() ramp.ID { return ramp.ID{Direction: n.Direction, Reference: n.Reference} }

// Submission is a proof of payment: UTR for an on-ramp order, TransactionHash for an off-ramp order.
type Submission struct {
	Reference       string   `json:"reference"`
	UTR             ramp.UTR `json:"utr,omitempty"`
	TransactionHash string   `json:"transactionHash,omitempty"`
}

// Options are what the service needs.
type Options struct {
	// Temporal is a connection to the namespace of the orders, without encryption.
	Temporal client.Client
	// Orders starts and reads the orders. Its connection encrypts.
	Orders *ramp.Client
	// StopTimeout is how long calls may take to finish once the worker stops.
	StopTimeout time.Duration
}

// service handles the operations.
type service struct {
	orders *ramp.Client
}

// NewWorker returns the worker that handles the operations of Service. The caller starts and stops it.
func NewWorker(o Options) (worker.Worker, error) {
	s := &service{orders: o.Orders}
	operations := nexus.NewService(Service)
	if err := operations.Register(
		s.orderOperation(OnrampOperation, s.startOnramp),
		s.orderOperation(OfframpOperation, s.startOfframp),
		nexus.NewSyncOperation(OrderOperation, s.order),
		nexus.NewSyncOperation(SubmitUTROperation, s.submitUTR),
		nexus.NewSyncOperation(SubmitHashOperation, s.submitHash),
	); err != nil {
		return nil, err
	}
	w := worker.New(o.Temporal, TaskQueue, worker.Options{WorkerStopTimeout: o.StopTimeout, DisableRegistrationAliasing: true})
	w.RegisterNexusService(operations)
	w.RegisterWorkflowWithOptions(follow, workflow.RegisterOptions{Name: FollowWorkflow})
	w.RegisterActivityWithOptions(s.awaitOrder, activity.RegisterOptions{Name: awaitOrder})
	return w, nil
}

// startTimeout bounds the start of an order, within the ten seconds that Temporal gives the handler of an operation. An order that is
// started and not answered for by then continues, and so does its operation.
const startTimeout = 5 * time.Second

type start func(context.Context, json.RawMessage) (*ramp.Order, ramp.ID, error)

// orderOperation is an operation that starts an order and ends with it. The input is decoded by the contract, not by the SDK, so that
// unknown and repeated fields are refused.
func (s *service) orderOperation(name string, begin start) nexus.RegisterableOperation {
	return temporalnexus.MustNewTemporalOperation(temporalnexus.TemporalOperationOptions[json.RawMessage, Outcome]{
		Name: name,
		Start: func(ctx context.Context, own temporalnexus.NexusClient, input json.RawMessage, _ temporalnexus.StartTemporalOperationOptions) (
			temporalnexus.TemporalOperationResult[Outcome], error,
		) {
			starting, cancel := context.WithTimeout(ctx, startTimeout)
			defer cancel()
			_, id, err := begin(starting, input)
			if err != nil && !ramp.IsError(err, ramp.NotReady) {
				return temporalnexus.TemporalOperationResult[Outcome]{}, refused(err)
			}
			options := client.StartWorkflowOptions{ID: followPrefix + id.Direction.WorkflowID(id.Reference), TaskQueue: TaskQueue}
			return temporalnexus.StartUntypedWorkflow[Outcome](ctx, own, options, FollowWorkflow, Named{id.Direction, id.Reference})
		},
		CancelWorkflowRun: s.cancel,
	})
}

func (s *service) startOnramp(ctx context.Context, input json.RawMessage) (*ramp.Order, ramp.ID, error) {
	var request ramp.OnrampRequest
	if err := decode(input, &request); err != nil {
		return nil, ramp.ID{}, err
	}
	order, err := s.orders.StartOnramp(ctx, request)
	return order, ramp.ID{Direction: ramp.Onramp, Reference: request.Reference}, err
}

func (s *service) startOfframp(ctx context.Context, input json.RawMessage) (*ramp.Order, ramp.ID, error) {
	var request ramp.OfframpRequest
	if err := decode(input, &request); err != nil {
		return nil, ramp.ID{}, err
	}
	order, err := s.orders.StartOfframp(ctx, request)
	return order, ramp.ID{Direction: ramp.Offramp, Reference: request.Reference}, err
}

func (s *service) order(ctx context.Context, input json.RawMessage, _ nexus.StartOperationOptions) (*ramp.Order, error) {
	var named Named
	if err := decode(input, &named); err != nil {
		return nil, refused(err)
	}
	order, err := s.orders.Get(ctx, named.id())
	return order, refused(err)
}

func (s *service) submitUTR(ctx context.Context, input json.RawMessage, _ nexus.StartOperationOptions) (*ramp.Order, error) {
	var given Submission
	if err := decode(input, &given); err != nil {
		return nil, refused(err)
	}
	order, err := s.orders.SubmitUTR(ctx, given.Reference, string(given.UTR))
	return order, refused(err)
}

func (s *service) submitHash(ctx context.Context, input json.RawMessage, _ nexus.StartOperationOptions) (*ramp.Order, error) {
	var given Submission
	if err := decode(input, &given); err != nil {
		return nil, refused(err)
	}
	order, err := s.orders.SubmitTransactionHash(ctx, given.Reference, given.TransactionHash)
	return order, refused(err)
}

func decode(input json.RawMessage, into any) error {
	if err := ramp.Decode(input, into); err != nil {
		return &ramp.Error{Type: ramp.InvalidRequest, Message: "the input " + err.Error()}
	}
	return nil
}

// refused returns err as an error of an operation. One of the contract fails the operation as an application error of its type, without
// the order that it may contain. Any other, and NotReady, is retried until the operation's time is up.
func refused(err error) error {
	var contract *ramp.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &contract) && contract.Type != ramp.NotReady:
		return &nexus.HandlerError{
			Type:          nexus.HandlerErrorTypeBadRequest,
			RetryBehavior: nexus.HandlerErrorRetryBehaviorNonRetryable,
			Message:       contract.Error(),
			Cause:         applicationError(contract),
		}
	default:
		return nexus.NewHandlerErrorf(nexus.HandlerErrorTypeUnavailable, "the order cannot be reached now: %w", err)
	}
}

// cancel cancels the order of an operation. The operation ends with the order, which goes on if the provider has the payment.
func (s *service) cancel(
	ctx context.Context, _ client.Client, o temporalnexus.CancelTemporalWorkflowRunOptions, _ nexus.CancelOperationOptions,
) error {
	id, err := followed(o.WorkflowID)
	if err != nil {
		return err
	}
	_, err = s.orders.Cancel(ctx, id)
	var contract *ramp.Error
	if errors.As(err, &contract) { // refused, over, or it waits for the provider
		return nil
	}
	if err != nil {
		return fmt.Errorf("cancel the order of the operation: %w", err)
	}
	return nil
}
