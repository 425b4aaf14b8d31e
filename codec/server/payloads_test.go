package server_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"google.golang.org/protobuf/proto"

	"rampart/codec"
	"rampart/codec/server"
)

func TestWebUIReadsThePayloadsOfItsNamespace(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	asked := body(t,
		encrypted(t, s.keyring, namespace, workflowID, secret),
		encrypted(t, s.keyring, namespace, "offramp/wd-7", "second"),
	)

	for _, path := range []string{"/decode?preserveStorageRefs=true", "/codec/orders/decode", "//decode"} {
		require.Equal(t, []string{secret, "second"}, s.post(t, path, asked, nil).texts(t), path)
	}
}

func TestTemporalCLIReadsPayloads(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	remote := remoteCodec(s, nil)

	decoded, err := remote.Decode([]*commonpb.Payload{encrypted(t, s.keyring, namespace, workflowID, secret)})

	require.NoError(t, err)
	require.Len(t, decoded, 1)
	require.True(t, proto.Equal(inClear(t, secret), decoded[0]))
}

// remoteCodec calls as the Temporal CLI does.
func remoteCodec(s *service, headers map[string]string) converter.PayloadCodec {
	return converter.NewRemotePayloadCodec(converter.RemotePayloadCodecOptions{
		Endpoint: s.URL,
		ModifyRequest: func(request *http.Request) error {
			request.Header.Set(server.NamespaceHeader, namespace)
			for name, value := range headers {
				request.Header.Set(name, value)
			}
			return nil
		},
	})
}

func TestResponsesMatchTheSDKsHandler(t *testing.T) {
	t.Parallel()
	keyring := newKeyring(t)
	theirs, err := converter.NewPayloadHTTPHandler(converter.PayloadHTTPHandlerOptions{
		PreStorageCodecs: []converter.PayloadCodec{codec.New(keyring, namespace)},
	})
	require.NoError(t, err)
	ours, err := server.New(server.Options{Keyring: keyring, Audit: (&journal{}).logger()})
	require.NoError(t, err)

	for name, asked := range map[string]string{
		"payloads": body(t, encrypted(t, keyring, namespace, workflowID, secret), inClear(t, "in clear"), &commonpb.Payload{}),
		"none":     `{"payloads":[]}`,
		"nothing":  `{}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			expected := serveHere(theirs, asked)
			given := serveHere(ours, asked)

			require.Equal(t, http.StatusOK, expected.Code)
			require.Equal(t, expected.Code, given.Code)
			require.Equal(t, expected.Header().Get("Content-Type"), given.Header().Get("Content-Type"))
			require.JSONEq(t, expected.Body.String(), given.Body.String())
		})
	}
}

func TestPayloadThatDoesNotDecryptStaysEncryptedBesideReadableOnes(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	good := encrypted(t, s.keyring, namespace, workflowID, "readable")

	for name, bad := range map[string]*commonpb.Payload{
		"other namespace":       encrypted(t, s.keyring, "payroll", workflowID, secret),
		"unknown key":           encrypted(t, newKeyring(t), namespace, workflowID, secret),
		"ciphertext changed":    changed(good, func(p *commonpb.Payload) { p.Data[len(p.Data)-1] ^= 1 }),
		"ciphertext cut":        changed(good, func(p *commonpb.Payload) { p.Data = p.Data[:8] }),
		"no ciphertext":         changed(good, func(p *commonpb.Payload) { p.Data = nil }),
		"other workflow's name": changed(good, func(p *commonpb.Payload) { p.Metadata[codec.MetadataWorkflowID] = []byte("onramp/mallory") }),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mine := start(t, func(o *server.Options) { o.Keyring = s.keyring })

			payloads := mine.post(t, "/decode", body(t, good, bad, inClear(t, "in clear"), good), nil).payloads(t)

			require.Len(t, payloads, 4)
			require.True(t, proto.Equal(inClear(t, "readable"), payloads[0]))
			require.True(t, proto.Equal(bad, payloads[1]))
			require.True(t, proto.Equal(inClear(t, "in clear"), payloads[2]))
			require.True(t, proto.Equal(inClear(t, "readable"), payloads[3]))
			audited := mine.log.last(t)
			require.Equal(t, []string{workflowID}, audited.Workflows, "a workflow that nothing proves is in the audit")
			require.Equal(t, 2, audited.Decrypted)
			require.Equal(t, 1, audited.Undecryptable)
			require.Equal(t, 1, audited.Passed)
		})
	}
}

func changed(payload *commonpb.Payload, change func(*commonpb.Payload)) *commonpb.Payload {
	other := proto.CloneOf(payload)
	change(other)
	return other
}

func TestAuditDistinguishesAnUnknownKeyFromAForeignPayload(t *testing.T) {
	t.Parallel()
	s := start(t, nil)

	s.post(t, "/decode", body(t,
		encrypted(t, newKeyring(t), namespace, workflowID, secret),
		encrypted(t, s.keyring, "payroll", workflowID, secret),
	), nil)

	require.Equal(t, 2, s.log.last(t).Undecryptable)
	require.Equal(t, 1, s.log.last(t).UnknownKeys)
}

// ofOrders are payloads of so many orders, two of each.
func ofOrders(t *testing.T, keyring *codec.Keyring, orders int) []*commonpb.Payload {
	t.Helper()
	var payloads []*commonpb.Payload
	for i := range orders {
		payload := encrypted(t, keyring, namespace, fmt.Sprintf("onramp/inv-%d", i), secret)
		payloads = append(payloads, payload, payload)
	}
	return payloads
}

func TestAuditNamesEveryWorkflowOfARequest(t *testing.T) {
	t.Parallel()
	s := start(t, nil)

	s.post(t, "/decode", body(t, ofOrders(t, s.keyring, 20)...), nil)

	audited := s.log.last(t)
	require.Len(t, audited.Workflows, 20)
	require.Contains(t, audited.Workflows, "onramp/inv-19")
	require.Equal(t, 40, audited.Decrypted)
}

func TestManyWorkflowsAtOnceAreNotDecoded(t *testing.T) {
	t.Parallel()
	s := start(t, nil)

	refused := s.post(t, "/decode", body(t, ofOrders(t, s.keyring, 21)...), nil)

	require.Equal(t, http.StatusRequestEntityTooLarge, refused.status)
	require.Contains(t, refused.body, "the limit is 1000 payloads of 20 workflows")
	require.NotContains(t, refused.body, secret)
	require.Equal(t, "refused", s.log.last(t).Outcome)
	require.Zero(t, s.log.last(t).Decrypted)
}

func TestAtMostAPageOfHistoryIsDecoded(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	page := slices.Repeat([]*commonpb.Payload{encrypted(t, s.keyring, namespace, workflowID, secret)}, 1000)

	answered := s.post(t, "/decode", body(t, page...), nil)
	require.Equal(t, http.StatusOK, answered.status)
	require.Equal(t, 1000, s.log.last(t).Decrypted)
	require.Equal(t, []string{workflowID}, s.log.last(t).Workflows)

	refused := s.post(t, "/decode", body(t, append(page, page[0])...), nil)
	require.Equal(t, http.StatusRequestEntityTooLarge, refused.status)
	require.Zero(t, s.log.last(t).Decrypted)
}

// Requests name neither the workflow nor the activity. The payload does, and decryption authenticates both.
func TestPayloadsOfActivitiesAreDecoded(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	own := codec.New(s.keyring, namespace).WithSerializationContext(converter.ActivitySerializationContext{
		Namespace: namespace, WorkflowID: workflowID, ActivityType: "OrderStatus",
	})
	payloads, err := own.Encode([]*commonpb.Payload{inClear(t, secret)})
	require.NoError(t, err)

	decoded := s.post(t, "/decode", body(t, payloads...), nil)
	require.JSONEq(t, body(t, inClear(t, secret)), decoded.body)
	require.Equal(t, []string{workflowID}, s.log.last(t).Workflows)

	relabelled := changed(payloads[0], func(p *commonpb.Payload) { p.Metadata[codec.MetadataRole] = []byte("WatchOrder") })
	refused := s.post(t, "/decode", body(t, relabelled), nil)
	require.NotContains(t, refused.body, secret)
	require.Equal(t, 1, s.log.last(t).Undecryptable)
}

func TestAuditNamesCallerAndWorkflowButNoContent(t *testing.T) {
	t.Parallel()
	s := start(t, nil)

	s.post(t, "/decode", body(t, encrypted(t, s.keyring, namespace, workflowID, secret), inClear(t, secret)), nil)

	require.Len(t, s.log.lines(t), 1)
	audited := s.log.last(t)
	require.True(t, strings.HasPrefix(audited.Remote, "127.0.0.1:"))
	audited.Remote = ""
	require.Equal(t, line{
		Action: "decode", Outcome: "answered", Status: http.StatusOK, Namespace: namespace, Origin: uiOrigin,
		Workflows: []string{workflowID}, Decrypted: 1, Passed: 1,
	}, audited)
	require.NotContains(t, s.log.String(), secret)
}

func TestDecodeOnlyUnlessEncodingIsAllowed(t *testing.T) {
	t.Parallel()
	s := start(t, nil)

	refused := s.post(t, "/encode", body(t, inClear(t, secret)), map[string]string{server.WorkflowHeader: workflowID})

	require.Equal(t, http.StatusForbidden, refused.status)
	require.Contains(t, refused.body, "RAMP_CODEC_ENCODE")
	require.NotContains(t, refused.body, secret)
	require.Equal(t, "encode", s.log.last(t).Action)
	require.Equal(t, "refused", s.log.last(t).Outcome)
}

// The Temporal CLI sends this before every query.
func TestEncodingWithoutPayloadsRequiresNoPermission(t *testing.T) {
	t.Parallel()
	s := start(t, nil)

	nothing := s.post(t, "/encode", "{}", nil)
	already := s.post(t, "/encode", body(t, encrypted(t, s.keyring, namespace, workflowID, secret)), nil)

	require.Equal(t, http.StatusOK, nothing.status, nothing.body)
	require.JSONEq(t, "{}", nothing.body)
	require.Equal(t, http.StatusOK, already.status, already.body)
	require.NotContains(t, already.body, secret)
}

func TestEncodingRequiresTheWorkflowHeader(t *testing.T) {
	t.Parallel()
	s := start(t, func(o *server.Options) { o.Encode = true })

	refused := s.post(t, "/encode", body(t, inClear(t, secret)), nil)

	require.Equal(t, http.StatusBadRequest, refused.status)
	require.Contains(t, refused.body, "--codec-header X-Workflow-Id=")
}

func TestEncodedPayloadIsReadByItsWorkflowAlone(t *testing.T) {
	t.Parallel()
	s := start(t, func(o *server.Options) { o.Encode = true })
	remote := remoteCodec(s, map[string]string{server.WorkflowHeader: workflowID})

	encoded, err := remote.Encode([]*commonpb.Payload{inClear(t, secret), encrypted(t, s.keyring, namespace, workflowID, "before")})

	require.NoError(t, err)
	require.Len(t, encoded, 2)
	require.True(t, codec.Encrypted(encoded[0]))
	require.NotContains(t, encoded[0].String(), secret)
	decoded, err := as(s.keyring, workflowID).Decode(encoded)
	require.NoError(t, err)
	require.True(t, proto.Equal(inClear(t, secret), decoded[0]))
	require.True(t, proto.Equal(inClear(t, "before"), decoded[1]))
	_, err = as(s.keyring, "onramp/mallory").Decode(encoded)
	require.ErrorIs(t, err, codec.ErrUndecryptable)
	audited := s.log.last(t)
	require.Equal(t, []string{workflowID}, audited.Workflows)
	require.Equal(t, 1, audited.Encrypted)
	require.Equal(t, 1, audited.Passed)
}

func as(keyring *codec.Keyring, workflowID string) converter.PayloadCodec {
	return codec.New(keyring, namespace).WithSerializationContext(
		converter.WorkflowSerializationContext{Namespace: namespace, WorkflowID: workflowID})
}
