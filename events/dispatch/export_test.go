package dispatch

import (
	"net"
	"net/http"
	"net/netip"

	"rampart/ramp"
)

// PermitsPublic reports whether an endpoint without allowPrivate may be at an address.
func PermitsPublic(ip netip.Addr) bool { return toPublic(ipv4(ip)) }

// PermitsPrivate reports whether an endpoint with allowPrivate may be at an address.
func PermitsPrivate(ip netip.Addr) bool { return toPrivate(ipv4(ip)) }

// Covers reports whether an endpoint with perOrder takes the URL of an order, and the URL that is requested then.
func Covers(endpoint string, target ramp.Personal) (requested string, covered bool) {
	to, err := parseAddress(endpoint)
	if err != nil {
		return "", false
	}
	e := endpointOf(to)
	found, err := e.addressOf(target)
	if err != nil {
		return "", false
	}
	return found.url().String(), true
}

func endpointOf(to address) endpoint { return endpoint{name: "tenants", to: to, perOrder: true} }

// ParseConfig parses a file of endpoints.
func ParseConfig(text []byte) error {
	_, _, err := parse(text)
	return err
}

// PublicClient returns the client for endpoints without allowPrivate.
func PublicClient() *http.Client { return newClient(toPublic, nil) }

// LocalClient returns the client for endpoints without encryption.
func LocalClient() *http.Client { return newClient(toThisMachine, nil) }

// ResolvingClient returns the client for endpoints with or without allowPrivate, whose names a resolver of the test's own resolves.
func ResolvingClient(allowPrivate bool, resolver *net.Resolver) *http.Client {
	if allowPrivate {
		return newClient(toPrivate, resolver)
	}
	return newClient(toPublic, resolver)
}
