package commands

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"rampart/internal/redact"
	"rampart/ramp"
	"rampart/ramp/situation"
	"rampart/starter/connection"
	"rampart/starter/stack"
	"rampart/starter/view"
)

// Exit codes, documented in the help of the root command.
const (
	exitDone = iota
	exitError
	exitUsage
	exitEnded
	exitNotReady
)

// Types of the starter's own errors in JSON, beside those of ramp.
const (
	typeUsage       ramp.ErrorType = "Usage"
	typeEnded       ramp.ErrorType = "Ended"
	typeUnreachable ramp.ErrorType = "Unreachable"
	typeFailed      ramp.ErrorType = "Failed"
)

// requestError is an error of the contract about a request that was given by flags.
type requestError struct {
	invalid *ramp.Error
	// flagOf is the flag of each field, by its JSON path.
	flagOf map[string]string
}

func (e *requestError) Error() string { return e.invalid.Error() }

// Unwrap returns the error of the contract.
func (e *requestError) Unwrap() error { return e.invalid }

// endedError reports that an order ended in another status than completed.
type endedError struct{ order *ramp.Order }

func (e *endedError) Error() string {
	return fmt.Sprintf("order %s ended as %s", e.order.Reference, e.order.Status)
}

// ending returns an *endedError if the order has ended in another status than completed.
func ending(order *ramp.Order) error {
	if order.Status.Final() && order.Status != ramp.Completed {
		return &endedError{order}
	}
	return nil
}

// exitCode returns the exit code of a command that returned err.
func exitCode(err error) int {
	var usage *usageError
	var ended *endedError
	var differences *differencesError
	var contract *ramp.Error
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &usage), ramp.IsError(err, ramp.InvalidRequest):
		return exitUsage
	case errors.As(err, &ended), errors.As(err, &differences):
		return exitEnded
	case ramp.IsError(err, ramp.OrderOver) && errors.As(err, &contract) && contract.Order != nil && contract.Order.Status != ramp.Completed:
		return exitEnded
	case ramp.IsError(err, ramp.NotReady), errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return exitNotReady
	default:
		return exitError
	}
}

// report prints an error to standard error: as a JSON document with -o json, otherwise as one line, with a line for each invalid field.
func (p *Program) report(err error) {
	if p.output.json {
		_ = writeJSON(p.Stderr, errorDocument(err)) // a failure to write to standard error cannot be reported
		return
	}
	for _, line := range slices.Concat(errorLines(err), p.holderLines(err)) {
		_, _ = fmt.Fprintln(p.Stderr, line)
	}
}

// errorDocument returns an error in the JSON form of the contract's errors.
func errorDocument(err error) *ramp.Error {
	var contract *ramp.Error
	var usage *usageError
	var ended *endedError
	var differences *differencesError
	var unreachable *connection.UnreachableError
	var failed *stack.FailedError
	switch {
	case errors.As(err, &contract):
		return contract
	case errors.As(err, &failed):
		text := strings.Join(slices.Concat([]string{failed.Error()}, failed.Details()), "\n")
		return &ramp.Error{Type: typeFailed, Message: redact.Text(text)}
	case errors.As(err, &usage):
		return &ramp.Error{Type: typeUsage, Message: usage.message}
	case errors.As(err, &ended):
		return &ramp.Error{Type: typeEnded, Reference: ended.order.Reference, Message: err.Error(), Order: ended.order}
	case errors.As(err, &differences):
		return &ramp.Error{Type: typeDifferences, Message: err.Error()}
	case errors.As(err, &unreachable):
		return &ramp.Error{Type: typeUnreachable, Message: unreachable.Error()}
	default:
		return &ramp.Error{Type: typeFailed, Message: redact.Text(err.Error())}
	}
}

// errorLines returns an error as lines of text.
func errorLines(err error) []string {
	var contract *ramp.Error
	var request *requestError
	var usage *usageError
	var ended *endedError
	var failed *stack.FailedError
	switch {
	case errors.As(err, &request):
		return slices.Concat(fieldLines(request.invalid, request.flagOf), hintLines(request))
	case errors.As(err, &contract) && len(contract.Fields) > 0:
		return fieldLines(contract, nil)
	case errors.As(err, &usage) && usage.command != "":
		return []string{"starter: " + usage.message, fmt.Sprintf("Run \"%s --help\" for usage.", usage.command)}
	case errors.As(err, &failed):
		return slices.Concat([]string{"starter: " + failed.Error()}, failed.Details())
	case errors.As(err, &contract), errors.As(err, &usage), errors.As(err, &ended):
		return []string{"starter: " + err.Error()}
	default: // an error of a library, which may contain personal data
		return []string{"starter: " + redact.Text(err.Error())}
	}
}

// fieldLines returns an error of the contract with one line for each invalid field, which is named by its flag if it has one.
func fieldLines(err *ramp.Error, flagOf map[string]string) []string {
	name := func(field string) string {
		if flag, known := flagOf[field]; known {
			return flag
		}
		return field
	}
	head := *err
	head.Fields = nil
	lines := []string{"starter: " + head.Error()}
	width := 0
	for _, field := range err.Fields {
		width = max(width, len(name(field.Field)))
	}
	for _, field := range err.Fields {
		lines = append(lines, fmt.Sprintf("  %-*s  %s", width, name(field.Field), field.Problem))
	}
	return lines
}

// hintLines explains references to a user whose --reference is missing or malformed.
func hintLines(request *requestError) []string {
	aboutReference := func(f ramp.FieldError) bool { return request.flagOf[f.Field] == "--reference" }
	if !slices.ContainsFunc(request.invalid.Fields, aboutReference) {
		return nil
	}
	return []string{referenceHint}
}

// holderLines describes the order that holds a reference that was already taken.
func (p *Program) holderLines(err error) []string {
	var taken *ramp.Error
	if !errors.As(err, &taken) || taken.Type != ramp.ReferenceTaken || taken.Order == nil {
		return nil
	}
	holder := taken.Order
	lines := []string{fmt.Sprintf("  the order with this reference is %s, since %s", view.Words(holder.Status), situation.Moment(holder.UpdatedAt))}
	if taken.RunID != "" {
		lines = append(lines, fmt.Sprintf("  %s explain %s --run %s", p.Name, holder.Direction.WorkflowID(holder.Reference), taken.RunID))
	}
	return lines
}
