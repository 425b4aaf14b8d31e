package process

import (
	"errors"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
)

// claimed holds the UDP sockets of the ports that FreePort has returned.
var claimed struct {
	sync.Mutex
	sockets []net.PacketConn
}

// FreePort returns a port of 127.0.0.1 on which no program listens. The port is below the range from which systems take the ports of
// outgoing connections, one of which could take it before a program listens, and below 32768: Temporal's schema for PostgreSQL stores
// the ports of its services as smallint.
//
// Until this process exits, a UDP socket with the same number claims the port, as devserver does for its own ports. Neither another
// call of FreePort, in this process or in another, nor a devserver takes it before the program that it is meant for.
func FreePort() (string, error) {
	const tries, lowest, highest = 100, 15_000, 32_767
	for range tries {
		port := strconv.Itoa(lowest + rand.IntN(highest-lowest+1))
		if isFree(port) {
			return port, nil
		}
	}
	return "", errors.New("no free port below 32768")
}

// isFree reports whether no program listens on a port, and claims the port if so. It connects instead of listening: a program that is
// started at that moment would inherit the listener and keep the port busy.
func isFree(port string) bool {
	address := net.JoinHostPort("127.0.0.1", port)
	claim, err := net.ListenPacket("udp", address)
	if err != nil {
		return false
	}
	if call, err := net.Dial("tcp", address); err == nil {
		_, _ = call.Close(), claim.Close() // nothing was sent
		return false
	}
	claimed.Lock()
	defer claimed.Unlock()
	claimed.sockets = append(claimed.sockets, claim)
	return true
}
