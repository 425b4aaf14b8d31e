package telemetry_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"rampart/internal/credential"
	"rampart/internal/telemetry"
)

// reading returns a getenv for the environment.
func reading(environment map[string]string) func(string) string {
	return func(name string) string { return environment[name] }
}

func TestTracesAreExportedOnlyToAConfiguredCollector(t *testing.T) {
	t.Parallel()
	const collector = "http://127.0.0.1:4318"
	for _, test := range []struct {
		environment map[string]string
		on          bool
	}{
		{map[string]string{}, false},
		{map[string]string{"OTEL_SERVICE_NAME": "worker"}, false},
		{map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": collector}, true},
		{map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": collector}, true},
		{map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": collector, "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, true},
		{map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": collector, "OTEL_SDK_DISABLED": "True"}, false},
		{map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": collector, "OTEL_TRACES_EXPORTER": "none"}, false},
	} {
		traces, err := telemetry.StartTraces(t.Context(), reading(test.environment), "rampart-worker", telemetry.Build{}, credential.NewStore())
		require.NoError(t, err)
		require.Equal(t, test.on, traces.On(), "%v", test.environment)
		require.NoError(t, traces.Stop(t.Context()))
	}
}

func TestUnknownProtocolIsRefused(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"} {
		environment := map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318", name: "http/json"}
		_, err := telemetry.StartTraces(t.Context(), reading(environment), "rampart-worker", telemetry.Build{}, credential.NewStore())
		require.ErrorContains(t, err, name+" must be grpc or http/protobuf")
	}
}

func TestStopExportsTheRemainingSpans(t *testing.T) {
	received := make(chan string, 1)
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		received <- r.URL.Path
	}))
	defer collector.Close()
	environment := map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": collector.URL}
	for name, value := range environment {
		t.Setenv(name, value) // the exporter reads the process's environment
	}
	traces, err := telemetry.StartTraces(t.Context(), reading(environment), "rampart-worker", telemetry.Build{Version: "v1"}, credential.NewStore())
	require.NoError(t, err)
	_, span := traces.Tracer().Start(t.Context(), "an order")
	span.End()

	require.NoError(t, traces.Stop(t.Context()))

	require.Equal(t, "/v1/traces", <-received)
}
