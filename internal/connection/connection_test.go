package connection_test

import (
	"net"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"rampart/internal/connection"
	"rampart/internal/credential"
)

// isolated returns an environment without the user's configuration file.
func isolated(t *testing.T, variables map[string]string) map[string]string {
	t.Helper()
	variables["TEMPORAL_CONFIG_FILE"] = t.TempDir() + "/none.toml"
	return variables
}

func TestConnectionDefaultsToALocalServer(t *testing.T) {
	t.Parallel()
	settings, err := connection.Load(isolated(t, map[string]string{}), credential.NewStore())

	require.NoError(t, err)
	require.Equal(t, "localhost:7233", settings.Address())
	require.Equal(t, "default", settings.NamespaceName())
}

func TestCredentialsAreHiddenByTheStore(t *testing.T) {
	t.Parallel()
	store := credential.NewStore()
	settings, err := connection.Load(isolated(t, map[string]string{
		"TEMPORAL_ADDRESS": "temporal.example.test:7233", "TEMPORAL_NAMESPACE": "orders", "TEMPORAL_API_KEY": "key-of-orders",
		"TEMPORAL_GRPC_META_AUTHORIZATION": "Bearer header-of-orders",
	}), store)

	require.NoError(t, err)
	require.Equal(t, "temporal.example.test:7233", settings.Address())
	require.Equal(t, "orders", settings.NamespaceName())
	for _, secret := range []string{"key-of-orders", "header-of-orders"} {
		require.NotContains(t, store.Hide("with "+secret), secret)
	}
}

func TestPlaintextToAnotherMachineIsAnErrorUnlessAllowed(t *testing.T) {
	t.Parallel()
	_, err := connection.Load(isolated(t, map[string]string{"TEMPORAL_ADDRESS": "temporal.example.test:7233"}), credential.NewStore())
	require.ErrorContains(t, err, "RAMP_ALLOW_PLAINTEXT")

	_, err = connection.Load(isolated(t, map[string]string{"TEMPORAL_ADDRESS": "temporal.example.test:7233", "RAMP_ALLOW_PLAINTEXT": "true"}), credential.NewStore())
	require.NoError(t, err)
}

func TestUnreachableServerIsNamedWithARemedy(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := listener.Addr().String()
	require.NoError(t, listener.Close())
	settings, err := connection.Load(isolated(t, map[string]string{"TEMPORAL_ADDRESS": address}), credential.NewStore())
	require.NoError(t, err)

	_, err = settings.Dial(t.Context(), zap.NewNop())

	require.ErrorContains(t, err, address)
	require.ErrorContains(t, err, "TEMPORAL_ADDRESS")
}
