package codec

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strconv"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"

	"rampart/internal/payloadmeta"
)

// ErrUnencrypted is the error of a payload in clear where only Rampart's own programs write, which encrypt.
var ErrUnencrypted = errors.New("the payload is not encrypted, so that nothing authenticates who wrote it")

// Secure configures a Temporal client to encrypt everything that it sends, including failures, and to decrypt what it receives.
// Workers and backends both need it. An empty namespace is Temporal's default namespace.
func Secure(options *client.Options, keyring *Keyring) {
	namespace := options.Namespace
	if namespace == "" {
		namespace = client.DefaultNamespace
	}
	codec := New(keyring, namespace)
	options.DataConverter = NewDataConverter(codec)
	options.FailureConverter = NewFailureConverter(codec)
}

// dataConverter implements NewDataConverter.
type dataConverter struct {
	codec *Codec
	plain converter.DataConverter
	// inWorkflow reports whether workflow code decodes. A payload that it cannot decode must fail the workflow task, which is
	// retried, and not the order: a worker that lacks a new key must not end orders.
	inWorkflow bool
}

var (
	_ converter.DataConverterWithSerializationContext = (*dataConverter)(nil)
	_ converter.ContextAware                          = (*dataConverter)(nil)
)

// NewDataConverter returns Temporal's default data converter with encryption.
//
// A value that Rampart's own programs wrote must be encrypted, and for the role that it is decoded in: nobody can forge an
// activity's result, or pass an input, a heartbeat or another activity's result off as one. A message from outside, which workflows
// decode as converter.RawValue, is passed on with marks in its metadata that no sender can set: that it is unencrypted, which
// key encrypted it, that this process lacks the key, that it is large, or how many arguments there were (package payloadmeta).
//
// Clients use Secure, which sets it.
func NewDataConverter(codec *Codec) converter.DataConverter {
	return &dataConverter{codec: codec, plain: converter.GetDefaultDataConverter()}
}

// WithSerializationContext implements converter.DataConverterWithSerializationContext.
func (d *dataConverter) WithSerializationContext(context converter.SerializationContext) converter.DataConverter {
	return &dataConverter{codec: d.codec.withContext(context), plain: d.plain, inWorkflow: d.inWorkflow}
}

// WithWorkflowContext implements converter.ContextAware.
func (d *dataConverter) WithWorkflowContext(converter.WorkflowContext) converter.DataConverter {
	return &dataConverter{codec: d.codec, plain: d.plain, inWorkflow: true}
}

// WithContext implements converter.ContextAware. Outside of workflow code, errors are returned.
func (d *dataConverter) WithContext(context.Context) converter.DataConverter {
	return &dataConverter{codec: d.codec, plain: d.plain}
}

// ToPayload implements converter.DataConverter.
func (d *dataConverter) ToPayload(value any) (*commonpb.Payload, error) {
	payload, err := d.plain.ToPayload(value)
	if err != nil || payload == nil {
		return payload, err
	}
	return d.codec.encrypt(payload)
}

// ToPayloads implements converter.DataConverter.
func (d *dataConverter) ToPayloads(values ...any) (*commonpb.Payloads, error) {
	payloads, err := d.plain.ToPayloads(values...)
	if err != nil || payloads == nil {
		return payloads, err
	}
	encrypted, err := d.codec.Encode(payloads.GetPayloads())
	return &commonpb.Payloads{Payloads: encrypted}, err
}

// FromPayload implements converter.DataConverter.
func (d *dataConverter) FromPayload(payload *commonpb.Payload, valuePtr any) error {
	if payload == nil {
		return nil
	}
	if message, isMessage := valuePtr.(*converter.RawValue); isMessage {
		*message = converter.NewRawValue(d.openMessage(payload))
		return nil
	}
	if err := d.decode(payload, valuePtr); err != nil {
		return d.fail(err)
	}
	return nil
}

// decode decodes a value that Rampart's own programs wrote.
func (d *dataConverter) decode(payload *commonpb.Payload, valuePtr any) error {
	if !Encrypted(payload) {
		return ErrUnencrypted
	}
	decrypted, err := d.codec.decrypt(payload)
	if err != nil {
		return err
	}
	if d.decodesResults() {
		return decodeResult(decrypted, valuePtr, hasRole(payload))
	}
	return d.plain.FromPayload(decrypted, valuePtr)
}

// FromPayloads implements converter.DataConverter. It ignores payloads without a value pointer.
func (d *dataConverter) FromPayloads(payloads *commonpb.Payloads, valuePtrs ...any) error {
	all := payloads.GetPayloads()
	if len(all) == 0 && len(valuePtrs) > 0 && d.decodesResults() {
		return d.fail(errNoResult)
	}
	for i, payload := range all[:min(len(all), len(valuePtrs))] {
		if err := d.FromPayload(payload, valuePtrs[i]); err != nil {
			return fmt.Errorf("payload item %d: %w", i, err)
		}
	}
	if len(all) > 1 && len(valuePtrs) > 0 {
		markArguments(valuePtrs[0], len(all))
	}
	return nil
}

// decodesResults reports whether values are activities' results: workflow code decodes nothing else of an activity.
func (d *dataConverter) decodesResults() bool { return d.inWorkflow && d.codec.role != "" }

// openMessage decrypts and marks a message from outside. One that is unencrypted, or cannot be decrypted, is returned as it is: the
// workflow refuses it, or keeps it until a worker has the key.
func (d *dataConverter) openMessage(payload *commonpb.Payload) *commonpb.Payload {
	if !Encrypted(payload) {
		return marked(payload, mark{payloadmeta.MetadataUnencrypted, "true"})
	}
	var marks []mark
	if id, found := keyOf(payload.GetData()); found {
		marks = append(marks, mark{payloadmeta.MetadataKeyID, strconv.FormatUint(uint64(id), 10)})
	}
	if len(payload.GetData()) > largeMessage {
		marks = append(marks, mark{payloadmeta.MetadataLarge, "true"})
	}
	decrypted, err := d.codec.decrypt(payload)
	var unknown *UnknownKeyError
	switch {
	case err == nil:
		return marked(decrypted, marks...)
	case errors.As(err, &unknown):
		return marked(payload, append(marks, mark{payloadmeta.MetadataUnreadable, unknownKey})...)
	default:
		return marked(payload, marks...)
	}
}

// largeMessage is the encrypted size in bytes above which a message is marked as large.
const largeMessage = 64 << 10

// unknownKey is the value of MetadataUnreadable.
const unknownKey = "unknown-key"

// fail panics in workflow code, which fails the workflow task, and returns the error elsewhere.
func (d *dataConverter) fail(err error) error {
	if d.inWorkflow {
		panic(err)
	}
	return err
}

// mark is a metadata field that only this converter sets.
type mark struct{ name, value string }

// marked returns a copy of a payload with marks and without those that its sender set.
func marked(payload *commonpb.Payload, marks ...mark) *commonpb.Payload {
	metadata := maps.Clone(payload.GetMetadata())
	if metadata == nil {
		metadata = make(map[string][]byte)
	}
	for _, name := range []string{payloadmeta.MetadataUnencrypted, payloadmeta.MetadataKeyID, payloadmeta.MetadataUnreadable, payloadmeta.MetadataLarge, payloadmeta.MetadataArguments} {
		delete(metadata, name)
	}
	for _, m := range marks {
		metadata[m.name] = []byte(m.value)
	}
	return &commonpb.Payload{Metadata: metadata, Data: payload.GetData()}
}

// markArguments marks the first of several arguments with their number. The payload is a copy that openMessage made.
func markArguments(first any, arguments int) {
	if message, isMessage := first.(*converter.RawValue); isMessage && message.Payload() != nil {
		message.Payload().Metadata[payloadmeta.MetadataArguments] = []byte(strconv.Itoa(arguments))
	}
}

// ToString implements converter.DataConverter.
func (d *dataConverter) ToString(payload *commonpb.Payload) string {
	decrypted, err := d.codec.decrypt(payload)
	if err != nil {
		return err.Error()
	}
	return d.plain.ToString(decrypted)
}

// ToStrings implements converter.DataConverter.
func (d *dataConverter) ToStrings(payloads *commonpb.Payloads) []string {
	strings := make([]string, len(payloads.GetPayloads()))
	for i, payload := range payloads.GetPayloads() {
		strings[i] = d.ToString(payload)
	}
	return strings
}
