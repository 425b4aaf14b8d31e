package onmeta

import (
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

const (
	defaultCallTimeout   = 15 * time.Second
	defaultUploadTimeout = 3 * time.Minute
	connectTimeout       = 5 * time.Second
	// headerTimeout is a backstop behind the call's own timeout; an upload may be checked before it is answered.
	headerTimeout = time.Minute
	idleTimeout   = 90 * time.Second
	// A connection that the network dropped in silence is found out by a ping, not by a run of failed calls.
	pingAfter   = 15 * time.Second
	pingTimeout = 5 * time.Second

	// Thousands of watched orders poll one host, each for a few milliseconds.
	maxIdleConnections = 256
	maxConnections     = 512

	maxHeaderBytes = 64 << 10
)

// Config is what a Transport needs to know.
type Config struct {
	// BaseURL is the API's address, such as https://stg.api.onmeta.in, without /v1. It must be https, unless
	// the host is a loopback one.
	BaseURL string
	// APIKey is the merchant's "Client ID", sent as x-api-key with every call.
	APIKey Secret
	// HTTPClient is optional. Redirects are not followed and cookies not kept, whatever it says.
	HTTPClient *http.Client
	// CallTimeout bounds a whole call; default 15 s.
	CallTimeout time.Duration
	// UploadTimeout bounds a KYC upload; default 3 min.
	UploadTimeout time.Duration
}

func parseBaseURL(raw string) (*url.URL, error) {
	if raw == "" {
		return nil, errors.New("empty")
	}
	base, err := url.Parse(raw)
	if err != nil {
		return nil, errors.New("not a URL") // The parser's own error quotes it, password and all.
	}
	switch {
	case base.Scheme != "https" && base.Scheme != "http":
		return nil, errors.New("must begin with https://")
	case base.Hostname() == "":
		return nil, errors.New("names no host")
	case base.User != nil:
		return nil, errors.New("must not hold a user name or password")
	case base.RawQuery != "" || base.ForceQuery || base.Fragment != "":
		return nil, errors.New("must not hold a query or a fragment")
	case strings.HasSuffix(strings.TrimRight(base.Path, "/"), "/v1"):
		return nil, errors.New("must not end in /v1: the client adds it")
	case base.Scheme == "http" && !isLoopback(base.Hostname()):
		return nil, errors.New("must begin with https://: plain http is for loopback hosts only")
	}
	return base, nil
}

// isLoopback leaves out names below localhost, which a resolver or a proxy may take elsewhere.
func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	address, err := netip.ParseAddr(host)
	return err == nil && address.Unmap().IsLoopback()
}

// fitsHeader reports whether a credential is plain printable ASCII without spaces, as all of them are.
func fitsHeader(s Secret) bool {
	return !strings.ContainsFunc(s.Reveal(), func(r rune) bool { return r <= ' ' || r > '~' })
}

func withoutRedirects(given *http.Client) *http.Client {
	client := http.Client{Transport: newPool()}
	if given != nil {
		client = *given
	}
	client.Jar = nil
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &client
}

func newPool() *http.Transport {
	dialer := &net.Dialer{Timeout: connectTimeout, KeepAlive: 30 * time.Second}
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            dialer.DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    connectTimeout,
		ResponseHeaderTimeout:  headerTimeout,
		IdleConnTimeout:        idleTimeout,
		MaxIdleConns:           maxIdleConnections,
		MaxIdleConnsPerHost:    maxIdleConnections,
		MaxConnsPerHost:        maxConnections,
		MaxResponseHeaderBytes: maxHeaderBytes,
		ForceAttemptHTTP2:      true,
		HTTP2:                  &http.HTTP2Config{SendPingTimeout: pingAfter, PingTimeout: pingTimeout},
	}
}
