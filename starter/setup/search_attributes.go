package setup

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/grpc"

	"rampart/ramp"
)

// Operator is the part of Temporal's operator service that this package uses.
type Operator interface {
	ListSearchAttributes(context.Context, *operatorservice.ListSearchAttributesRequest, ...grpc.CallOption) (*operatorservice.ListSearchAttributesResponse, error)
	AddSearchAttributes(context.Context, *operatorservice.AddSearchAttributesRequest, ...grpc.CallOption) (*operatorservice.AddSearchAttributesResponse, error)
}

// Visibility is the part of Temporal's client that shows whether a change has taken effect.
type Visibility interface {
	CountWorkflow(context.Context, *workflowservice.CountWorkflowExecutionsRequest) (*workflowservice.CountWorkflowExecutionsResponse, error)
}

// SearchAttributesResult is the result of EnsureSearchAttributes: sorted names of search attributes.
type SearchAttributesResult struct {
	Namespace string   `json:"namespace"`
	Added     []string `json:"added"`
	Existing  []string `json:"existing"`
}

// EnsureSearchAttributes registers the search attributes of orders that a namespace lacks. If one exists with another type, it returns an error and
// adds none. It returns when orders can start with the search attributes, which the server caches for up to a minute; if ctx ends before, the error
// is NotReady.
func EnsureSearchAttributes(ctx context.Context, operator Operator, visibility Visibility, namespace string) (SearchAttributesResult, error) {
	existing, err := operator.ListSearchAttributes(ctx, &operatorservice.ListSearchAttributesRequest{Namespace: namespace})
	if err != nil {
		return SearchAttributesResult{}, searchAttributesError("list", namespace, err)
	}
	result, missing, err := compare(existing.GetCustomAttributes(), namespace)
	if err != nil || len(missing) == 0 {
		return result, err
	}
	_, err = operator.AddSearchAttributes(ctx, &operatorservice.AddSearchAttributesRequest{
		Namespace:        namespace,
		SearchAttributes: missing,
	})
	if err != nil {
		return SearchAttributesResult{}, searchAttributesError("add", namespace, err)
	}
	return result, awaitSearchAttributes(ctx, visibility, namespace)
}

// compare returns the search attributes that a namespace lacks, or an error if it has one with another type.
func compare(
	existing map[string]enumspb.IndexedValueType, namespace string,
) (SearchAttributesResult, map[string]enumspb.IndexedValueType, error) {
	result := SearchAttributesResult{Namespace: namespace, Added: []string{}, Existing: []string{}}
	missing := make(map[string]enumspb.IndexedValueType)
	var conflicts []string
	required := ramp.SearchAttributeTypes()
	for _, name := range slices.Sorted(maps.Keys(required)) {
		has, exists := existing[name]
		switch {
		case !exists:
			missing[name] = required[name]
			result.Added = append(result.Added, name)
		case has != required[name]:
			conflicts = append(conflicts, fmt.Sprintf("%s is %s and must be %s", name, has, required[name]))
		default:
			result.Existing = append(result.Existing, name)
		}
	}
	if len(conflicts) > 0 {
		return SearchAttributesResult{}, nil, fmt.Errorf(
			"namespace %q has search attributes of another type: %s; nothing was changed: remove or rename them, and run setup again",
			namespace, strings.Join(conflicts, ", "))
	}
	return result, missing, nil
}

// searchAttributesError adds a remedy to an error of a server whose clients may not manage search attributes, such as Temporal Cloud.
func searchAttributesError(action, namespace string, err error) error {
	if !forbidden(err) {
		return fmt.Errorf("%s the search attributes of namespace %q: %w", action, namespace, err)
	}
	required := ramp.SearchAttributeTypes()
	var list []string
	for _, name := range slices.Sorted(maps.Keys(required)) {
		list = append(list, fmt.Sprintf("%s (%s)", name, required[name]))
	}
	return fmt.Errorf("this server does not allow clients to manage search attributes: add these to namespace %q with the server's own tools, such as "+
		"the Temporal Cloud console: %s: %w", namespace, strings.Join(list, ", "), err)
}

// awaitSearchAttributes blocks until the server accepts a query by every search attribute of orders.
func awaitSearchAttributes(ctx context.Context, visibility Visibility, namespace string) error {
	message := fmt.Sprintf("search attributes were added to namespace %q, but the server does not use them yet: run setup again in a minute", namespace)
	return poll(ctx, message, func() error {
		if err := ramp.CheckNamespace(ctx, visibility, namespace); err != nil {
			return err
		}
		return ramp.CheckFind(ctx, visibility, namespace)
	})
}
