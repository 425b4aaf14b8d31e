// Package setup prepares a Temporal namespace for orders: it creates the namespace or sets its retention, and registers the search attributes of
// orders. Every function can be repeated, and changes only what is missing or was asked for.
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
	// DefaultRetention is the retention of a namespace that is created without another.
	DefaultRetention = 30 * 24 * time.Hour
	// MinRetention is the shortest retention that Temporal accepts.
	MinRetention = 24 * time.Hour
	// pollInterval is the interval at which the server is asked whether a change has taken effect.
	pollInterval = 500 * time.Millisecond
)

// Namespaces is the part of Temporal's workflow service that this package uses.
type Namespaces interface {
	DescribeNamespace(context.Context, *workflowservice.DescribeNamespaceRequest, ...grpc.CallOption) (*workflowservice.DescribeNamespaceResponse, error)
	RegisterNamespace(context.Context, *workflowservice.RegisterNamespaceRequest, ...grpc.CallOption) (*workflowservice.RegisterNamespaceResponse, error)
	UpdateNamespace(context.Context, *workflowservice.UpdateNamespaceRequest, ...grpc.CallOption) (*workflowservice.UpdateNamespaceResponse, error)
}

// NamespaceResult is the result of EnsureNamespace.
type NamespaceResult struct {
	// Created reports whether the namespace did not exist before.
	Created bool
	// Retention is how long Temporal keeps an order, and with it its reference, after the order has ended.
	Retention time.Duration
	// Before is the former retention if it was changed, and zero otherwise.
	Before time.Duration
}

// EnsureNamespace creates a namespace, or sets the retention of an existing one. A retention of zero leaves that of an existing namespace as it is,
// and is DefaultRetention for a new one. It returns when the namespace can be used; if ctx ends before, the error is NotReady.
func EnsureNamespace(
	ctx context.Context, namespaces Namespaces, visibility Visibility, name string, retention time.Duration,
) (NamespaceResult, error) {
	described, err := namespaces.DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: name})
	var absent *serviceerror.NamespaceNotFound
	switch {
	case errors.As(err, &absent):
		return createNamespace(ctx, namespaces, visibility, name, retention)
	case err != nil:
		return NamespaceResult{}, namespaceError(name, fmt.Sprintf("check the credentials, and create namespace %q if it does not exist", name), err)
	}
	current := described.GetConfig().GetWorkflowExecutionRetentionTtl().AsDuration()
	if retention == 0 || retention == current {
		return NamespaceResult{Retention: current}, nil
	}
	return setRetention(ctx, namespaces, name, current, retention)
}

func createNamespace(
	ctx context.Context, namespaces Namespaces, visibility Visibility, name string, retention time.Duration,
) (NamespaceResult, error) {
	if retention == 0 {
		retention = DefaultRetention
	}
	_, err := namespaces.RegisterNamespace(ctx, &workflowservice.RegisterNamespaceRequest{
		Namespace:                        name,
		Description:                      "On-ramp and off-ramp orders",
		WorkflowExecutionRetentionPeriod: durationpb.New(retention),
	})
	if err != nil {
		return NamespaceResult{}, namespaceError(name, fmt.Sprintf("create namespace %q", name), err)
	}
	return NamespaceResult{Created: true, Retention: retention}, awaitNamespace(ctx, visibility, name)
}

func setRetention(ctx context.Context, namespaces Namespaces, name string, before, retention time.Duration) (NamespaceResult, error) {
	_, err := namespaces.UpdateNamespace(ctx, &workflowservice.UpdateNamespaceRequest{
		Namespace: name,
		Config:    &namespacepb.NamespaceConfig{WorkflowExecutionRetentionTtl: durationpb.New(retention)},
	})
	if err != nil {
		return NamespaceResult{}, namespaceError(name, fmt.Sprintf("set the retention of namespace %q to %s", name, Days(retention)), err)
	}
	return NamespaceResult{Retention: retention, Before: before}, nil
}

// awaitNamespace blocks until a new namespace can be used. The server caches namespaces for some seconds.
func awaitNamespace(ctx context.Context, visibility Visibility, name string) error {
	return poll(ctx, fmt.Sprintf("namespace %q was created, but the server does not use it yet: run setup again in a minute", name), func() error {
		_, err := visibility.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{Namespace: name})
		return err
	})
}

// poll calls check until it succeeds. When ctx ends before, it returns a NotReady error with the message.
func poll(ctx context.Context, message string, check func() error) error {
	ticks := time.NewTicker(pollInterval)
	defer ticks.Stop()
	for {
		if check() == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return &ramp.Error{Type: ramp.NotReady, Message: message}
		case <-ticks.C:
		}
	}
}

// namespaceError adds a remedy to an error of a server whose clients may not manage namespaces, such as Temporal Cloud.
func namespaceError(name, remedy string, err error) error {
	if !forbidden(err) {
		return fmt.Errorf("namespace %q: %w", name, err)
	}
	return fmt.Errorf("this server does not allow clients to manage namespaces: %s with the server's own tools, such as the Temporal Cloud "+
		"console or tcld, and run setup again: %w", remedy, err)
}

// forbidden reports whether the server does not offer a service to its clients.
func forbidden(err error) bool {
	var denied *serviceerror.PermissionDenied
	var unimplemented *serviceerror.Unimplemented
	return errors.As(err, &denied) || errors.As(err, &unimplemented)
}

// Days formats a retention in days, as Temporal's own tools do; one that is not in whole days as a duration.
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
