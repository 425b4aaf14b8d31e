package codec

import (
	"context"
	"errors"
	"maps"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"

	"rampart/ramp"
)

// ErrUnencrypted says that a payload is in clear where only this project's own programs write, who encrypt.
var ErrUnencrypted = errors.New("the payload is not encrypted, so it cannot be told who wrote it")

// Secure makes a connection's options encrypt all that it sends, errors included, and decrypt what it receives. Worker
// and backends need it alike. An empty namespace is Temporal's default one.
func Secure(options *client.Options, keyring *Keyring) {
	namespace := options.Namespace
	if namespace == "" {
		namespace = client.DefaultNamespace
	}
	options.DataConverter = NewDataConverter(New(keyring, namespace))
	options.FailureConverter = newFailureConverter(options.DataConverter)
}

// dataConverter encrypts what Temporal's default converter encodes.
//
// What a program of this project wrote must be encrypted when it is read: nobody can forge an activity's result. What
// comes from outside, which the workflows take as converter.RawValue, may be in clear, for people and SDKs without
// the keys; it is marked.
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
func (d *dataConverter) WithContext(context.Context) converter.DataConverter { return d }

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
	opened, err := d.open(payload, valuePtr)
	if err != nil {
		return err
	}
	return d.plain.FromPayload(opened, valuePtr)
}

// FromPayloads implements converter.DataConverter.
func (d *dataConverter) FromPayloads(payloads *commonpb.Payloads, valuePtrs ...any) error {
	if payloads == nil {
		return d.plain.FromPayloads(payloads, valuePtrs...)
	}
	opened := &commonpb.Payloads{Payloads: make([]*commonpb.Payload, len(payloads.GetPayloads()))}
	for i, payload := range payloads.GetPayloads() {
		var target any
		if i < len(valuePtrs) {
			target = valuePtrs[i]
		}
		var err error
		if opened.Payloads[i], err = d.open(payload, target); err != nil {
			return err
		}
	}
	return d.plain.FromPayloads(opened, valuePtrs...)
}

// open decrypts a payload. What came from outside and is in clear, or of another workflow, is handed over as it is,
// for the workflow to refuse in its own words.
func (d *dataConverter) open(payload *commonpb.Payload, target any) (*commonpb.Payload, error) {
	_, fromOutside := target.(*converter.RawValue)
	if !Encrypted(payload) {
		if fromOutside {
			return marked(payload), nil
		}
		return nil, d.fail(ErrUnencrypted)
	}
	inside, err := d.codec.decrypt(payload)
	if errors.Is(err, ErrForeign) && fromOutside {
		return payload, nil
	}
	if err != nil {
		return nil, d.fail(err)
	}
	return inside, nil
}

func (d *dataConverter) fail(err error) error {
	if d.inWorkflow {
		panic(err)
	}
	return err
}

func marked(payload *commonpb.Payload) *commonpb.Payload {
	metadata := maps.Clone(payload.GetMetadata())
	if metadata == nil {
		metadata = make(map[string][]byte)
	}
	metadata[ramp.MetadataUnencrypted] = []byte("true")
	return &commonpb.Payload{Metadata: metadata, Data: payload.GetData()}
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

// failureConverter encrypts the messages, stack traces and details of errors. Temporal's own does so too, but is not
// told whose errors they are.
type failureConverter struct {
	converter.FailureConverter
	data converter.DataConverter
}

var _ converter.FailureConverterWithSerializationContext = (*failureConverter)(nil)

func newFailureConverter(data converter.DataConverter) *failureConverter {
	return &failureConverter{
		FailureConverter: temporal.NewDefaultFailureConverter(temporal.DefaultFailureConverterOptions{
			DataConverter:          data,
			EncodeCommonAttributes: true,
		}),
		data: data,
	}
}

// WithSerializationContext implements converter.FailureConverterWithSerializationContext.
func (f *failureConverter) WithSerializationContext(context converter.SerializationContext) converter.FailureConverter {
	return newFailureConverter(converter.WithDataConverterSerializationContext(f.data, context))
}
