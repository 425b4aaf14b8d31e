package main

import (
	"math/rand/v2"
	"net"

	"go.temporal.io/server/common/testing/freeport"
)

// freePort is a port that nobody listens on, below those that systems give to outgoing connections, one of which could take it before
// the server listens. Where all that were tried are taken, it is any.
func freePort() int {
	const tries, lowest, highest = 100, 15_000, 32_767
	for range tries {
		port := lowest + rand.IntN(highest-lowest+1)
		listener, err := net.Listen("tcp", hostPort(loopback, port))
		if err == nil {
			_ = listener.Close() // nothing was sent
			return port
		}
	}
	return freeport.MustGetFreePort()
}
