package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/metrics"
	"go.temporal.io/server/common/primitives"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"rampart/internal/loopback"
)

const (
	headerTimeout = 5 * time.Second
	maxHeaders    = 64 << 10
)

// serveHTTP serves requests from this machine and from the server's own pages until stop is called.
func serveHTTP(address string, pages http.Handler) (stop func() error, err error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	server := &http.Server{Handler: loopback.Guard(pages), ReadHeaderTimeout: headerTimeout, MaxHeaderBytes: maxHeaders}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	return func() error {
		err := server.Close()
		if served := <-served; !errors.Is(served, http.ErrServerClosed) {
			return errors.Join(err, served)
		}
		return err
	}, nil
}

// diagnostics are the addresses of metrics and profiles; empty means disabled.
type diagnostics struct{ metrics, profiles string }

// takeDiagnostics removes the addresses of metrics and profiles from the configuration. The server would serve them without
// protection; without an address, it only registers them with Go's default handler.
func takeDiagnostics(cfg *config.Config) diagnostics {
	var taken diagnostics
	if cfg.Global.Metrics != nil && cfg.Global.Metrics.Prometheus != nil {
		prometheus := cfg.Global.Metrics.Prometheus
		taken.metrics, prometheus.ListenAddress = prometheus.ListenAddress, ""
		prometheus.Framework = metrics.FrameworkTally // the other one needs an address
	}
	if port := cfg.Global.PProf.Port; port != 0 {
		taken.profiles, cfg.Global.PProf.Port = hostPort(localhost, port), 0
	}
	return taken
}

// serve serves metrics and profiles until stop is called.
func (d diagnostics) serve() (stop func() error, err error) {
	var stops []func() error
	stop = func() error {
		var problems []error
		for _, stop := range stops {
			problems = append(problems, stop())
		}
		return errors.Join(problems...)
	}
	for _, address := range []string{d.metrics, d.profiles} {
		if address == "" {
			continue
		}
		one, err := serveHTTP(address, http.DefaultServeMux)
		if err != nil {
			return nil, errors.Join(err, stop())
		}
		stops = append(stops, one)
	}
	return stop, nil
}

// tellWhoAsks makes the HTTP API forward the headers that guardHTTP checks.
func tellWhoAsks(cfg *config.Config) {
	frontend := cfg.Services[string(primitives.FrontendService)]
	frontend.RPC.HTTPAdditionalForwardedHeaders = append(frontend.RPC.HTTPAdditionalForwardedHeaders, "Origin", "Referer", "Sec-Fetch-*")
	cfg.Services[string(primitives.FrontendService)] = frontend
}

// guardHTTP restricts the HTTP API to requests from this machine that do not come from a page. Pages cannot send gRPC requests.
func guardHTTP(ctx context.Context, req any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	if grpc.ServerTransportStreamFromContext(ctx) != nil {
		return handler(ctx, req)
	}
	told, _ := metadata.FromIncomingContext(ctx)
	asked := &http.Request{Header: make(http.Header)}
	for name, values := range told {
		for _, value := range values {
			asked.Header.Add(name, value)
		}
	}
	asked.Host = asked.Header.Get("X-Forwarded-Host") // set by the HTTP API, as is the next
	if !loopback.Host(asked.Host) || !loopback.Host(asked.Header.Get("X-Forwarded-For")) {
		return nil, status.Error(codes.PermissionDenied, "only requests from this machine are allowed, to 127.0.0.1, [::1] or localhost")
	}
	if err := loopback.CheckPage(asked); err != nil {
		return nil, status.Error(codes.PermissionDenied, err.Error())
	}
	return handler(ctx, req)
}
