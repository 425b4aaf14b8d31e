package telemetry

import (
	"context"
	"crypto/tls"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"rampart/internal/credential"
)

const (
	otlpPrefix = "OTEL_EXPORTER_OTLP_"
	// exportTimeout is OpenTelemetry's default of OTEL_EXPORTER_OTLP_TIMEOUT.
	exportTimeout = 10 * time.Second
)

// chosen returns the name of a variable of the exporter: the one for traces if it is set, else the one for everything.
func chosen(getenv func(string) string, name string) string {
	if traces := otlpPrefix + "TRACES_" + name; getenv(traces) != "" {
		return traces
	}
	return otlpPrefix + name
}

// collector is the access to a collector, as far as it is in files. The exporters read what is in the environment themselves.
type collector struct {
	// tls and headers are nil if no file holds them.
	tls     *credential.Value[*tls.Config]
	headers *credential.Value[map[string]string]
	timeout time.Duration
}

// openCollector reads the files, which the store then follows.
func openCollector(getenv func(string) string, store *credential.Store) (collector, error) {
	c := collector{timeout: exportTimeout}
	if milliseconds, err := strconv.Atoi(getenv(chosen(getenv, "TIMEOUT"))); err == nil && milliseconds > 0 {
		c.timeout = time.Duration(milliseconds) * time.Millisecond
	}
	files := credential.TLSFiles{
		Certificate: getenv(chosen(getenv, "CLIENT_CERTIFICATE")),
		Key:         getenv(chosen(getenv, "CLIENT_KEY")),
		Authorities: getenv(chosen(getenv, "CERTIFICATE")),
	}
	var err error
	if files != (credential.TLSFiles{}) && !plaintext(getenv) {
		read := func() (credential.Reading[*tls.Config], error) { return credential.ReadTLS(files) }
		if c.tls, err = credential.Open(store, "TLS of the collector of traces", read, credential.SameTLS); err != nil {
			return collector{}, err
		}
	}
	variable := chosen(getenv, "HEADERS_FILE")
	if getenv(variable) == "" {
		return c, nil
	}
	if given := chosen(getenv, "HEADERS"); getenv(given) != "" {
		return collector{}, fmt.Errorf("%s and %s must not both be set", given, variable)
	}
	read := func() (credential.Reading[map[string]string], error) { return readHeaders(variable, getenv(variable)) }
	c.headers, err = credential.Open(store, variable, read, maps.Equal)
	return c, err
}

// plaintext reports whether the connection has no TLS, as the exporters decide it.
func plaintext(getenv func(string) string) bool {
	endpoint, err := url.Parse(getenv(chosen(getenv, "ENDPOINT")))
	return err == nil && (endpoint.Scheme == "http" || endpoint.Scheme == "unix") || getenv(chosen(getenv, "INSECURE")) == "true"
}

// readHeaders reads a file whose contents are those of OTEL_EXPORTER_OTLP_HEADERS: name=value, separated by commas, escaped as in a URL.
func readHeaders(variable, file string) (credential.Reading[map[string]string], error) {
	var none credential.Reading[map[string]string]
	text, err := credential.ReadText(variable, file)
	if err != nil {
		return none, err
	}
	headers := make(map[string]string)
	for _, pair := range strings.Split(text, ",") {
		name, escaped, found := strings.Cut(pair, "=")
		value, err := url.PathUnescape(strings.TrimSpace(escaped))
		if name = strings.ToLower(strings.TrimSpace(name)); !found || name == "" || err != nil || strings.ContainsAny(value, "\r\n") {
			return none, fmt.Errorf("%s: %s must be name=value, separated by commas", variable, file)
		}
		headers[name] = value
	}
	return credential.Reading[map[string]string]{Value: headers, Texts: slices.Collect(maps.Values(headers))}, nil
}

// grpc returns the options of an exporter by gRPC.
func (c collector) grpc() []otlptracegrpc.Option {
	var options []otlptracegrpc.Option
	if c.tls != nil {
		options = append(options, otlptracegrpc.WithTLSCredentials(credential.Transport(c.tls.Get)))
	}
	if c.headers != nil {
		options = append(options, otlptracegrpc.WithDialOption(grpc.WithUnaryInterceptor(c.withHeaders)))
	}
	return options
}

// withHeaders is an interceptor that adds the headers to a call.
func (c collector) withHeaders(
	ctx context.Context, method string, request, response any, connection *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption,
) error {
	for name, value := range c.headers.Get() {
		ctx = metadata.AppendToOutgoingContext(ctx, name, value)
	}
	return invoke(ctx, method, request, response, connection, options...)
}

// http returns the options of an exporter by HTTP.
func (c collector) http() []otlptracehttp.Option {
	if c.tls == nil && c.headers == nil {
		return nil
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	if c.tls != nil {
		transport.DialTLSContext = credential.Dial(c.tls.Get)
	}
	return []otlptracehttp.Option{otlptracehttp.WithHTTPClient(&http.Client{Transport: headed{c, transport}, Timeout: c.timeout})}
}

// headed is a transport that adds the headers of a collector.
type headed struct {
	collector
	next http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (h headed) RoundTrip(request *http.Request) (*http.Response, error) {
	if h.headers != nil {
		request = request.Clone(request.Context())
		for name, value := range h.headers.Get() {
			request.Header.Set(name, value)
		}
	}
	return h.next.RoundTrip(request)
}
