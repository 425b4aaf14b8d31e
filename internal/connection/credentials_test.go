package connection_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/envconfig"
	"go.uber.org/zap"

	"rampart/internal/connection"
	"rampart/internal/credential"
	"rampart/internal/credential/credentialtest"
)

// environment is the environment of a connection.
type environment map[string]string

func (e environment) Environ() []string {
	var all []string
	for name, value := range e {
		all = append(all, name+"="+value)
	}
	return all
}

func (e environment) LookupEnv(name string) (string, bool) {
	value, found := e[name]
	return value, found
}

var _ envconfig.EnvLookup = environment(nil)

// seen is what a server saw of a call.
type seen struct {
	key, header string
	serial      int64
}

// frontend answers calls as a Temporal server behind TLS whose clients have certificates, and keeps no connection open.
func frontend(t *testing.T, a *credentialtest.Authority, authority *tls.Config) (address string, calls chan seen) {
	t.Helper()
	calls = make(chan seen, 100)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case calls <- seen{r.Header.Get("Authorization"), r.Header.Get("X-Team"), r.TLS.PeerCertificates[0].SerialNumber.Int64()}:
		default:
		}
		w.Header().Set("Connection", "close") // ends the connection of HTTP/2 too
		w.Header().Set("Content-Type", "application/grpc")
		w.Header().Set("Trailer", "Grpc-Status")
		_, _ = w.Write([]byte{0, 0, 0, 0, 2, 8, 1}) // SERVING
		w.Header().Set("Grpc-Status", "0")
	}))
	server.EnableHTTP2 = true
	server.TLS = authority
	server.TLS.ClientAuth, server.TLS.ClientCAs = tls.RequireAndVerifyClientCert, a.Pool
	server.StartTLS()
	t.Cleanup(server.Close)
	return server.Listener.Addr().String(), calls
}

func TestRenewedCredentialsAreUsedByTheSameClient(t *testing.T) {
	t.Parallel()
	a, dir := credentialtest.New(t), t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	address, calls := frontend(t, a, &tls.Config{Certificates: []tls.Certificate{a.Issue(time.Hour).TLS(t)}})
	write := func(generation int) {
		credentialtest.WritePair(t, file("tls.crt"), file("tls.key"), a.Issue(time.Hour))
		credentialtest.Write(t, file("key"), fmt.Appendf(nil, "key-%d\n", generation))
		credentialtest.Write(t, file("temporal.toml"), fmt.Appendf(nil, "[profile.default.grpc_meta]\nx-team = \"team-%d\"\n", generation))
	}
	write(1)
	store := credential.NewStore()
	settings, err := connection.Load(map[string]string{
		"TEMPORAL_ADDRESS": address, "TEMPORAL_API_KEY_FILE": file("key"), "TEMPORAL_CONFIG_FILE": file("temporal.toml"),
		"TEMPORAL_TLS_CLIENT_CERT_PATH": file("tls.crt"), "TEMPORAL_TLS_CLIENT_KEY_PATH": file("tls.key"), "TEMPORAL_TLS_SERVER_CA_CERT_PATH": a.File,
	}, store)
	require.NoError(t, err)
	go store.Follow(t.Context(), zap.NewNop())
	temporal, err := settings.Dial(t.Context(), zap.NewNop())
	require.NoError(t, err)
	defer temporal.Close()
	require.Equal(t, seen{"Bearer key-1", "team-1", 2}, <-calls)

	write(2)

	require.Eventually(t, func() bool {
		_, _ = temporal.CheckHealth(t.Context(), &client.CheckHealthRequest{})
		for len(calls) > 0 {
			if <-calls == (seen{"Bearer key-2", "team-2", 3}) {
				return true
			}
		}
		return false
	}, 4*credential.Interval, 100*time.Millisecond)
}

func TestServersNewAuthorityIsTrusted(t *testing.T) {
	t.Parallel()
	before, after := credentialtest.New(t), credentialtest.New(t)
	dir := t.TempDir()
	trusted, certificate, key := filepath.Join(dir, "ca.pem"), filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
	served := before.Issue(time.Hour).TLS(t)
	renewed := after.Issue(time.Hour).TLS(t)
	serving := make(chan tls.Certificate, 1)
	serving <- served
	address, _ := frontend(t, before, &tls.Config{GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
		now := <-serving
		serving <- now
		return &tls.Config{
			Certificates: []tls.Certificate{now}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: before.Pool, NextProtos: []string{"h2"},
		}, nil
	}})
	credentialtest.WritePair(t, certificate, key, before.Issue(time.Hour))
	credentialtest.Write(t, trusted, read(t, before.File))
	store := credential.NewStore()
	settings, err := connection.Load(isolated(t, map[string]string{
		"TEMPORAL_ADDRESS": address, "TEMPORAL_TLS_CLIENT_CERT_PATH": certificate, "TEMPORAL_TLS_CLIENT_KEY_PATH": key,
		"TEMPORAL_TLS_SERVER_CA_CERT_PATH": trusted,
	}), store)
	require.NoError(t, err)
	go store.Follow(t.Context(), zap.NewNop())
	temporal, err := settings.Dial(t.Context(), zap.NewNop())
	require.NoError(t, err)
	defer temporal.Close()

	<-serving
	serving <- renewed
	require.Eventually(t, func() bool { return !healthy(t.Context(), temporal) }, 4*credential.Interval, 50*time.Millisecond)
	credentialtest.Write(t, trusted, read(t, after.File))
	require.Eventually(t, func() bool { return healthy(t.Context(), temporal) }, 4*credential.Interval, 50*time.Millisecond)
}

func healthy(ctx context.Context, temporal client.Client) bool {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	_, err := temporal.CheckHealth(ctx, &client.CheckHealthRequest{})
	return err == nil
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	content, err := os.ReadFile(file)
	require.NoError(t, err)
	return content
}

func TestMissingAndExpiredCredentialsAreErrorsAtStart(t *testing.T) {
	t.Parallel()
	a, dir := credentialtest.New(t), t.TempDir()
	certificate, key := filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
	credentialtest.WritePair(t, certificate, key, a.Issue(-time.Minute))
	for problem, variables := range map[string]map[string]string{
		"TEMPORAL_API_KEY_FILE: open /missing/key":                        {"TEMPORAL_API_KEY_FILE": "/missing/key"},
		"TEMPORAL_API_KEY and TEMPORAL_API_KEY_FILE must not both be set": {"TEMPORAL_API_KEY_FILE": key, "TEMPORAL_API_KEY": "key"},
		"/missing/tls.crt":                              {"TEMPORAL_TLS_CLIENT_CERT_PATH": "/missing/tls.crt", "TEMPORAL_TLS_CLIENT_KEY_PATH": key},
		"the client certificate expired at":             {"TEMPORAL_TLS_CLIENT_CERT_PATH": certificate, "TEMPORAL_TLS_CLIENT_KEY_PATH": key},
		"TEMPORAL_CODEC_AUTH_FILE: open /missing/token": {"TEMPORAL_CODEC_ENDPOINT": "https://codec.example.test", "TEMPORAL_CODEC_AUTH_FILE": "/missing/token"},
	} {
		_, err := connection.Load(isolated(t, variables), credential.NewStore())
		require.ErrorContains(t, err, problem)
	}
}

func TestAuthorizationOfTheRemoteCodecIsReadAgain(t *testing.T) {
	t.Parallel()
	tokens := make(chan string, 100)
	codec := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tokens <- r.Header.Get("Authorization") + " " + r.Header.Get("X-Namespace")
		http.Error(w, "no", http.StatusForbidden)
	}))
	defer codec.Close()
	file := filepath.Join(t.TempDir(), "token")
	credentialtest.Write(t, file, []byte("Bearer first"))
	store := credential.NewStore()
	options, endpoint, err := connection.OptionsWithCodec(environment(isolated(t, map[string]string{
		"TEMPORAL_NAMESPACE": "orders", "TEMPORAL_CODEC_ENDPOINT": codec.URL, "TEMPORAL_CODEC_AUTH_FILE": file,
	})), store)
	require.NoError(t, err)
	require.Equal(t, codec.URL, endpoint)
	go store.Follow(t.Context(), zap.NewNop())
	ask := func() string {
		payload := &commonpb.Payload{Metadata: map[string][]byte{"encoding": []byte("json/plain")}, Data: []byte("1")}
		var value int
		require.Error(t, options.DataConverter.FromPayload(payload, &value))
		return <-tokens
	}
	require.Equal(t, "Bearer first orders", ask())

	credentialtest.Write(t, file, []byte("Bearer second"))

	require.Eventually(t, func() bool { return ask() == "Bearer second orders" }, 4*credential.Interval, 100*time.Millisecond)
}
