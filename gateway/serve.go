package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"log"
	"net"
	"net/http"
	"time"

	"go.uber.org/zap"
	"golang.org/x/net/netutil"

	"rampart/gateway/api"
	"rampart/internal/httpserver"
	"rampart/internal/telemetry"
)

const (
	// bodyTimeout bounds reading the body of a request, which has some kilobytes, also of one that no handler reads.
	bodyTimeout = 10 * time.Second
	// responseTimeout bounds handling a request and writing its response. Streams set a deadline for each write.
	responseTimeout = api.MaxDuration + 10*time.Second
)

// server serves the gateway's listeners.
type server struct {
	encryption  *tls.Config // nil serves plain HTTP
	connections int
	stopTimeout time.Duration
	metrics     *requestMetrics
	log         *zap.Logger
	errorLog    *log.Logger
}

func newServer(c config, process *telemetry.Process) (*server, error) {
	s := &server{connections: c.Gateway.MaxConnections, stopTimeout: c.Process.StopTimeout, log: process.Log}
	var err error
	if s.metrics, err = newRequestMetrics(process.Metrics.Meter()); err != nil {
		return nil, err
	}
	// Clients that break off handshakes and requests are no news.
	if s.errorLog, err = zap.NewStdLogAt(process.Log, zap.DebugLevel); err != nil {
		return nil, err
	}
	if c.Gateway.TLSCert != "" {
		s.encryption, err = httpserver.TLS(c.Gateway.TLSCert, c.Gateway.TLSKey, process.Log)
	}
	return s, err
}

// listen opens a listener that holds a limited number of connections. variable is the setting of its address.
func (s *server) listen(ctx context.Context, variable, address string) (net.Listener, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("the gateway cannot listen on %s: %w", variable, err)
	}
	return netutil.LimitListener(listener, s.connections), nil
}

// serve serves a listener until ctx ends, and returns once the requests in flight have finished or were cut off.
func (s *server) serve(ctx context.Context, name string, listener net.Listener, handler http.Handler) error {
	s.log.Info("gateway started", zap.String("listener", name), zap.Stringer("address", listener.Addr()), zap.Bool("tls", s.encryption != nil))
	return httpserver.Serve(ctx, listener, s.metrics.measure(name, limitBody(handler)), httpserver.Options{
		TLS: s.encryption, WriteTimeout: responseTimeout, StopTimeout: s.stopTimeout, ErrorLog: s.errorLog,
	})
}

// limitBody bounds the time to read a body. The server's own limit would also end requests that wait, since it counts for the whole connection; a
// handler that reads the body lifts this one.
func limitBody(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength != 0 {
			_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTimeout))
		}
		next.ServeHTTP(w, r)
	})
}
