package main

import (
	"maps"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestGatewayNeedsNoSettingsButTemporalAndAKeyset(t *testing.T) {
	t.Parallel()
	c, err := loadConfig(map[string]string{"TEMPORAL_CONFIG_FILE": t.TempDir() + "/none.toml"})

	require.NoError(t, err)
	require.Equal(t, "127.0.0.1:8088", c.Gateway.Listen)
	require.Empty(t, c.Gateway.ProviderListen, "webhooks are received only where that is configured")
	require.False(t, c.Gateway.authenticates())
}

func TestInvalidSettingsOfTheGatewayAreAllNamedAndNothingStarts(t *testing.T) {
	t.Parallel()
	const reach = "is reachable from other machines"
	secured := map[string]string{"RAMP_GATEWAY_TLS_CERT": "tls.crt", "RAMP_GATEWAY_TLS_KEY": "tls.key", "RAMP_GATEWAY_TOKENS_FILE": "tokens"}
	for name, c := range map[string]struct {
		environment map[string]string
		secured     bool
		says        []string
	}{
		"everything at once": {map[string]string{
			"RAMP_LOG_FORMAT": "xml", "RAMP_LOG_LEVEL": "loud", "RAMP_STOP_TIMEOUT": "25", "RAMP_HTTP_ADDRESS": "9465", "RAMP_PPROF": "perhaps",
			"RAMP_GATEWAY_LISTEN": "8088", "RAMP_GATEWAY_PROVIDER_LISTEN": "8089", "RAMP_GATEWAY_MAX_CONNECTIONS": "0",
			"RAMP_GATEWAY_TLS_KEY": "tls.key", "RAMP_GATEWAY_OIDC_AUDIENCE": "rampart", "RAMP_GATEWAY_PERMISSIONS_CLAIM": "",
			"TEMPORAL_ADDRESS": "temporal.example.test:7233",
		}, false, []string{
			"RAMP_LOG_FORMAT must be", "RAMP_LOG_LEVEL must be", "RAMP_STOP_TIMEOUT must be", "RAMP_HTTP_ADDRESS must be host:port", "RAMP_PPROF must be",
			"RAMP_GATEWAY_LISTEN must be host:port", "RAMP_GATEWAY_PROVIDER_LISTEN must be host:port", "ONMETA_API_SECRET",
			"RAMP_GATEWAY_MAX_CONNECTIONS must be", "RAMP_GATEWAY_TLS_CERT and RAMP_GATEWAY_TLS_KEY must be set together",
			"RAMP_GATEWAY_OIDC_ISSUER and RAMP_GATEWAY_OIDC_AUDIENCE must be set together", "TEMPORAL_*: ",
		}},
		"all interfaces":     {map[string]string{"RAMP_GATEWAY_LISTEN": "0.0.0.0:8088"}, false, []string{reach, "RAMP_GATEWAY_TOKENS_FILE", "RAMP_GATEWAY_TLS_CERT"}},
		"no interface named": {map[string]string{"RAMP_GATEWAY_LISTEN": ":8088"}, false, []string{reach}},
		"another name":       {map[string]string{"RAMP_GATEWAY_LISTEN": "gateway.example.test:8088"}, false, []string{reach}},
		"tokens without TLS": {map[string]string{"RAMP_GATEWAY_LISTEN": ":8088", "RAMP_GATEWAY_TLS_CERT": "", "RAMP_GATEWAY_TLS_KEY": ""}, true, []string{"in clear"}},
		"TLS without tokens": {map[string]string{"RAMP_GATEWAY_LISTEN": ":8088", "RAMP_GATEWAY_TOKENS_FILE": ""}, true, []string{"without a token"}},
		"webhooks in clear": {map[string]string{
			"RAMP_GATEWAY_PROVIDER_LISTEN": ":8089", "ONMETA_API_SECRET": "a-secret",
		}, false, []string{"RAMP_GATEWAY_PROVIDER_LISTEN=:8089 " + reach}},
		"issuer over HTTP": {map[string]string{
			"RAMP_GATEWAY_OIDC_ISSUER": "http://login.example.test", "RAMP_GATEWAY_OIDC_AUDIENCE": "rampart",
		}, true, []string{"RAMP_GATEWAY_OIDC_ISSUER", "https"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			variables := environment(t, nil)
			if c.secured {
				maps.Copy(variables, secured)
			}
			maps.Copy(variables, c.environment)

			_, err := loadConfig(variables)

			require.ErrorContains(t, err, "the configuration of the gateway is invalid; nothing was started")
			for _, says := range c.says {
				require.ErrorContains(t, err, says)
			}
			require.NotContains(t, err.Error(), "a-secret")
		})
	}
}

func TestWhatIsMissingAtStartIsNamed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		environment map[string]string
		says        string
	}{
		"keyset":           {map[string]string{"RAMP_KEYSET_FILE": "/missing/keyset.json"}, "/missing/keyset.json"},
		"tokens":           {map[string]string{"RAMP_GATEWAY_TOKENS_FILE": "/missing/tokens"}, "/missing/tokens"},
		"certificate":      {map[string]string{"RAMP_GATEWAY_TLS_CERT": "/missing/tls.crt", "RAMP_GATEWAY_TLS_KEY": "/missing/tls.key"}, "/missing/tls.crt"},
		"issuer":           {map[string]string{"RAMP_GATEWAY_OIDC_ISSUER": "http://127.0.0.1:1", "RAMP_GATEWAY_OIDC_AUDIENCE": "rampart"}, "http://127.0.0.1:1"},
		"address not ours": {map[string]string{"RAMP_GATEWAY_LISTEN": "127.0.0.1:99999"}, "RAMP_GATEWAY_LISTEN"},
		"provider's address not ours": {map[string]string{
			"RAMP_GATEWAY_PROVIDER_LISTEN": "127.0.0.1:99999", "ONMETA_API_SECRET": "a-secret",
		}, "RAMP_GATEWAY_PROVIDER_LISTEN"},
		"metrics' address not ours": {map[string]string{"RAMP_HTTP_ADDRESS": "127.0.0.1:99999"}, "RAMP_HTTP_ADDRESS"},
		"Temporal":                  {map[string]string{"TEMPORAL_ADDRESS": "127.0.0.1:1"}, "127.0.0.1:1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := startProcess(t, c.environment)

			var exit interface{ ExitCode() int }
			require.ErrorAs(t, <-p.ended, &exit)

			require.Equal(t, 1, exit.ExitCode())
			require.Contains(t, p.log.String(), c.says)
			require.Empty(t, p.log.lines("gateway started"))
			require.NotContains(t, p.log.String(), "a-secret")
		})
	}
}
