package onmeta_test

import (
	"bufio"
	"compress/gzip"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"path"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"rampart/onmeta"
)

var statusCall = onmeta.Call{Route: onmeta.RouteOnrampStatus, User: email, Token: token}

func TestAnswersAreClassifiedByContent(t *testing.T) {
	t.Parallel()
	const refusal = `{"success":false,"error":{"code":404,"message":"Bank details are not found for the user"}}`
	const page = "<html><body>Bad gateway</body></html>"
	tests := []struct {
		name    string
		status  int
		body    string
		kind    onmeta.ErrorKind
		code    string
		message string
	}{
		{"refusal", 404, refusal, onmeta.KindRefused, "404", "Bank details are not found for the user"},
		{"refusal without a code", 400, `{"success":false,"data":{},"error":{"message":"Invalid request"}}`,
			onmeta.KindRefused, "", "Invalid request"},
		{"refusal with a word as code", 400, `{"success":false,"error":{"code":"INVALID_ORDER_ID","message":"Invalid order id"}}`,
			onmeta.KindRefused, "INVALID_ORDER_ID", "Invalid order id"},
		{"refusal with a code in quotes", 409, `{"success":false,"error":{"code":"409","message":"Duplicate transaction hash"}}`,
			onmeta.KindRefused, "409", "Duplicate transaction hash"},
		{"message under data", 409, `{"success":false,"error":{"code":409,"data":{"message":"Kyc has already been completed"}}}`,
			onmeta.KindRefused, "409", "Kyc has already been completed"},
		{"message under details", 400, `{"success":false,"error":{"code":"X","details":{"message":"too small"}}}`,
			onmeta.KindRefused, "X", "too small"},
		{"details as a text", 400, `{"success":false,"error":{"details":"too small"}}`, onmeta.KindRefused, "", "too small"},
		{"details by field", 400,
			`{"success":false,"error":{"code":"VALIDATION_ERROR","details":{"fields":[{"field":"amount","error":"required"}]}}}`,
			onmeta.KindRefused, "VALIDATION_ERROR", "amount: required"},
		{"error as a text", 400, `{"success":false,"error":"no such order"}`, onmeta.KindRefused, "", "no such order"},
		{"empty error", 400, `{"success":false,"error":{}}`, onmeta.KindRefused, "", "gives no reason"},
		{"no error", 400, `{"success":false,"message":"top level"}`, onmeta.KindRefused, "", "top level"},
		{"KYC status refused", 400, `{"success":false,"data":{},"error":{"message":"Invalid request"}}`,
			onmeta.KindRefused, "", "Invalid request"},
		{"refusal with HTTP 200", 200, `{"success":false,"error":{"message":"Order already success, can't update UTR"}}`,
			onmeta.KindRefused, "", "Order already success"},
		{"success as a text", 200, `{"success":"false","error":{"code":400}}`, onmeta.KindRefused, "400", "gives no reason"},
		{"401 told with HTTP 200", 200, `{"success":false,"error":{"code":401,"message":"unauthorized to access"}}`,
			onmeta.KindUnauthorized, "401", "unauthorized"},
		{"outage told with HTTP 200", 200, `{"success":false,"error":{"code":500,"message":"internal server error"}}`,
			onmeta.KindUnavailable, "500", "internal server error"},

		{"401 told with HTTP 400", 400, `{"success":false,"error":{"code":401,"message":"unauthorized to access"}}`,
			onmeta.KindUnauthorized, "401", "unauthorized"},
		{"outage told with HTTP 404", 404, `{"success":false,"error":{"code":"503","message":"internal server error"}}`,
			onmeta.KindUnavailable, "503", "internal server error"},

		{"401", 401, `{"success":false,"error":{"code":401,"message":"unauthorized to access"}}`,
			onmeta.KindUnauthorized, "401", "unauthorized to access"},
		{"401 of a gateway", 401, page, onmeta.KindUnauthorized, "", "not the provider's JSON"},
		{"429", 429, `{"success":false,"error":{"code":429,"message":"Too many requests"}}`,
			onmeta.KindRateLimited, "429", "Too many requests"},
		{"429 of a gateway", 429, page, onmeta.KindRateLimited, "", "not the provider's JSON"},
		{"500", 500, `{"success":false,"error":{"code":500,"message":"internal server error"}}`,
			onmeta.KindUnavailable, "500", "internal server error"},
		{"502 of a gateway", 502, page, onmeta.KindUnavailable, "", "not the provider's JSON"},
		{"408", 408, "", onmeta.KindUnavailable, "", "not the provider's JSON"},
		{"421", 421, refusal, onmeta.KindUnavailable, "404", "Bank details"},
		{"423", 423, refusal, onmeta.KindUnavailable, "404", "Bank details"},
		{"425", 425, refusal, onmeta.KindUnavailable, "404", "Bank details"},

		{"page with HTTP 200", 200, page, onmeta.KindMalformed, "", "not the provider's JSON"},
		{"nothing with HTTP 200", 200, "", onmeta.KindMalformed, "", "not the provider's JSON"},
		{"scalar with HTTP 200", 200, `"ok"`, onmeta.KindMalformed, "", "not the provider's JSON"},
		{"half an object", 200, `{"success":true,"data":{"orderId":`, onmeta.KindMalformed, "", "not the provider's JSON"},
		{"two objects", 200, `{"success":true}{"success":true}`, onmeta.KindMalformed, "", "not the provider's JSON"},
		{"404 of a gateway", 404, page, onmeta.KindMalformed, "", "not the provider's JSON"},
		{"404 of a JSON gateway", 404, `{"message":"Not Found"}`, onmeta.KindMalformed, "", "Not Found"},
		{"404 of another JSON gateway", 404, `{"statusCode":404,"error":"Not Found"}`, onmeta.KindMalformed, "", "Not Found"},
		{"404 of a gateway with an error object", 404, `{"error":{"code":404,"message":"no route matched"}}`,
			onmeta.KindMalformed, "404", "no route matched"},
		{"403 of a gateway with an error object", 403, `{"error":{"message":"Invalid UTR"},"success":null}`,
			onmeta.KindMalformed, "", "Invalid UTR"},
		{"error object of a gateway with HTTP 200", 200, `{"error":{"message":"bad request"}}`,
			onmeta.KindMalformed, "", "bad request"},
		{"401 of a gateway with an error object", 401, `{"error":{"code":401,"message":"look-up failed"}}`,
			onmeta.KindUnauthorized, "401", "look-up failed"},
		{"400 that claims success", 400, `{"success":true,"data":{}}`, onmeta.KindMalformed, "", "gives no reason"},
		{"array with HTTP 400", 400, `[]`, onmeta.KindMalformed, "", "gives no reason"},
		{"304", 304, "", onmeta.KindMalformed, "", "redirected nowhere"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := answering(t, test.status, test.body).transport(t).Call(t.Context(), statusCall)
			failure := failureOf(t, err)
			require.Equal(t, test.kind, failure.Kind, "%v", err)
			require.True(t, onmeta.IsKind(fmt.Errorf("wrapped: %w", err), test.kind))
			require.Equal(t, onmeta.Answered, failure.Reached)
			require.Equal(t, test.status, failure.Status)
			require.Equal(t, test.code, failure.Code)
			require.Contains(t, failure.Message, test.message)
			require.NotEmpty(t, failure.RequestID)
			require.NoError(t, failure.Unwrap())
		})
	}
}

func TestErrorTextIsASentence(t *testing.T) {
	t.Parallel()
	tests := map[string]onmeta.Error{
		"onmeta orders/create: refused (HTTP 404): Bank details are not found for the user": {
			Route: onmeta.RouteCreateOnramp, Kind: onmeta.KindRefused, Reached: onmeta.Answered, Status: 404,
			Message: "Bank details are not found for the user",
		},
		"onmeta orders/utr: unavailable (may have reached the provider): EOF": {
			Route: onmeta.RouteSubmitUTR, Kind: onmeta.KindUnavailable, Reached: onmeta.MayHaveReached, Message: "EOF",
		},
		"onmeta orders/currencies: rate limited (not sent)": {
			Route: onmeta.RouteCurrencies, Kind: onmeta.KindRateLimited, Reached: onmeta.NotSent,
		},
		"onmeta orders/utr: invalid call: UTR is missing": {
			Route: onmeta.RouteSubmitUTR, Kind: onmeta.KindInvalid, Reached: onmeta.NotSent, Message: "UTR is missing",
		},
		"onmeta users/upload/kyc: unreadable document (not sent)": {
			Route: onmeta.RouteUploadKYC, Kind: onmeta.KindDocument, Reached: onmeta.NotSent,
		},
		"onmeta orders/currencies: unauthorized (HTTP 401)":     {Route: onmeta.RouteCurrencies, Kind: onmeta.KindUnauthorized, Status: 401},
		"onmeta orders/currencies: malformed answer (HTTP 200)": {Route: onmeta.RouteCurrencies, Kind: onmeta.KindMalformed, Status: 200},
		"onmeta unknown route: failed":                          {},
	}
	for text, failure := range tests {
		require.EqualError(t, &failure, text)
	}
	require.Equal(t, "answered", onmeta.Answered.String())
	require.Equal(t, "unknown", onmeta.Reached(0).String())
	require.False(t, onmeta.IsKind(errors.New("another"), onmeta.KindRefused))
	require.False(t, onmeta.IsKind(nil, onmeta.KindRefused))
}

func TestRetryAfterIsObeyedInBothForms(t *testing.T) {
	t.Parallel()
	date := time.Date(2026, 1, 10, 10, 0, 0, 0, time.UTC)
	tests := []struct {
		name   string
		header string
		want   time.Duration
	}{
		{"seconds", "17", 17 * time.Second},
		{"date against the provider's own clock", date.Add(90 * time.Second).Format(http.TimeFormat), 90 * time.Second},
		{"past date", date.Add(-time.Minute).Format(http.TimeFormat), 0},
		{"negative", "-5", 0},
		{"missing", "", 0},
		{"garbage", "soon", 0},
		{"too long to be meant", "604800", time.Hour},
	}
	for _, status := range []int{http.StatusTooManyRequests, http.StatusServiceUnavailable} {
		for _, test := range tests {
			t.Run(fmt.Sprint(status, " ", test.name), func(t *testing.T) {
				t.Parallel()
				p := startProvider(t, func(w http.ResponseWriter, _ *http.Request) {
					w.Header().Set("Date", date.Format(http.TimeFormat))
					w.Header().Set("Retry-After", test.header)
					w.WriteHeader(status)
				})
				_, err := p.transport(t).Call(t.Context(), statusCall)
				require.Equal(t, test.want, failureOf(t, err).RetryAfter)
			})
		}
	}
}

func TestACallToAClosedPortWasNeverSent(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p := &provider{URL: "http://" + listener.Addr().String()}
	require.NoError(t, listener.Close())

	_, err = p.transport(t).Call(t.Context(), statusCall)
	failure := failureOf(t, err)
	require.Equal(t, onmeta.KindUnavailable, failure.Kind)
	require.Equal(t, onmeta.NotSent, failure.Reached)
	require.Zero(t, failure.Status)
	var opError *net.OpError
	require.ErrorAs(t, err, &opError)
}

func TestALateCallIsNotSent(t *testing.T) {
	t.Parallel()
	p := answering(t, http.StatusOK, `{"success":true}`)
	late := onmeta.SendBy(t.Context(), time.Now().Add(-time.Millisecond))
	_, err := p.transport(t).Call(late, statusCall)
	failure := failureOf(t, err)
	require.Equal(t, onmeta.KindUnavailable, failure.Kind)
	require.Equal(t, onmeta.NotSent, failure.Reached)
	require.Zero(t, p.calls())
	_, err = p.transport(t).Call(late, onmeta.Call{Route: onmeta.RouteLogin})
	require.NoError(t, err, "others may wait for a login")
}

func TestACallThatWaitsTooLongForAConnectionIsNotSent(t *testing.T) {
	t.Parallel()
	body, err := onmeta.JSON(map[string]string{"fiatCurrency": "inr"})
	require.NoError(t, err)
	for _, http2 := range []bool{false, true} {
		t.Run(fmt.Sprintf("HTTP2=%t", http2), func(t *testing.T) {
			t.Parallel()
			var received atomic.Int64
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if _, err := io.ReadAll(r.Body); err == nil {
					received.Add(1)
				}
				_, _ = io.WriteString(w, `{"success":true}`)
			}))
			server.EnableHTTP2 = http2
			server.StartTLS()
			t.Cleanup(server.Close)
			by := time.Now().Add(50 * time.Millisecond)
			pool := server.Client().Transport.(*http.Transport).Clone()
			pool.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
				<-time.After(time.Until(by))
				return (&net.Dialer{}).DialContext(ctx, network, address)
			}
			t.Cleanup(pool.CloseIdleConnections)
			transport, err := onmeta.NewTransport(onmeta.Config{BaseURL: server.URL, APIKey: apiKey, HTTPClient: &http.Client{Transport: pool}})
			require.NoError(t, err)
			create := onmeta.Call{Route: onmeta.RouteCreateOnramp, Token: token, Body: body}

			_, err = transport.Call(onmeta.SendBy(t.Context(), by), create)

			failure := failureOf(t, err)
			require.Equal(t, onmeta.KindUnavailable, failure.Kind, "%v", err)
			require.Equal(t, onmeta.NotSent, failure.Reached)
			require.ErrorContains(t, err, "the time to send the call by has passed")
			require.Zero(t, received.Load())
			_, err = transport.Call(t.Context(), create)
			require.NoError(t, err)
			require.Equal(t, int64(1), received.Load())
		})
	}
}

func TestACallCancelledBeforehandWasNeverSent(t *testing.T) {
	t.Parallel()
	p := answering(t, http.StatusOK, `{"success":true}`)
	cause := errors.New("the worker stops")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	_, err := p.transport(t).Call(ctx, statusCall)
	failure := failureOf(t, err)
	require.Equal(t, onmeta.KindUnavailable, failure.Kind)
	require.Equal(t, onmeta.NotSent, failure.Reached)
	require.ErrorIs(t, err, context.Canceled)
	require.Zero(t, p.calls())
}

// listen accepts connections, reads one request from each and does with the connection what the test wants.
func listen(t *testing.T, serve func(net.Conn)) *provider {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			request, err := http.ReadRequest(bufio.NewReader(conn))
			if err == nil {
				_, _ = io.Copy(io.Discard, request.Body)
				serve(conn)
			}
			_ = conn.Close()
		}
	}()
	return &provider{URL: "http://" + listener.Addr().String()}
}

func TestAConnectionLostAfterTheRequestMayHaveReachedTheProvider(t *testing.T) {
	t.Parallel()
	p := listen(t, func(conn net.Conn) { _ = conn.(*net.TCPConn).SetLinger(0) })
	_, err := p.client(t).CreateOnramp(t.Context(), asha, onrampRequest())
	failure := failureOf(t, err)
	require.Equal(t, onmeta.KindUnavailable, failure.Kind)
	require.Equal(t, onmeta.MayHaveReached, failure.Reached)
	require.NotContains(t, err.Error(), p.URL)
}

func TestACallWithoutAnAnswerInTimeMayHaveReachedTheProvider(t *testing.T) {
	t.Parallel()
	p := startProvider(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	transport, err := onmeta.NewTransport(onmeta.Config{BaseURL: p.URL, APIKey: apiKey, CallTimeout: 500 * time.Millisecond})
	require.NoError(t, err)
	t.Cleanup(transport.CloseIdleConnections)

	_, err = transport.Call(t.Context(), statusCall)
	failure := failureOf(t, err)
	require.Equal(t, onmeta.KindUnavailable, failure.Kind)
	require.Equal(t, onmeta.MayHaveReached, failure.Reached)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.Contains(t, err.Error(), "no answer within 500ms")
}

func TestACallCancelledWhileWaitingMayHaveReachedTheProvider(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	p := startProvider(t, func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	})
	_, err := p.transport(t).Call(ctx, statusCall)
	failure := failureOf(t, err)
	require.Equal(t, onmeta.KindUnavailable, failure.Kind)
	require.Equal(t, onmeta.MayHaveReached, failure.Reached)
	require.ErrorIs(t, err, context.Canceled)
}

func TestATruncatedAnswerIsMalformed(t *testing.T) {
	t.Parallel()
	for status, kind := range map[string]onmeta.ErrorKind{
		"200 OK": onmeta.KindMalformed, "503 Service Unavailable": onmeta.KindUnavailable,
	} {
		p := listen(t, func(conn net.Conn) {
			_, _ = io.WriteString(conn, "HTTP/1.1 "+status+"\r\nContent-Length: 100\r\n\r\n{\"success\":true,")
		})
		_, err := p.transport(t).Call(t.Context(), statusCall)
		failure := failureOf(t, err)
		require.Equal(t, kind, failure.Kind, status)
		require.Equal(t, onmeta.Answered, failure.Reached)
		require.Equal(t, status[:3], fmt.Sprint(failure.Status))
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	}
}

func TestAnAnswerThatStallsIsUnavailable(t *testing.T) {
	t.Parallel()
	p := startProvider(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, `{"success":true,`)
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	transport, err := onmeta.NewTransport(onmeta.Config{BaseURL: p.URL, APIKey: apiKey, CallTimeout: 500 * time.Millisecond})
	require.NoError(t, err)
	t.Cleanup(transport.CloseIdleConnections)
	_, err = transport.Call(t.Context(), statusCall)
	failure := failureOf(t, err)
	require.Equal(t, onmeta.KindUnavailable, failure.Kind)
	require.Equal(t, onmeta.Answered, failure.Reached)
	require.Contains(t, err.Error(), "the answer broke off: no answer within 500ms")
}

func TestAnOversizedAnswerIsMalformed(t *testing.T) {
	t.Parallel()
	huge := `{"success":true,"data":"` + strings.Repeat("x", 2<<20) + `"}`
	plain := answering(t, http.StatusOK, huge)
	zipped := startProvider(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		zip := gzip.NewWriter(w)
		_, _ = io.WriteString(zip, huge)
		_ = zip.Close()
	})
	for _, p := range []*provider{plain, zipped} {
		_, err := p.transport(t).Call(t.Context(), statusCall)
		requireMalformed(t, err, "larger than 1 MiB")
	}
}

func TestAnswerHasTheProvidersTime(t *testing.T) {
	t.Parallel()
	p := startProvider(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Date", "Sat, 10 Jan 2026 10:00:00 GMT")
		_, _ = io.WriteString(w, `{"success":true,"data":{"a":1}}`)
	})
	answer, err := p.transport(t).Call(t.Context(), statusCall)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, answer.Status)
	require.JSONEq(t, `{"a":1}`, string(answer.Data))
	require.Equal(t, time.Date(2026, 1, 10, 10, 0, 0, 0, time.UTC), answer.At)
	require.Equal(t, p.last(t).Header.Get("x-request-id"), answer.RequestID)
}

func TestAnswerWithoutADateHasLocalTime(t *testing.T) {
	t.Parallel()
	p := startProvider(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Date"] = nil
		_, _ = io.WriteString(w, `{"success":true}`)
	})
	before := time.Now()
	answer, err := p.transport(t).Call(t.Context(), statusCall)
	require.NoError(t, err)
	require.WithinRange(t, answer.At, before, time.Now())
	require.Equal(t, time.UTC, answer.At.Location())
	require.JSONEq(t, `{"success":true}`, string(answer.Data))
}

func TestADocumentThatCannotBeReadIsNotANetworkError(t *testing.T) {
	t.Parallel()
	missing := errors.New("no such document")
	noFile := func(context.Context) (io.ReadCloser, error) { return nil, missing }
	brokenFile := func(context.Context) (io.ReadCloser, error) {
		return io.NopCloser(io.MultiReader(strings.NewReader("half"), failingReader{missing})), nil
	}
	for name, open := range map[string]func(context.Context) (io.ReadCloser, error){"missing": noFile, "broken": brokenFile} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			upload := kycUpload()
			upload.PANBack.Open = open
			err := answering(t, http.StatusOK, `{"success":true}`).client(t).UploadKYC(t.Context(), asha, upload)
			failure := failureOf(t, err)
			require.Equal(t, onmeta.KindDocument, failure.Kind, "%v", err)
			require.Equal(t, onmeta.NotSent, failure.Reached)
			require.ErrorIs(t, err, missing)
			require.Contains(t, err.Error(), "panBack")
		})
	}
}

type failingReader struct{ err error }

func (r failingReader) Read([]byte) (int, error) { return 0, r.err }

type unopenable struct{ err error }

func (b unopenable) Open(context.Context) (io.ReadCloser, error) { return nil, b.err }
func (unopenable) ContentType() string                           { return "text/plain" }
func (unopenable) Size() int64                                   { return -1 }
func (unopenable) Personal() []string                            { return nil }

func TestABodyThatCannotBeOpenedIsNotSent(t *testing.T) {
	t.Parallel()
	p := answering(t, http.StatusOK, `{"success":true}`)
	call := statusCall
	call.Body = unopenable{errors.New("no body")}
	_, err := p.transport(t).Call(t.Context(), call)
	failure := failureOf(t, err)
	require.Equal(t, onmeta.KindDocument, failure.Kind)
	require.Equal(t, onmeta.NotSent, failure.Reached)
	require.Zero(t, p.calls())
}

func TestAnUploadIsStreamed(t *testing.T) {
	t.Parallel()
	const size = 32 << 20
	arrived := make(chan int64, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, _ := io.Copy(io.Discard, r.Body)
		arrived <- n
		_, _ = io.WriteString(w, `{"success":true}`)
	}))
	t.Cleanup(server.Close)

	source := &endless{left: size}
	upload := kycUpload()
	upload.Selfie.Open = func(context.Context) (io.ReadCloser, error) { return source, nil }
	require.NoError(t, (&provider{URL: server.URL}).client(t).UploadKYC(t.Context(), asha, upload))
	require.Greater(t, <-arrived, int64(size))
	require.True(t, source.closed)
	require.LessOrEqual(t, source.largest, 64<<10, "the file was read in large pieces")
}

// endless is a large file that notes how it is read.
type endless struct {
	left    int
	largest int
	closed  bool
}

func (e *endless) Read(p []byte) (int, error) {
	if e.left == 0 {
		return 0, io.EOF
	}
	n := min(len(p), e.left)
	e.left -= n
	e.largest = max(e.largest, n)
	return n, nil
}

func (e *endless) Close() error { e.closed = true; return nil }

func TestAnUploadRefusedHalfwayReleasesItsFile(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusUnauthorized)
	}))
	t.Cleanup(server.Close)
	released := make(chan struct{})
	upload := kycUpload()
	upload.Selfie.Open = func(context.Context) (io.ReadCloser, error) { return &untilClosed{released: released}, nil }

	err := (&provider{URL: server.URL}).client(t).UploadKYC(t.Context(), asha, upload)
	require.Error(t, err)
	<-released
}

// untilClosed never ends by itself.
type untilClosed struct{ released chan struct{} }

func (untilClosed) Read(p []byte) (int, error) { return len(p), nil }
func (u *untilClosed) Close() error            { close(u.released); return nil }

func TestTheBaseURLIsChecked(t *testing.T) {
	t.Parallel()
	for _, good := range []string{
		"https://stg.api.onmeta.in", "https://stg.api.onmeta.in/", "https://gateway.example.test/onmeta/",
		"http://127.0.0.1:8099", "http://localhost:8099", "http://[::1]:8099",
	} {
		_, err := onmeta.NewTransport(onmeta.Config{BaseURL: good, APIKey: apiKey})
		require.NoError(t, err, good)
	}
	for bad, problem := range map[string]string{
		"":                               "empty",
		"stg.api.onmeta.in":              "must begin with https://",
		"ftp://stg.api.onmeta.in":        "must begin with https://",
		"https://":                       "names no host",
		"http://stg.api.onmeta.in":       "plain http is for loopback hosts only",
		"http://10.0.0.1":                "plain http is for loopback hosts only",
		"http://sandbox.localhost":       "plain http is for loopback hosts only",
		"http://localhost.example.test":  "plain http is for loopback hosts only",
		"http://0.0.0.0:8099":            "plain http is for loopback hosts only",
		"https://me:hunter2@example.com": "user name or password",
		"https://me:hunter2@exa mple":    "not a URL",
		"https://example.com?key=1":      "query",
		"https://example.com#x":          "fragment",
		"https://example.com/v1/":        "must not end in /v1",
	} {
		_, err := onmeta.NewTransport(onmeta.Config{BaseURL: bad, APIKey: apiKey})
		require.ErrorContains(t, err, problem, bad)
		require.NotContains(t, err.Error(), "hunter2")
	}
}

func TestTheConfigurationIsChecked(t *testing.T) {
	t.Parallel()
	const base = "https://stg.api.onmeta.in"
	for problem, config := range map[string]onmeta.Config{
		"API key: empty":       {BaseURL: base},
		"API key: holds":       {BaseURL: base, APIKey: "key\n"},
		"must not be negative": {BaseURL: base, APIKey: apiKey, CallTimeout: -1},
	} {
		_, err := onmeta.NewTransport(config)
		require.ErrorContains(t, err, problem)
	}
}

func TestServerWithoutATrustedCertificateReceivesNothing(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	_, err := (&provider{URL: server.URL}).transport(t).Call(t.Context(), statusCall)
	failure := failureOf(t, err)
	require.Equal(t, onmeta.KindUnavailable, failure.Kind)
	require.Equal(t, onmeta.NotSent, failure.Reached)
	var untrusted *tls.CertificateVerificationError
	require.ErrorAs(t, err, &untrusted)
}

func TestOneConnectionServesManyCalls(t *testing.T) {
	t.Parallel()
	var opened atomic.Int64
	statuses := []int{200, 400, 401, 404, 429, 500, 307}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		status, _ := strconv.Atoi(path.Base(r.URL.Path))
		w.WriteHeader(status)
		_, _ = io.WriteString(w, `{"success":false}`+strings.Repeat(" ", 64<<10))
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	transport := (&provider{URL: server.URL}).transport(t)
	for _, status := range statuses {
		_, err := transport.Call(t.Context(), onmeta.Call{
			Route: onmeta.RouteOrderHistory, User: email, Token: token, Param: strconv.Itoa(status),
		})
		require.Equal(t, status, failureOf(t, err).Status)
	}
	require.EqualValues(t, 1, opened.Load())
}

func TestManyCallsAtOnceKeepTheirOwnAnswers(t *testing.T) {
	t.Parallel()
	p := startProvider(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, `{"success":true,"data":"`+r.URL.Path+` `+r.Header.Get("Authorization")+`"}`)
	})
	transport := p.transport(t)
	var group errgroup.Group
	for i := range 100 {
		group.Go(func() error {
			answer, err := transport.Call(t.Context(), onmeta.Call{
				Route: onmeta.RouteOrderHistory, User: email, Token: onmeta.Secret(fmt.Sprint("token-", i)), Param: strconv.Itoa(i),
			})
			if want := fmt.Sprintf(`"/v1/orders/%d Bearer token-%d"`, i, i); err == nil && string(answer.Data) != want {
				return fmt.Errorf("call %d got %s", i, answer.Data)
			}
			return err
		})
	}
	require.NoError(t, group.Wait())
}

func TestABasePathIsKept(t *testing.T) {
	t.Parallel()
	p := answering(t, http.StatusOK, `{"success":true}`)
	transport, err := onmeta.NewTransport(onmeta.Config{BaseURL: p.URL + "/onmeta/", APIKey: apiKey})
	require.NoError(t, err)
	t.Cleanup(transport.CloseIdleConnections)
	_, err = transport.Call(t.Context(), statusCall)
	require.NoError(t, err)
	require.Equal(t, "/onmeta/v1/orders/status", p.last(t).Path)
}

func TestAGivenHTTPClientIsUsedButNotChanged(t *testing.T) {
	t.Parallel()
	given := &http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) {
		return nil, errors.New("no network here")
	})}
	transport, err := onmeta.NewTransport(onmeta.Config{BaseURL: "https://api.example.test", APIKey: apiKey, HTTPClient: given})
	require.NoError(t, err)
	_, err = transport.Call(t.Context(), statusCall)
	require.ErrorContains(t, err, "no network here")
	require.Nil(t, given.CheckRedirect)
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(request *http.Request) (*http.Response, error) { return f(request) }

func TestAPIKeyOfEachCallIsTheCurrentOne(t *testing.T) {
	t.Parallel()
	keys := make(chan string, 2)
	provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		keys <- r.Header.Get("X-Api-Key")
		_, _ = w.Write([]byte(`{"success":false,"error":{"code":400,"message":"not with ` + r.Header.Get("X-Api-Key") + `"}}`))
	}))
	defer provider.Close()
	current := onmeta.Secret("first-key-of-the-merchant")
	transport, err := onmeta.NewTransport(onmeta.Config{BaseURL: provider.URL, CurrentAPIKey: func() onmeta.Secret { return current }})
	require.NoError(t, err)
	for _, key := range []onmeta.Secret{"first-key-of-the-merchant", "second-key-of-the-merchant"} {
		current = key
		_, err := onmeta.New(transport).ChainLimits(t.Context())
		require.Error(t, err)
		require.NotContains(t, err.Error(), key.Reveal())
		require.Equal(t, key.Reveal(), <-keys)
	}
	_, err = onmeta.NewTransport(onmeta.Config{BaseURL: provider.URL, CurrentAPIKey: func() onmeta.Secret { return "" }})
	require.ErrorContains(t, err, "API key: empty")
}
