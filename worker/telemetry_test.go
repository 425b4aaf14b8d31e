package main

import (
	"net"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.uber.org/zap"
)

func TestWorkersOnOneMachineServeMetricsOnDifferentPorts(t *testing.T) {
	t.Parallel()
	seen := make(map[string]bool)
	for range 3 {
		listener, err := workerConfig{}.listen(t.Context())
		require.NoError(t, err)
		defer listener.Close()
		host, port, err := net.SplitHostPort(listener.Addr().String())
		require.NoError(t, err)
		require.Equal(t, "127.0.0.1", host, "other machines cannot reach it by default")
		require.False(t, seen[port])
		seen[port] = true
	}
}

func TestConfiguredHTTPAddressMustBeFree(t *testing.T) {
	t.Parallel()
	first, err := workerConfig{HTTPAddress: "127.0.0.1:0"}.listen(t.Context())
	require.NoError(t, err)
	defer first.Close()

	_, err = workerConfig{HTTPAddress: first.Addr().String()}.listen(t.Context())

	require.ErrorContains(t, err, "RAMP_HTTP_ADDRESS")
	require.ErrorContains(t, err, first.Addr().String())
}

func TestClientCreatesSpansOnlyIfACollectorIsConfigured(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		environment  map[string]string
		interceptors int
	}{
		{map[string]string{}, 0},
		{map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}, 1},
	} {
		o, err := newObservability(t.Context(), test.environment, "v1", zap.NewNop())
		require.NoError(t, err)
		defer o.stop()
		var options client.Options
		require.NoError(t, o.instrument(&options))
		require.NotNil(t, options.MetricsHandler)
		require.Len(t, options.Interceptors, test.interceptors)
	}
}
