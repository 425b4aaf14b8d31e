package connection_test

import (
	"context"
	"errors"
	"net"
	"testing"

	"github.com/stretchr/testify/require"
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

// alone is an environment in which no configuration file of the user's is read.
func alone(t *testing.T, variables environment) environment {
	t.Helper()
	variables["TEMPORAL_CONFIG_FILE"] = t.TempDir() + "/none.toml"
	return variables
}

func TestConnectionDefaultsToALocalServer(t *testing.T) {
	t.Parallel()
	options, err := connection.Options(t.Context(), alone(t, environment{}))
	require.NoError(t, err)
	require.Equal(t, "localhost:7233", options.HostPort)
	require.Equal(t, "default", options.Namespace)
	require.Nil(t, options.ConnectionOptions.TLS)
}

func TestConnectionFollowsTheVariablesOfTemporalsTools(t *testing.T) {
	t.Parallel()
	options, err := connection.Options(t.Context(), alone(t, environment{
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
	_, err := connection.Options(t.Context(), alone(t, environment{"TEMPORAL_PROFILE": "production"}))
	require.ErrorContains(t, err, "production")
}

func TestUnreachableServerIsNamedWithWhatToDo(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := listener.Addr().String()
	require.NoError(t, listener.Close())

	_, err = connection.DialOptions(t.Context(), client.Options{HostPort: address})

	var unreachable *connection.UnreachableError
	require.ErrorAs(t, err, &unreachable)
	require.Equal(t, "Temporal cannot be reached at "+address+
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
		"unavailable":            {serviceerror.NewUnavailable("connection refused"), "Temporal cannot be reached at t.example.test:7233 (connection refused)"},
		"namespace":              {serviceerror.NewNamespaceNotFound("orders"), `at t.example.test:7233 there is no namespace "orders"`},
		"permission":             {serviceerror.NewPermissionDenied("Request unauthorized.", ""), "does not allow this"},
		"search attributes":      {serviceerror.NewInvalidArgument("Namespace orders has no mapping defined for search attribute RampStatus"), `at t.example.test:7233 namespace "orders" is not set up`},
		"other invalid argument": {serviceerror.NewInvalidArgument("bad"), "bad"},
		"no worker":              {serviceerror.NewFailedPrecondition("no poller seen for task queue recently, worker may be down"), "no worker runs for task queue"},
		"late":                   {serviceerror.NewDeadlineExceeded("context deadline exceeded"), "no worker runs for task queue"},
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

func TestReasonsOfUnreachabilityAreInFewWords(t *testing.T) {
	t.Parallel()
	for said, want := range map[string]string{
		`connection error: desc = "transport: Error while dialing: dial tcp 127.0.0.1:1: connect: connection refused"`: "(connection refused)",
		"failed reaching server: no children to pick from":                                                             "(its name cannot be resolved)",
		`transport: authentication handshake failed: tls: first record does not look like a TLS handshake`:             "(one side speaks TLS and the other does not)",
		`transport: authentication handshake failed: tls: failed to verify certificate: x509: unknown authority`:       "TLS certificate",
		"Request unauthorized.": "(it does not accept the credentials)",
		"something new":         "(no answer in time)",
	} {
		err := &connection.UnreachableError{Address: "t.example.test:7233", Cause: errors.New(said)}
		require.Contains(t, err.Error(), want)
	}
}

func TestPassingErrorsAreThoseThatAnotherAttemptMayNotMeet(t *testing.T) {
	t.Parallel()
	require.True(t, connection.Passing(serviceerror.NewUnavailable("restarting")))
	require.True(t, connection.Passing(serviceerror.NewDeadlineExceeded("late")))
	require.True(t, connection.Passing(serviceerror.NewFailedPrecondition("no poller seen for task queue recently, worker may be down")))
	require.False(t, connection.Passing(serviceerror.NewFailedPrecondition("something else")))
	require.False(t, connection.Passing(&ramp.Error{Type: ramp.NotFound}))
	require.False(t, connection.Passing(context.Canceled))
}

func TestConnectionBeyondThisMachineIsMadeOverTLSAlone(t *testing.T) {
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
			_, err := connection.Options(t.Context(), alone(t, test.variables))
			if test.problem == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, test.problem)
			require.ErrorContains(t, err, "RAMP_ALLOW_PLAINTEXT=true")
		})
	}
}
