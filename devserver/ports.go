package main

import (
	"math/rand/v2"
	"net"

	"go.temporal.io/server/common/testing/freeport"
)

// ports hands out free ports. The server opens them only later, so that each is claimed by a UDP socket with its number meanwhile:
// whoever looks for a port in this way, in this process or in another one, takes no port that is claimed.
type ports struct{ claims []net.PacketConn }

// avoid claims what is given, so that it is not handed out.
func (p *ports) avoid(given ...int) {
	for _, port := range given {
		p.claim(port)
	}
}

// claim reports whether nobody else has claimed the port.
func (p *ports) claim(port int) bool {
	claim, err := net.ListenPacket("udp", hostPort(localhost, port))
	if err != nil {
		return false
	}
	p.claims = append(p.claims, claim)
	return true
}

// free is a port that nobody listens on, below those that systems give to outgoing connections, one of which could take it before
// the server listens. Where all that were tried are taken, it is any.
func (p *ports) free() int {
	const tries, lowest, highest = 100, 15_000, 32_767
	for range tries {
		port := lowest + rand.IntN(highest-lowest+1)
		if !p.claim(port) {
			continue
		}
		call, err := net.Dial("tcp", hostPort(localhost, port))
		if err != nil {
			return port
		}
		_ = call.Close() // nothing was sent
	}
	return freeport.MustGetFreePort()
}

// release ends the claims.
func (p *ports) release() {
	for _, claim := range p.claims {
		_ = claim.Close() // nothing was sent
	}
}
