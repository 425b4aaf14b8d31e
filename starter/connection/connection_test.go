package connection_test

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"rampart/ramp"
	"rampart/starter/connection"
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

// isolated returns an environment without the user's configuration file.
func isolated(t *testing.T, variables environment) environment {
	t.Helper()
	variables["TEMPORAL_CONFIG_FILE"] = t.TempDir() + "/none.toml"
	return variables
}

func TestConnectionDefaultsToALocalServer(t *testing.T) {
	t.Parallel()
	options, err := connection.Options(t.Context(), isolated(t, environment{}))
	require.NoError(t, err)
	require.Equal(t, "localhost:7233", options.HostPort)
	require.Equal(t, "default", options.Namespace)
	require.Nil(t, options.ConnectionOptions.TLS)
}

func TestConnectionIsConfiguredByTheVariablesOfTemporalsTools(t *testing.T) {
	t.Parallel()
	options, err := connection.Options(t.Context(), isolated(t, environment{
		"TEMPORAL_ADDRESS":   "temporal.example.test:7233",
		"TEMPORAL_NAMESPACE": "orders",
		"TEMPORAL_API_KEY":   "key",
	}))
	require.NoError(t, err)
	require.Equal(t, "temporal.example.test:7233", options.HostPort)
	require.Equal(t, "orders", options.Namespace)
	require.NotNil(t, options.ConnectionOptions.TLS, "an API key goes over TLS only")
}

func TestUnknownProfileIsAnError(t *testing.T) {
	t.Parallel()
	_, err := connection.Options(t.Context(), isolated(t, environment{"TEMPORAL_PROFILE": "production"}))
	require.ErrorContains(t, err, "production")
}

func TestUnreachableServerIsNamedWithARemedy(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := listener.Addr().String()
	require.NoError(t, listener.Close())

	_, err = connection.DialOptions(t.Context(), client.Options{HostPort: address})

	var unreachable *connection.UnreachableError
	require.ErrorAs(t, err, &unreachable)
	require.Equal(t, "cannot reach Temporal at "+address+
		" (connection refused): start a server there, such as devserver, or set TEMPORAL_ADDRESS", err.Error())
}

func TestTemporalsErrorsAreExplained(t *testing.T) {
	t.Parallel()
	contract := &ramp.Error{Type: ramp.ProofRefused, Message: "refused"}
	other := errors.New("something else")
	tests := map[string]struct {
		err  error
		want string
	}{
		"unavailable":            {serviceerror.NewUnavailable("connection refused"), "cannot reach Temporal at t.example.test:7233 (connection refused)"},
		"namespace":              {serviceerror.NewNamespaceNotFound("orders"), `at t.example.test:7233 there is no namespace "orders"`},
		"permission":             {serviceerror.NewPermissionDenied("Request unauthorized.", ""), "permission denied by the Temporal server at t.example.test:7233"},
		"search attributes":      {serviceerror.NewInvalidArgument("Namespace orders has no mapping defined for search attribute RampStatus"), `at t.example.test:7233 namespace "orders" is not set up`},
		"other invalid argument": {serviceerror.NewInvalidArgument("bad"), "bad"},
		"no worker":              {serviceerror.NewFailedPrecondition("no poller seen for task queue recently, worker may be down"), "check that a worker polls task queue"},
		"late":                   {serviceerror.NewDeadlineExceeded("context deadline exceeded"), "check that a worker polls task queue"},
		"the contract's own":     {contract, contract.Error()},
		"anything else":          {other, "something else"},
	}
	c := &connection.Connection{Address: "t.example.test:7233", Namespace: "orders"}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.ErrorContains(t, c.Explain(test.err), test.want)
		})
	}
	require.NoError(t, c.Explain(nil))
}

func TestUnreachableErrorNamesTheReason(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`connection error: desc = "transport: Error while dialing: dial tcp 127.0.0.1:1: connect: connection refused"`: "(connection refused)",
		"failed reaching server: no children to pick from":                                                             "(unknown host name)",
		`transport: authentication handshake failed: tls: first record does not look like a TLS handshake`:             "(only one side uses TLS)",
		`transport: authentication handshake failed: tls: failed to verify certificate: x509: unknown authority`:       "(TLS certificate rejected by the client or the server)",
		"Request unauthorized.": "(credentials rejected)",
		"something new":         "(timed out)",
	} {
		err := &connection.UnreachableError{Address: "t.example.test:7233", Cause: errors.New(text)}
		require.Contains(t, err.Error(), want)
	}
}

func TestTransientErrorsAreThoseThatARetryMayNotMeet(t *testing.T) {
	t.Parallel()
	require.True(t, connection.Transient(serviceerror.NewUnavailable("restarting")))
	require.True(t, connection.Transient(serviceerror.NewDeadlineExceeded("late")))
	require.True(t, connection.Transient(serviceerror.NewFailedPrecondition("no poller seen for task queue recently, worker may be down")))
	require.False(t, connection.Transient(serviceerror.NewFailedPrecondition("something else")))
	require.False(t, connection.Transient(&ramp.Error{Type: ramp.NotFound}))
	require.False(t, connection.Transient(context.Canceled))
}

func TestConnectionToAnotherMachineRequiresTLS(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		variables environment
		problem   string
	}{
		"Temporal elsewhere":     {environment{"TEMPORAL_ADDRESS": "t.example.test:7233"}, "TEMPORAL_TLS=true"},
		"codec server elsewhere": {environment{"TEMPORAL_CODEC_ENDPOINT": "http://codec.example.test"}, "TEMPORAL_CODEC_ENDPOINT must be https"},
		"over TLS": {environment{
			"TEMPORAL_ADDRESS": "t.example.test:7233", "TEMPORAL_TLS": "true", "TEMPORAL_CODEC_ENDPOINT": "https://codec.example.test",
		}, ""},
		"allowed": {environment{
			"TEMPORAL_ADDRESS": "t.example.test:7233", "TEMPORAL_CODEC_ENDPOINT": "http://codec.example.test", "RAMP_ALLOW_PLAINTEXT": "true",
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := connection.Options(t.Context(), isolated(t, test.variables))
			if test.problem == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, test.problem)
			require.ErrorContains(t, err, "RAMP_ALLOW_PLAINTEXT=true")
		})
	}
}

func TestConnectionWithoutAKeysetFailsOnlyWhereAPayloadIsNeeded(t *testing.T) {
	t.Parallel()
	options, err := connection.Options(t.Context(), isolated(t, environment{"RAMP_KEYSET_FILE": t.TempDir() + "/none.json"}))
	require.NoError(t, err)
	without := options.DataConverter
	payloads, err := without.ToPayloads()
	require.NoError(t, err, "a call without arguments needs no keys")
	require.Nil(t, payloads)

	const remedy = "set RAMP_KEYSET_FILE"
	_, err = without.ToPayload("inv-42")
	require.ErrorContains(t, err, remedy)
	_, err = without.ToPayloads("inv-42")
	require.ErrorContains(t, err, remedy)
	var text string
	payload := &commonpb.Payload{Data: []byte(`"inv-42"`)}
	require.ErrorContains(t, without.FromPayload(payload, &text), remedy)
	require.ErrorContains(t, without.FromPayloads(&commonpb.Payloads{Payloads: []*commonpb.Payload{payload}}, &text), remedy)
	require.Contains(t, without.ToString(payload), remedy)
	require.Len(t, without.ToStrings(&commonpb.Payloads{Payloads: []*commonpb.Payload{payload, payload}}), 2)
}

func TestKeysetIsConfiguredByTheEnvironment(t *testing.T) {
	t.Parallel()
	source, err := connection.Keyset(environment{"RAMP_KEYSET_FILE": "/etc/rampart/keyset.json", "RAMP_KEYSET_KMS": "hcvault://vault/transit/keys/ramp"})
	require.NoError(t, err)
	require.Equal(t, "/etc/rampart/keyset.json", source.File)
	require.Equal(t, "hcvault://vault/transit/keys/ramp", source.KMS)
	require.NotNil(t, source.OpenKMS)
}

func TestProfilesAreThoseOfTheConfigurationFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "temporal.toml")
	require.NoError(t, os.WriteFile(file, []byte("[profile.staging]\naddress = \"127.0.0.1:1\"\n[profile.cloud]\n"), 0o600))
	variables := environment{"TEMPORAL_CONFIG_FILE": file}
	names, err := connection.Profiles(variables)
	require.NoError(t, err)
	require.Equal(t, []string{"cloud", "staging"}, names)

	options, err := connection.Options(t.Context(), connection.WithProfile(variables, "staging"))
	require.NoError(t, err)
	require.Equal(t, "127.0.0.1:1", options.HostPort)
	require.Equal(t, variables, connection.WithProfile(variables, ""))
}
