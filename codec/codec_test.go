package codec_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"google.golang.org/protobuf/proto"

	"rampart/codec"
	"rampart/ramp"
)

const secret = "asha@example.test"

func newKeyring(t testing.TB) *codec.Keyring {
	t.Helper()
	keyring, err := codec.NewKeyring()
	require.NoError(t, err)
	return keyring
}

func order(namespace, workflowID string) converter.SerializationContext {
	return converter.WorkflowSerializationContext{Namespace: namespace, WorkflowID: workflowID}
}

func of(c *codec.Codec, context converter.SerializationContext) converter.PayloadCodec {
	return c.WithSerializationContext(context)
}

func clear(t testing.TB, value any) *commonpb.Payload {
	t.Helper()
	payload, err := converter.GetDefaultDataConverter().ToPayload(value)
	require.NoError(t, err)
	return payload
}

func encode(t testing.TB, c converter.PayloadCodec, payload *commonpb.Payload) *commonpb.Payload {
	t.Helper()
	encoded, err := c.Encode([]*commonpb.Payload{payload})
	require.NoError(t, err)
	require.Len(t, encoded, 1)
	return encoded[0]
}

func TestPayloadIsUnreadableWithoutTheKeyAndWholeWithIt(t *testing.T) {
	t.Parallel()
	keyring := newKeyring(t)
	own := of(codec.New(keyring, "default"), order("default", "onramp/inv-42"))
	payload := clear(t, secret)

	encrypted := encode(t, own, payload)

	require.True(t, codec.Encrypted(encrypted))
	require.Equal(t, "onramp/inv-42", codec.WorkflowID(encrypted))
	require.Equal(t, keyring.Primary(), codec.KeyID(encrypted))
	raw, err := proto.Marshal(encrypted)
	require.NoError(t, err)
	require.NotContains(t, string(raw), "asha")
	require.NotContains(t, string(raw), "json", "what kind of payload it is, is hidden too")
	decrypted, err := own.Decode([]*commonpb.Payload{encrypted})
	require.NoError(t, err)
	require.True(t, proto.Equal(payload, decrypted[0]))
}

func TestSamePayloadNeverLooksTheSame(t *testing.T) {
	t.Parallel()
	own := of(codec.New(newKeyring(t), "default"), order("default", "onramp/inv-42"))
	payload := clear(t, secret)
	require.NotEqual(t, encode(t, own, payload).GetData(), encode(t, own, payload).GetData())
}

func TestActivityPayloadsBelongToTheirWorkflow(t *testing.T) {
	t.Parallel()
	c := codec.New(newKeyring(t), "default")
	encrypted := encode(t, of(c, converter.ActivitySerializationContext{
		Namespace: "default", WorkflowID: "onramp/inv-42", ActivityType: "KYCStatus", TaskQueue: "ramp",
	}), clear(t, secret))
	decrypted, err := of(c, order("default", "onramp/inv-42")).Decode([]*commonpb.Payload{encrypted})
	require.NoError(t, err)
	require.True(t, proto.Equal(clear(t, secret), decrypted[0]))
}

func TestStolenCiphertextDoesNotDecryptElsewhere(t *testing.T) {
	t.Parallel()
	keyring := newKeyring(t)
	c := codec.New(keyring, "default")
	stolen := encode(t, of(c, order("default", "onramp/inv-42")), clear(t, secret))
	relabelled := proto.Clone(stolen).(*commonpb.Payload)
	relabelled.Metadata[codec.MetadataWorkflowID] = []byte("onramp/thief")
	unbound := encode(t, c, clear(t, secret))

	for name, attempt := range map[string]struct {
		codec   converter.PayloadCodec
		payload *commonpb.Payload
	}{
		"another workflow":                     {of(c, order("default", "onramp/thief")), stolen},
		"another workflow, relabelled for it":  {of(c, order("default", "onramp/thief")), relabelled},
		"codec server, relabelled":             {c, relabelled},
		"another namespace":                    {of(c, order("production", "onramp/inv-42")), stolen},
		"another namespace's codec server":     {codec.New(keyring, "production"), stolen},
		"workflow, by who is of no workflow":   {of(c, order("default", "onramp/inv-42")), unbound},
		"names that only join to the same one": {of(c, order("defaultonramp", "/inv-42")), stolen},
	} {
		_, err := attempt.codec.Decode([]*commonpb.Payload{attempt.payload})
		require.ErrorIs(t, err, codec.ErrForeign, name)
	}
}

func TestChangedCiphertextDoesNotDecrypt(t *testing.T) {
	t.Parallel()
	own := of(codec.New(newKeyring(t), "default"), order("default", "onramp/inv-42"))
	for _, position := range []int{5, 20, -1} {
		payload := encode(t, own, clear(t, secret))
		if position < 0 {
			position += len(payload.Data)
		}
		payload.Data[position] ^= 1
		_, err := own.Decode([]*commonpb.Payload{payload})
		require.ErrorIs(t, err, codec.ErrForeign)
	}
}

func TestPayloadOfAKeyThatIsNotHereNamesTheKey(t *testing.T) {
	t.Parallel()
	elsewhere := newKeyring(t)
	payload := encode(t, of(codec.New(elsewhere, "default"), order("default", "onramp/inv-42")), clear(t, secret))
	_, err := of(codec.New(newKeyring(t), "default"), order("default", "onramp/inv-42")).Decode([]*commonpb.Payload{payload})
	var unknown *codec.UnknownKeyError
	require.ErrorAs(t, err, &unknown)
	require.ErrorContains(t, err, elsewhere.Primary())
}

func TestCodecServerReadsWhatAnyWorkflowOfItsNamespaceHas(t *testing.T) {
	t.Parallel()
	c := codec.New(newKeyring(t), "default")
	payloads := []*commonpb.Payload{
		encode(t, of(c, order("default", "onramp/inv-42")), clear(t, 1)),
		encode(t, of(c, order("default", "offramp/wd-7")), clear(t, 2)),
		clear(t, 3),
	}
	decoded, err := c.Decode(payloads)
	require.NoError(t, err)
	for i, payload := range decoded {
		require.True(t, proto.Equal(clear(t, i+1), payload))
	}
}

func TestContextWithoutANamespaceIsOfTheCodecsOwn(t *testing.T) {
	t.Parallel()
	c := codec.New(newKeyring(t), "production")
	payload := encode(t, of(c, order("production", "onramp/inv-42")), clear(t, secret))
	for _, unknown := range []string{"", "ReplayNamespace"} {
		_, err := of(c, order(unknown, "onramp/inv-42")).Decode([]*commonpb.Payload{payload})
		require.NoError(t, err)
		_, err = of(c, order(unknown, "onramp/inv-43")).Decode([]*commonpb.Payload{payload})
		require.ErrorIs(t, err, codec.ErrForeign)
	}
}

func TestEncryptedPayloadIsNotEncryptedAgain(t *testing.T) {
	t.Parallel()
	own := of(codec.New(newKeyring(t), "default"), order("default", "onramp/inv-42"))
	payload := encode(t, own, clear(t, secret))
	require.True(t, proto.Equal(payload, encode(t, own, payload)))
}

// FuzzDecode feeds the codec whatever may stand in a history. Nothing but what it has encrypted itself comes out decrypted.
func FuzzDecode(f *testing.F) {
	c := codec.New(newKeyring(f), "default")
	own := of(c, order("default", "onramp/inv-42"))
	real := encode(f, own, clear(f, secret))
	f.Add("onramp/inv-42", real.GetData())
	f.Add("", []byte{})
	f.Add("onramp/inv-42", []byte{1, 0, 0, 0, 7})
	f.Add("onramp/inv-43", []byte(strings.Repeat("\x01", 100)))
	f.Fuzz(func(t *testing.T, workflowID string, data []byte) {
		payload := &commonpb.Payload{Data: data, Metadata: map[string][]byte{
			converter.MetadataEncoding: []byte(codec.Encoding),
			codec.MetadataWorkflowID:   []byte(workflowID),
		}}
		decoded, err := c.Decode([]*commonpb.Payload{payload})
		if string(data) == string(real.GetData()) && workflowID == "onramp/inv-42" {
			require.NoError(t, err)
			return
		}
		require.Error(t, err)
		require.Nil(t, decoded)
	})
}

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

func TestConverterKeepsNothingAsNothing(t *testing.T) {
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

func TestClearPayloadFromOutsideIsTakenAndMarked(t *testing.T) {
	t.Parallel()
	dc := codec.NewDataConverter(codec.New(newKeyring(t), "default"))
	sent := clear(t, map[string]string{"utr": "412345678901"})
	var taken converter.RawValue
	require.NoError(t, inWorkflow(t, dc, order("default", "onramp/inv-42")).FromPayload(sent, &taken))
	require.Equal(t, sent.GetData(), taken.Payload().GetData())
	require.Contains(t, taken.Payload().GetMetadata(), ramp.MetadataUnencrypted)
	require.NotContains(t, sent.GetMetadata(), ramp.MetadataUnencrypted, "what Temporal holds is not changed")
}

func TestEncryptedPayloadIsNotMarkedEvenIfItsSenderSaysSo(t *testing.T) {
	t.Parallel()
	dc := codec.NewDataConverter(codec.New(newKeyring(t), "default"))
	sender := converter.WithDataConverterSerializationContext(dc, order("default", "onramp/inv-42"))
	sent, err := sender.ToPayload("x")
	require.NoError(t, err)
	var taken converter.RawValue
	require.NoError(t, inWorkflow(t, dc, order("default", "onramp/inv-42")).FromPayload(sent, &taken))
	require.NotContains(t, taken.Payload().GetMetadata(), ramp.MetadataUnencrypted)
}

func TestForeignMessageIsHandedOverUnreadForTheWorkflowToRefuse(t *testing.T) {
	t.Parallel()
	dc := codec.NewDataConverter(codec.New(newKeyring(t), "default"))
	stolen, err := converter.WithDataConverterSerializationContext(dc, order("default", "onramp/inv-41")).ToPayload(secret)
	require.NoError(t, err)
	var taken converter.RawValue
	require.NoError(t, inWorkflow(t, dc, order("default", "onramp/inv-42")).FromPayload(stolen, &taken))
	require.True(t, codec.Encrypted(taken.Payload()))
}

func TestWhatWorkflowCodeCannotReadStopsItsTaskAndNotTheOrder(t *testing.T) {
	t.Parallel()
	dc := codec.NewDataConverter(codec.New(newKeyring(t), "default"))
	elsewhere := codec.NewDataConverter(codec.New(newKeyring(t), "default"))
	unknownKey, err := converter.WithDataConverterSerializationContext(elsewhere, order("default", "onramp/inv-42")).ToPayload("x")
	require.NoError(t, err)
	foreign, err := converter.WithDataConverterSerializationContext(dc, order("default", "onramp/inv-41")).ToPayload("x")
	require.NoError(t, err)
	reader := inWorkflow(t, dc, order("default", "onramp/inv-42"))
	var text string
	var message converter.RawValue

	require.Panics(t, func() { _ = reader.FromPayload(unknownKey, &text) })
	require.Panics(t, func() { _ = reader.FromPayload(unknownKey, &message) }, "another worker may have the key: a proof must not be lost")
	require.Panics(t, func() { _ = reader.FromPayload(foreign, &text) })
	require.PanicsWithError(t, codec.ErrUnencrypted.Error(), func() { _ = reader.FromPayload(clear(t, "forged"), &text) })

	outside := converter.WithDataConverterSerializationContext(dc, order("default", "onramp/inv-42"))
	require.ErrorIs(t, outside.FromPayload(clear(t, "forged"), &text), codec.ErrUnencrypted)
	require.ErrorIs(t, outside.FromPayload(foreign, &text), codec.ErrForeign)
	require.Empty(t, text)
	aware := outside.(converter.ContextAware)
	require.ErrorIs(t, aware.WithContext(context.Background()).FromPayload(foreign, &text), codec.ErrForeign)
}
