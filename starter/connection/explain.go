package connection

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.temporal.io/api/serviceerror"

	"rampart/ramp"
)

// askTimeout bounds how long a namespace may take to tell what it lacks.
const askTimeout = 3 * time.Second

// UnreachableError says that no Temporal server answers.
type UnreachableError struct {
	Address string
	Cause   error
}

// Error says where it was looked for, why in vain, and what to do.
func (e *UnreachableError) Error() string {
	return fmt.Sprintf("Temporal cannot be reached at %s (%s): start a server there, such as devserver, or set TEMPORAL_ADDRESS",
		e.Address, e.reason())
}

// Unwrap returns the connection's own error.
func (e *UnreachableError) Unwrap() error { return e.Cause }

// reason says in a few words what gRPC says in many.
func (e *UnreachableError) reason() string {
	said := strings.ToLower(e.Cause.Error())
	for _, known := range []struct{ sign, reason string }{
		{"connection refused", "connection refused"},
		{"no such host", "its name cannot be resolved"},
		{"no children to pick from", "its name cannot be resolved"},
		{"certificate", "one side does not accept the other's TLS certificate"},
		{"tls: ", "one side speaks TLS and the other does not"},
		{"error reading server preface", "one side speaks TLS and the other does not"},
		{"unauthorized", "it does not accept the credentials"},
		{"unauthenticated", "it does not accept the credentials"},
		{"permission", "it does not accept the credentials"},
		{"canceled", "interrupted"},
	} {
		if strings.Contains(said, known.sign) {
			return known.reason
		}
	}
	return "no answer in time"
}

// Explain puts into words what Temporal itself refuses or cannot do. Errors of the contract, and those it does not know,
// it leaves alone.
func (c *Connection) Explain(err error) error {
	var contract *ramp.Error
	if err == nil || errors.As(err, &contract) {
		return err
	}
	var (
		unavailable *serviceerror.Unavailable
		late        *serviceerror.DeadlineExceeded
		forbidden   *serviceerror.PermissionDenied
		unready     *ramp.NamespaceError
	)
	switch {
	case errors.As(ramp.ExplainNamespace(c.Namespace, err), &unready):
		return fmt.Errorf("at %s %w", c.Address, unready)
	case errors.As(err, &unavailable):
		return &UnreachableError{Address: c.Address, Cause: err}
	case errors.As(err, &forbidden):
		return fmt.Errorf("the Temporal server at %s does not allow this: check TEMPORAL_API_KEY or the client certificate: %w", c.Address, err)
	case NoWorker(err), errors.As(err, &late):
		return &ramp.Error{Type: ramp.NotReady, Message: fmt.Sprintf(
			"no answer in time: either no worker runs for task queue %q in namespace %q, or Temporal at %s is slow", ramp.TaskQueue, c.Namespace, c.Address)}
	default:
		return err
	}
}

// NotSetUp returns what the namespace lacks of what orders need, as a *ramp.NamespaceError; nil if it lacks nothing, or cannot be asked.
func (c *Connection) NotSetUp(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	var unready *ramp.NamespaceError
	if errors.As(ramp.CheckNamespace(ctx, c.Temporal, c.Namespace), &unready) {
		return unready
	}
	return nil
}

// NoWorker reports whether a query failed for want of a worker that could answer it.
func NoWorker(err error) bool {
	var precondition *serviceerror.FailedPrecondition
	return errors.As(err, &precondition) && strings.Contains(precondition.Message, "no poller")
}

// Passing reports whether an error may be gone on the next attempt, with the request unchanged: the server restarts, or
// no worker runs just now.
func Passing(err error) bool {
	var (
		unavailable *serviceerror.Unavailable
		late        *serviceerror.DeadlineExceeded
		exhausted   *serviceerror.ResourceExhausted
		notReady    *serviceerror.WorkflowNotReady
	)
	return errors.As(err, &unavailable) || errors.As(err, &late) || errors.As(err, &exhausted) || errors.As(err, &notReady) ||
		NoWorker(err)
}
