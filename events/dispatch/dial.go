package dispatch

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"syscall"
	"time"

	"code.dny.dev/ssrf"
)

// Limits of a request.
const (
	sendTimeout = 15 * time.Second
	dialTimeout = 5 * time.Second
	// maxAnswer is how much of an answer is read, so that its connection can be used again.
	maxAnswer = 64 << 10
	// maxIdle is how many connections to one host are kept open.
	maxIdle     = 16
	idleTimeout = 90 * time.Second
)

// errAddress is the error of a connection to an address that events must not go to.
var errAddress = errors.New("the address is not permitted")

// public permits the addresses of the internet: none of IANA's special-purpose registries.
var public = ssrf.New(ssrf.WithAnyPort())

// private permits the addresses of this machine and of private networks too, but no link-local ones.
var private = ssrf.New(ssrf.WithAnyPort(), ssrf.WithAllowedV4Prefixes(
	netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"), netip.MustParsePrefix("192.168.0.0/16"),
	netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("127.0.0.0/8"),
), ssrf.WithAllowedV6Prefixes(netip.MustParsePrefix("fc00::/7"), netip.MustParsePrefix("::1/128")))

// metadata are the addresses in private networks at which clouds hand out a machine's credentials: AWS's, Google's and Alibaba's. The others
// are link-local.
var metadata = []netip.Addr{
	netip.MustParseAddr("fd00:ec2::254"), netip.MustParseAddr("fd20:ce::254"), netip.MustParseAddr("100.100.100.200"),
}

// Rules of which addresses a connection may go to.
func toPublic(ip netip.Addr) bool { return public.SafeAddr(ip) == nil }
func toPrivate(ip netip.Addr) bool {
	return private.SafeAddr(ip) == nil && !slices.Contains(metadata, ip)
}
func toThisMachine(ip netip.Addr) bool {
	return ip.IsLoopback()
}

// ipv4 returns the IPv4 address that an IPv6 address leads to, by its form or through NAT64, and other addresses as they are.
func ipv4(ip netip.Addr) netip.Addr {
	if ssrf.IPv6NAT64Prefix.Contains(ip) {
		bytes := ip.As16()
		return netip.AddrFrom4([4]byte(bytes[12:]))
	}
	return ip.Unmap()
}

// newClient returns a client whose connections go only to addresses that a rule permits. The rule is applied to the address that is dialled,
// after the host's name is resolved, so that names whose addresses change (DNS rebinding) do not pass it. The client follows no redirect and
// uses no proxy: either would choose another address. A nil resolver is the machine's.
func newClient(permits func(netip.Addr) bool, resolver *net.Resolver) *http.Client {
	dialer := &net.Dialer{Timeout: dialTimeout, Resolver: resolver, Control: func(_, address string, _ syscall.RawConn) error {
		to, err := netip.ParseAddrPort(address)
		if err != nil || !permits(ipv4(to.Addr())) {
			return errAddress
		}
		return nil
	}}
	return &http.Client{
		Transport: &http.Transport{
			DialContext:            dialer.DialContext,
			ForceAttemptHTTP2:      true,
			TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout:    dialTimeout,
			MaxResponseHeaderBytes: maxAnswer,
			MaxIdleConnsPerHost:    maxIdle,
			IdleConnTimeout:        idleTimeout,
			DisableCompression:     true, // answers are not read, so they are not unpacked either
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// whyUnsent returns what went wrong with a request, in words that contain neither its URL nor anything that the other side sent.
func whyUnsent(err error) string {
	var dns *net.DNSError
	var certificate *tls.CertificateVerificationError
	var operation *net.OpError
	var timeout net.Error
	switch {
	case errors.Is(err, errAddress):
		return "its host has an address that events must not go to: allowPrivate permits private ones"
	case errors.As(err, &dns):
		return "its host's name is not resolved"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return "it does not answer in time"
	case errors.Is(err, context.Canceled):
		return "the request was cancelled"
	case errors.As(err, &certificate):
		return "its certificate is not valid"
	case errors.As(err, &operation) && operation.Op == "dial":
		return "it accepts no connection"
	default:
		return "the connection ended without a valid answer"
	}
}
