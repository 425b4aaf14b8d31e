package e2e_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// authority issues the certificates of a test.
type authority struct {
	t    *testing.T
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	// ca is the file of the authority's own certificate.
	ca string
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	a := &authority{t: t, dir: t.TempDir(), key: key}
	template := certificate("authority")
	template.IsCA, template.BasicConstraintsValid, template.KeyUsage = true, true, x509.KeyUsageCertSign
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	a.cert, err = x509.ParseCertificate(der)
	require.NoError(t, err)
	a.ca = a.write("ca.pem", "CERTIFICATE", der)
	return a
}

// certificate returns the template of a certificate for a server on this machine and for a client.
func certificate(name string) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		DNSNames:    []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
}

// issue creates a certificate and its key, and returns their files.
func (a *authority) issue(name string) (certFile, keyFile string) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(a.t, err)
	der, err := x509.CreateCertificate(rand.Reader, certificate(name), a.cert, key.Public(), a.key)
	require.NoError(a.t, err)
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(a.t, err)
	return a.write(name+".pem", "CERTIFICATE", der), a.write(name+".key", "PRIVATE KEY", secret)
}

func (a *authority) write(name, kind string, der []byte) string {
	a.t.Helper()
	file := filepath.Join(a.dir, name)
	require.NoError(a.t, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
	return file
}

// clientEnvironment returns the variables, those of Temporal's tools, of a client with a certificate.
func (a *authority) clientEnvironment(name string) []string {
	cert, key := a.issue(name)
	return append(a.trustEnvironment(), "TEMPORAL_TLS_CLIENT_CERT_PATH="+cert, "TEMPORAL_TLS_CLIENT_KEY_PATH="+key)
}

// trustEnvironment returns the variables of a client that trusts the authority.
func (a *authority) trustEnvironment() []string {
	return []string{"TEMPORAL_TLS=true", "TEMPORAL_TLS_SERVER_CA_CERT_PATH=" + a.ca}
}

// startOfficialServer starts the official Temporal server with the configuration of the development server, and with mutual TLS.
func (s *stack) startOfficialServer(a *authority) {
	s.t.Helper()
	build := exec.CommandContext(s.t.Context(), "go", "build", "-C", "../../devserver", "-o", program("temporal-server"), "go.temporal.io/server/cmd/server")
	out, err := build.CombinedOutput()
	require.NoError(s.t, err, string(out))
	base, err := os.ReadFile("../../temporal-dev.yaml")
	require.NoError(s.t, err)
	serverCert, serverKey := a.issue("server")
	workerCert, workerKey := a.issue("system-worker")
	secured := strings.Replace(string(base), "\nglobal:\n", fmt.Sprintf(`
global:
  tls:
    frontend:
      server: {certFile: %q, keyFile: %q, clientCaFiles: [%q], requireClientAuth: true}
      client: {serverName: localhost, rootCaFiles: [%q]}
    systemWorker:
      certFile: %q
      keyFile: %q
      client: {serverName: localhost, rootCaFiles: [%q]}
`, serverCert, serverKey, a.ca, a.ca, workerCert, workerKey, a.ca), 1)
	config := filepath.Join(s.t.TempDir(), "temporal-tls.yaml")
	require.NoError(s.t, os.WriteFile(config, []byte(secured), 0o600))
	_, port, _ := strings.Cut(s.Address, ":")
	ports := []string{"FRONTEND_GRPC_PORT=" + port}
	for _, name := range []string{
		"FRONTEND_HTTP_PORT", "FRONTEND_MEMBERSHIP_PORT", "HISTORY_GRPC_PORT", "HISTORY_MEMBERSHIP_PORT", "MATCHING_GRPC_PORT",
		"MATCHING_MEMBERSHIP_PORT", "WORKER_GRPC_PORT", "WORKER_MEMBERSHIP_PORT",
	} {
		ports = append(ports, name+"="+freePort(s.t))
	}
	s.server = s.launch("temporal-server", ports, "--config-file", config, "--allow-no-auth", "start")
}

// runOrderWith requires that the starter starts, pays and follows an order to its end.
func (s *stack) runOrderWith(environment []string, reference, utr string) {
	s.t.Helper()
	_, problems, code := s.starterWith(environment, "onramp", "--reference", reference, "--email", "asha+linked@example.test",
		"--amount", "1000.00", "--token", "USDC", "--token-address", "0x3c499c542cef5e3811e1192ce70d8cc03d5c3359", "--chain-id", "137",
		"--wallet", "0x1111111111111111111111111111111111111111", "--method", "INR_UPI", "--upi-id", "asha@okbank", "--upi-name", "Asha Rao")
	require.Zero(s.t, code, problems)
	_, problems, code = s.starterWith(environment, "submit-utr", reference, utr)
	require.Zero(s.t, code, problems)
	out, problems, code := s.starterWith(environment, "watch", reference, "--timeout", "1m")
	require.Zero(s.t, code, problems)
	require.Contains(s.t, out, "✓ completed")
}

// The official server requires client certificates. starter setup prepares it, and an order completes.
func TestOrderRunsOverMutualTLSOnTheOfficialServer(t *testing.T) {
	t.Parallel()
	s := newSandboxStack(t, 60)
	a := newAuthority(t)
	s.startOfficialServer(a)
	operator := append(a.clientEnvironment("operator"), "TEMPORAL_NAMESPACE=orders")
	eventually(t, patience, func() error {
		out, problems, code := s.starterWith(operator, "setup", "--retention", "48h")
		if code != 0 {
			return fmt.Errorf("setup exits with %d: %s", code, problems)
		}
		if !strings.Contains(out, "Namespace orders is ready for orders.") {
			return fmt.Errorf("setup says %s", out)
		}
		return nil
	})
	out, problems, code := s.starterWith(operator, "setup")
	require.Zero(t, code, problems)
	require.Regexp(t, `Retention +2 days +unchanged`, out)
	require.NotContains(t, out, "added", "it was all there")

	s.startWorker(append(a.clientEnvironment("worker"), "TEMPORAL_NAMESPACE=orders")...)
	s.runOrderWith(operator, "mutual", utrOf(1))

	_, problems, code = s.starterWith(append(a.trustEnvironment(), "TEMPORAL_NAMESPACE=orders"), "list")
	require.Equal(t, 1, code, "without a certificate of its own")
	require.Contains(t, problems, "cannot reach Temporal at "+s.Address)
	_, problems, code = s.starterWith(append(newAuthority(t).clientEnvironment("stranger"), "TEMPORAL_NAMESPACE=orders"), "list")
	require.Equal(t, 1, code, "with a certificate of somebody else's")
	require.Contains(t, problems, "TLS certificate rejected")
}

// cloudKey is the API key that the guarded server of these tests accepts.
const cloudKey = "e2e-cloud-api-key-51b7"

// startGuard starts a proxy in front of the Temporal server that acts as Temporal Cloud: it serves TLS, requires an API key, and refuses
// the management of namespaces and search attributes.
func (s *stack) startGuard(a *authority) (address string) {
	s.t.Helper()
	upstream, err := url.Parse("http://" + s.Address)
	require.NoError(s.t, err)
	plain := new(http.Protocols)
	plain.SetUnencryptedHTTP2(true)
	forward := httputil.NewSingleHostReverseProxy(upstream)
	// No FlushInterval: if flushed early, a gRPC error, which consists of headers only, would reach the client without its status.
	forward.Transport = &http.Transport{Protocols: plain}
	both := new(http.Protocols)
	both.SetHTTP2(true)
	both.SetHTTP1(true)
	server := &http.Server{Protocols: both, ReadHeaderTimeout: patience, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Header.Get("Authorization") != "Bearer "+cloudKey:
			refuse(w, "Request unauthorized.")
		case strings.HasSuffix(r.URL.Path, "/AddSearchAttributes"), strings.HasSuffix(r.URL.Path, "/RegisterNamespace"),
			strings.HasSuffix(r.URL.Path, "/UpdateNamespace"):
			refuse(w, "Operation is disallowed.")
		default:
			forward.ServeHTTP(w, r)
		}
	})}
	cert, key := a.issue("guard")
	pair, err := tls.LoadX509KeyPair(cert, key)
	require.NoError(s.t, err)
	server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS13}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(s.t, err)
	go func() { _ = server.ServeTLS(listener, "", "") }() // until Close
	s.t.Cleanup(func() { _ = server.Close() })
	return listener.Addr().String()
}

// refuse answers a gRPC call with PERMISSION_DENIED.
func refuse(w http.ResponseWriter, message string) {
	w.Header().Set("Content-Type", "application/grpc")
	w.Header().Set("Grpc-Status", "7")
	w.Header().Set("Grpc-Message", message)
}

func TestOrderRunsOverTLSWithAnAPIKeyThatIsNotLogged(t *testing.T) {
	t.Parallel()
	s := newSandboxStack(t, 60)
	s.startServer()
	a := newAuthority(t)
	s.Address = s.startGuard(a)
	withKey := append(a.trustEnvironment(), "TEMPORAL_API_KEY="+cloudKey)
	worker := s.startWorker(withKey...)

	s.runOrderWith(withKey, "keyed", utrOf(1))
	out, problems, code := s.starterWith(withKey, "setup")
	require.Zero(t, code, problems)
	require.Contains(t, out, "Namespace default is ready for orders.", "all was there")
	_, problems, code = s.starterWith(withKey, "setup", "--retention", "48h")
	require.Equal(t, 1, code)
	require.Contains(t, problems, `set the retention of namespace "default" to 2 days with the server's own tools`)
	_, problems, code = s.starterWith(append(withKey, "TEMPORAL_NAMESPACE=elsewhere"), "setup")
	require.Equal(t, 1, code)
	require.Contains(t, problems, `create namespace "elsewhere"`)
	_, problems, code = s.starterWith(append(a.trustEnvironment(), "TEMPORAL_API_KEY=another-key"), "list")
	require.Equal(t, 1, code)
	require.Contains(t, problems, "credentials rejected")
	require.NotContains(t, problems, "another-key")

	s.stop(worker)
	log, err := os.ReadFile(worker.Log())
	require.NoError(t, err)
	require.NotContains(t, string(log), cloudKey)
}

// --context selects a profile of Temporal's configuration file.
func TestContextSelectsTheServerOfItsProfile(t *testing.T) {
	t.Parallel()
	s := newSandboxStack(t, 60)
	s.startServer()
	a := newAuthority(t)
	config := filepath.Join(t.TempDir(), "temporal.toml")
	require.NoError(t, os.WriteFile(config, fmt.Appendf(nil, `
[profile.nowhere]
address = "127.0.0.1:1"

[profile.cloud]
address = %q
api_key = %q
[profile.cloud.tls]
server_ca_cert_path = %q
`, s.startGuard(a), cloudKey, a.ca), 0o600))
	run := func(args ...string) (string, int) {
		cmd := exec.CommandContext(t.Context(), program("starter"), args...)
		cmd.Env = append(cmd.Environ(), "TEMPORAL_CONFIG_FILE="+config, "TEMPORAL_PROFILE=nowhere", "RAMP_KEYSET_FILE="+s.Keyset)
		out, _ := cmd.CombinedOutput()
		return string(out), cmd.ProcessState.ExitCode()
	}
	out, code := run("list", "--context", "cloud")
	require.Zero(t, code, out)
	require.Equal(t, "No orders.\n", out)
	out, code = run("list")
	require.Equal(t, 1, code)
	require.Contains(t, out, "127.0.0.1:1 (connection refused)")
	out, code = run("list", "--context", "missing")
	require.Equal(t, 1, code)
	require.Contains(t, out, "missing")
}
