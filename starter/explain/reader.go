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

// Reader decodes payloads and failures of histories.
type Reader struct {
	Data     converter.DataConverter
	Failures converter.FailureConverter
}

// NewReader returns a Reader with the converters of a connection. A nil converter is Temporal's default.
func NewReader(data converter.DataConverter, failures converter.FailureConverter) Reader {
	if data == nil {
		data = converter.GetDefaultDataConverter()
	}
	if failures == nil {
		failures = temporal.NewDefaultFailureConverter(temporal.DefaultFailureConverterOptions{DataConverter: data})
	}
	return Reader{Data: data, Failures: failures}
}

// text decodes a payload that is a text for people. It returns otherwise if there is no text, or if it cannot be decoded.
func (r Reader) text(payload *commonpb.Payload, otherwise string) string {
	var text string
	if payload == nil || r.Data.FromPayload(payload, &text) != nil || text == "" {
		return otherwise
	}
	return redact.Text(text)
}

// value decodes the first payload, and reports whether it could.
func (r Reader) value(payloads *commonpb.Payloads, into any) bool {
	all := payloads.GetPayloads()
	return len(all) > 0 && r.Data.FromPayload(all[0], into) == nil
}

// contract returns the ramp.Error in a failure, or nil. Details that are not authenticated are ignored, and without the keys they cannot be
// decrypted; then the error has only a type.
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
	// encoded is what the SDK puts in place of an encrypted message, as earlier workers did.
	encoded = "Encoded failure"
	// unreadable replaces a reason that cannot be decrypted here.
	unreadable = "the reason is encrypted with a key that is not in this keyset"
)

// failure returns the message of a failure, without the additions of the SDK.
func (r Reader) failure(failure *failurepb.Failure) string {
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
