package codec

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	failurepb "go.temporal.io/api/failure/v1"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"google.golang.org/protobuf/proto"

	"rampart/internal/payloadmeta"
)

// HiddenMessage stands in place of an encrypted failure's message, for readers without the keys.
const HiddenMessage = "Encrypted: read it with the keyset, or through a codec server"

// UnauthenticatedError is the error that a failure decodes to if it is not authentic: see NewFailureConverter.
type UnauthenticatedError = payloadmeta.UnauthenticatedError

// failureConverter encrypts the messages, stack traces and details of errors, as Temporal's own can, and authenticates with
// them what else of a failure decides: its kind and type, and whether and when it is retried. A failure that is not
// authentic is read as *UnauthenticatedError.
//
// A timeout is an exception: the server says that there was no answer, and has no keys. It is taken, without what is said to
// have been the last answer before, if that is not authentic.
type failureConverter struct {
	codec *Codec
	// plain converts failures that are open. An error that it made keeps such an open failure, to be converted back to, so that
	// what it returns is always sealed anew.
	plain converter.FailureConverter
}

var _ converter.FailureConverterWithSerializationContext = (*failureConverter)(nil)

// NewFailureConverter returns a failure converter that encrypts with a codec. Secure is what connections need.
func NewFailureConverter(codec *Codec) converter.FailureConverter {
	return &failureConverter{codec: codec, plain: temporal.GetDefaultFailureConverter()}
}

// WithSerializationContext implements converter.FailureConverterWithSerializationContext.
func (f *failureConverter) WithSerializationContext(context converter.SerializationContext) converter.FailureConverter {
	return &failureConverter{codec: f.codec.in(context), plain: f.plain}
}

// ErrorToFailure implements converter.FailureConverter. It panics where Temporal's own does: when nothing can be encrypted.
func (f *failureConverter) ErrorToFailure(err error) *failurepb.Failure {
	failure := proto.CloneOf(f.plain.ErrorToFailure(err))
	if err := f.seal(failure); err != nil {
		panic(err)
	}
	return failure
}

// FailureToError implements converter.FailureConverter.
func (f *failureConverter) FailureToError(failure *failurepb.Failure) error {
	open := proto.CloneOf(failure)
	if err := f.open(open); err != nil {
		return &UnauthenticatedError{Problem: err.Error()}
	}
	return f.plain.FailureToError(open)
}

// attributes are what a failure's encoded attributes hold: what Temporal's readers look for, and what makes it authentic.
type attributes struct {
	Message    string `json:"message"`
	StackTrace string `json:"stack_trace"`
	claims
	// Parts is the digest of the failure's details and cause as they are encrypted.
	Parts []byte `json:"parts"`
}

// claims are what a failure says in clear.
type claims struct {
	// Kind is the name of the failure's info in Temporal's API, such as application_failure_info.
	Kind string `json:"kind"`
	// Type is the error's type, or what else tells a failure of this kind from another.
	Type           string        `json:"type,omitempty"`
	NonRetryable   bool          `json:"non_retryable,omitempty"`
	NextRetryDelay time.Duration `json:"next_retry_delay,omitempty"`
}

func claimsOf(failure *failurepb.Failure) claims {
	var c claims
	message := failure.ProtoReflect()
	if info := message.WhichOneof(message.Descriptor().Oneofs().ByName("failure_info")); info != nil {
		c.Kind = string(info.Name())
	}
	switch info := failure.GetFailureInfo().(type) {
	case *failurepb.Failure_ApplicationFailureInfo:
		c.Type, c.NonRetryable = info.ApplicationFailureInfo.GetType(), info.ApplicationFailureInfo.GetNonRetryable()
		c.NextRetryDelay = info.ApplicationFailureInfo.GetNextRetryDelay().AsDuration()
	case *failurepb.Failure_TimeoutFailureInfo:
		c.Type = info.TimeoutFailureInfo.GetTimeoutType().String()
	case *failurepb.Failure_ServerFailureInfo:
		c.NonRetryable = info.ServerFailureInfo.GetNonRetryable()
	case *failurepb.Failure_ActivityFailureInfo:
		c.Type = info.ActivityFailureInfo.GetActivityType().GetName()
	case *failurepb.Failure_ChildWorkflowExecutionFailureInfo:
		c.Type = info.ChildWorkflowExecutionFailureInfo.GetWorkflowType().GetName()
	}
	return c
}

// seal encrypts an open failure and its causes.
func (f *failureConverter) seal(failure *failurepb.Failure) error {
	if failure == nil {
		return nil
	}
	if err := f.seal(failure.GetCause()); err != nil {
		return err
	}
	if details := detailsOf(failure); details != nil {
		var err error
		if details.Payloads, err = f.codec.Encode(details.GetPayloads()); err != nil {
			return err
		}
	}
	content, err := converter.GetDefaultDataConverter().ToPayload(attributes{
		Message:    failure.GetMessage(),
		StackTrace: failure.GetStackTrace(),
		claims:     claimsOf(failure),
		Parts:      partsOf(failure),
	})
	if err != nil {
		return err
	}
	if failure.EncodedAttributes, err = f.codec.encrypt(content); err != nil {
		return err
	}
	failure.Message, failure.StackTrace = HiddenMessage, ""
	return nil
}

// open decrypts a failure and its causes. Its error says what is not authentic.
func (f *failureConverter) open(failure *failurepb.Failure) error {
	switch {
	case failure == nil:
		return nil
	case failure.GetEncodedAttributes() != nil:
		return f.openSealed(failure)
	case failure.GetTimeoutFailureInfo() != nil:
		f.openTimeout(failure)
		return nil
	default:
		return ErrUnencrypted
	}
}

func (f *failureConverter) openSealed(failure *failurepb.Failure) error {
	sealed := failure.GetEncodedAttributes()
	var written attributes
	if err := f.openInto(sealed, &written); err != nil {
		return err
	}
	if hasRole(sealed) && (written.claims != claimsOf(failure) || !bytes.Equal(written.Parts, partsOf(failure))) {
		return errors.New("its type, its details or its cause are not those that it was written with")
	}
	if err := f.openDetails(failure); err != nil {
		return err
	}
	failure.Message, failure.StackTrace, failure.EncodedAttributes = written.Message, written.StackTrace, nil
	return f.open(failure.GetCause())
}

// openTimeout leaves of a timeout that the server tells of what is authentic.
func (f *failureConverter) openTimeout(failure *failurepb.Failure) {
	failure.Message, failure.StackTrace = "no answer in time", ""
	if f.openDetails(failure) != nil {
		failure.GetTimeoutFailureInfo().LastHeartbeatDetails = nil
	}
	if f.open(failure.GetCause()) != nil {
		failure.Cause = nil
	}
}

func (f *failureConverter) openInto(payload *commonpb.Payload, into any) error {
	if !Encrypted(payload) {
		return ErrUnencrypted
	}
	inside, err := f.codec.decrypt(payload)
	if err != nil {
		return err
	}
	return converter.GetDefaultDataConverter().FromPayload(inside, into)
}

func (f *failureConverter) openDetails(failure *failurepb.Failure) error {
	details := detailsOf(failure)
	if details == nil {
		return nil
	}
	for _, payload := range details.GetPayloads() {
		if !Encrypted(payload) {
			return ErrUnencrypted
		}
	}
	opened, err := f.codec.Decode(details.GetPayloads())
	if err != nil {
		return err
	}
	details.Payloads = opened
	return nil
}

// detailsOf are the payloads that a failure carries beside its attributes.
func detailsOf(failure *failurepb.Failure) *commonpb.Payloads {
	switch info := failure.GetFailureInfo().(type) {
	case *failurepb.Failure_ApplicationFailureInfo:
		return info.ApplicationFailureInfo.GetDetails()
	case *failurepb.Failure_CanceledFailureInfo:
		return info.CanceledFailureInfo.GetDetails()
	case *failurepb.Failure_TimeoutFailureInfo:
		return info.TimeoutFailureInfo.GetLastHeartbeatDetails()
	case *failurepb.Failure_ResetWorkflowFailureInfo:
		return info.ResetWorkflowFailureInfo.GetLastHeartbeatDetails()
	default:
		return nil
	}
}

// partsOf is the digest of what a failure has been sealed together with: how many details there are, each of them, and its
// cause's attributes, each after its length in bytes.
func partsOf(failure *failurepb.Failure) []byte {
	details := detailsOf(failure).GetPayloads()
	parts := binary.BigEndian.AppendUint32(nil, uint32(len(details)))
	add := func(part []byte) {
		parts = binary.BigEndian.AppendUint32(parts, uint32(len(part)))
		parts = append(parts, part...)
	}
	for _, payload := range details {
		add(payload.GetData())
	}
	add(failure.GetCause().GetEncodedAttributes().GetData())
	digest := sha256.Sum256(parts)
	return digest[:]
}
