package codec_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	failurepb "go.temporal.io/api/failure/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"rampart/codec"
)

// recorded reads payloads that the version before format 2 wrote, as stored by Temporal.
func recorded(t *testing.T, name string, into proto.Message) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("testdata", "format1", name))
	require.NoError(t, err)
	require.NoError(t, protojson.Unmarshal(content, into))
}

func recordedKeyring(t *testing.T) *codec.Keyring {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("testdata", "format1", "keyset.json"))
	require.NoError(t, err)
	keyring, err := codec.OpenKeyring(t.Context(), codec.KeysetSource{Keyset: string(content)})
	require.NoError(t, err)
	return keyring
}

// A watch that goes on after an update reads the heartbeat of before; so does an order its messages.
func TestPayloadsOfFormat1Decrypt(t *testing.T) {
	t.Parallel()
	var payloads commonpb.Payloads
	recorded(t, "payloads.json", &payloads)
	dc := codec.NewDataConverter(codec.New(recordedKeyring(t), "default"))
	var beat struct{ Polls int }
	require.NoError(t, converter.WithDataConverterSerializationContext(dc, activity("default", "onramp/inv-42", "WatchOrder")).
		FromPayload(payloads.GetPayloads()[0], &beat))
	require.Equal(t, 20, beat.Polls)
	require.Equal(t, `{"utr":"412345678901"}`, string(taken(t, dc, payloads.GetPayloads()[1]).GetData()))

	for _, payload := range payloads.GetPayloads() {
		_, err := of(codec.New(recordedKeyring(t), "default"), order("default", "onramp/inv-41")).Decode([]*commonpb.Payload{payload})
		require.ErrorIs(t, err, codec.ErrUndecryptable, "they belong to their workflow")
		payload.Metadata[codec.MetadataRole] = []byte("WatchOrder")
		_, err = of(codec.New(recordedKeyring(t), "default"), activity("default", "onramp/inv-42", "WatchOrder")).Decode([]*commonpb.Payload{payload})
		require.ErrorIs(t, err, codec.ErrUndecryptable, "and to no role")
	}
}

// A result of format 1 differs from the order's other payloads of that format by its shape only.
func TestMessageOfFormat1IsNotAcceptedAsAResult(t *testing.T) {
	t.Parallel()
	var payloads commonpb.Payloads
	recorded(t, "payloads.json", &payloads)
	dc := codec.NewDataConverter(codec.New(recordedKeyring(t), "default"))
	for _, payload := range payloads.GetPayloads() {
		require.ErrorContains(t, readAsResult(t, dc, &commonpb.Payloads{Payloads: []*commonpb.Payload{payload}}, new(status)), "result")
		require.ErrorContains(t, readAsResult(t, dc, &commonpb.Payloads{Payloads: []*commonpb.Payload{payload}}, new(struct{})), "result")
	}
}

func TestFailureOfFormat1IsAccepted(t *testing.T) {
	t.Parallel()
	var failure failurepb.Failure
	recorded(t, "failure.json", &failure)
	var options client.Options
	codec.Secure(&options, recordedKeyring(t))
	own := converter.WithFailureConverterSerializationContext(options.FailureConverter, activity("default", "onramp/inv-42", "WatchOrder"))
	var read *temporal.ApplicationError
	require.ErrorAs(t, own.FailureToError(&failure), &read)
	require.Equal(t, "ProviderRefused", read.Type())
	require.ErrorContains(t, read, "refused for "+secret)
	var detail string
	require.NoError(t, read.Details(&detail))
	require.Equal(t, secret, detail)

	failure.EncodedAttributes = nil
	requireForged(t, own, &failure, "without what is encrypted")
}

// What the documentation of format 1 had as its example.
func TestExampleOfFormat1Decrypts(t *testing.T) {
	t.Parallel()
	keyring, err := codec.OpenKeyring(t.Context(), codec.KeysetSource{Keyset: `{"primaryKeyId":7,"key":[{"keyData":{` +
		`"typeUrl":"type.googleapis.com/google.crypto.tink.XAesGcmKey","value":"EgIIDBogAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",` +
		`"keyMaterialType":"SYMMETRIC"},"status":"ENABLED","keyId":7,"outputPrefixType":"TINK"}]}`})
	require.NoError(t, err)
	payload := new(commonpb.Payload)
	require.NoError(t, protojson.Unmarshal([]byte(`{"metadata":{"encoding":"YmluYXJ5L2VuY3J5cHRlZA==","encryption-key-id":"Nw==","workflow-id":"b25yYW1wL2ludi00Mg=="},`+
		`"data":"AQAAAAdAQUJDREVGR0hJSktQUVJTVFVWV1hZWlvnkB9fE8heJR/B74neVl2UQuDtZItGn/ESGRr2jpRwN8dEgifTfs85EToiL27eOxKEwcJbyDzm/EG0Z4LYZ1KV"}`), payload))
	decoded, err := of(codec.New(keyring, "default"), order("default", "onramp/inv-42")).Decode([]*commonpb.Payload{payload})
	require.NoError(t, err)
	require.Equal(t, `{"utr":"412345678901"}`, string(decoded[0].GetData()))
}
