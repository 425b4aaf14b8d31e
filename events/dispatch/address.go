package dispatch

import (
	"errors"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"rampart/internal/loopback"
	"rampart/internal/redact"
)

// maxURL bounds URLs, as ramp.ValidateEventURL does.
const maxURL = 500

// address is a URL of an HTTP endpoint, in one form for all the ways to write it: scheme and host in lower case, and a port always.
type address struct {
	scheme, host, port string
	// path is as it was written, escaped, and "/" for none.
	path string
	// query may be a token of the endpoint's.
	query redact.Secret
}

var errURL = errors.New("it must be like https://shop.example.com/hooks, of at most 500 ASCII characters, without user name or fragment")

// parseAddress returns the address of a URL, or an error that does not quote it. It takes only URLs that every program reads alike: no dot
// segments, none of the characters whose escapes programs undo at different times, and no host that is a number in disguise.
func parseAddress(text string) (address, error) {
	if len(text) > maxURL || strings.ContainsFunc(text, unexpected) {
		return address{}, errURL
	}
	parsed, err := url.Parse(text)
	if err != nil || parsed.Host == "" || parsed.User != nil || parsed.Opaque != "" {
		return address{}, errURL
	}
	to := address{parsed.Scheme, strings.ToLower(parsed.Hostname()), parsed.Port(), parsed.EscapedPath(), redact.Secret(parsed.RawQuery)}
	if !plainHost(to.host) || !plainPort(parsed) {
		return address{}, errors.New("its host must be a name, or an address in the usual form, with a port from 1 to 65535 or none")
	}
	switch {
	case to.scheme == "https" && to.port == "":
		to.port = "443"
	case to.scheme == "http" && !loopback.Host(to.host):
		return address{}, errors.New("it must be https: without encryption, events go to this machine alone")
	case to.scheme == "http" && to.port == "":
		to.port = "80"
	case to.scheme != "https" && to.scheme != "http":
		return address{}, errors.New("it must be https, http to this machine, or a queue's URL")
	}
	if to.path == "" {
		to.path = "/"
	}
	if !plainPath(to.path) {
		return address{}, errors.New("its path must have no dot segments, no empty segments in between, and no escapes of plain characters")
	}
	return to, nil
}

func unexpected(r rune) bool {
	return r <= ' ' || r >= 0x7f || strings.ContainsRune("#\\\"<>^`{|}", r)
}

var (
	hostNames = regexp.MustCompile(`^(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$`)
	// numbers matches the last label of what resolvers take for an IPv4 address (WHATWG URL, "ends in a number"), as 127.1 and 0x7f000001.
	numbers = regexp.MustCompile(`^(?:[0-9]+|0x[0-9a-f]*)$`)
)

// plainHost reports whether a host is a name or an IP address in its one usual form, without a zone.
func plainHost(host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.Zone() == "" && !ip.Is4In6() && ip.String() == host
	}
	last := host[strings.LastIndexByte(host, '.')+1:]
	return len(host) <= 253 && hostNames.MatchString(host) && !numbers.MatchString(last)
}

func plainPort(parsed *url.URL) bool {
	port := parsed.Port()
	if port == "" {
		return !strings.HasSuffix(parsed.Host, ":")
	}
	number, err := strconv.ParseUint(port, 10, 16)
	return err == nil && number > 0 && strconv.FormatUint(number, 10) == port
}

// plainPath reports whether programs that decode or clean a path, once or twice, before or after they compare it, all read the same path.
func plainPath(path string) bool {
	segments := strings.Split(strings.TrimPrefix(path, "/"), "/")
	for i, segment := range segments {
		name, _, _ := strings.Cut(segment, ";") // some servers take what follows for parameters
		if name == "." || name == ".." || segment == "" && i < len(segments)-1 {
			return false
		}
	}
	for i := 0; i < len(path); i++ {
		if path[i] != '%' {
			continue
		}
		decoded, err := strconv.ParseUint(path[i+1:min(i+3, len(path))], 16, 8)
		if err != nil || !needsEscape(byte(decoded)) {
			return false
		}
	}
	return true
}

// needsEscape reports whether a byte is a space or not ASCII: nothing else needs an escape that changes no meaning.
func needsEscape(b byte) bool { return b == ' ' || b >= 0x80 }

// covers reports whether an order may name the other address if this one is its endpoint's: the same scheme, host and port, and a path that
// is this one or below it.
func (a address) covers(other address) bool {
	if a.scheme != other.scheme || a.host != other.host || a.port != other.port {
		return false
	}
	return other.path == a.path || strings.HasPrefix(other.path, strings.TrimSuffix(a.path, "/")+"/")
}

// local reports whether the host is this machine by name, or an address that is not public.
func (a address) local() bool {
	if loopback.Host(a.host) {
		return true
	}
	ip, err := netip.ParseAddr(a.host)
	return err == nil && public.SafeAddr(ip) != nil
}

// url is the address as a URL.
func (a address) url() *url.URL {
	host := a.host
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if (a.scheme != "https" || a.port != "443") && (a.scheme != "http" || a.port != "80") {
		host += ":" + a.port
	}
	path, _ := url.PathUnescape(a.path) // valid: it was parsed before
	return &url.URL{Scheme: a.scheme, Host: host, Path: path, RawPath: a.path, RawQuery: a.query.Reveal()}
}
