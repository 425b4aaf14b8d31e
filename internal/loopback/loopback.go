// Package loopback decides what belongs to this machine alone: which addresses are its own, and which requests come from it and from
// none of the pages that its browsers happen to show.
//
// A page of any site can make the browser of its reader call 127.0.0.1, and can have its own name resolved to 127.0.0.1 (DNS
// rebinding), so that a port on loopback is no door that only this machine's people go through. What gives such a request away is the
// name that it asks for, the page that it comes from, and what a proxy adds.
package loopback

import (
	"net"
	"net/netip"
	"net/url"
	"strings"
)

// Host tells whether a host, or host:port, is this machine by its name: localhost, 127.0.0.0/8 or ::1. No name is looked up, for the
// answer would be somebody else's.
func Host(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		host = strings.TrimSuffix(strings.TrimPrefix(address, "["), "]")
	}
	ip, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && ip.Zone() == "" && ip.Unmap().IsLoopback()
}

// Target tells whether what gRPC connects to is on this machine: host:port, the same with a scheme such as dns:///, or a socket of the
// file system. As with Host, only the name counts.
func Target(target string) bool {
	parsed, err := url.Parse(target)
	if err != nil { // such as 127.0.0.1:7233, whose first part is no scheme
		return endpoint(target)
	}
	switch parsed.Scheme {
	case "unix", "unix-abstract":
		return true
	case "dns":
		// An authority is the DNS server to ask, which may be anywhere.
		return parsed.Host == "" && endpoint(parsed.Opaque+strings.TrimPrefix(parsed.Path, "/"))
	case "passthrough":
		return endpoint(parsed.Opaque + strings.TrimPrefix(parsed.Path, "/"))
	default: // such as localhost:7233, which is no scheme to gRPC either
		return endpoint(target)
	}
}

// endpoint is a target without a scheme. Without a host, gRPC takes localhost.
func endpoint(address string) bool {
	return Host(address) || strings.HasPrefix(address, ":") && !strings.Contains(address[1:], ":")
}

// URL tells whether a URL's host is this machine.
func URL(address string) bool {
	parsed, err := url.Parse(address)
	return err == nil && Host(parsed.Host)
}
