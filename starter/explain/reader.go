package explain

import (
	"errors"
	"strings"

	commonpb "go.temporal.io/api/common/v1"
	failurepb "go.temporal.io/api/failure/v1"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"

	"rampart/codec"
	"rampart/internal/redact"
	"rampart/ramp"
)

// Reader decodes what Temporal keeps.
type Reader struct {
	Data     converter.DataConverter
	Failures converter.FailureConverter
}

// NewReader returns a Reader with the converters of a connection, nil for Temporal's own.
func NewReader(data converter.DataConverter, failures converter.FailureConverter) Reader {
	if data == nil {
		data = converter.GetDefaultDataConverter()
	}
	if failures == nil {
		failures = temporal.NewDefaultFailureConverter(temporal.DefaultFailureConverterOptions{DataConverter: data})
	}
	return Reader{Data: data, Failures: failures}
}

// text is a payload that is a text for people, or what else to say where there is none, or none that can be read.
func (r Reader) text(payload *commonpb.Payload, otherwise string) string {
	var text string
	if payload == nil || r.Data.FromPayload(payload, &text) != nil || text == "" {
		return otherwise
	}
	return redact.Text(text)
}

// value decodes the first of some payloads.
func (r Reader) value(payloads *commonpb.Payloads, into any) bool {
	all := payloads.GetPayloads()
	return len(all) > 0 && r.Data.FromPayload(all[0], into) == nil
}

// contract is the error of the contract that a failure carries, or nil. What does not prove that a worker sent it carries none.
// Without keys, only its type is known.
func (r Reader) contract(failure *failurepb.Failure) *ramp.Error {
	var application *temporal.ApplicationError
	if !errors.As(r.Failures.FailureToError(failure), &application) {
		return nil
	}
	var carried ramp.Error
	if application.HasDetails() && application.Details(&carried) == nil && string(carried.Type) == application.Type() {
		return &carried
	}
	return &ramp.Error{Type: ramp.ErrorType(application.Type())}
}

const (
	// encoded is what Temporal puts in place of a message that is encrypted, and what workers of the version before did.
	encoded = "Encoded failure"
	// unreadable stands for a reason that cannot be decrypted here.
	unreadable = "the reason is encrypted with a key that is not here"
)

// said is what a failure says, without what only the SDK says of it.
func (r Reader) said(failure *failurepb.Failure) string {
	if failure == nil {
		return "no reason given"
	}
	err := r.Failures.FailureToError(failure)
	var application *temporal.ApplicationError
	var timeout *temporal.TimeoutError
	text := err.Error()
	switch {
	case errors.As(err, &application):
		text = application.Message()
	case errors.As(err, &timeout):
		text = "no answer in time"
	}
	if strings.Contains(text, encoded) || strings.Contains(text, codec.HiddenMessage) {
		return unreadable
	}
	return redact.Text(text)
}
