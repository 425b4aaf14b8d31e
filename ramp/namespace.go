package ramp

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/temporal"
)

// Visibility counts workflows, as a Temporal client does.
type Visibility interface {
	CountWorkflow(context.Context, *workflowservice.CountWorkflowExecutionsRequest) (*workflowservice.CountWorkflowExecutionsResponse, error)
}

// NamespaceError is the error of a namespace that cannot run orders: it does not exist or lacks a search attribute.
type NamespaceError struct {
	Namespace string
	// Lacks is the missing search attribute. Empty if the namespace does not exist.
	Lacks string
	// Cause is the error of Temporal.
	Cause error
}

// OnlyFind reports whether orders run in the namespace, and only finding them by user or proof fails.
func (e *NamespaceError) OnlyFind() bool {
	return slices.ContainsFunc(FindAttributes(), func(key temporal.SearchAttributeKey) bool { return key.GetName() == e.Lacks })
}

// Error returns what is missing and how to add it.
func (e *NamespaceError) Error() string {
	if e.Lacks == "" {
		return fmt.Sprintf("there is no namespace %q: set TEMPORAL_NAMESPACE to another, or create it with \"starter setup\"", e.Namespace)
	}
	if e.OnlyFind() {
		return fmt.Sprintf("namespace %q is not set up for finding orders by user or proof: it lacks the search attribute %s; run \"starter setup\"",
			e.Namespace, e.Lacks)
	}
	return fmt.Sprintf("namespace %q is not set up for orders: it lacks the search attribute %s; run \"starter setup\"", e.Namespace, e.Lacks)
}

// Unwrap returns Temporal's own error.
func (e *NamespaceError) Unwrap() error { return e.Cause }

// CheckNamespace checks that a namespace can run orders. The error is a *NamespaceError if it cannot, and Temporal's own if the check
// failed.
func CheckNamespace(ctx context.Context, visibility Visibility, namespace string) error {
	return checkAttributes(ctx, visibility, namespace, SearchAttributes())
}

// CheckFind checks that orders of a namespace can be found by user and proof, as CheckNamespace checks that they can run.
func CheckFind(ctx context.Context, visibility Visibility, namespace string) error {
	return checkAttributes(ctx, visibility, namespace, FindAttributes())
}

func checkAttributes(ctx context.Context, visibility Visibility, namespace string, keys []temporal.SearchAttributeKey) error {
	conditions := []string{`WorkflowId = "-"`} // no order has this id, so nothing is counted
	for _, key := range keys {
		conditions = append(conditions, key.GetName()+" IS NULL")
	}
	_, err := visibility.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{
		Namespace: namespace, Query: strings.Join(conditions, " AND "),
	})
	return ExplainNamespace(namespace, err)
}

// ExplainNamespace returns a *NamespaceError for an error of Temporal whose cause is a namespace that cannot run orders, and any other
// error unchanged.
func ExplainNamespace(namespace string, err error) error {
	var (
		explained *NamespaceError
		absent    *serviceerror.NamespaceNotFound
		invalid   *serviceerror.InvalidArgument
	)
	switch {
	case errors.As(err, &explained):
		return err
	case errors.As(err, &absent):
		return &NamespaceError{Namespace: namespace, Cause: err}
	case !errors.As(err, &invalid):
		return err
	}
	if lacks := searchAttributeIn(invalid.Message); lacks != "" {
		return &NamespaceError{Namespace: namespace, Lacks: lacks, Cause: err}
	}
	return err
}

// searchAttributeIn returns the search attribute of orders that a message names, or empty. Servers word it differently: "invalid search
// attribute: RampStatus", "no mapping defined for search attribute RampStatus", "column name 'RampStatus' is not defined".
func searchAttributeIn(message string) string {
	words := strings.FieldsFunc(message, func(r rune) bool { return !isAlphanumeric(byte(min(r, 127))) })
	for _, key := range slices.Concat(SearchAttributes(), FindAttributes()) {
		if slices.Contains(words, key.GetName()) {
			return key.GetName()
		}
	}
	return ""
}
