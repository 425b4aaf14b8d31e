package process

import (
	"errors"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
)

// claimed are the UDP sockets behind the ports that FreePort has handed out.
var claimed struct {
	sync.Mutex
	sockets []net.PacketConn
}

// FreePort is a port of 127.0.0.1 that nobody listens on. It is below those that systems give to outgoing connections, one of which
// could take it before a program listens, and below 32768: Temporal's schema for PostgreSQL keeps the ports of its
// services as smallint.
//
// Until this process ends the port is claimed by a UDP socket with its number, as devserver claims its own: no other call of
// FreePort, here or in another process, and no devserver takes it before the program listens that it is meant for.
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

// isFree claims a port that nobody listens on. It calls rather than listens to find out: a program that is started in that moment would
// inherit the listener, and keep the port for a while.
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
