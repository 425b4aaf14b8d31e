package httpserver_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"rampart/internal/httpserver"
)

func listen(t *testing.T) net.Listener {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	return listener
}

// authority is a certificate with its key in files, as an operator has them.
type authority struct {
	certFile, keyFile string
	roots             *x509.CertPool
	renewals          int64
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	directory := t.TempDir()
	a := &authority{
		certFile: filepath.Join(directory, "tls.crt"),
		keyFile:  filepath.Join(directory, "tls.key"),
		roots:    x509.NewCertPool(),
	}
	a.renew(t)
	return a
}

// renew writes a certificate with the next serial number.
func (a *authority) renew(t *testing.T) {
	t.Helper()
	a.renewals++
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(a.renewals),
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(time.Hour),
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	parsed, err := x509.ParseCertificate(certificate)
	require.NoError(t, err)
	a.roots.AddCert(parsed)
	a.write(t, a.certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate}))
	a.write(t, a.keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}))
}

// write writes a file with a new modification time, independent of the file system's resolution.
func (a *authority) write(t *testing.T, name string, data []byte) {
	t.Helper()
	require.NoError(t, os.WriteFile(name, data, 0o600))
	changed := time.Now().Add(time.Duration(a.renewals) * time.Minute)
	require.NoError(t, os.Chtimes(name, changed, changed))
}

// serial is the number of the certificate that a new connection gets.
func (a *authority) serial(t *testing.T, address net.Addr) int64 {
	t.Helper()
	connection, err := tls.Dial("tcp", address.String(), &tls.Config{RootCAs: a.roots})
	require.NoError(t, err)
	defer func() { _ = connection.Close() }()
	return connection.ConnectionState().PeerCertificates[0].SerialNumber.Int64()
}

// serveTLS serves until the test ends.
func serveTLS(t *testing.T, a *authority, log *zap.Logger) net.Addr {
	t.Helper()
	encryption, err := httpserver.TLS(a.certFile, a.keyFile, log)
	require.NoError(t, err)
	listener := listen(t)
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() {
		served <- httpserver.Serve(ctx, listener, http.NotFoundHandler(), httpserver.Options{TLS: encryption, StopTimeout: waitLimit})
	}()
	t.Cleanup(func() {
		stop()
		require.NoError(t, <-served)
	})
	return listener.Addr()
}

func TestRenewedCertificateIsServedWithoutARestart(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	address := serveTLS(t, a, zap.NewNop())
	require.EqualValues(t, 1, a.serial(t, address))

	a.renew(t)

	require.EqualValues(t, 2, a.serial(t, address))
}

func TestCertificateStaysInUseWhileTheRenewedOneIsInvalid(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	core, log := observer.New(zap.WarnLevel)
	address := serveTLS(t, a, zap.New(core))
	key, err := os.ReadFile(a.keyFile)
	require.NoError(t, err)

	a.renew(t)
	a.write(t, a.keyFile, key)
	require.EqualValues(t, 1, a.serial(t, address))
	require.EqualValues(t, 1, a.serial(t, address))
	require.Equal(t, 1, log.FilterMessageSnippet("the previous one stays in use").Len())

	a.renew(t)
	require.EqualValues(t, 3, a.serial(t, address))
}

func TestOldTLSIsRefused(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	address := serveTLS(t, a, zap.NewNop())

	_, err := tls.Dial("tcp", address.String(), &tls.Config{RootCAs: a.roots, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11})

	require.ErrorContains(t, err, "protocol version")
}

func TestInvalidCertificateIsNamedAtStart(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)

	_, err := httpserver.TLS(a.certFile+".missing", a.keyFile, zap.NewNop())
	require.ErrorContains(t, err, a.certFile+".missing")

	_, err = httpserver.TLS(a.keyFile, a.certFile, zap.NewNop())
	require.ErrorContains(t, err, a.keyFile)
	require.NotContains(t, err.Error(), "BEGIN")
}
