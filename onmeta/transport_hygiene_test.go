package onmeta_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"rampart/onmeta"
)

// TestMain plays a program of its own where a test asks for one: net/http reads the proxy's settings once in a process.
func TestMain(m *testing.M) {
	if base := os.Getenv(childCalls); base != "" {
		os.Exit(callOnce(base))
	}
	os.Exit(m.Run())
}

const childCalls = "ONMETA_TEST_CALLS"

// callOnce makes one call as a program does that sets nothing but the necessary, and prints how it failed.
func callOnce(base string) int {
	transport, err := onmeta.NewTransport(onmeta.Config{BaseURL: base, APIKey: apiKey, CallTimeout: 2 * time.Second})
	if err == nil {
		_, err = transport.Call(context.Background(), statusCall)
	}
	_, _ = fmt.Printf("%v\n", err)
	return 0
}

// secureProvider speaks TLS as it is told to.
func secureProvider(t *testing.T, settle func(*httptest.Server), answer http.HandlerFunc) (*httptest.Server, *onmeta.Transport) {
	t.Helper()
	server := httptest.NewUnstartedServer(answer)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	settle(server)
	server.StartTLS()
	t.Cleanup(server.Close)
	return server, trusting(t, server, server.URL)
}

// trusting makes a Transport with its usual connections, which trust a test's server.
func trusting(t *testing.T, server *httptest.Server, base string) *onmeta.Transport {
	t.Helper()
	pool := onmeta.NewPool()
	pool.TLSClientConfig.RootCAs = x509.NewCertPool()
	pool.TLSClientConfig.RootCAs.AddCert(server.Certificate())
	transport, err := onmeta.NewTransport(onmeta.Config{BaseURL: base, APIKey: apiKey, HTTPClient: &http.Client{Transport: pool}})
	require.NoError(t, err)
	t.Cleanup(transport.CloseIdleConnections)
	return transport
}

func TestTLSOlderThan12IsRefused(t *testing.T) {
	t.Parallel()
	for version, want := range map[uint16]bool{tls.VersionTLS10: false, tls.VersionTLS11: false, tls.VersionTLS12: true, tls.VersionTLS13: true} {
		t.Run(tls.VersionName(version), func(t *testing.T) {
			t.Parallel()
			asked := make(chan uint16, 1)
			_, transport := secureProvider(t,
				func(s *httptest.Server) { s.TLS = &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: version} },
				func(w http.ResponseWriter, r *http.Request) {
					asked <- r.TLS.Version
					_, _ = io.WriteString(w, `{"success":true}`)
				})
			_, err := transport.Call(t.Context(), statusCall)
			if want {
				require.NoError(t, err)
				require.Equal(t, version, <-asked)
				return
			}
			failure := failureOf(t, err)
			require.Equal(t, onmeta.KindUnavailable, failure.Kind)
			require.Equal(t, onmeta.NotSent, failure.Reached)
			require.ErrorContains(t, err, "protocol version")
			require.Empty(t, asked)
		})
	}
}

func TestCertificateOfAnotherHostIsRefused(t *testing.T) {
	t.Parallel()
	server, _ := secureProvider(t, func(*httptest.Server) {}, func(http.ResponseWriter, *http.Request) {})
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	require.NoError(t, err)
	_, err = trusting(t, server, "https://localhost:"+port).Call(t.Context(), statusCall)
	require.Equal(t, onmeta.NotSent, failureOf(t, err).Reached)
	var otherHost x509.HostnameError
	require.ErrorAs(t, err, &otherHost)
}

func TestHTTP2CarriesManyCallsOverOneConnection(t *testing.T) {
	t.Parallel()
	var opened sync.Map
	const calls = 50
	together := make(chan struct{}, calls)
	everyone := make(chan struct{})
	_, transport := secureProvider(t, func(s *httptest.Server) { s.EnableHTTP2 = true }, func(w http.ResponseWriter, r *http.Request) {
		opened.Store(r.RemoteAddr, r.ProtoMajor)
		if together <- struct{}{}; len(together) == calls {
			close(everyone)
		}
		<-everyone
		_, _ = io.WriteString(w, `{"success":true}`)
	})
	var group errgroup.Group
	for range calls {
		group.Go(func() error {
			_, err := transport.Call(t.Context(), statusCall)
			return err
		})
	}
	require.NoError(t, group.Wait())
	connections := 0
	opened.Range(func(_, version any) bool {
		connections++
		require.Equal(t, 2, version)
		return true
	})
	require.Equal(t, 1, connections)
}

func TestNoRedirectIsFollowed(t *testing.T) {
	t.Parallel()
	elsewhere := answering(t, http.StatusOK, `{"success":true}`)
	for _, status := range []int{301, 302, 303, 307, 308} {
		for _, to := range []string{"the same host", "another host"} {
			t.Run(fmt.Sprint(status, " to ", to), func(t *testing.T) {
				t.Parallel()
				var visits []string
				server, transport := secureProvider(t, func(*httptest.Server) {}, func(w http.ResponseWriter, r *http.Request) {
					visits = append(visits, r.URL.Path)
					target := strings.Replace(elsewhere.URL, "://", "://me:hunter2@", 1) + "/v1/orders/status?key=hunter2"
					if to == "the same host" {
						target = "/elsewhere?key=hunter2"
					}
					w.Header().Set("Location", target)
					w.WriteHeader(status)
				})
				_, err := transport.Call(t.Context(), statusCall)
				requireMalformed(t, err, "redirected to 127.0.0.1")
				require.ErrorContains(t, err, "check the base URL")
				require.NotContains(t, err.Error(), "hunter2")
				server.Close()
				require.Equal(t, []string{"/v1/orders/status"}, visits)
			})
		}
	}
	t.Cleanup(func() { require.Zero(t, elsewhere.calls()) })
}

func TestCookiesAreNotKept(t *testing.T) {
	t.Parallel()
	p := startProvider(t, func(w http.ResponseWriter, _ *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "session", Value: "of one user"})
		_, _ = io.WriteString(w, `{"success":true}`)
	})
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	given, err := onmeta.NewTransport(onmeta.Config{BaseURL: p.URL, APIKey: apiKey, HTTPClient: &http.Client{Jar: jar}})
	require.NoError(t, err)
	for _, transport := range []*onmeta.Transport{p.transport(t), given} {
		for range 2 {
			_, err := transport.Call(t.Context(), statusCall)
			require.NoError(t, err)
			require.Empty(t, p.last(t).Header.Values("Cookie"))
		}
	}
}

func TestRequestIDsDoNotIdentifyTheUser(t *testing.T) {
	t.Parallel()
	p := answering(t, http.StatusOK, `{"success":true}`)
	transport, seen := p.transport(t), map[string]bool{}
	for range 5 {
		_, err := transport.Call(t.Context(), statusCall)
		require.NoError(t, err)
		id, err := uuid.Parse(p.last(t).Header.Get("X-Request-Id"))
		require.NoError(t, err)
		require.EqualValues(t, 4, id.Version(), "a random one")
		seen[id.String()] = true
	}
	require.Len(t, seen, 5)
}

func TestNetworkErrorsCarryNeitherURLNorCredentials(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	p := &provider{URL: "http://" + listener.Addr().String()}
	for _, transport := range []*onmeta.Transport{p.transport(t), listen(t, func(net.Conn) {}).transport(t)} {
		_, err := transport.Call(t.Context(), onmeta.Call{
			Route: onmeta.RouteBankLinkStatus, User: email, Token: token, Param: "reference-of-asha",
		})
		require.Equal(t, onmeta.KindUnavailable, failureOf(t, err).Kind)
		said := fmt.Sprintf("%v %+v %q", err, err, failureOf(t, err).Unwrap())
		for _, secret := range []string{"reference-of-asha", "/v1/", "http://", apiKey.Reveal(), token.Reveal(), email} {
			require.NotContains(t, said, secret)
		}
	}
}

// proxy is one that passes everything on to a server.
type proxy struct {
	*httptest.Server
	mu    sync.Mutex
	asked []*http.Request
}

func startProxy(t *testing.T, to string) *proxy {
	t.Helper()
	p := &proxy{}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		p.asked = append(p.asked, r)
		p.mu.Unlock()
		target, err := net.Dial("tcp", to)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		defer target.Close()
		w.WriteHeader(http.StatusOK)
		client, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer client.Close()
		go func() { _, _ = io.Copy(target, buffered) }()
		_, _ = io.Copy(client, target)
	}))
	t.Cleanup(p.Close)
	return p
}

func (p *proxy) requests() []*http.Request {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asked
}

// callFromAChild makes one call in a program of its own, with this environment alone, and returns what it printed.
func callFromAChild(t *testing.T, base string, environment ...string) string {
	t.Helper()
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(environment, childCalls+"="+base)
	printed, err := child.CombinedOutput()
	require.NoError(t, err, "%s", printed)
	return string(printed)
}

// The proxy leads to a server that is not the provider, as one that looks into TLS does: it learns the host's name and
// nothing else.
func TestProxyOfTheEnvironmentIsUsedAndTrustedWithNothing(t *testing.T) {
	t.Parallel()
	impostor := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the impostor was asked") }))
	impostor.Config.ErrorLog = log.New(io.Discard, "", 0)
	impostor.StartTLS()
	t.Cleanup(impostor.Close)
	for _, variable := range []string{"HTTPS_PROXY", "https_proxy"} {
		p := startProxy(t, impostor.Listener.Addr().String())

		printed := callFromAChild(t, "https://api.example.test", variable+"="+strings.Replace(p.URL, "://", "://worker:hunter2@", 1))

		require.Contains(t, printed, "certificate")
		require.Contains(t, printed, "not sent")
		require.NotContains(t, printed, "hunter2")
		require.Len(t, p.requests(), 1)
		asked := p.requests()[0]
		require.Equal(t, "CONNECT api.example.test:443", asked.Method+" "+asked.Host)
		user, password, _ := (&http.Request{Header: http.Header{"Authorization": asked.Header["Proxy-Authorization"]}}).BasicAuth()
		require.Equal(t, "worker hunter2", user+" "+password)
		require.Empty(t, asked.Header.Get("X-Api-Key"))
		require.Empty(t, asked.Header.Get("Authorization"))
	}
}

func TestNoProxyIsHonoured(t *testing.T) {
	t.Parallel()
	p := startProxy(t, "127.0.0.1:1")
	// An address for documentation, at which nobody answers (RFC 5737).
	printed := callFromAChild(t, "https://192.0.2.1", "HTTPS_PROXY="+p.URL, "NO_PROXY=192.0.2.0/24,example.test")
	require.Contains(t, printed, "not sent")
	require.Empty(t, p.requests())

	printed = callFromAChild(t, "https://192.0.2.1", "HTTPS_PROXY="+p.URL)
	require.Contains(t, printed, "not sent")
	require.Len(t, p.requests(), 1)
}

func TestSandboxOnThisMachineIsReachedWithoutAProxy(t *testing.T) {
	t.Parallel()
	provider, p := answering(t, http.StatusOK, `{"success":true}`), startProxy(t, "127.0.0.1:1")
	require.Equal(t, "<nil>\n", callFromAChild(t, provider.URL, "HTTP_PROXY="+p.URL, "HTTPS_PROXY="+p.URL))
	require.Equal(t, 1, provider.calls())
	require.Empty(t, p.requests())
}

// slowly makes a Transport whose every connection is served by serve, for tests under controlled time.
func slowly(t *testing.T, base string, serve func(net.Conn)) *onmeta.Transport {
	t.Helper()
	pool := onmeta.NewPool()
	pool.Proxy = nil
	var serving sync.WaitGroup
	t.Cleanup(serving.Wait)
	pool.DialContext = func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		serving.Go(func() {
			defer server.Close()
			serve(server)
		})
		return client, nil
	}
	transport, err := onmeta.NewTransport(onmeta.Config{BaseURL: base, APIKey: apiKey, HTTPClient: &http.Client{Transport: pool}})
	require.NoError(t, err)
	t.Cleanup(transport.CloseIdleConnections)
	return transport
}

// afterRequest reads a request whole before it serves.
func afterRequest(serve func(net.Conn)) func(net.Conn) {
	return func(conn net.Conn) {
		request, err := http.ReadRequest(bufio.NewReader(conn))
		if err != nil {
			return
		}
		if _, err := io.Copy(io.Discard, request.Body); err == nil {
			serve(conn)
		}
	}
}

// drip writes a text once and then a byte a second until the other side has had enough.
func drip(text string) func(net.Conn) {
	return func(conn net.Conn) {
		_, err := io.WriteString(conn, text)
		for err == nil {
			time.Sleep(time.Second)
			_, err = io.WriteString(conn, "x")
		}
	}
}

// pour writes a text without end.
func pour(begin, text string) func(net.Conn) {
	return func(conn net.Conn) {
		_, err := io.WriteString(conn, begin)
		for err == nil {
			_, err = io.WriteString(conn, text)
		}
	}
}

// sip reads a byte a second.
func sip(conn net.Conn) {
	var err error
	for one := make([]byte, 1); err == nil; time.Sleep(time.Second) {
		_, err = conn.Read(one)
	}
}

// silent reads everything and says nothing.
func silent(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }

func answerAfter(pause time.Duration) func(net.Conn) {
	return func(conn net.Conn) {
		time.Sleep(pause)
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 16\r\nConnection: close\r\n\r\n"+`{"success":true}`)
	}
}

func TestEveryPhaseOfACallIsBoundedInTime(t *testing.T) {
	t.Parallel()
	const base = "http://127.0.0.1"
	for name, tc := range map[string]struct {
		base    string
		serve   func(net.Conn)
		after   time.Duration
		reached onmeta.Reached
		text    string
	}{
		"TLS never completed": {"https://api.example.test", silent, 5 * time.Second, onmeta.NotSent, "TLS handshake timeout"},
		"no answer":           {base, silent, 15 * time.Second, onmeta.MayHaveReached, "no answer within 15s"},
		"headers that drip":   {base, afterRequest(drip("HTTP/1.1 200 OK\r\nX-Drip: ")), 15 * time.Second, onmeta.MayHaveReached, "no answer within 15s"},
		"body that drips":     {base, afterRequest(drip("HTTP/1.1 200 OK\r\n\r\n")), 15 * time.Second, onmeta.Answered, "broke off: no answer within 15s"},
		"headers without end": {base, afterRequest(pour("HTTP/1.1 200 OK\r\n", "X-More: "+strings.Repeat("x", 1<<10)+"\r\n")), 0, onmeta.MayHaveReached, "headers exceeded 65536 bytes"},
		"header without end":  {base, afterRequest(pour("HTTP/1.1 200 OK\r\nX-More: ", strings.Repeat("x", 1<<10))), 0, onmeta.MayHaveReached, "headers exceeded 65536 bytes"},
		"hints without end":   {base, afterRequest(pour("", "HTTP/1.1 103 Early Hints\r\nX-More: "+strings.Repeat("x", 1<<10)+"\r\n\r\n")), 0, onmeta.MayHaveReached, "headers exceeded 65536 bytes"},
		"body without end":    {base, afterRequest(pour("HTTP/1.1 200 OK\r\n\r\n", strings.Repeat("x", 1<<10))), 0, onmeta.Answered, "larger than 1 MiB"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				transport, start := slowly(t, tc.base, tc.serve), time.Now()
				_, err := transport.Call(t.Context(), statusCall)
				require.ErrorContains(t, err, tc.text)
				require.Equal(t, tc.reached, failureOf(t, err).Reached)
				require.Equal(t, tc.after, time.Since(start))
			})
		})
	}
}

func TestUploadsHaveALongerTimeout(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		serve func(net.Conn)
		after time.Duration
		text  string
	}{
		"checked slowly": {afterRequest(answerAfter(50 * time.Second)), 50 * time.Second, ""},
		"not answered":   {afterRequest(silent), time.Minute, "timeout awaiting response headers"},
		"read slowly":    {sip, 3 * time.Minute, "no answer within 3m0s"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				client := onmeta.New(slowly(t, "http://127.0.0.1", tc.serve), onmeta.WithKYCSecret(kycSecret))
				start := time.Now()
				err := client.UploadKYC(t.Context(), asha, kycUpload())
				if tc.text == "" {
					require.NoError(t, err)
				} else {
					require.ErrorContains(t, err, tc.text)
				}
				require.Equal(t, tc.after, time.Since(start))
			})
		})
	}
}
