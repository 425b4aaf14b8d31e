package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"google.golang.org/protobuf/encoding/protojson"

	"rampart/codec"
	"rampart/internal/written"
)

const (
	// asProgram makes the test binary the program itself.
	asProgram = "CODEC_SERVER_UNDER_TEST"
	patience  = 60 * time.Second
	pollEvery = 5 * time.Millisecond
	secret    = "marked-50100000004821"
)

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// output is what a codec server wrote so far.
type output struct{ written.Log }

// address is the address that the server logs, or empty.
func (o *output) address() string {
	for text := range strings.Lines(o.String()) {
		var line struct{ Msg, Address string }
		if json.Unmarshal([]byte(text), &line) == nil && line.Msg == "codec server started" {
			return line.Address
		}
	}
	return ""
}

func (o *output) awaitAddress(t *testing.T) string {
	t.Helper()
	require.Eventually(t, func() bool { return o.address() != "" }, patience, pollEvery, "the codec server does not start")
	return o.address()
}

// newKeyset is a keyset in a file.
func newKeyset(t *testing.T) codec.KeysetSource {
	t.Helper()
	source := codec.KeysetSource{File: filepath.Join(t.TempDir(), "keyset.json")}
	_, err := codec.CreateKeyset(t.Context(), source)
	require.NoError(t, err)
	return source
}

func with(source codec.KeysetSource, changes map[string]string) map[string]string {
	environment := map[string]string{"RAMP_KEYSET_FILE": source.File, "RAMP_CODEC_LISTEN": "127.0.0.1:0"}
	maps.Copy(environment, changes)
	return environment
}

// ask decrypts a payload as the Web UI does.
func ask(t *testing.T, address string, source codec.KeysetSource) string {
	t.Helper()
	keyring, err := codec.OpenKeyring(t.Context(), source)
	require.NoError(t, err)
	payload, err := converter.GetDefaultDataConverter().ToPayload(secret)
	require.NoError(t, err)
	encrypted, err := codec.New(keyring, "orders").WithSerializationContext(
		converter.WorkflowSerializationContext{Namespace: "orders", WorkflowID: "onramp/inv-42"}).Encode([]*commonpb.Payload{payload})
	require.NoError(t, err)
	body, err := protojson.Marshal(&commonpb.Payloads{Payloads: encrypted})
	require.NoError(t, err)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+address+"/decode", bytes.NewReader(body))
	require.NoError(t, err)
	request.Header.Set("X-Namespace", "orders")
	request.Header.Set("Origin", "http://127.0.0.1:8233")
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, response.StatusCode, string(answer))
	var decoded commonpb.Payloads
	require.NoError(t, protojson.Unmarshal(answer, &decoded))
	return string(decoded.GetPayloads()[0].GetData())
}

func TestServerStartsWithAKeysetOnly(t *testing.T) {
	t.Parallel()
	c, err := loadConfig(map[string]string{})

	require.NoError(t, err)
	require.Equal(t, "127.0.0.1:8234", c.Server.Listen)
	require.Equal(t, []string{"http://127.0.0.1:8233", "http://localhost:8233"}, c.Server.Origins)
	require.EqualValues(t, 8<<20, c.Server.MaxBody)
	require.False(t, c.Server.Encode)
}

func TestServerDecodesAuditsAndStops(t *testing.T) {
	t.Parallel()
	source := newKeyset(t)
	ctx, stop := context.WithCancel(t.Context())
	var log output
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, with(source, map[string]string{"RAMP_LOG_LEVEL": "info"}), &log) }()

	require.Equal(t, `"`+secret+`"`, ask(t, log.awaitAddress(t), source))

	stop()
	require.NoError(t, <-ended)
	require.Contains(t, log.String(), `"workflows":["onramp/inv-42"]`)
	require.Contains(t, log.String(), "codec server stopped")
	require.NotContains(t, log.String(), secret)
}

func TestProgramStopsOnSIGTERM(t *testing.T) {
	t.Parallel()
	source := newKeyset(t)
	var log output
	program := exec.CommandContext(t.Context(), os.Args[0])
	program.Stderr = &log
	program.Env = append(os.Environ(), asProgram+"=1", "RAMP_KEYSET_FILE="+source.File, "RAMP_CODEC_LISTEN=127.0.0.1:0")
	require.NoError(t, program.Start())

	ask(t, log.awaitAddress(t), source)
	require.NoError(t, program.Process.Signal(syscall.SIGTERM))

	require.NoError(t, program.Wait(), "%s", &log)
	require.Contains(t, log.String(), "codec server stopped")
}

func TestAuditIsLoggedAtEveryLogLevel(t *testing.T) {
	t.Parallel()
	c, err := loadConfig(map[string]string{"RAMP_LOG_LEVEL": "error", "RAMP_LOG_FORMAT": "console"})
	require.NoError(t, err)
	var written output

	log, audit := c.logs(&written)
	log.Info("ordinary")
	audit.Info("codec request")

	require.NotContains(t, written.String(), "ordinary")
	require.Contains(t, written.String(), "codec request")
}

func TestInvalidSettingsAreNamedAndNothingStarts(t *testing.T) {
	t.Parallel()
	const beyond = "RAMP_CODEC_LISTEN=0.0.0.0:8234 is reachable from other machines"
	tokens := map[string]string{"RAMP_CODEC_OIDC_ISSUER": "https://login.example.test", "RAMP_CODEC_OIDC_AUDIENCE": "rampart"}
	for name, c := range map[string]struct {
		environment map[string]string
		tokens      bool
		says        []string
	}{
		"everything at once": {map[string]string{
			"RAMP_LOG_FORMAT": "xml", "RAMP_LOG_LEVEL": "loud", "RAMP_CODEC_ENCODE": "perhaps", "RAMP_CODEC_MAX_BODY": "8MiB",
			"RAMP_CODEC_ORIGINS": "*", "RAMP_CODEC_LISTEN": "8234", "RAMP_CODEC_TLS_KEY": "tls.key",
		}, false, []string{
			"RAMP_LOG_FORMAT must be", "RAMP_LOG_LEVEL must be", "RAMP_CODEC_ENCODE must be true or false", "RAMP_CODEC_MAX_BODY must be a whole",
			"RAMP_CODEC_ORIGINS: ", "RAMP_CODEC_LISTEN must be host:port", "RAMP_CODEC_TLS_CERT and RAMP_CODEC_TLS_KEY must be set together",
		}},
		"all interfaces":     {map[string]string{"RAMP_CODEC_LISTEN": "0.0.0.0:8234"}, false, []string{beyond, "RAMP_CODEC_OIDC_ISSUER", "RAMP_CODEC_TLS_CERT"}},
		"no interface named": {map[string]string{"RAMP_CODEC_LISTEN": ":8234"}, false, []string{"reachable from other machines"}},
		"another name":       {map[string]string{"RAMP_CODEC_LISTEN": "codec.example.test:8234"}, false, []string{"reachable from other machines"}},
		"tokens without TLS": {map[string]string{"RAMP_CODEC_LISTEN": "0.0.0.0:8234"}, true, []string{beyond, "RAMP_CODEC_TLS_CERT"}},
		"TLS without tokens": {map[string]string{
			"RAMP_CODEC_LISTEN": "0.0.0.0:8234", "RAMP_CODEC_TLS_CERT": "tls.crt", "RAMP_CODEC_TLS_KEY": "tls.key",
		}, false, []string{beyond, "could decrypt payloads without a token"}},
		"issuer over HTTP":       {map[string]string{"RAMP_CODEC_OIDC_ISSUER": "http://login.example.test"}, true, []string{"RAMP_CODEC_OIDC_ISSUER", "https"}},
		"issuer, no audience":    {map[string]string{"RAMP_CODEC_OIDC_AUDIENCE": ""}, true, []string{"must be set together"}},
		"audience, no issuer":    {map[string]string{"RAMP_CODEC_OIDC_ISSUER": ""}, true, []string{"must be set together"}},
		"no body allowed":        {map[string]string{"RAMP_CODEC_MAX_BODY": "0"}, false, []string{"RAMP_CODEC_MAX_BODY must be above 0"}},
		"origin with a slash":    {map[string]string{"RAMP_CODEC_ORIGINS": "http://localhost:8233,https://temporal.example.test/"}, false, []string{`"https://temporal.example.test/"`}},
		"TLS file missing":       {map[string]string{"RAMP_CODEC_TLS_CERT": "/missing/tls.crt", "RAMP_CODEC_TLS_KEY": "/missing/tls.key"}, false, []string{"/missing/tls.crt"}},
		"address not ours":       {map[string]string{"RAMP_CODEC_LISTEN": "127.0.0.1:99999"}, false, []string{"RAMP_CODEC_LISTEN"}},
		"keyset missing":         {map[string]string{"RAMP_KEYSET_FILE": "/missing/keyset.json"}, false, []string{"/missing/keyset.json", "starter keyset create"}},
		"issuer does not answer": {map[string]string{"RAMP_CODEC_OIDC_ISSUER": "http://127.0.0.1:1"}, true, []string{"http://127.0.0.1:1", "discovery document"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			environment := with(newKeyset(t), nil)
			if c.tokens {
				maps.Copy(environment, tokens)
			}
			maps.Copy(environment, c.environment)
			var log output

			err := run(t.Context(), environment, &log)

			for _, says := range c.says {
				require.ErrorContains(t, err, says)
			}
			require.Empty(t, log.address())
		})
	}
}

func TestOriginsMayBeSeparatedBySpaces(t *testing.T) {
	t.Parallel()

	c, err := loadConfig(map[string]string{"RAMP_CODEC_ORIGINS": "https://a.example.test, https://b.example.test"})

	require.NoError(t, err)
	require.Equal(t, []string{"https://a.example.test", "https://b.example.test"}, c.Server.Origins)
}

func TestTokensAreRequiredOnceAnIssuerIsSet(t *testing.T) {
	t.Parallel()
	source := newKeyset(t)
	ctx, stop := context.WithCancel(t.Context())
	var log output
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, with(source, map[string]string{
			"RAMP_CODEC_OIDC_ISSUER": newIssuer(t), "RAMP_CODEC_OIDC_AUDIENCE": "rampart",
		}), &log)
	}()

	response, err := http.Post("http://"+log.awaitAddress(t)+"/decode", "application/json", strings.NewReader(`{}`))

	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, http.StatusUnauthorized, response.StatusCode)
	stop()
	require.NoError(t, <-ended)
}

// newIssuer is an OpenID Connect provider of which only the discovery document is needed.
func newIssuer(t *testing.T) string {
	t.Helper()
	var issuer *httptest.Server
	issuer = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]string{"issuer": issuer.URL, "jwks_uri": issuer.URL + "/keys"})
	}))
	t.Cleanup(issuer.Close)
	return issuer.URL
}
