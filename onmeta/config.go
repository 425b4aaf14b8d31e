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
	// headerTimeout is in addition to the call's own timeout; the provider may check an upload before it answers.
	headerTimeout = time.Minute
	idleTimeout   = 90 * time.Second
	// Pings detect a silently dropped connection before several calls fail on it.
	pingAfter   = 15 * time.Second
	pingTimeout = 5 * time.Second

	// Thousands of watched orders poll one host, each for a few milliseconds.
	maxIdleConnections = 256
	maxConnections     = 512

	maxHeaderBytes = 64 << 10
)

// Config configures a Transport.
type Config struct {
	// BaseURL is the API's address, such as https://stg.api.onmeta.in, without /v1. It must be https, unless
	// the host is a loopback one.
	BaseURL string
	// APIKey is the merchant's "Client ID", sent as x-api-key with every call.
	APIKey Secret
	// CurrentAPIKey, if set, is asked for the API key of each call in place of APIKey, so that the key can be replaced while calls are made.
	CurrentAPIKey func() Secret
	// HTTPClient is optional. Redirects are not followed and cookies not kept, whatever it is set to.
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

// isLoopback returns false for names below localhost, which a resolver or a proxy may map to other hosts.
func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	address, err := netip.ParseAddr(host)
	return err == nil && address.Unmap().IsLoopback()
}

// CheckAPIKey returns what is wrong with an API key, if anything is.
func CheckAPIKey(key Secret) error {
	if key == "" {
		return errors.New("onmeta API key: empty")
	}
	if !fitsHeader(key) {
		return errors.New("onmeta API key: holds a space or a character that is not ASCII")
	}
	return nil
}

// currentKey returns the source of the API key.
func (c Config) currentKey() func() Secret {
	if c.CurrentAPIKey != nil {
		return c.CurrentAPIKey
	}
	return func() Secret { return c.APIKey }
}

// fitsHeader reports whether a credential is printable ASCII without spaces.
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
