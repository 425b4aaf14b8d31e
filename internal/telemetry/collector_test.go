package telemetry_test

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"rampart/internal/credential"
	"rampart/internal/credential/credentialtest"
	"rampart/internal/telemetry"
)

// received is what a collector saw of an export.
type received struct {
	token  string
	serial int64
}

// startCollector starts a collector of both protocols, whose clients need a certificate.
func startCollector(t *testing.T, a *credentialtest.Authority) (url string, exports chan received) {
	t.Helper()
	exports = make(chan received, 100)
	collector := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		exports <- received{r.Header.Get("X-Token"), r.TLS.PeerCertificates[0].SerialNumber.Int64()}
		if r.ProtoMajor == 2 {
			w.Header().Set("Content-Type", "application/grpc")
			w.Header().Set("Trailer", "Grpc-Status")
			_, _ = w.Write(make([]byte, 5)) // an empty message
		}
		w.Header().Set("Grpc-Status", "0")
	}))
	collector.EnableHTTP2 = true
	collector.TLS = &tls.Config{
		Certificates: []tls.Certificate{a.Issue(time.Hour).TLS(t)}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: a.Pool,
	}
	collector.StartTLS()
	t.Cleanup(collector.Close)
	return collector.URL, exports
}

func TestRenewedCredentialsOfTheCollectorAreUsed(t *testing.T) {
	for _, protocol := range []string{"grpc", "http/protobuf"} {
		t.Run(protocol, func(t *testing.T) {
			a, dir := credentialtest.New(t), t.TempDir()
			collector, exports := startCollector(t, a)
			certificate, key, headers := filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key"), filepath.Join(dir, "headers")
			credentialtest.WritePair(t, certificate, key, a.Issue(time.Hour))
			credentialtest.Write(t, headers, []byte("x-token=first%20token, x-other=1\n"))
			environment := map[string]string{
				"OTEL_EXPORTER_OTLP_ENDPOINT": collector, "OTEL_EXPORTER_OTLP_PROTOCOL": protocol, "OTEL_EXPORTER_OTLP_CERTIFICATE": a.File,
				"OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE": certificate, "OTEL_EXPORTER_OTLP_CLIENT_KEY": key, "OTEL_EXPORTER_OTLP_HEADERS_FILE": headers,
			}
			for name, value := range environment {
				t.Setenv(name, value) // the exporter reads the process's environment
			}
			store := credential.NewStore()
			export := func() received {
				traces, err := telemetry.StartTraces(t.Context(), reading(environment), "rampart-worker", telemetry.Build{}, store)
				require.NoError(t, err)
				_, span := traces.Tracer().Start(t.Context(), "an order")
				span.End()
				require.NoError(t, traces.Stop(t.Context()))
				return <-exports
			}
			require.Equal(t, received{"first token", 2}, export())
			require.NotContains(t, store.Hide("with first token"), "first token")

			traces, err := telemetry.StartTraces(t.Context(), reading(environment), "rampart-worker", telemetry.Build{}, store)
			require.NoError(t, err)
			go store.Follow(t.Context(), zap.NewNop())
			credentialtest.WritePair(t, certificate, key, a.Issue(time.Hour))
			credentialtest.Write(t, headers, []byte("x-token=second"))
			require.Eventually(t, func() bool { return store.Hide("second") != "second" }, 4*credential.Interval, 50*time.Millisecond)
			_, span := traces.Tracer().Start(t.Context(), "an order")
			span.End()
			require.NoError(t, traces.Stop(t.Context()))
			require.Equal(t, received{"second", 3}, <-exports)
		})
	}
}

func TestCredentialsOfTheCollectorThatCannotBeUsedAreErrorsAtStart(t *testing.T) {
	t.Parallel()
	malformed := filepath.Join(t.TempDir(), "headers")
	credentialtest.Write(t, malformed, []byte("a-token-without-a-name"))
	for problem, environment := range map[string]map[string]string{
		"OTEL_EXPORTER_OTLP_HEADERS_FILE: open /missing/headers": {"OTEL_EXPORTER_OTLP_HEADERS_FILE": "/missing/headers"},
		"must be name=value":   {"OTEL_EXPORTER_OTLP_TRACES_HEADERS_FILE": malformed},
		"must not both be set": {"OTEL_EXPORTER_OTLP_HEADERS_FILE": malformed, "OTEL_EXPORTER_OTLP_HEADERS": "a=b"},
		"/missing/ca.pem":      {"OTEL_EXPORTER_OTLP_CERTIFICATE": "/missing/ca.pem"},
	} {
		environment["OTEL_EXPORTER_OTLP_ENDPOINT"] = "https://127.0.0.1:1"
		_, err := telemetry.StartTraces(t.Context(), reading(environment), "rampart-worker", telemetry.Build{}, credential.NewStore())
		require.ErrorContains(t, err, problem)
		require.NotContains(t, err.Error(), "a-token-without-a-name")
	}
}
