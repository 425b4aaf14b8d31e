// Package setup makes any Temporal cluster ready for orders: it creates their namespace, or sets how long it keeps orders that
// are over, and registers their search attributes.
package setup

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/grpc"

	"rampart/ramp"
)

// askAgain is how often a namespace is asked whether it knows new search attributes yet.
const askAgain = 500 * time.Millisecond

// Operator is what setup needs of Temporal's operator service.
type Operator interface {
	ListSearchAttributes(context.Context, *operatorservice.ListSearchAttributesRequest, ...grpc.CallOption) (*operatorservice.ListSearchAttributesResponse, error)
	AddSearchAttributes(context.Context, *operatorservice.AddSearchAttributesRequest, ...grpc.CallOption) (*operatorservice.AddSearchAttributesResponse, error)
}

// Visibility is what setup needs to know whether new search attributes can be used.
type Visibility interface {
	CountWorkflow(context.Context, *workflowservice.CountWorkflowExecutionsRequest) (*workflowservice.CountWorkflowExecutionsResponse, error)
}

// Result says what setup did, by names of search attributes, sorted.
type Result struct {
	Namespace string   `json:"namespace"`
	Added     []string `json:"added"`
	Existing  []string `json:"existing"`
}

// SearchAttributes registers those search attributes of orders that a namespace lacks, and returns once orders can start
// with them: servers keep what they know of search attributes for up to a minute. One that exists with another type is
// an error, and nothing is added then.
func SearchAttributes(ctx context.Context, operator Operator, visibility Visibility, namespace string) (Result, error) {
	known, err := operator.ListSearchAttributes(ctx, &operatorservice.ListSearchAttributesRequest{Namespace: namespace})
	if err != nil {
		return Result{}, refused("listed", namespace, err)
	}
	result, missing, err := compare(known.GetCustomAttributes(), namespace)
	if err != nil || len(missing) == 0 {
		return result, err
	}
	_, err = operator.AddSearchAttributes(ctx, &operatorservice.AddSearchAttributesRequest{
		Namespace:        namespace,
		SearchAttributes: missing,
	})
	if err != nil {
		return Result{}, refused("added", namespace, err)
	}
	return result, usable(ctx, visibility, namespace)
}

// compare tells what a namespace lacks.
func compare(known map[string]enumspb.IndexedValueType, namespace string) (Result, map[string]enumspb.IndexedValueType, error) {
	result := Result{Namespace: namespace, Added: []string{}, Existing: []string{}}
	missing := make(map[string]enumspb.IndexedValueType)
	var clashes []string
	wanted := ramp.SearchAttributeTypes()
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		has, exists := known[name]
		switch {
		case !exists:
			missing[name] = wanted[name]
			result.Added = append(result.Added, name)
		case has != wanted[name]:
			clashes = append(clashes, fmt.Sprintf("%s is %s and must be %s", name, has, wanted[name]))
		default:
			result.Existing = append(result.Existing, name)
		}
	}
	if len(clashes) > 0 {
		return Result{}, nil, fmt.Errorf("namespace %q has search attributes of another type: %s; remove or rename them first, nothing was changed",
			namespace, strings.Join(clashes, ", "))
	}
	return result, missing, nil
}

// refused tells what to do where the operator service is closed, as it is on Temporal Cloud.
func refused(what, namespace string, err error) error {
	if !closed(err) {
		return fmt.Errorf("search attributes of namespace %q could not be %s: %w", namespace, what, err)
	}
	wanted := ramp.SearchAttributeTypes()
	var list []string
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		list = append(list, fmt.Sprintf("%s (%s)", name, wanted[name]))
	}
	return fmt.Errorf("this server does not let its clients change search attributes; add them to namespace %q by the server's own means, such as the Temporal Cloud console: %s: %w",
		namespace, strings.Join(list, ", "), err)
}

// usable waits until a query by every search attribute of orders is understood.
func usable(ctx context.Context, visibility Visibility, namespace string) error {
	return until(ctx, "the search attributes were added, but the server cannot use them yet; run setup again in a minute", func() error {
		return ramp.CheckNamespace(ctx, visibility, namespace)
	})
}
