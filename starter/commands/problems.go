package commands

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"rampart/internal/redact"
	"rampart/ramp"
	"rampart/starter/connection"
	"rampart/starter/demo"
	"rampart/starter/view"
)

// Exit codes, as the help documents them.
const (
	exitDone = iota
	exitError
	exitUsage
	exitEnded
	exitNotReady
)

// Types of errors that are this program's own, beside those of ramp, in JSON.
const (
	typeUsage       ramp.ErrorType = "Usage"
	typeEnded       ramp.ErrorType = "Ended"
	typeUnreachable ramp.ErrorType = "Unreachable"
	typeFailed      ramp.ErrorType = "Failed"
)

// requestError is an invalid request of which some or all fields were given by flags.
type requestError struct {
	invalid *ramp.Error
	// flags names the flag of a field.
	flags map[string]string
}

func (e *requestError) Error() string { return e.invalid.Error() }

// Unwrap returns the contract's error.
func (e *requestError) Unwrap() error { return e.invalid }

// endedError says that an order which was followed has ended, and not as completed.
type endedError struct{ order *ramp.Order }

func (e *endedError) Error() string {
	return fmt.Sprintf("order %s ended as %s", e.order.Reference, e.order.Status)
}

// ending is nil unless the order has ended in another way than by completion.
func ending(order *ramp.Order) error {
	if order.Status.Final() && order.Status != ramp.Completed {
		return &endedError{order}
	}
	return nil
}

func exitCode(err error) int {
	var usage *usageError
	var ended *endedError
	var contract *ramp.Error
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &usage), ramp.IsError(err, ramp.InvalidRequest):
		return exitUsage
	case errors.As(err, &ended):
		return exitEnded
	case ramp.IsError(err, ramp.OrderOver) && errors.As(err, &contract) && contract.Order != nil && contract.Order.Status != ramp.Completed:
		return exitEnded
	case ramp.IsError(err, ramp.NotReady), errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return exitNotReady
	default:
		return exitError
	}
}

// report prints an error to standard error: one sentence, and every bad field on a line of its own.
func (p *Program) report(err error) {
	if p.output.json {
		_ = writeJSON(p.Stderr, document(err)) // there is nowhere left to complain
		return
	}
	for _, line := range slices.Concat(lines(err), p.holder(err)) {
		_, _ = fmt.Fprintln(p.Stderr, line)
	}
}

// holder tells of the order that has a reference which was taken.
func (p *Program) holder(err error) []string {
	var taken *ramp.Error
	if !errors.As(err, &taken) || taken.Type != ramp.ReferenceTaken || taken.Order == nil {
		return nil
	}
	holder := taken.Order
	all := []string{fmt.Sprintf("  the order that has it is %s, since %s", view.Words(holder.Status), view.Moment(holder.UpdatedAt))}
	if taken.RunID != "" {
		all = append(all, fmt.Sprintf("  %s explain %s --run %s", p.Name, holder.Direction.WorkflowID(holder.Reference), taken.RunID))
	}
	return all
}

// document is an error in the form of the contract's own.
func document(err error) *ramp.Error {
	var contract *ramp.Error
	var usage *usageError
	var ended *endedError
	var unreachable *connection.UnreachableError
	switch {
	case errors.As(err, &contract):
		return contract
	case errors.As(err, &usage):
		return &ramp.Error{Type: typeUsage, Message: usage.message}
	case errors.As(err, &ended):
		return &ramp.Error{Type: typeEnded, Reference: ended.order.Reference, Message: err.Error(), Order: ended.order}
	case errors.As(err, &unreachable):
		return &ramp.Error{Type: typeUnreachable, Message: unreachable.Error()}
	default:
		return &ramp.Error{Type: typeFailed, Message: redact.Text(err.Error())}
	}
}

func lines(err error) []string {
	var contract *ramp.Error
	var request *requestError
	var usage *usageError
	var ended *endedError
	var failed *demo.FailedError
	switch {
	case errors.As(err, &request):
		return slices.Concat(fieldLines(request.invalid, request.flags), hints(request))
	case errors.As(err, &contract) && len(contract.Fields) > 0:
		return fieldLines(contract, nil)
	case errors.As(err, &usage) && usage.command != "":
		return []string{"starter: " + usage.message, usage.command + " --help tells more"}
	case errors.As(err, &failed):
		return slices.Concat([]string{"starter: " + failed.Error()}, failed.Details())
	case errors.As(err, &contract), errors.As(err, &usage), errors.As(err, &ended):
		return []string{"starter: " + err.Error()}
	default: // somebody else's words
		return []string{"starter: " + redact.Text(err.Error())}
	}
}

func fieldLines(err *ramp.Error, flags map[string]string) []string {
	head := *err
	head.Fields = nil
	all := []string{"starter: " + head.Error()}
	width := 0
	for _, field := range err.Fields {
		width = max(width, len(label(field.Field, flags)))
	}
	for _, field := range err.Fields {
		all = append(all, fmt.Sprintf("  %-*s  %s", width, label(field.Field, flags), field.Problem))
	}
	return all
}

// label is what the user calls a field.
func label(field string, flags map[string]string) string {
	if flag, known := flags[field]; known {
		return flag
	}
	return field
}

// hints say more about the most common mistake.
func hints(request *requestError) []string {
	aboutReference := func(f ramp.FieldError) bool { return request.flags[f.Field] == "--reference" }
	if !slices.ContainsFunc(request.invalid.Fields, aboutReference) {
		return nil
	}
	return []string{referenceHint}
}
