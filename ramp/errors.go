package ramp

import (
	"errors"
	"fmt"
	"strings"

	"go.temporal.io/sdk/temporal"
)

// ErrorType is the type of an Error. It is also the type of the Temporal application error that carries it, for backends in other
// languages.
type ErrorType string

// Types of errors.
const (
	// InvalidRequest: the request, or the argument of a signal or update, is invalid. Fields names every bad field.
	InvalidRequest ErrorType = "InvalidRequest"
	// Unencrypted: the message is not encrypted, and the order accepts it only encrypted. Give its sender the keyset.
	Unencrypted ErrorType = "Unencrypted"
	// Unreadable: the message is encrypted with a key that no worker has. Distribute the keyset, then send it again.
	Unreadable ErrorType = "Unreadable"
	// ReferenceTaken: the reference belongs to an order with another request, or to an earlier one. Order is the state of that order
	// and RunID its run, if known.
	ReferenceTaken ErrorType = "ReferenceTaken"
	// NotFound: there is no such order.
	NotFound ErrorType = "NotFound"
	// OrderOver: the order has ended and accepts no more input. Order is its final state.
	OrderOver ErrorType = "OrderOver"
	// NotAwaited: the order does not wait for this input now.
	NotAwaited ErrorType = "NotAwaited"
	// ProofRefused: the provider refused the proof. The order waits for another.
	ProofRefused ErrorType = "ProofRefused"
	// KYCRefused: the dossier cannot be read, or the provider refused it. The order waits for another.
	KYCRefused ErrorType = "KYCRefused"
	// AccountRefused: the provider did not link the account. The order waits for another.
	AccountRefused ErrorType = "AccountRefused"
	// ProofConflict: another proof was accepted or is being submitted. That one counts.
	ProofConflict ErrorType = "ProofConflict"
	// ProofLimit: the provider refused as many proofs as an order may submit. The order continues; a user who has paid asks the
	// provider's support.
	ProofLimit ErrorType = "ProofLimit"
	// QuoteMismatch: the confirmation names another quote than the one that awaits confirmation.
	QuoteMismatch ErrorType = "QuoteMismatch"
	// CancelRefused: the order cannot be cancelled, because the provider accepted a proof or has the payment.
	CancelRefused ErrorType = "CancelRefused"
	// NotReady: the call timed out or was cancelled. The order continues.
	NotReady ErrorType = "NotReady"
)

// ErrorTypes returns every type of error.
func ErrorTypes() []ErrorType {
	return []ErrorType{
		InvalidRequest, Unencrypted, Unreadable, ReferenceTaken, NotFound, OrderOver, NotAwaited, ProofRefused, KYCRefused,
		AccountRefused, ProofConflict, ProofLimit, QuoteMismatch, CancelRefused, NotReady,
	}
}

// Error is an error of the contract. IsError compares its type.
type Error struct {
	// Type is the type of the error. Later versions may have more types.
	Type ErrorType `json:"type"`
	// Reference is the reference of the order, if known.
	Reference string `json:"reference,omitempty"`
	// Message says what failed and what to do next, without personal data.
	Message string `json:"message"`
	// Fields names the bad fields of an InvalidRequest.
	Fields []FieldError `json:"fields,omitempty"`
	// Order is the state of the order, if it helps.
	Order *Order `json:"order,omitempty"`
	// RunID is the Temporal run of the order that the reference belongs to, of ReferenceTaken.
	RunID string `json:"runId,omitempty"`
}

// FieldError is what is wrong with one field. It does not contain the field's value.
type FieldError struct {
	// Field is the JSON path, such as "bank.ifsc".
	Field string `json:"field"`
	// Problem completes a sentence about the field, such as "must be given".
	Problem string `json:"problem"`
}

// Error returns the field and what is wrong with it.
func (f *FieldError) Error() string { return f.Field + " " + f.Problem }

// Error returns the reference, the message and every bad field in one line.
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

// ApplicationError returns e as a Temporal application error of its type, which is not retried.
func (e *Error) ApplicationError() error {
	return temporal.NewNonRetryableApplicationError(e.Error(), string(e.Type), nil, *e)
}

// fromTemporal returns the Error that an application error carries, and any other error unchanged.
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
