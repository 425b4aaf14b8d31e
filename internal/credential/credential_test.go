package credential_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"rampart/internal/credential"
	"rampart/internal/credential/credentialtest"
	"rampart/internal/redact"
)

// followed is a store that is followed in the fake time of a synctest bubble.
type followed struct {
	*credential.Store
	log    *observer.ObservedLogs
	reader *sdkmetric.ManualReader
}

func follow(t *testing.T, store *credential.Store) followed {
	t.Helper()
	core, log := observer.New(zap.InfoLevel)
	f := followed{store, log, sdkmetric.NewManualReader()}
	require.NoError(t, store.Measure(sdkmetric.NewMeterProvider(sdkmetric.WithReader(f.reader)).Meter("test")))
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		store.Follow(ctx, zap.New(core))
	}()
	t.Cleanup(func() {
		stop()
		<-done
	})
	return f
}

// next returns once the files were read again.
func (f followed) next() {
	time.Sleep(credential.Interval)
	synctest.Wait()
}

// failing returns the metric by reason.
func (f followed) failing(t *testing.T) map[string]int64 {
	t.Helper()
	var all metricdata.ResourceMetrics
	require.NoError(t, f.reader.Collect(t.Context(), &all))
	values := make(map[string]int64)
	for _, point := range all.ScopeMetrics[0].Metrics[0].Data.(metricdata.Gauge[int64]).DataPoints {
		reason, _ := point.Attributes.Value("reason")
		values[reason.AsString()] = point.Value
	}
	return values
}

func TestSecretInAFileIsReadAgainWhenTheFileChanges(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "key")
	synctest.Test(t, func(t *testing.T) {
		credentialtest.Write(t, file, []byte("first-key\n"))
		f := follow(t, credential.NewStore())
		current, err := f.Secret("ONMETA_API_KEY", "", file, nil)
		require.NoError(t, err)
		require.Equal(t, redact.Secret("first-key"), current())

		credentialtest.Write(t, file, []byte("second-key"))
		f.next()

		require.Equal(t, redact.Secret("second-key"), current())
		require.Equal(t, "credential read again", f.log.All()[0].Message)
		require.Equal(t, "ONMETA_API_KEY_FILE", f.log.All()[0].ContextMap()["source"])
		for _, key := range []string{"first-key", "second-key"} {
			require.NotContains(t, f.Hide("of "+key), key, "the one before may be in use still")
		}
		f.next()
		require.Len(t, f.log.All(), 1, "an unchanged file is no news")
	})
}

func TestFileThatCannotBeUsedKeepsWhatWasReadBeforeAndIsReportedOnce(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(t *testing.T, file string){
		"gone":      func(t *testing.T, file string) { require.NoError(t, os.Remove(file)) },
		"empty":     func(t *testing.T, file string) { credentialtest.Write(t, file, []byte("\n")) },
		"refused":   func(t *testing.T, file string) { credentialtest.Write(t, file, []byte("two words")) },
		"too large": func(t *testing.T, file string) { credentialtest.Write(t, file, []byte(strings.Repeat("k", 2<<20))) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "key")
			synctest.Test(t, func(t *testing.T) {
				credentialtest.Write(t, file, []byte("good-key"))
				f := follow(t, credential.NewStore())
				current, err := f.Secret("ONMETA_API_KEY", "", file, oneWord)
				require.NoError(t, err)
				require.Equal(t, map[string]int64{"unreadable": 0, "expiring": 0}, f.failing(t))

				spoil(t, file)
				f.next()
				f.next()

				require.Equal(t, redact.Secret("good-key"), current())
				require.Equal(t, map[string]int64{"unreadable": 1, "expiring": 0}, f.failing(t))
				require.Len(t, f.log.All(), 1)
				entry := f.log.All()[0]
				require.Contains(t, entry.Message, "what was read before stays in use")
				require.Contains(t, entry.ContextMap()["error"], "ONMETA_API_KEY_FILE")
				require.NotContains(t, entry.ContextMap()["error"], "two words")

				credentialtest.Write(t, file, []byte("good-key"))
				f.next()
				require.Equal(t, map[string]int64{"unreadable": 0, "expiring": 0}, f.failing(t))
				require.Equal(t, "credential read again", f.log.All()[1].Message)
			})
		})
	}
}

func oneWord(secret redact.Secret) error {
	if strings.Contains(secret.Reveal(), " ") {
		return errors.New("it must be one word")
	}
	return nil
}

func TestSecretOfAFileThatIsMissingAtStartIsAnError(t *testing.T) {
	t.Parallel()
	_, err := credential.NewStore().Secret("ONMETA_API_KEY", "", "/missing/key", nil)
	require.ErrorContains(t, err, "ONMETA_API_KEY_FILE")
	require.ErrorContains(t, err, "/missing/key")
	_, err = credential.NewStore().Secret("ONMETA_API_KEY", "key", "/missing/key", nil)
	require.ErrorContains(t, err, "ONMETA_API_KEY and ONMETA_API_KEY_FILE must not both be set")
}

func TestSecretInAVariableIsHidden(t *testing.T) {
	t.Parallel()
	store := credential.NewStore()
	require.Equal(t, "a text", store.Hide("a text"))
	current, err := store.Secret("ONMETA_API_KEY", "key-of-the-variable", "", nil)
	require.NoError(t, err)
	require.Equal(t, redact.Secret("key-of-the-variable"), current())
	require.Equal(t, "with "+redact.Hidden, store.Hide("with key-of-the-variable"))
}

// clientFiles are the files of a client's certificate.
func clientFiles(t *testing.T, a *credentialtest.Authority) credential.TLSFiles {
	t.Helper()
	directory := t.TempDir()
	return credential.TLSFiles{Certificate: filepath.Join(directory, "tls.crt"), Key: filepath.Join(directory, "tls.key"), Authorities: a.File}
}

func openTLS(store *credential.Store, files credential.TLSFiles) (*credential.Value[*tls.Config], error) {
	read := func() (credential.Reading[*tls.Config], error) { return credential.ReadTLS(files) }
	return credential.Open(store, "certificate", read, credential.SameTLS)
}

// serial returns the number of the client's certificate.
func serial(t *testing.T, config *tls.Config) int64 {
	t.Helper()
	return config.Certificates[0].Leaf.SerialNumber.Int64()
}

func TestHalfWrittenCertificateKeepsThePreviousOne(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := credentialtest.New(t)
		files := clientFiles(t, a)
		credentialtest.WritePair(t, files.Certificate, files.Key, a.Issue(time.Hour))
		f := follow(t, credential.NewStore())
		current, err := openTLS(f.Store, files)
		require.NoError(t, err)
		require.EqualValues(t, 1, serial(t, current.Get()))

		next := a.Issue(time.Hour)
		credentialtest.Write(t, files.Certificate, next.Certificate[:len(next.Certificate)/2])
		f.next()
		require.EqualValues(t, 1, serial(t, current.Get()), "half of a certificate")
		credentialtest.Write(t, files.Certificate, next.Certificate)
		f.next()
		require.EqualValues(t, 1, serial(t, current.Get()), "a certificate without its key")
		require.EqualValues(t, 1, f.failing(t)["unreadable"])
		require.Len(t, f.log.FilterMessageSnippet("stays in use").All(), 2)

		credentialtest.Write(t, files.Key, next.Key)
		f.next()
		require.EqualValues(t, 2, serial(t, current.Get()))
		require.Zero(t, f.failing(t)["unreadable"])
	})
}

func TestCertificateThatExpiresIsReportedBeforeAndAfter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := credentialtest.New(t)
		files := clientFiles(t, a)
		credentialtest.WritePair(t, files.Certificate, files.Key, a.Issue(10*time.Minute))
		f := follow(t, credential.NewStore())
		_, err := openTLS(f.Store, files)
		require.NoError(t, err)

		time.Sleep(8 * time.Minute)
		require.Equal(t, map[string]int64{"unreadable": 0, "expiring": 0}, f.failing(t))
		time.Sleep(90 * time.Second)
		require.Equal(t, map[string]int64{"unreadable": 0, "expiring": 1}, f.failing(t), "less than a tenth of its time is left")
		require.Empty(t, f.log.All())
		time.Sleep(time.Minute)
		require.Equal(t, map[string]int64{"unreadable": 1, "expiring": 1}, f.failing(t))
		require.Contains(t, f.log.All()[0].ContextMap()["error"], "the client certificate expired at")

		credentialtest.WritePair(t, files.Certificate, files.Key, a.Issue(10*time.Minute))
		f.next()
		require.Equal(t, map[string]int64{"unreadable": 0, "expiring": 0}, f.failing(t))
	})
}

func TestTLSThatCannotBeUsedAtStartIsAnError(t *testing.T) {
	t.Parallel()
	a := credentialtest.New(t)
	good := clientFiles(t, a)
	credentialtest.WritePair(t, good.Certificate, good.Key, a.Issue(time.Hour))
	expired := clientFiles(t, a)
	credentialtest.WritePair(t, expired.Certificate, expired.Key, a.Issue(-time.Minute))
	for problem, files := range map[string]credential.TLSFiles{
		"expired at":         expired,
		"/missing/tls.crt":   {Certificate: "/missing/tls.crt", Key: good.Key},
		"/missing/ca.pem":    {Authorities: "/missing/ca.pem"},
		"has no certificate": {Authorities: good.Key},
		"the certificate ":   {Certificate: good.Certificate},
	} {
		_, err := openTLS(credential.NewStore(), files)
		require.ErrorContains(t, err, problem)
		require.NotContains(t, err.Error(), "BEGIN")
	}
}

func TestEachConnectionUsesTheCertificatesOfItsTime(t *testing.T) {
	t.Parallel()
	a := credentialtest.New(t)
	clients := make(chan int64, 2)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		clients <- r.TLS.PeerCertificates[0].SerialNumber.Int64()
	}))
	server.TLS = &tls.Config{Certificates: []tls.Certificate{a.Issue(time.Hour).TLS(t)}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: a.Pool}
	server.StartTLS()
	defer server.Close()
	client := func() *tls.Config {
		return &tls.Config{RootCAs: a.Pool, Certificates: []tls.Certificate{a.Issue(time.Hour).TLS(t)}}
	}

	over := &http.Client{Transport: &http.Transport{DialTLSContext: credential.Dial(client), DisableKeepAlives: true}}
	for want := int64(2); want <= 3; want++ {
		response, err := over.Get(server.URL)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.Equal(t, want, <-clients)
	}

	transport := credential.Transport(client).Clone()
	require.Equal(t, "tls", transport.Info().SecurityProtocol)
	for range 2 {
		raw, err := net.Dial("tcp", server.Listener.Addr().String())
		require.NoError(t, err)
		encrypted, _, err := transport.ClientHandshake(t.Context(), server.Listener.Addr().String(), raw)
		if err == nil { // the server speaks no HTTP/2, which gRPC asks for
			require.NoError(t, encrypted.Close())
		}
		require.NotErrorIs(t, err, context.DeadlineExceeded)
	}
	require.Greater(t, a.Issue(time.Hour).TLS(t).Leaf.SerialNumber.Int64(), int64(5), "each handshake asked for the certificate")
}
