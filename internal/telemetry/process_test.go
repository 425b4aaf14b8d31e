package telemetry_test

import (
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.uber.org/zap"

	"rampart/internal/credential"
	"rampart/internal/telemetry"
)

func TestProcessesOnOneMachineServeMetricsOnDifferentPorts(t *testing.T) {
	t.Parallel()
	seen := make(map[string]bool)
	for range 3 {
		listener, err := telemetry.Listen(t.Context(), "", "127.0.0.1:9464")
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
	first, err := telemetry.Listen(t.Context(), "127.0.0.1:0", "127.0.0.1:9464")
	require.NoError(t, err)
	defer first.Close()

	_, err = telemetry.Listen(t.Context(), first.Addr().String(), "127.0.0.1:9464")

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
		o, err := telemetry.Start(t.Context(), test.environment, "test", "v1", credential.NewStore(), zap.NewNop())
		require.NoError(t, err)
		defer o.Stop()
		var options client.Options
		require.NoError(t, o.Instrument(&options))
		require.NotNil(t, options.MetricsHandler)
		require.Len(t, options.Interceptors, test.interceptors)
	}
}

func TestFailedKeysetReloadIsAProblemUntilItSucceeds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var keyset telemetry.KeysetHealth
		check := keyset.Check()
		require.Nil(t, check.Run(t.Context()))
		keyset.Note(errors.New("no such file"))
		require.Contains(t, check.Run(t.Context()).Problem, "cannot be reloaded")
		time.Sleep(telemetry.KeysetInterval)
		require.NotNil(t, check.Run(t.Context()), "the next reload is due")
		keyset.Note(nil)
		time.Sleep(telemetry.KeysetInterval)
		require.Nil(t, check.Run(t.Context()))
	})
}
