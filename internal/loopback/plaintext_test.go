package loopback_test

import (
	"cmp"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/envconfig"

	"rampart/internal/loopback"
)

// environment is a fixed set of variables.
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

const remote = "temporal.example.test:7233"

// check reads an environment as the programs do, with a file as Temporal's configuration, and checks the connection.
func check(t *testing.T, file string, variables environment) error {
	t.Helper()
	path := filepath.Join(t.TempDir(), "temporal.toml")
	require.NoError(t, os.WriteFile(path, []byte(file), 0o600))
	variables["TEMPORAL_CONFIG_FILE"] = path
	profile, err := envconfig.LoadClientConfigProfile(envconfig.LoadClientConfigProfileOptions{EnvLookup: variables})
	require.NoError(t, err)
	options, err := profile.ToClientOptions(envconfig.ToClientOptionsRequest{})
	require.NoError(t, err)
	return loopback.CheckTemporal(cmp.Or(options.HostPort, client.DefaultHostPort), options.ConnectionOptions.TLS != nil, variables.LookupEnv)
}

func TestConnectionToAnotherMachineRequiresTLS(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		file      string
		variables environment
		refused   bool
	}{
		"on this machine":                      {variables: environment{}},
		"on it, named":                         {variables: environment{"TEMPORAL_ADDRESS": "127.0.0.1:7233"}},
		"on it, by gRPC's names":               {variables: environment{"TEMPORAL_ADDRESS": "dns:///localhost:7233"}},
		"on it, a socket":                      {variables: environment{"TEMPORAL_ADDRESS": "unix:///run/temporal.sock"}},
		"elsewhere":                            {variables: environment{"TEMPORAL_ADDRESS": remote}, refused: true},
		"elsewhere, by gRPC's names":           {variables: environment{"TEMPORAL_ADDRESS": "dns:///" + remote}, refused: true},
		"in the same network":                  {variables: environment{"TEMPORAL_ADDRESS": "temporal:7233"}, refused: true},
		"a name that may resolve here":         {variables: environment{"TEMPORAL_ADDRESS": "localhost.example.test:7233"}, refused: true},
		"elsewhere, TLS":                       {variables: environment{"TEMPORAL_ADDRESS": remote, "TEMPORAL_TLS": "true"}},
		"elsewhere, TLS of a name":             {variables: environment{"TEMPORAL_ADDRESS": remote, "TEMPORAL_TLS_SERVER_NAME": "temporal"}},
		"elsewhere, an API key":                {variables: environment{"TEMPORAL_ADDRESS": remote, "TEMPORAL_API_KEY": "key"}},
		"elsewhere, an API key without TLS":    {variables: environment{"TEMPORAL_ADDRESS": remote, "TEMPORAL_API_KEY": "key", "TEMPORAL_TLS": "false"}, refused: true},
		"elsewhere, allowed":                   {variables: environment{"TEMPORAL_ADDRESS": remote, loopback.AllowPlaintext: "true"}},
		"elsewhere, not allowed":               {variables: environment{"TEMPORAL_ADDRESS": remote, loopback.AllowPlaintext: "false"}, refused: true},
		"elsewhere, allowed by an empty value": {variables: environment{"TEMPORAL_ADDRESS": remote, loopback.AllowPlaintext: ""}, refused: true},
		"elsewhere, by a profile":              {file: "[profile.default]\naddress = '" + remote + "'\n", variables: environment{}, refused: true},
		"elsewhere, by a profile with TLS":     {file: "[profile.default]\naddress = '" + remote + "'\n[profile.default.tls]\n", variables: environment{}},
		"elsewhere, by a profile with a key":   {file: "[profile.default]\naddress = '" + remote + "'\napi_key = 'key'\n", variables: environment{}},
		"elsewhere, by a profile without TLS": {
			file: "[profile.default]\naddress = '" + remote + "'\napi_key = 'key'\n[profile.default.tls]\ndisabled = true\n", variables: environment{},
			refused: true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := check(t, test.file, test.variables)
			if !test.refused {
				require.NoError(t, err)
				return
			}
			for _, remedy := range []string{"TEMPORAL_TLS=true", "TEMPORAL_API_KEY", "RAMP_ALLOW_PLAINTEXT=true"} {
				require.ErrorContains(t, err, remedy)
			}
			require.NotContains(t, err.Error(), "'key'")
		})
	}
}

func TestMistypedPermissionIsRefused(t *testing.T) {
	t.Parallel()
	mistyped := environment{loopback.AllowPlaintext: "ture"}.LookupEnv
	require.ErrorContains(t, loopback.CheckTemporal(remote, false, mistyped), "RAMP_ALLOW_PLAINTEXT must be true or false")
	require.NoError(t, loopback.CheckTemporal(remote, true, mistyped))
}

func TestServiceOnAnotherMachineRequiresHTTPS(t *testing.T) {
	t.Parallel()
	for endpoint, allowed := range map[string]bool{
		"https://codec.example.test/{namespace}": true, "http://127.0.0.1:8234": true, "http://localhost:8234/": true,
		"unix:///run/codec.sock":    true,
		"http://codec.example.test": false, "codec.example.test:8234": false,
	} {
		err := loopback.CheckURL("TEMPORAL_CODEC_ENDPOINT", endpoint, environment{}.LookupEnv)
		if allowed {
			require.NoError(t, err, endpoint)
			continue
		}
		require.ErrorContains(t, err, "TEMPORAL_CODEC_ENDPOINT must be https", endpoint)
		require.NoError(t, loopback.CheckURL("TEMPORAL_CODEC_ENDPOINT", endpoint, environment{loopback.AllowPlaintext: "1"}.LookupEnv), endpoint)
	}
	require.ErrorContains(t, loopback.CheckURL("TEMPORAL_CODEC_ENDPOINT", "http://[::1", environment{}.LookupEnv), "TEMPORAL_CODEC_ENDPOINT is not a URL")
}
