package codec_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"google.golang.org/protobuf/proto"

	"rampart/codec"
	"rampart/internal/payloadmeta"
)

// target is a workflow's context as far as a data converter is concerned.
type target struct{ converter.WorkflowContext }

func inWorkflow(t *testing.T, dc converter.DataConverter, context converter.SerializationContext) converter.DataConverter {
	t.Helper()
	own := converter.WithDataConverterSerializationContext(dc, context)
	aware, ok := own.(converter.ContextAware)
	require.True(t, ok)
	return aware.WithWorkflowContext(target{})
}

func TestConverterEncryptsAndReadsItsWorkflowsValues(t *testing.T) {
	t.Parallel()
	dc := codec.NewDataConverter(codec.New(newKeyring(t), "default"))
	sender := converter.WithDataConverterSerializationContext(dc, order("default", "onramp/inv-42"))
	payloads, err := sender.ToPayloads(map[string]string{"email": secret}, 42)
	require.NoError(t, err)
	for _, payload := range payloads.GetPayloads() {
		require.True(t, codec.Encrypted(payload))
	}
	var read map[string]string
	var number int
	require.NoError(t, inWorkflow(t, dc, order("default", "onramp/inv-42")).FromPayloads(payloads, &read, &number))
	require.Equal(t, map[string]string{"email": secret}, read)
	require.Equal(t, 42, number)
	require.Equal(t, []string{`{"email":"asha@example.test"}`, "42"}, sender.ToStrings(payloads))
}

func TestConverterPreservesNil(t *testing.T) {
	t.Parallel()
	dc := codec.NewDataConverter(codec.New(newKeyring(t), "default"))
	payloads, err := dc.ToPayloads()
	require.NoError(t, err)
	require.Nil(t, payloads)
	var untouched = "as it was"
	require.NoError(t, dc.FromPayloads(nil))
	require.NoError(t, dc.FromPayload(nil, &untouched))
	require.Equal(t, "as it was", untouched)
}

// taken returns a message as workflow code receives it.
func taken(t *testing.T, dc converter.DataConverter, payloads ...*commonpb.Payload) *commonpb.Payload {
	t.Helper()
	var message converter.RawValue
	require.NoError(t, inWorkflow(t, dc, order("default", "onramp/inv-42")).FromPayloads(&commonpb.Payloads{Payloads: payloads}, &message))
	return message.Payload()
}

// lies are marks that only the converter may set.
func lies(payload *commonpb.Payload) *commonpb.Payload {
	lying := proto.Clone(payload).(*commonpb.Payload)
	for _, mark := range []string{payloadmeta.MetadataUnencrypted, payloadmeta.MetadataKeyID, payloadmeta.MetadataUnreadable, payloadmeta.MetadataLarge, payloadmeta.MetadataArguments} {
		lying.Metadata[mark] = []byte("lie")
	}
	return lying
}

func requireMarks(t *testing.T, payload *commonpb.Payload, marks map[string]string) {
	t.Helper()
	for _, mark := range []string{payloadmeta.MetadataUnencrypted, payloadmeta.MetadataKeyID, payloadmeta.MetadataUnreadable, payloadmeta.MetadataLarge, payloadmeta.MetadataArguments} {
		value, set := payload.GetMetadata()[mark]
		wanted, is := marks[mark]
		require.Equal(t, is, set, mark)
		require.Equal(t, wanted, string(value), mark)
	}
}

func TestUnencryptedMessageIsAcceptedAndMarked(t *testing.T) {
	t.Parallel()
	dc := codec.NewDataConverter(codec.New(newKeyring(t), "default"))
	sent := clear(t, map[string]string{"utr": "412345678901"})

	message := taken(t, dc, sent)

	require.Equal(t, sent.GetData(), message.GetData())
	requireMarks(t, message, map[string]string{payloadmeta.MetadataUnencrypted: "true"})
	require.NotContains(t, sent.GetMetadata(), payloadmeta.MetadataUnencrypted, "the sent payload is not changed")
	requireMarks(t, taken(t, dc, lies(sent)), map[string]string{payloadmeta.MetadataUnencrypted: "true"})
}

func TestMessageIsMarkedWithItsKeyWhateverItsMetadata(t *testing.T) {
	t.Parallel()
	keyring := newKeyring(t)
	dc := codec.NewDataConverter(codec.New(keyring, "default"))
	sent := encode(t, of(codec.New(keyring, "default"), order("default", "onramp/inv-42")), lies(clear(t, "x")))

	for _, message := range []*commonpb.Payload{taken(t, dc, sent), taken(t, dc, lies(sent))} {
		require.Equal(t, `"x"`, string(message.GetData()))
		requireMarks(t, message, map[string]string{payloadmeta.MetadataKeyID: keyring.Primary()})
	}
}

func TestForeignMessageReachesTheWorkflowUndecrypted(t *testing.T) {
	t.Parallel()
	keyring := newKeyring(t)
	dc := codec.NewDataConverter(codec.New(keyring, "default"))
	stolen, err := converter.WithDataConverterSerializationContext(dc, order("default", "onramp/inv-41")).ToPayload(secret)
	require.NoError(t, err)
	for _, payload := range []*commonpb.Payload{stolen, lies(stolen)} {
		message := taken(t, dc, payload)
		require.True(t, codec.Encrypted(message))
		requireMarks(t, message, map[string]string{payloadmeta.MetadataKeyID: keyring.Primary()})
	}
	message := taken(t, dc, &commonpb.Payload{Metadata: stolen.GetMetadata(), Data: []byte("no ciphertext")})
	require.True(t, codec.Encrypted(message))
	requireMarks(t, message, nil)
}

func TestMessageWithAnUnknownKeyReachesTheWorkflowUndecryptedAndMarked(t *testing.T) {
	t.Parallel()
	elsewhere := newKeyring(t)
	sent := encode(t, of(codec.New(elsewhere, "default"), order("default", "onramp/inv-42")), clear(t, secret))
	dc := codec.NewDataConverter(codec.New(newKeyring(t), "default"))

	for _, payload := range []*commonpb.Payload{sent, lies(sent)} {
		message := taken(t, dc, payload)
		require.True(t, codec.Encrypted(message))
		require.Equal(t, sent.GetData(), message.GetData(), "it can be read once its key is here")
		requireMarks(t, message, map[string]string{payloadmeta.MetadataKeyID: elsewhere.Primary(), payloadmeta.MetadataUnreadable: "unknown-key"})
	}
	opened := taken(t, codec.NewDataConverter(codec.New(elsewhere, "default")), taken(t, dc, sent))
	require.Equal(t, `"`+secret+`"`, string(opened.GetData()))
	requireMarks(t, opened, map[string]string{payloadmeta.MetadataKeyID: elsewhere.Primary()})
}

func TestLargeMessageIsMarkedWithOrWithoutItsKey(t *testing.T) {
	t.Parallel()
	keyring := newKeyring(t)
	own := of(codec.New(keyring, "default"), order("default", "onramp/inv-42"))
	for size, isLarge := range map[int]bool{60 << 10: false, 70 << 10: true} {
		sent := encode(t, own, clear(t, strings.Repeat("x", size)))
		for _, reader := range []*codec.Keyring{keyring, newKeyring(t)} {
			message := taken(t, codec.NewDataConverter(codec.New(reader, "default")), sent)
			_, told := message.GetMetadata()[payloadmeta.MetadataLarge]
			require.Equal(t, isLarge, told, size)
		}
	}
}

func TestFirstArgumentIsMarkedWithTheNumberOfArguments(t *testing.T) {
	t.Parallel()
	keyring := newKeyring(t)
	dc := codec.NewDataConverter(codec.New(keyring, "default"))
	own := of(codec.New(keyring, "default"), order("default", "onramp/inv-42"))

	several := taken(t, dc, clear(t, 1), clear(t, 2), clear(t, 3))
	requireMarks(t, several, map[string]string{payloadmeta.MetadataUnencrypted: "true", payloadmeta.MetadataArguments: "3"})
	mixed := taken(t, dc, encode(t, own, clear(t, 1)), &commonpb.Payload{})
	requireMarks(t, mixed, map[string]string{payloadmeta.MetadataKeyID: keyring.Primary(), payloadmeta.MetadataArguments: "2"})
	require.Nil(t, taken(t, dc))
}

// What an activity of one type leaves in a history, as its workflow reads it.
type status struct {
	ProviderStatus string `json:"providerStatus"`
	Status         string `json:"status,omitempty"`
}

// readAsResult reads a payload as the result of the activity OrderStatus and returns what stops the workflow task.
func readAsResult(t *testing.T, dc converter.DataConverter, payloads *commonpb.Payloads, into any) (problem error) {
	t.Helper()
	reader := inWorkflow(t, dc, activity("default", "onramp/inv-42", "OrderStatus"))
	defer func() {
		if stopped, _ := recover().(error); stopped != nil {
			problem = stopped
		}
	}()
	require.NoError(t, reader.FromPayloads(payloads, into))
	return nil
}

func TestActivityResultIsDecodedStrictly(t *testing.T) {
	t.Parallel()
	dc := codec.NewDataConverter(codec.New(newKeyring(t), "default"))
	result := func(context converter.SerializationContext, content string) *commonpb.Payloads {
		payloads, err := converter.WithDataConverterSerializationContext(dc, context).ToPayloads(json.RawMessage(content))
		require.NoError(t, err)
		return payloads
	}
	own := activity("default", "onramp/inv-42", "OrderStatus")
	var told status
	require.NoError(t, readAsResult(t, dc, result(own, `{"providerStatus":"completed"}`), &told))
	require.Equal(t, status{ProviderStatus: "completed"}, told)

	for name, forged := range map[string]*commonpb.Payloads{
		"answer to await-order":           result(order("default", "onramp/inv-42"), `{"providerStatus":"completed"}`),
		"another activity's result":       result(activity("default", "onramp/inv-42", "WatchOrder"), `{"providerStatus":"completed"}`),
		"another order's result":          result(activity("default", "onramp/inv-41", "OrderStatus"), `{"providerStatus":"completed"}`),
		"the activity's own input":        result(own, `{"email":"asha@example.test","orderId":"1"}`),
		"a result and more":               result(own, `{"providerStatus":"completed","orderId":"1"}`),
		"a field twice":                   result(own, `{"providerStatus":"completed","ProviderStatus":"refunded"}`),
		"nothing that a result must have": result(own, `{"status":"completed"}`),
		"an empty object":                 result(own, `{}`),
		"null":                            result(own, `null`),
		"a list":                          result(own, `[]`),
		"no payload":                      {},
		"nothing":                         nil,
		"in clear":                        {Payloads: []*commonpb.Payload{clear(t, status{ProviderStatus: "completed"})}},
	} {
		var told status
		require.Error(t, readAsResult(t, dc, forged, &told), name)
	}
}

func TestUnknownFieldsOfResponsesAreIgnored(t *testing.T) {
	t.Parallel()
	dc := codec.NewDataConverter(codec.New(newKeyring(t), "default"))
	backend := converter.WithDataConverterSerializationContext(dc, order("default", "onramp/inv-42"))
	answer, err := backend.ToPayload(map[string]string{"providerStatus": "completed", "ofTheNextVersion": "x"})
	require.NoError(t, err)
	var told status
	require.NoError(t, backend.FromPayload(answer, &told))
	require.Equal(t, status{ProviderStatus: "completed"}, told)
}

func TestUndecryptableHistoryFailsTheTaskAndNotTheOrder(t *testing.T) {
	t.Parallel()
	dc := codec.NewDataConverter(codec.New(newKeyring(t), "default"))
	elsewhere := codec.NewDataConverter(codec.New(newKeyring(t), "default"))
	unknownKey, err := converter.WithDataConverterSerializationContext(elsewhere, order("default", "onramp/inv-42")).ToPayload("x")
	require.NoError(t, err)
	foreign, err := converter.WithDataConverterSerializationContext(dc, order("default", "onramp/inv-41")).ToPayload("x")
	require.NoError(t, err)
	reader := inWorkflow(t, dc, order("default", "onramp/inv-42"))
	var text string

	require.Panics(t, func() { _ = reader.FromPayload(unknownKey, &text) })
	require.Panics(t, func() { _ = reader.FromPayload(foreign, &text) })
	require.PanicsWithError(t, codec.ErrUnencrypted.Error(), func() { _ = reader.FromPayload(clear(t, "forged"), &text) })

	outside := converter.WithDataConverterSerializationContext(dc, order("default", "onramp/inv-42"))
	require.ErrorIs(t, outside.FromPayload(clear(t, "forged"), &text), codec.ErrUnencrypted)
	require.ErrorIs(t, outside.FromPayload(foreign, &text), codec.ErrUndecryptable)
	require.Empty(t, text)
	aware := outside.(converter.ContextAware)
	require.ErrorIs(t, aware.WithContext(context.Background()).FromPayload(foreign, &text), codec.ErrUndecryptable)
}
