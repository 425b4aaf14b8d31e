package e2e_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rampart/internal/credential/credentialtest"
	"rampart/internal/process"
	"rampart/ramp"
	"rampart/test/testbed"
)

// certificateLifetime is how long the client certificates of this test are valid. RAMP_CERTIFICATE_LIFETIME=2m makes it that of the shortest
// certificates in use.
func certificateLifetime(t *testing.T) time.Duration {
	t.Helper()
	text := os.Getenv("RAMP_CERTIFICATE_LIFETIME")
	if text == "" {
		return 30 * time.Second
	}
	lifetime, err := time.ParseDuration(text)
	require.NoError(t, err)
	return lifetime
}

// door is a proxy in front of the Temporal server. It requires a client certificate and one of its API keys, and cuts a connection off when its
// certificate expires.
type door struct {
	address string

	mu      sync.Mutex
	keys    []string
	serials map[int64]bool
	cut     int
	refused int
}

// openDoor opens a door in front of the stack's server.
func (s *stack) openDoor(a *credentialtest.Authority) *door {
	s.t.Helper()
	d := &door{serials: make(map[int64]bool)}
	upstream, err := url.Parse("http://" + s.Address)
	require.NoError(s.t, err)
	plain := new(http.Protocols)
	plain.SetUnencryptedHTTP2(true)
	forward := httputil.NewSingleHostReverseProxy(upstream)
	forward.Transport = &http.Transport{Protocols: plain}
	server := &http.Server{ReadHeaderTimeout: patience, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !d.admits(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")) {
			refuse(w, "Request unauthorized.")
			return
		}
		forward.ServeHTTP(w, r)
	})}
	base := &tls.Config{
		Certificates: []tls.Certificate{a.Issue(time.Hour).TLS(s.t)}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: a.Pool,
		MinVersion: tls.VersionTLS13, NextProtos: []string{"h2"},
	}
	encryption := base.Clone()
	encryption.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		guarded := base.Clone()
		guarded.VerifyConnection = func(state tls.ConnectionState) error {
			d.cutOff(hello.Conn, state.PeerCertificates[0].SerialNumber.Int64(), state.PeerCertificates[0].NotAfter)
			return nil
		}
		return guarded, nil
	}
	listener, err := tls.Listen("tcp", "127.0.0.1:0", encryption)
	require.NoError(s.t, err)
	go func() { _ = server.Serve(listener) }() // until Close
	s.t.Cleanup(func() { _ = server.Close() })
	d.address = listener.Addr().String()
	return d
}

// cutOff cuts a connection off when its certificate expires.
func (d *door) cutOff(connection net.Conn, serial int64, expires time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.serials[serial] = true
	time.AfterFunc(time.Until(expires), func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.cut++
		_ = connection.Close()
	})
}

func (d *door) admits(key string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	admitted := slices.Contains(d.keys, key)
	if !admitted {
		d.refused++
	}
	return admitted
}

// accept makes these the API keys that are accepted.
func (d *door) accept(keys ...string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.keys = keys
}

// seen returns how many certificates have come through, how many connections were cut off, and how many calls were refused.
func (d *door) seen() (certificates, cut, refused int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.serials), d.cut, d.refused
}

// keyFiles are the files of a worker's credentials.
type keyFiles struct {
	t         *testing.T
	authority *credentialtest.Authority
	lifetime  time.Duration
	dir       string
}

func (f *keyFiles) path(name string) string { return filepath.Join(f.dir, name) }

func (f *keyFiles) write(name, content string) {
	f.t.Helper()
	credentialtest.Write(f.t, f.path(name), []byte(content+"\n"))
}

// renew writes a new client certificate.
func (f *keyFiles) renew() {
	f.t.Helper()
	credentialtest.WritePair(f.t, f.path("tls.crt"), f.path("tls.key"), f.authority.Issue(f.lifetime))
}

// renewing renews the certificate at half of its time until stop is called, as a certificate agent does.
func (f *keyFiles) renewing() (stop func()) {
	f.t.Helper()
	ctx, cancel := context.WithCancel(f.t.Context())
	var renewals sync.WaitGroup
	renewals.Go(func() {
		ticks := time.NewTicker(f.lifetime / 2)
		defer ticks.Stop()
		for {
			f.renew()
			select {
			case <-ctx.Done():
				return
			case <-ticks.C:
			}
		}
	})
	return func() {
		cancel()
		renewals.Wait()
	}
}

// environment returns the variables that name the files.
func (f *keyFiles) environment() []string {
	return []string{
		"TEMPORAL_TLS_CLIENT_CERT_PATH=" + f.path("tls.crt"), "TEMPORAL_TLS_CLIENT_KEY_PATH=" + f.path("tls.key"),
		"TEMPORAL_TLS_SERVER_CA_CERT_PATH=" + f.authority.File, "TEMPORAL_API_KEY_FILE=" + f.path("temporal-key"),
		"ONMETA_API_KEY=", "ONMETA_API_KEY_FILE=" + f.path("api-key"),
		"ONMETA_API_SECRET=", "ONMETA_API_SECRET_FILE=" + f.path("api-secret"),
		"ONMETA_KYC_SECRET=", "ONMETA_KYC_SECRET_FILE=" + f.path("kyc-secret"),
	}
}

func (s *stack) requireLogWithout(p *process.Process, secrets ...string) {
	s.t.Helper()
	log, err := os.ReadFile(p.Log())
	require.NoError(s.t, err)
	for _, secret := range secrets {
		require.NotContains(s.t, string(log), secret)
	}
}

// cutOffTime is how long an order takes whose watch was lost with the connection that the task came by, which was cut off at that moment.
const cutOffTime = completionTime + 5*time.Minute

// One worker process lives through client certificates that expire, which the server enforces, a certificate that is half written, new API keys
// of Temporal and of the provider, and a certificate that nobody renews in time.
func TestCredentialsTurnOverWhileOrdersRun(t *testing.T) {
	t.Parallel()
	const oldKey, newKey, revoked = "e2e-temporal-key-of-monday", "e2e-temporal-key-of-tuesday", "e2e-provider-key-revoked"
	s := newSandboxStack(t, 60)
	s.startServer()
	require.NoError(t, s.Connect(t.Context()))
	f := &keyFiles{t: t, authority: credentialtest.New(t), lifetime: certificateLifetime(t), dir: t.TempDir()}
	d := s.openDoor(f.authority)
	d.accept(oldKey)
	s.Address = d.address
	withMetrics(s)
	f.renew()
	f.write("temporal-key", oldKey)
	f.write("api-key", revoked)
	f.write("api-secret", testbed.APISecret)
	f.write("kyc-secret", testbed.KYCSecret)
	worker := s.startWorker(f.environment()...)
	stop := f.renewing()

	started := make(chan error, 1)
	go func() { started <- s.start("turnover") }()
	eventually(t, completionTime, func() error {
		if pending := s.awaitPending(buy("turnover"), "KYCStatus"); pending.GetAttempt() < 2 {
			return fmt.Errorf("attempt %d: %v", pending.GetAttempt(), pending.GetLastFailure())
		}
		return nil
	})
	f.write("api-key", testbed.APIKey)
	s.awaitStatus(buy("turnover"), completionTime, ramp.AwaitingPayment)
	require.NoError(t, <-started)

	d.accept(oldKey, newKey)
	f.write("temporal-key", newKey)
	eventually(t, 3*f.lifetime+patience, func() error {
		if certificates, cut, _ := d.seen(); certificates < 3 || cut < 2 {
			return fmt.Errorf("%d certificates were used, and %d connections cut off", certificates, cut)
		}
		return nil
	})
	d.accept(newKey)
	s.submit("turnover", utrOf(1))
	s.awaitStatus(buy("turnover"), cutOffTime, ramp.Completed)
	_, _, refused := d.seen()
	require.Zero(t, refused, "the new key was in use before the old one was revoked")

	stop()
	whole := f.authority.Issue(f.lifetime)
	credentialtest.Write(t, f.path("tls.crt"), whole.Certificate[:len(whole.Certificate)/2])
	s.awaitLog(worker, "what was read before stays in use")
	require.Contains(t, s.pageOf(s.http, "/metrics"), `ramp_credentials_failing{reason="unreadable"} 1`)
	require.NoError(t, s.start("half-written"), "the previous certificate works")
	credentialtest.WritePair(t, f.path("tls.crt"), f.path("tls.key"), whole)
	expiring, cancel := context.WithTimeout(t.Context(), f.lifetime+patience)
	defer cancel()
	_, err := worker.UntilLine(expiring, "the client certificate expired at")
	require.NoError(t, err)
	require.Contains(t, s.pageOf(s.http, "/metrics"), `ramp_credentials_failing{reason="expiring"} 1`)
	require.NoError(t, s.Temporal.SignalWorkflow(t.Context(), "onramp/half-written", "", ramp.SubmitUTR, ramp.UTRSubmission{UTR: ramp.UTR(utrOf(2))}))

	f.lifetime = time.Hour
	f.renew()
	s.awaitStatus(buy("half-written"), cutOffTime, ramp.Completed)
	s.stop(worker)
	s.requireLogWithout(worker, oldKey, newKey, revoked, testbed.APIKey)
	certificates, cut, refused := d.seen()
	t.Logf("certificates of %s: %d were used, %d connections cut off, %d calls refused", certificateLifetime(t), certificates, cut, refused)
}
