package sandbox_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"rampart/sandbox"
	"rampart/sandbox/fault"
)

const (
	loadUsers  = 1_000
	loadOrders = 10_000
)

// load is a sandbox that holds many orders, and a poll of each of them.
type load struct {
	srv   *sandbox.Server
	polls []poll
}

type poll struct {
	headers map[string]string
	body    []byte
}

func newLoad(b *testing.B, options sandbox.Options) *load {
	b.Helper()
	options.Clock = sandbox.NewClock(testStart(), 0)
	srv, err := sandbox.New(options)
	require.NoError(b, err)
	l := &load{srv: srv}
	for i := range loadUsers {
		l.openOrders(b, fmt.Sprintf("asha%d+linked@example.test", i))
	}
	return l
}

func (l *load) openOrders(b *testing.B, email string) {
	b.Helper()
	headers := withKey()
	session := l.call(b, "/v1/users/login", []byte(fmt.Sprintf(`{"email":%q}`, email)), headers)
	headers["Authorization"] = "Bearer " + session.str("data.accessToken")
	for i := range loadOrders / loadUsers {
		order := onrampOrder("1000").with("metaData", object{"reference": fmt.Sprintf("%s/%d", email, i)})
		made := l.call(b, "/v1/orders/create", encode(b, order), headers)
		l.polls = append(l.polls, poll{headers, encode(b, object{"orderId": made.str("data.orderId")})})
	}
}

// call answers within the process; a status other than 200 fails the benchmark.
func (l *load) call(b *testing.B, path string, body []byte, headers map[string]string) reply {
	b.Helper()
	answer := httptest.NewRecorder()
	l.srv.ServeHTTP(answer, request(http.MethodPost, path, body, headers))
	require.Equal(b, http.StatusOK, answer.Code, answer.Body.String())
	return reply{t: b, status: answer.Code, text: answer.Body.String(), body: decode(answer.Body.Bytes())}
}

func request(method, target string, body []byte, headers map[string]string) *http.Request {
	r := httptest.NewRequest(method, target, bytes.NewReader(body))
	for name, value := range headers {
		r.Header.Set(name, value)
	}
	return r
}

func BenchmarkStatusOfTenThousandOrders(b *testing.B) {
	pollInProcess(b, newLoad(b, sandbox.Options{Seed: 1}))
}

// BenchmarkStatusUnderFaults polls while a rule must be drawn for each call, and a hundredth of them get the fault.
func BenchmarkStatusUnderFaults(b *testing.B) {
	l := newLoad(b, sandbox.Options{Seed: 1})
	_, err := l.srv.AddFault(fault.Rule{Fault: fault.Fault{Kind: fault.Stale}, Share: 0.01})
	require.NoError(b, err)
	pollInProcess(b, l)
}

func pollInProcess(b *testing.B, l *load) {
	b.Helper()
	var next atomic.Int64
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			p := l.polls[int(next.Add(1))%len(l.polls)]
			answer := httptest.NewRecorder()
			l.srv.ServeHTTP(answer, request(http.MethodPost, "/v1/orders/status", p.body, p.headers))
			if answer.Code != http.StatusOK {
				b.Error(answer.Body.String())
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "requests/s")
}

func BenchmarkStatusOfTenThousandOrdersOverHTTP(b *testing.B) {
	l := newLoad(b, sandbox.Options{Seed: 1})
	server := httptest.NewServer(l.srv)
	defer server.Close()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	var next atomic.Int64
	b.SetParallelism(16)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			p := l.polls[int(next.Add(1))%len(l.polls)]
			r := request(http.MethodPost, server.URL+"/v1/orders/status", p.body, p.headers)
			r.RequestURI = ""
			response, err := client.Do(r)
			if err != nil {
				b.Error(err)
				return
			}
			_, _ = io.Copy(io.Discard, response.Body)
			_ = response.Body.Close()
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "requests/s")
}

// BenchmarkCreate makes orders, the dearest of the frequent calls.
func BenchmarkCreate(b *testing.B) {
	l := newLoad(b, sandbox.Options{Seed: 1})
	order := encode(b, offrampOrder("10").with("metaData", object{"reference": "wd-7"}))
	b.ResetTimer()
	for i := range b.N {
		l.call(b, "/v1/offramp/orders/create", order, l.polls[i%len(l.polls)].headers)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "requests/s")
}

func BenchmarkLedgerOfTenThousandOrders(b *testing.B) {
	l := newLoad(b, sandbox.Options{Seed: 1})
	b.ResetTimer()
	for b.Loop() {
		require.Len(b, l.srv.Ledger().Orders, loadOrders)
	}
}
