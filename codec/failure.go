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

// HiddenMessage replaces the message of an encrypted failure, for readers without the keys.
const HiddenMessage = "Encrypted: read it with the keyset, or through a codec server"

// UnauthenticatedError is the error that a failure decodes to if it is not authentic: see NewFailureConverter.
type UnauthenticatedError = payloadmeta.UnauthenticatedError

// failureConverter implements NewFailureConverter.
type failureConverter struct {
	codec *Codec
	// plain converts decrypted failures. Its errors keep the decrypted failure to convert it back, so that each conversion
	// encrypts it again.
	plain converter.FailureConverter
}

var _ converter.FailureConverterWithSerializationContext = (*failureConverter)(nil)

// NewFailureConverter returns a failure converter that encrypts the messages, stack traces and details of failures, as Temporal's
// own can, and also authenticates their kind, their type, and whether and when they are retried. A failure that is not authentic
// decodes to *UnauthenticatedError.
//
// Timeouts are an exception: the server reports them and has no keys. A timeout is accepted without its last heartbeat and
// its cause if those are not authentic.
//
// Clients use Secure, which sets it.
func NewFailureConverter(codec *Codec) converter.FailureConverter {
	return &failureConverter{codec: codec, plain: temporal.GetDefaultFailureConverter()}
}

// WithSerializationContext implements converter.FailureConverterWithSerializationContext.
func (f *failureConverter) WithSerializationContext(context converter.SerializationContext) converter.FailureConverter {
	return &failureConverter{codec: f.codec.withContext(context), plain: f.plain}
}

// ErrorToFailure implements converter.FailureConverter. Like Temporal's own, it panics if encryption fails.
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

// attributes is the content of a failure's encoded attributes: the fields that Temporal's tools decode, and those that authenticate
// the failure.
type attributes struct {
	Message    string `json:"message"`
	StackTrace string `json:"stack_trace"`
	clearFields
	// Parts is the digest of the encrypted details and of the cause's encoded attributes: see digestParts.
	Parts []byte `json:"parts"`
}

// clearFields are the fields that a failure keeps in clear.
type clearFields struct {
	// Kind is the name of the failure's info field in Temporal's API, such as application_failure_info.
	Kind string `json:"kind"`
	// Type is the error's type, or the corresponding field of other kinds: a timeout's type, an activity's or a workflow's type.
	Type           string        `json:"type,omitempty"`
	NonRetryable   bool          `json:"non_retryable,omitempty"`
	NextRetryDelay time.Duration `json:"next_retry_delay,omitempty"`
}

func clearFieldsOf(failure *failurepb.Failure) clearFields {
	var c clearFields
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

// seal encrypts a failure and its causes.
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
		Message:     failure.GetMessage(),
		StackTrace:  failure.GetStackTrace(),
		clearFields: clearFieldsOf(failure),
		Parts:       digestParts(failure),
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

// open decrypts a failure and its causes. It returns an error if any of them is not authentic.
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
	encoded := failure.GetEncodedAttributes()
	var written attributes
	if err := f.decryptInto(encoded, &written); err != nil {
		return err
	}
	if hasRole(encoded) && (written.clearFields != clearFieldsOf(failure) || !bytes.Equal(written.Parts, digestParts(failure))) {
		return errors.New("its type, its details or its cause were modified")
	}
	if err := f.openDetails(failure); err != nil {
		return err
	}
	failure.Message, failure.StackTrace, failure.EncodedAttributes = written.Message, written.StackTrace, nil
	return f.open(failure.GetCause())
}

// openTimeout decrypts what a timeout of the server carries, and removes what is not authentic.
func (f *failureConverter) openTimeout(failure *failurepb.Failure) {
	failure.Message, failure.StackTrace = "timed out", ""
	if f.openDetails(failure) != nil {
		failure.GetTimeoutFailureInfo().LastHeartbeatDetails = nil
	}
	if f.open(failure.GetCause()) != nil {
		failure.Cause = nil
	}
}

func (f *failureConverter) decryptInto(payload *commonpb.Payload, into any) error {
	if !Encrypted(payload) {
		return ErrUnencrypted
	}
	decrypted, err := f.codec.decrypt(payload)
	if err != nil {
		return err
	}
	return converter.GetDefaultDataConverter().FromPayload(decrypted, into)
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
	decrypted, err := f.codec.Decode(details.GetPayloads())
	if err != nil {
		return err
	}
	details.Payloads = decrypted
	return nil
}

// detailsOf returns the payloads that a failure carries beside its encoded attributes.
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

// digestParts returns the SHA-256 digest of the number of details, each encrypted detail, and the cause's encoded attributes. Each part
// is preceded by its length in bytes; numbers are 32-bit big-endian.
func digestParts(failure *failurepb.Failure) []byte {
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
