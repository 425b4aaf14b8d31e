package main

import (
	"net"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/server/common/primitives"
)

func TestPortIsHandedOutOnce(t *testing.T) {
	t.Parallel()
	var mine, others ports
	t.Cleanup(mine.release)
	t.Cleanup(others.release)
	seen := make(map[int]bool)
	for _, p := range []*ports{&mine, &others} {
		for range 100 {
			port := p.free()
			require.False(t, seen[port], port)
			seen[port] = true
			require.False(t, mine.claim(port) || others.claim(port))
		}
	}
}

func TestGivenPortIsNotHandedOut(t *testing.T) {
	t.Parallel()
	var chosen, mine, others ports
	t.Cleanup(mine.release)
	given := chosen.free()
	chosen.release()

	mine.avoid(given)

	require.False(t, others.claim(given))
}

func TestClaimedPortIsFreeToListenOn(t *testing.T) {
	t.Parallel()
	var free ports
	t.Cleanup(free.release)
	listener, err := net.Listen("tcp", hostPort(localhost, free.free()))
	require.NoError(t, err)
	require.NoError(t, listener.Close())
}

func TestHTTPAPIIsClosedByDefault(t *testing.T) {
	t.Setenv("FRONTEND_HTTP_PORT", "")
	free := new(ports)
	defer free.release()
	cfg, err := loadConfig(options{config: "../temporal-dev.yaml"}, free)
	require.NoError(t, err)
	require.Zero(t, cfg.Services[string(primitives.FrontendService)].RPC.HTTPPort)
}
