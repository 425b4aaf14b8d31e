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

// checkTimeout bounds the check of whether a namespace is set up.
const checkTimeout = 3 * time.Second

// UnreachableError reports that no Temporal server answers at an address.
type UnreachableError struct {
	Address string
	Cause   error
}

// Error returns the address, the reason in a few words, and what to do.
func (e *UnreachableError) Error() string {
	return fmt.Sprintf("cannot reach Temporal at %s (%s): start a server there, such as devserver, or set TEMPORAL_ADDRESS",
		e.Address, e.reason())
}

// Unwrap returns the error of the connection.
func (e *UnreachableError) Unwrap() error { return e.Cause }

// reason returns the reason in a few words. gRPC reports it only as text.
func (e *UnreachableError) reason() string {
	text := strings.ToLower(e.Cause.Error())
	for _, known := range []struct{ part, reason string }{
		{"connection refused", "connection refused"},
		{"no such host", "unknown host name"},
		{"no children to pick from", "unknown host name"},
		{"certificate", "TLS certificate rejected by the client or the server"},
		{"tls: ", "only one side uses TLS"},
		{"error reading server preface", "only one side uses TLS"},
		{"unauthorized", "credentials rejected"},
		{"unauthenticated", "credentials rejected"},
		{"permission", "credentials rejected"},
		{"canceled", "interrupted"},
	} {
		if strings.Contains(text, known.part) {
			return known.reason
		}
	}
	return "timed out"
}

// Explain adds to an error of Temporal's what the user can do about it. Errors of the contract and other errors are returned as they are.
func (c *Connection) Explain(err error) error {
	var contract *ramp.Error
	if err == nil || errors.As(err, &contract) {
		return err
	}
	var (
		unavailable *serviceerror.Unavailable
		deadline    *serviceerror.DeadlineExceeded
		denied      *serviceerror.PermissionDenied
		notSetUp    *ramp.NamespaceError
	)
	switch {
	case errors.As(ramp.ExplainNamespace(c.Namespace, err), &notSetUp):
		return fmt.Errorf("at %s %w", c.Address, notSetUp)
	case errors.As(err, &unavailable):
		return &UnreachableError{Address: c.Address, Cause: err}
	case errors.As(err, &denied):
		return fmt.Errorf("permission denied by the Temporal server at %s: check TEMPORAL_API_KEY or the client certificate: %w", c.Address, err)
	case NoWorker(err), errors.As(err, &deadline):
		return &ramp.Error{Type: ramp.NotReady, Message: fmt.Sprintf(
			"no answer in time: check that a worker polls task queue %q in namespace %q, and that Temporal at %s is not overloaded",
			ramp.TaskQueue, c.Namespace, c.Address)}
	default:
		return err
	}
}

// NotSetUp returns a *ramp.NamespaceError if the namespace lacks something that orders need, and nil if it lacks nothing or cannot be checked.
func (c *Connection) NotSetUp(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	var notSetUp *ramp.NamespaceError
	if errors.As(ramp.CheckNamespace(ctx, c.Temporal, c.Namespace), &notSetUp) {
		return notSetUp
	}
	return nil
}

// NoWorker reports whether a query failed because no worker polls the task queue.
func NoWorker(err error) bool {
	var precondition *serviceerror.FailedPrecondition
	return errors.As(err, &precondition) && strings.Contains(precondition.Message, "no poller")
}

// Transient reports whether the same request may succeed later: the server is restarting or overloaded, or no worker runs.
func Transient(err error) bool {
	var (
		unavailable *serviceerror.Unavailable
		deadline    *serviceerror.DeadlineExceeded
		exhausted   *serviceerror.ResourceExhausted
		notReady    *serviceerror.WorkflowNotReady
	)
	return errors.As(err, &unavailable) || errors.As(err, &deadline) || errors.As(err, &exhausted) || errors.As(err, &notReady) ||
		NoWorker(err)
}
