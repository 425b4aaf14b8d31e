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

// ErrUnencrypted says that a payload is in clear where only this project's own programs write, who encrypt.
var ErrUnencrypted = errors.New("the payload is not encrypted, so that nothing authenticates who wrote it")

// Secure makes a connection's options encrypt all that it sends, errors included, and decrypt what it receives. Worker
// and backends need it alike. An empty namespace is Temporal's default one.
func Secure(options *client.Options, keyring *Keyring) {
	namespace := options.Namespace
	if namespace == "" {
		namespace = client.DefaultNamespace
	}
	codec := New(keyring, namespace)
	options.DataConverter = NewDataConverter(codec)
	options.FailureConverter = NewFailureConverter(codec)
}

// dataConverter encrypts what Temporal's default converter encodes.
//
// What a program of this project wrote must be encrypted when it is read, for the very role that it is read in: nobody can
// forge an activity's result, nor play an input, a heartbeat or another activity's result as one. What comes from outside,
// which the workflows take as converter.RawValue, is handed over with marks that say how it came: in clear, for people
// and SDKs without the keys; with which key; unread, if the key is not here; as the first of several. No sender sets them.
type dataConverter struct {
	codec *Codec
	plain converter.DataConverter
	// inWorkflow is whether workflow code reads. What it cannot read must stop its workflow task, which is tried
	// again, and not be taken for a failure of the order: a worker that lacks a new key must not end orders.
	inWorkflow bool
}

var (
	_ converter.DataConverterWithSerializationContext = (*dataConverter)(nil)
	_ converter.ContextAware                          = (*dataConverter)(nil)
)

// NewDataConverter returns a data converter that encrypts with a codec. Secure is what connections need.
func NewDataConverter(codec *Codec) converter.DataConverter {
	return &dataConverter{codec: codec, plain: converter.GetDefaultDataConverter()}
}

// WithSerializationContext implements converter.DataConverterWithSerializationContext.
func (d *dataConverter) WithSerializationContext(context converter.SerializationContext) converter.DataConverter {
	return &dataConverter{codec: d.codec.in(context), plain: d.plain, inWorkflow: d.inWorkflow}
}

// WithWorkflowContext implements converter.ContextAware.
func (d *dataConverter) WithWorkflowContext(converter.WorkflowContext) converter.DataConverter {
	return &dataConverter{codec: d.codec, plain: d.plain, inWorkflow: true}
}

// WithContext implements converter.ContextAware. Outside of workflow code an error is enough.
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
	if message, fromOutside := valuePtr.(*converter.RawValue); fromOutside {
		*message = converter.NewRawValue(d.handOver(payload))
		return nil
	}
	if err := d.read(payload, valuePtr); err != nil {
		return d.fail(err)
	}
	return nil
}

// read decodes what only this project's own programs write.
func (d *dataConverter) read(payload *commonpb.Payload, valuePtr any) error {
	if !Encrypted(payload) {
		return ErrUnencrypted
	}
	inside, err := d.codec.decrypt(payload)
	if err != nil {
		return err
	}
	if d.readsResult() {
		return decodeResult(inside, valuePtr, hasRole(payload))
	}
	return d.plain.FromPayload(inside, valuePtr)
}

// FromPayloads implements converter.DataConverter. Payloads that nobody asks for are not looked at.
func (d *dataConverter) FromPayloads(payloads *commonpb.Payloads, valuePtrs ...any) error {
	all := payloads.GetPayloads()
	if len(all) == 0 && len(valuePtrs) > 0 && d.readsResult() {
		return d.fail(errNoResult)
	}
	for i, payload := range all[:min(len(all), len(valuePtrs))] {
		if err := d.FromPayload(payload, valuePtrs[i]); err != nil {
			return fmt.Errorf("payload item %d: %w", i, err)
		}
	}
	if len(all) > 1 && len(valuePtrs) > 0 {
		count(valuePtrs[0], len(all))
	}
	return nil
}

// readsResult reports whether what is read is an activity's result: workflow code reads nothing else of one.
func (d *dataConverter) readsResult() bool { return d.inWorkflow && d.codec.role != "" }

// handOver opens what came from outside. What is in clear, of another workflow or of a key that is not here is handed over as
// it is, for the workflow to refuse in its own words or to keep until it can be read.
func (d *dataConverter) handOver(payload *commonpb.Payload) *commonpb.Payload {
	if !Encrypted(payload) {
		return marked(payload, mark{payloadmeta.MetadataUnencrypted, "true"})
	}
	var marks []mark
	if id, told := keyOf(payload.GetData()); told {
		marks = append(marks, mark{payloadmeta.MetadataKeyID, strconv.FormatUint(uint64(id), 10)})
	}
	if len(payload.GetData()) > large {
		marks = append(marks, mark{payloadmeta.MetadataLarge, "true"})
	}
	inside, err := d.codec.decrypt(payload)
	var unknown *UnknownKeyError
	switch {
	case err == nil:
		return marked(inside, marks...)
	case errors.As(err, &unknown):
		return marked(payload, append(marks, mark{payloadmeta.MetadataUnreadable, unknownKey})...)
	default:
		return marked(payload, marks...)
	}
}

// large is the size in bytes, encrypted, above which a message is marked.
const large = 64 << 10

// unknownKey is why a message could not be read that another process may be able to read.
const unknownKey = "unknown-key"

func (d *dataConverter) fail(err error) error {
	if d.inWorkflow {
		panic(err)
	}
	return err
}

// mark is a field of a payload's metadata that no sender sets.
type mark struct{ name, value string }

// marked is a payload with marks, and without those that its sender has put there.
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

// count marks the first of several arguments. Its payload is the converter's own.
func count(first any, arguments int) {
	if message, fromOutside := first.(*converter.RawValue); fromOutside && message.Payload() != nil {
		message.Payload().Metadata[payloadmeta.MetadataArguments] = []byte(strconv.Itoa(arguments))
	}
}

// ToString implements converter.DataConverter.
func (d *dataConverter) ToString(payload *commonpb.Payload) string {
	opened, err := d.codec.decrypt(payload)
	if err != nil {
		return err.Error()
	}
	return d.plain.ToString(opened)
}

// ToStrings implements converter.DataConverter.
func (d *dataConverter) ToStrings(payloads *commonpb.Payloads) []string {
	strings := make([]string, len(payloads.GetPayloads()))
	for i, payload := range payloads.GetPayloads() {
		strings[i] = d.ToString(payload)
	}
	return strings
}
