// Package credentialtest issues certificates to tests, in files as an operator has them.
package credentialtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Authority issues certificates for servers on this machine and for clients.
type Authority struct {
	// File is that of the authority's own certificate.
	File string
	// Pool contains it.
	Pool *x509.CertPool

	t           testing.TB
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	issued      atomic.Int64
}

// New returns a new authority.
func New(t testing.TB) *Authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	a := &Authority{t: t, File: filepath.Join(t.TempDir(), "ca.pem"), Pool: x509.NewCertPool(), key: key}
	a.certificate, err = x509.ParseCertificate(der)
	require.NoError(t, err)
	a.Pool.AddCert(a.certificate)
	Write(t, a.File, encode("CERTIFICATE", der))
	return a
}

// Pair is a certificate and its key as PEM.
type Pair struct{ Certificate, Key []byte }

// Issue returns a certificate that is valid for a time from now on; a negative time returns one that has expired. Serial numbers count from 1.
func (a *Authority) Issue(valid time.Duration) Pair {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(a.t, err)
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(a.issued.Add(1)), Subject: pkix.Name{CommonName: "localhost"},
		NotBefore: now.Add(min(valid, 0) - time.Second), NotAfter: now.Add(valid),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		DNSNames:    []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, key.Public(), a.key)
	require.NoError(a.t, err)
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(a.t, err)
	return Pair{Certificate: encode("CERTIFICATE", der), Key: encode("PRIVATE KEY", secret)}
}

// TLS returns the certificate for a server.
func (p Pair) TLS(t testing.TB) tls.Certificate {
	t.Helper()
	pair, err := tls.X509KeyPair(p.Certificate, p.Key)
	require.NoError(t, err)
	return pair
}

func encode(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

// Write writes a file in one step, as the kubelet and certificate agents do.
func Write(t testing.TB, file string, content []byte) {
	t.Helper()
	part := file + ".part"
	require.NoError(t, os.WriteFile(part, content, 0o600))
	require.NoError(t, os.Rename(part, file))
}

// WritePair writes a certificate and its key.
func WritePair(t testing.TB, certificateFile, keyFile string, pair Pair) {
	t.Helper()
	Write(t, keyFile, pair.Key)
	Write(t, certificateFile, pair.Certificate)
}
