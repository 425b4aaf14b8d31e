package main

import (
	"math/rand/v2"
	"net"

	"go.temporal.io/server/common/testing/freeport"
)

// ports reserves free TCP ports that the server opens later. A UDP socket on the same number claims each port meanwhile, so that other
// devservers on the machine do not choose it.
type ports struct{ claims []net.PacketConn }

// avoid claims given ports, so that free does not return them.
func (p *ports) avoid(given ...int) {
	for _, port := range given {
		p.claim(port)
	}
}

// claim claims a port and reports whether it was unclaimed.
func (p *ports) claim(port int) bool {
	claim, err := net.ListenPacket("udp", hostPort(localhost, port))
	if err != nil {
		return false
	}
	p.claims = append(p.claims, claim)
	return true
}

// free returns a port without a listener, below the range of ephemeral ports, which an outgoing connection could take before the
// server listens. If all attempts fail, it returns any free port.
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
