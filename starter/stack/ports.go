package stack

import (
	"fmt"
	"net"
	"strconv"

	"rampart/internal/process"
)

// choosePorts sets the ports of what is always started. It fails if one of them is in use: the stack would take another program for its
// own.
func (s *Stack) choosePorts() error {
	ports := &s.options.Ports
	for _, p := range []struct {
		port *uint16
		flag string
	}{{&ports.Gateway, "--gateway-port"}, {&ports.Sandbox, "--sandbox-port"}, {&ports.Events, "--events-port"}} {
		if err := choose(p.port, p.flag); err != nil {
			return err
		}
	}
	return nil
}

// chooseServerPorts sets the ports of the Temporal server, the Web UI and the codec server, as choosePorts does.
func (s *Stack) chooseServerPorts() error {
	ports := &s.options.Ports
	if !free(ports.Temporal) {
		return fmt.Errorf("port %d of %s is in use: stop the program that uses it, choose another port with --port (0 means any free "+
			"one), or, if the program is a Temporal server that the %s is to use, set TEMPORAL_ADDRESS=%s",
			ports.Temporal, localhost, s.options.Purpose, local(ports.Temporal))
	}
	if err := choose(&ports.UI, "--ui-port"); err != nil {
		return err
	}
	return choose(&ports.Codec, "--codec-port")
}

// choose sets a port that is 0 to a free one, and fails if another is in use.
func choose(port *uint16, flag string) error {
	if !free(*port) {
		return fmt.Errorf("port %d of %s is in use: stop the program that uses it, or choose another port with %s (0 means any free one)",
			*port, localhost, flag)
	}
	if *port != 0 {
		return nil
	}
	found, err := process.FreePort()
	if err != nil {
		return err
	}
	number, err := strconv.ParseUint(found, 10, 16)
	*port = uint16(number)
	return err
}

// free reports whether no program listens on a port. 0 is free.
func free(port uint16) bool {
	listener, err := net.Listen("tcp", local(port))
	return err == nil && listener.Close() == nil
}

// local returns the host:port of a port of this machine.
func local(port uint16) string { return net.JoinHostPort(localhost, strconv.Itoa(int(port))) }
