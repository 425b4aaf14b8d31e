package codec_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"google.golang.org/protobuf/proto"

	"rampart/codec"
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

func TestPayloadDecryptsWithItsKeyOnly(t *testing.T) {
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

func TestCiphertextsOfEqualPayloadsDiffer(t *testing.T) {
	t.Parallel()
	own := of(codec.New(newKeyring(t), "default"), order("default", "onramp/inv-42"))
	payload := clear(t, secret)
	require.NotEqual(t, encode(t, own, payload).GetData(), encode(t, own, payload).GetData())
}

func activity(namespace, workflowID, kind string) converter.SerializationContext {
	return converter.ActivitySerializationContext{Namespace: namespace, WorkflowID: workflowID, ActivityType: kind, TaskQueue: "ramp"}
}

func TestActivityPayloadsBelongToTheirActivity(t *testing.T) {
	t.Parallel()
	c := codec.New(newKeyring(t), "default")
	kycStatus := activity("default", "onramp/inv-42", "KYCStatus")
	encrypted := encode(t, of(c, kycStatus), clear(t, secret))
	require.Equal(t, "KYCStatus", codec.Role(encrypted))
	for _, reader := range []converter.PayloadCodec{of(c, kycStatus), c} {
		decrypted, err := reader.Decode([]*commonpb.Payload{encrypted})
		require.NoError(t, err)
		require.True(t, proto.Equal(clear(t, secret), decrypted[0]))
	}
}

func TestPayloadDoesNotDecryptInAnotherRole(t *testing.T) {
	t.Parallel()
	c := codec.New(newKeyring(t), "default")
	roles := map[string]converter.SerializationContext{
		"":            order("default", "onramp/inv-42"),
		"OrderStatus": activity("default", "onramp/inv-42", "OrderStatus"),
		"WatchOrder":  activity("default", "onramp/inv-42", "WatchOrder"),
	}
	for from, sender := range roles {
		stolen := encode(t, of(c, sender), clear(t, secret))
		for to, receiver := range roles {
			if from == to {
				continue
			}
			relabelled := proto.Clone(stolen).(*commonpb.Payload)
			relabelled.Metadata[codec.MetadataRole] = []byte(to)
			older := proto.Clone(stolen).(*commonpb.Payload)
			delete(older.Metadata, codec.MetadataRole)
			for how, payload := range map[string]*commonpb.Payload{"as it is": stolen, "relabelled": relabelled, "as one of format 1": older} {
				_, err := of(c, receiver).Decode([]*commonpb.Payload{payload})
				require.ErrorIs(t, err, codec.ErrUndecryptable, "%q as %q, %s", from, to, how)
			}
			_, err := c.Decode([]*commonpb.Payload{relabelled})
			require.ErrorIs(t, err, codec.ErrUndecryptable, "a codec server, %q as %q", from, to)
		}
	}
}

func TestCiphertextDoesNotDecryptInAnotherWorkflow(t *testing.T) {
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
		"workflow, without a workflow":         {of(c, order("default", "onramp/inv-42")), unbound},
		"names that only join to the same one": {of(c, order("defaultonramp", "/inv-42")), stolen},
		"another workflow's activity":          {of(c, activity("default", "onramp/thief", "")), relabelled},
	} {
		_, err := attempt.codec.Decode([]*commonpb.Payload{attempt.payload})
		require.ErrorIs(t, err, codec.ErrUndecryptable, name)
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
		require.ErrorIs(t, err, codec.ErrUndecryptable)
	}
}

func TestPayloadWithAnUnknownKeyNamesTheKey(t *testing.T) {
	t.Parallel()
	elsewhere := newKeyring(t)
	payload := encode(t, of(codec.New(elsewhere, "default"), order("default", "onramp/inv-42")), clear(t, secret))
	_, err := of(codec.New(newKeyring(t), "default"), order("default", "onramp/inv-42")).Decode([]*commonpb.Payload{payload})
	var unknown *codec.UnknownKeyError
	require.ErrorAs(t, err, &unknown)
	require.ErrorContains(t, err, elsewhere.Primary())
}

func TestCodecServerDecryptsPayloadsOfEveryWorkflowInItsNamespace(t *testing.T) {
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

func TestContextWithoutANamespaceUsesTheCodecsNamespace(t *testing.T) {
	t.Parallel()
	c := codec.New(newKeyring(t), "production")
	payload := encode(t, of(c, order("production", "onramp/inv-42")), clear(t, secret))
	for _, unknown := range []string{"", "ReplayNamespace"} {
		_, err := of(c, order(unknown, "onramp/inv-42")).Decode([]*commonpb.Payload{payload})
		require.NoError(t, err)
		_, err = of(c, order(unknown, "onramp/inv-43")).Decode([]*commonpb.Payload{payload})
		require.ErrorIs(t, err, codec.ErrUndecryptable)
	}
}

func TestEncryptedPayloadIsNotEncryptedAgain(t *testing.T) {
	t.Parallel()
	own := of(codec.New(newKeyring(t), "default"), order("default", "onramp/inv-42"))
	payload := encode(t, own, clear(t, secret))
	require.True(t, proto.Equal(payload, encode(t, own, payload)))
}

// FuzzDecode decodes arbitrary payloads. Only payloads that the codec encrypted are decrypted.
func FuzzDecode(f *testing.F) {
	c := codec.New(newKeyring(f), "default")
	own := of(c, order("default", "onramp/inv-42"))
	real := encode(f, own, clear(f, secret))
	f.Add("onramp/inv-42", "", true, real.GetData())
	f.Add("onramp/inv-42", "", false, real.GetData())
	f.Add("onramp/inv-42", "OrderStatus", true, real.GetData())
	f.Add("", "", true, []byte{})
	f.Add("onramp/inv-42", "", true, []byte{1, 0, 0, 0, 7})
	f.Add("onramp/inv-43", "", true, []byte(strings.Repeat("\x01", 100)))
	f.Fuzz(func(t *testing.T, workflowID, role string, format2 bool, data []byte) {
		payload := &commonpb.Payload{Data: data, Metadata: map[string][]byte{
			converter.MetadataEncoding: []byte(codec.Encoding),
			codec.MetadataWorkflowID:   []byte(workflowID),
		}}
		if format2 {
			payload.Metadata[codec.MetadataRole] = []byte(role)
		}
		decoded, err := c.Decode([]*commonpb.Payload{payload})
		if string(data) == string(real.GetData()) && workflowID == "onramp/inv-42" && format2 && role == "" {
			require.NoError(t, err)
			return
		}
		require.Error(t, err)
		require.Nil(t, decoded)
	})
}
