package loopback_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"rampart/internal/loopback"
)

func TestHostRecognizesThisMachineByName(t *testing.T) {
	t.Parallel()
	for _, address := range []string{
		"localhost", "LOCALHOST:80", "127.0.0.1", "127.0.0.1:7233", "127.8.9.1:1", "::1", "[::1]", "[::1]:7233", "[::ffff:127.0.0.1]:80",
	} {
		require.True(t, loopback.Host(address), address)
	}
	for _, address := range []string{
		"", ":7233", "0.0.0.0:80", "[::]:80", "10.0.0.1:80", "temporal.example.test:7233", "localhost.example.test:80", "a.localhost",
		"127.0.0.1.example.test", "localhost.:80", "[::1%eth0]:80", "127.1", "2130706433", "localhost:80:80", "user@localhost",
	} {
		require.False(t, loopback.Host(address), address)
	}
}

func TestTargetRecognizesTheSchemesOfGRPC(t *testing.T) {
	t.Parallel()
	for _, target := range []string{
		"localhost:7233", "127.0.0.1:7233", "[::1]:7233", ":7233", "localhost", "dns:///localhost:7233", "dns:127.0.0.1:7233",
		"dns:///[::1]:7233", "passthrough:///127.0.0.1:7233", "unix:///run/temporal.sock", "unix:temporal.sock", "unix-abstract:temporal",
	} {
		require.True(t, loopback.Target(target), target)
	}
	for _, target := range []string{
		"", "temporal:7233", "10.0.0.7:7233", "dns:///temporal.example.test:7233", "dns://10.0.0.53/localhost:7233", "dns:///",
		"passthrough:///10.0.0.7:7233", "xds:///localhost:7233", "https://localhost:7233", "localhost.example.test:7233", "127.0.0.1/x:7233",
	} {
		require.False(t, loopback.Target(target), target)
	}
}

func TestURLRecognizesThisMachineByHost(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"http://127.0.0.1:8480", "http://localhost", "https://[::1]:8480/path"} {
		require.True(t, loopback.URL(address), address)
	}
	for _, address := range []string{
		"", "127.0.0.1:8480", "http://127.0.0.1@example.test", "http://example.test/127.0.0.1", "http://localhost.example.test", "::",
	} {
		require.False(t, loopback.URL(address), address)
	}
}
