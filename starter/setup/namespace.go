package setup

import (
	"context"
	"errors"
	"fmt"
	"time"

	namespacepb "go.temporal.io/api/namespace/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/durationpb"

	"rampart/ramp"
)

const (
	// DefaultRetention is that of a namespace that setup creates, unless told otherwise.
	DefaultRetention = 30 * 24 * time.Hour
	// LeastRetention is the shortest that Temporal accepts.
	LeastRetention = 24 * time.Hour
)

// Namespaces is what setup needs of Temporal's workflow service.
type Namespaces interface {
	DescribeNamespace(context.Context, *workflowservice.DescribeNamespaceRequest, ...grpc.CallOption) (*workflowservice.DescribeNamespaceResponse, error)
	RegisterNamespace(context.Context, *workflowservice.RegisterNamespaceRequest, ...grpc.CallOption) (*workflowservice.RegisterNamespaceResponse, error)
	UpdateNamespace(context.Context, *workflowservice.UpdateNamespaceRequest, ...grpc.CallOption) (*workflowservice.UpdateNamespaceResponse, error)
}

// Outcome says what setup did to a namespace.
type Outcome struct {
	Created bool
	// Retention is how long Temporal keeps orders that are over, and with them their references. Before is what it was, if
	// setup has changed it, and zero otherwise.
	Retention, Before time.Duration
}

// Namespace makes sure that a namespace is there, and that it keeps orders that are over for so long. A retention of zero
// leaves that of a namespace that is there, and is DefaultRetention for one that is not. It returns once the namespace can be
// used.
func Namespace(ctx context.Context, namespaces Namespaces, visibility Visibility, name string, retention time.Duration) (Outcome, error) {
	described, err := namespaces.DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: name})
	var absent *serviceerror.NamespaceNotFound
	switch {
	case errors.As(err, &absent):
		return create(ctx, namespaces, visibility, name, retention)
	case err != nil:
		return Outcome{}, managed(name, fmt.Sprintf("check the credentials and, if it is not there, create namespace %q", name), err)
	}
	has := described.GetConfig().GetWorkflowExecutionRetentionTtl().AsDuration()
	if retention == 0 || retention == has {
		return Outcome{Retention: has}, nil
	}
	return keepFor(ctx, namespaces, name, retention, has)
}

func create(ctx context.Context, namespaces Namespaces, visibility Visibility, name string, retention time.Duration) (Outcome, error) {
	if retention == 0 {
		retention = DefaultRetention
	}
	_, err := namespaces.RegisterNamespace(ctx, &workflowservice.RegisterNamespaceRequest{
		Namespace:                        name,
		Description:                      "On-ramp and off-ramp orders",
		WorkflowExecutionRetentionPeriod: durationpb.New(retention),
	})
	if err != nil {
		return Outcome{}, managed(name, fmt.Sprintf("create namespace %q, which is not there,", name), err)
	}
	return Outcome{Created: true, Retention: retention}, known(ctx, visibility, name)
}

func keepFor(ctx context.Context, namespaces Namespaces, name string, retention, before time.Duration) (Outcome, error) {
	_, err := namespaces.UpdateNamespace(ctx, &workflowservice.UpdateNamespaceRequest{
		Namespace: name,
		Config:    &namespacepb.NamespaceConfig{WorkflowExecutionRetentionTtl: durationpb.New(retention)},
	})
	if err != nil {
		return Outcome{}, managed(name, fmt.Sprintf("set the retention of namespace %q to %s", name, Days(retention)), err)
	}
	return Outcome{Retention: retention, Before: before}, nil
}

// known waits until the server knows a new namespace, which takes it some seconds.
func known(ctx context.Context, visibility Visibility, name string) error {
	return until(ctx, "the namespace was created, but the server does not know it yet; run setup again in a minute", func() error {
		_, err := visibility.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{Namespace: name})
		return err
	})
}

// until tries something until it succeeds.
func until(ctx context.Context, otherwise string, try func() error) error {
	ticks := time.NewTicker(askAgain)
	defer ticks.Stop()
	for {
		if try() == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return &ramp.Error{Type: ramp.NotReady, Message: otherwise}
		case <-ticks.C:
		}
	}
}

// managed tells what to do where namespaces are not managed by those who use them, as on Temporal Cloud.
func managed(name, todo string, err error) error {
	if !closed(err) {
		return fmt.Errorf("namespace %q: %w", name, err)
	}
	return fmt.Errorf("this server does not let its clients manage namespaces: %s by the server's own means, such as the Temporal Cloud "+
		"console or tcld, and run setup again: %w", todo, err)
}

// closed reports whether the server keeps a service from its clients.
func closed(err error) bool {
	var forbidden *serviceerror.PermissionDenied
	var unknown *serviceerror.Unimplemented
	return errors.As(err, &forbidden) || errors.As(err, &unknown)
}

// Days is a retention in days, as Temporal's own tools show it.
func Days(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d == day:
		return "1 day"
	case d%day != 0:
		return d.String()
	}
	return fmt.Sprintf("%d days", d/day)
}
