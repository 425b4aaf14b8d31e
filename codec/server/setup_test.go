package server_test

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"google.golang.org/protobuf/encoding/protojson"

	"rampart/codec"
	"rampart/codec/server"
	"rampart/internal/written"
)

const (
	namespace  = "orders"
	workflowID = "onramp/inv-42"
	uiOrigin   = "https://temporal.example.test"
	// secret is in what the tests encrypt, and must be nowhere but in answers.
	secret = "marked-50100000004821"
)

// journal is a log that tests read.
type journal struct{ written.Log }

func (j *journal) logger() *zap.Logger {
	return zap.New(zapcore.NewCore(zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()), zapcore.AddSync(j), zap.DebugLevel))
}

// line is one of an audit log.
type line struct {
	Action, Outcome, Reason, Subject, Namespace, Origin, Remote string
	Status                                                      int
	Decrypted, Encrypted, Passed, Undecryptable, UnknownKeys    int
	Workflows                                                   []string
}

func (j *journal) lines(t *testing.T) []line {
	t.Helper()
	var lines []line
	for text := range strings.Lines(j.String()) {
		if !strings.Contains(text, `"codec request"`) {
			continue
		}
		var read line
		require.NoError(t, json.Unmarshal([]byte(text), &read))
		lines = append(lines, read)
	}
	return lines
}

// last is the newest audit line.
func (j *journal) last(t *testing.T) line {
	t.Helper()
	lines := j.lines(t)
	require.NotEmpty(t, lines)
	return lines[len(lines)-1]
}

// service is a codec server that runs until its test ends.
type service struct {
	*httptest.Server
	keyring *codec.Keyring
	log     *journal
}

func start(t *testing.T, change func(*server.Options)) *service {
	t.Helper()
	s := &service{keyring: newKeyring(t), log: &journal{}}
	o := server.Options{Keyring: s.keyring, Origins: []string{uiOrigin}, Audit: s.log.logger()}
	if change != nil {
		change(&o)
	}
	handler, err := server.New(o)
	require.NoError(t, err)
	s.Server = httptest.NewServer(handler)
	t.Cleanup(func() {
		s.Close()
		require.NotContains(t, s.log.String(), secret, "what payloads hold is in the log")
	})
	return s
}

func newKeyring(t testing.TB) *codec.Keyring {
	t.Helper()
	keyring, err := codec.NewKeyring()
	require.NoError(t, err)
	return keyring
}

func inClear(t *testing.T, text string) *commonpb.Payload {
	t.Helper()
	payload, err := converter.GetDefaultDataConverter().ToPayload(text)
	require.NoError(t, err)
	return payload
}

func encrypted(t *testing.T, keyring *codec.Keyring, namespace, workflowID, text string) *commonpb.Payload {
	t.Helper()
	bound := codec.New(keyring, namespace).WithSerializationContext(
		converter.WorkflowSerializationContext{Namespace: namespace, WorkflowID: workflowID})
	payloads, err := bound.Encode([]*commonpb.Payload{inClear(t, text)})
	require.NoError(t, err)
	return payloads[0]
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   string
}

func (a answer) payloads(t *testing.T) []*commonpb.Payload {
	t.Helper()
	require.Equal(t, http.StatusOK, a.status, a.body)
	require.Equal(t, "application/json", a.header.Get("Content-Type"))
	var payloads commonpb.Payloads
	require.NoError(t, protojson.Unmarshal([]byte(a.body), &payloads))
	return payloads.GetPayloads()
}

func (a answer) texts(t *testing.T) []string {
	t.Helper()
	var texts []string
	for _, payload := range a.payloads(t) {
		var text string
		require.NoError(t, converter.GetDefaultDataConverter().FromPayload(payload, &text))
		texts = append(texts, text)
	}
	return texts
}

func body(t *testing.T, payloads ...*commonpb.Payload) string {
	t.Helper()
	encoded, err := protojson.Marshal(&commonpb.Payloads{Payloads: payloads})
	require.NoError(t, err)
	return string(encoded)
}

// post sends a request as the Web UI does, with the given headers changed or, if empty, removed.
func (s *service) post(t *testing.T, path, body string, headers map[string]string) answer {
	t.Helper()
	sent := map[string]string{"Content-Type": "application/json", server.NamespaceHeader: namespace, "Origin": uiOrigin}
	maps.Copy(sent, headers)
	return s.send(t, http.MethodPost, path, body, sent)
}

func (s *service) send(t *testing.T, method, path, body string, headers map[string]string) answer {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, strings.NewReader(body))
	require.NoError(t, err)
	for name, value := range headers {
		if value != "" {
			request.Header.Set(name, value)
		}
	}
	request.Host = headers["Host"]
	return s.do(t, request)
}

func (s *service) do(t *testing.T, request *http.Request) answer {
	t.Helper()
	response, err := s.Client().Do(request)
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	read, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return answer{status: response.StatusCode, header: response.Header, body: string(read)}
}
