package process_test

import (
	"net"
	"testing"

	"github.com/stretchr/testify/require"

	"rampart/internal/process"
)

func TestPortIsHandedOutOnceAndClaimedUntilItsProgramListens(t *testing.T) {
	t.Parallel()
	seen := make(map[string]bool)
	for range 20 {
		port, err := process.FreePort()
		require.NoError(t, err)
		require.False(t, seen[port], port)
		seen[port] = true

		_, err = net.ListenPacket("udp", "127.0.0.1:"+port)
		require.Error(t, err, "others would take it")
		listener, err := net.Listen("tcp", "127.0.0.1:"+port)
		require.NoError(t, err, "its program cannot have it")
		require.NoError(t, listener.Close())
	}
}
