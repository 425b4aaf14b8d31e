package credential

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"slices"
	"time"

	"google.golang.org/grpc/credentials"
)

// TLSFiles are the files of a client's TLS: its certificate with its key, and the certificates of the authorities that it trusts. Each may be "".
type TLSFiles struct{ Certificate, Key, Authorities string }

// ReadTLS returns the TLS of a client. A certificate that has expired is an error.
func ReadTLS(files TLSFiles) (Reading[*tls.Config], error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if files.Certificate != "" || files.Key != "" {
		pair, err := tls.LoadX509KeyPair(files.Certificate, files.Key)
		if err != nil {
			return Reading[*tls.Config]{}, fmt.Errorf("the certificate %s with the key %s: %w", files.Certificate, files.Key, err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	if files.Authorities != "" {
		content, err := os.ReadFile(files.Authorities)
		if err != nil {
			return Reading[*tls.Config]{}, err
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(content) {
			return Reading[*tls.Config]{}, fmt.Errorf("%s has no certificate", files.Authorities)
		}
	}
	reading := Reading[*tls.Config]{Value: config}
	var err error
	reading.ValidFrom, reading.ValidUntil, err = Validity(config)
	return reading, err
}

// Validity returns from when to when the client's certificate is valid, or zero if there is none. It is an error if that is over.
func Validity(config *tls.Config) (from, until time.Time, err error) {
	if config == nil || len(config.Certificates) == 0 {
		return from, until, nil
	}
	leaf, err := leafOf(config.Certificates[0])
	if err != nil {
		return from, until, err
	}
	if time.Now().After(leaf.NotAfter) {
		err = fmt.Errorf("the client certificate expired at %s: renew it", leaf.NotAfter.UTC().Format(time.RFC3339))
	}
	return leaf.NotBefore, leaf.NotAfter, err
}

func leafOf(certificate tls.Certificate) (*x509.Certificate, error) {
	if certificate.Leaf != nil {
		return certificate.Leaf, nil
	}
	return x509.ParseCertificate(certificate.Certificate[0])
}

// SameTLS reports whether two clients trust the same authorities and have the same certificate.
func SameTLS(a, b *tls.Config) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.RootCAs.Equal(b.RootCAs) && slices.EqualFunc(a.Certificates, b.Certificates, func(a, b tls.Certificate) bool {
		return slices.EqualFunc(a.Certificate, b.Certificate, slices.Equal)
	})
}

// Transport returns gRPC's TLS of a client that uses, for each new connection, what current returns.
func Transport(current func() *tls.Config) credentials.TransportCredentials {
	return transport{current}
}

type transport struct{ current func() *tls.Config }

var _ credentials.TransportCredentials = transport{}

func (t transport) now() credentials.TransportCredentials { return credentials.NewTLS(t.current()) }

// ClientHandshake implements credentials.TransportCredentials.
func (t transport) ClientHandshake(ctx context.Context, authority string, raw net.Conn) (net.Conn, credentials.AuthInfo, error) {
	return t.now().ClientHandshake(ctx, authority, raw)
}

// ServerHandshake implements credentials.TransportCredentials.
func (t transport) ServerHandshake(raw net.Conn) (net.Conn, credentials.AuthInfo, error) {
	return t.now().ServerHandshake(raw)
}

// Info implements credentials.TransportCredentials.
func (t transport) Info() credentials.ProtocolInfo { return t.now().Info() }

// Clone implements credentials.TransportCredentials.
func (t transport) Clone() credentials.TransportCredentials { return t }

// OverrideServerName implements credentials.TransportCredentials. gRPC does not call it any more.
func (t transport) OverrideServerName(string) error {
	return fmt.Errorf("the name of the server is part of the configuration")
}

// Dial returns a dialer of TLS connections for net/http that uses, for each new connection, what current returns.
func Dial(current func() *tls.Config) func(ctx context.Context, network, address string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		dialer := tls.Dialer{Config: current()}
		return dialer.DialContext(ctx, network, address)
	}
}
