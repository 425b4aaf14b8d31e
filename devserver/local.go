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

// serveHTTP answers what this machine and its own pages ask at an address, until it is stopped.
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

// diagnostics are where metrics and profiles are shown; empty for not at all.
type diagnostics struct{ metrics, profiles string }

// takeDiagnostics takes from the configuration where metrics and profiles are to be shown. The server would show them to whoever asks:
// without an address of its own, it leaves them to Go's default handler.
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

// serve shows metrics and profiles until it is stopped.
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

// tellWhoAsks has the HTTP API hand on what guardHTTP decides by.
func tellWhoAsks(cfg *config.Config) {
	frontend := cfg.Services[string(primitives.FrontendService)]
	frontend.RPC.HTTPAdditionalForwardedHeaders = append(frontend.RPC.HTTPAdditionalForwardedHeaders, "Origin", "Referer", "Sec-Fetch-*")
	cfg.Services[string(primitives.FrontendService)] = frontend
}

// guardHTTP answers what comes by the HTTP API only to this machine and to pages of the API's own origin, of which there are none. By
// gRPC, no page can ask.
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
		return nil, status.Error(codes.PermissionDenied, "only this machine itself is answered, at 127.0.0.1, [::1] or localhost")
	}
	if err := loopback.CheckPage(asked); err != nil {
		return nil, status.Error(codes.PermissionDenied, err.Error())
	}
	return handler(ctx, req)
}
