// Package loopback decides what belongs to this machine: which addresses are its own, which HTTP requests come from it, and which
// connections to other machines require TLS.
//
// A page of any site can make a browser send requests to 127.0.0.1, and can resolve its own name to 127.0.0.1 (DNS rebinding).
// Listening on loopback is therefore no protection from other sites' pages. Such requests are recognized by their Host header, the
// page's origin, and the headers that proxies add.
package loopback

import (
	"net"
	"net/netip"
	"net/url"
	"strings"
)

// Host reports whether a host, or host:port, is this machine: localhost, 127.0.0.0/8 or ::1. It does not resolve names, since others
// control the answers.
func Host(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		host = strings.TrimSuffix(strings.TrimPrefix(address, "["), "]")
	}
	ip, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && ip.Zone() == "" && ip.Unmap().IsLoopback()
}

// Target reports whether a gRPC target is on this machine: host:port, the same with a scheme such as dns:///, or a Unix socket. Like
// Host, it does not resolve names.
func Target(target string) bool {
	parsed, err := url.Parse(target)
	if err != nil { // such as 127.0.0.1:7233, whose first part is not a scheme
		return endpoint(target)
	}
	switch parsed.Scheme {
	case "unix", "unix-abstract":
		return true
	case "dns":
		// An authority is a DNS server, which may be on another machine.
		return parsed.Host == "" && endpoint(parsed.Opaque+strings.TrimPrefix(parsed.Path, "/"))
	case "passthrough":
		return endpoint(parsed.Opaque + strings.TrimPrefix(parsed.Path, "/"))
	default: // such as localhost:7233, which gRPC does not parse as a scheme either
		return endpoint(target)
	}
}

// endpoint reports whether a target without a scheme is on this machine. Without a host, gRPC connects to localhost.
func endpoint(address string) bool {
	return Host(address) || strings.HasPrefix(address, ":") && !strings.Contains(address[1:], ":")
}

// URL reports whether a URL's host is this machine.
func URL(address string) bool {
	parsed, err := url.Parse(address)
	return err == nil && Host(parsed.Host)
}
