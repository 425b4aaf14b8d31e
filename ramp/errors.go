package ramp

import (
	"errors"
	"fmt"
	"strings"

	"go.temporal.io/sdk/temporal"
)

// ErrorType tells errors of the contract apart. It is also the type of the Temporal application error that carries
// them, so that backends in other languages can switch on it.
type ErrorType string

// Types of errors.
const (
	// InvalidRequest: the request, or the argument of a signal or update, is malformed. Fields names every bad field.
	InvalidRequest ErrorType = "InvalidRequest"
	// Unencrypted: the message came in clear, and the order takes it only encrypted. Give its sender the keyset.
	Unencrypted ErrorType = "Unencrypted"
	// Unreadable: the message is encrypted with a key that no worker has yet. Distribute the keyset, and send it again.
	Unreadable ErrorType = "Unreadable"
	// ReferenceTaken: the reference belongs to an earlier order, or to one with another request. Order is the earlier
	// order's state, and RunID its run, where they are known.
	ReferenceTaken ErrorType = "ReferenceTaken"
	// NotFound: there is no such order.
	NotFound ErrorType = "NotFound"
	// OrderOver: the order has ended and takes no more input. Order is its final state.
	OrderOver ErrorType = "OrderOver"
	// NotAwaited: the order does not wait for this now.
	NotAwaited ErrorType = "NotAwaited"
	// ProofRefused: the provider refused the proof. The order waits for another.
	ProofRefused ErrorType = "ProofRefused"
	// KYCRefused: the dossier cannot be read, or the provider refused it. The order waits for another.
	KYCRefused ErrorType = "KYCRefused"
	// AccountRefused: the provider did not link the account. The order waits for another.
	AccountRefused ErrorType = "AccountRefused"
	// ProofConflict: another proof was accepted, or is being submitted; the first one stands.
	ProofConflict ErrorType = "ProofConflict"
	// ProofLimit: the order has had as many refused proofs as it takes, and takes no more. It goes on; a user who has paid
	// asks the provider's support.
	ProofLimit ErrorType = "ProofLimit"
	// QuoteMismatch: the confirmed quote is not the one that waits for confirmation.
	QuoteMismatch ErrorType = "QuoteMismatch"
	// CancelRefused: the order cannot be cancelled, for the provider took a proof of payment.
	CancelRefused ErrorType = "CancelRefused"
	// NotReady: the order runs, but did not get there in the time the caller gave.
	NotReady ErrorType = "NotReady"
)

// ErrorTypes returns every type of errors.
func ErrorTypes() []ErrorType {
	return []ErrorType{
		InvalidRequest, Unencrypted, Unreadable, ReferenceTaken, NotFound, OrderOver, NotAwaited, ProofRefused, KYCRefused,
		AccountRefused, ProofConflict, ProofLimit, QuoteMismatch, CancelRefused, NotReady,
	}
}

// Error is an error of the contract. Compare by type with IsError.
type Error struct {
	// Type tells errors apart. Later versions may have types more.
	Type ErrorType `json:"type"`
	// Reference is the order's, where it is known.
	Reference string `json:"reference,omitempty"`
	// Message says what is wrong and what happens next.
	Message string `json:"message"`
	// Fields names the bad fields of an InvalidRequest.
	Fields []FieldError `json:"fields,omitempty"`
	// Order is the order's state, where it helps.
	Order *Order `json:"order,omitempty"`
	// RunID is the Temporal run of the order that has the reference, with ReferenceTaken.
	RunID string `json:"runId,omitempty"`
}

// FieldError says what is wrong with one field. It never repeats the value.
type FieldError struct {
	// Field is the JSON path, such as "bank.ifsc".
	Field string `json:"field"`
	// Problem completes a sentence about the field, such as "must be given".
	Problem string `json:"problem"`
}

// Error implements error.
func (e *Error) Error() string {
	var b strings.Builder
	if e.Reference != "" {
		fmt.Fprintf(&b, "order %s: ", e.Reference)
	}
	b.WriteString(e.Message)
	for i, field := range e.Fields {
		separator := "; "
		if i == 0 {
			separator = ": "
		}
		fmt.Fprintf(&b, "%s%s %s", separator, field.Field, field.Problem)
	}
	return b.String()
}

// IsError reports whether err is, or wraps, an Error of this type.
func IsError(err error, t ErrorType) bool {
	var e *Error
	return errors.As(err, &e) && e.Type == t
}

// ApplicationError is e as it crosses Temporal: never retried, its type the application error's type.
func (e *Error) ApplicationError() error {
	return temporal.NewNonRetryableApplicationError(e.Error(), string(e.Type), nil, *e)
}

// fromTemporal turns an application error that carries an Error back into it, and leaves any other error alone.
func fromTemporal(err error) error {
	var application *temporal.ApplicationError
	if !errors.As(err, &application) || !application.HasDetails() {
		return err
	}
	var e Error
	if application.Details(&e) != nil || e.Type == "" || string(e.Type) != application.Type() {
		return err
	}
	return &e
}
