package server

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"time"

	"go.uber.org/zap"
)

// What a client may take its time for. A page of history is answered within milliseconds.
const (
	headerTimeout = 5 * time.Second
	readTimeout   = 30 * time.Second
	writeTimeout  = 30 * time.Second
	idleTimeout   = 2 * time.Minute
	stopTimeout   = 10 * time.Second
	maxHeaders    = 64 << 10
)

// Serve answers on a listener until ctx ends, then finishes the requests under way. Without a TLS configuration it
// speaks plain HTTP, which is for loopback. It closes the listener.
func Serve(ctx context.Context, listener net.Listener, handler http.Handler, encryption *tls.Config, log *zap.Logger) error {
	complaints, err := zap.NewStdLogAt(log, zap.WarnLevel)
	if err != nil {
		return err
	}
	web := &http.Server{
		Handler:           handler,
		TLSConfig:         encryption,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaders,
		ErrorLog:          complaints,
	}
	stopped := make(chan error, 1)
	go func() { stopped <- listen(web, listener) }()
	select {
	case err := <-stopped:
		return err
	case <-ctx.Done():
	}
	return stop(web, log)
}

func listen(web *http.Server, listener net.Listener) error {
	if web.TLSConfig == nil {
		return web.Serve(listener)
	}
	return web.ServeTLS(listener, "", "")
}

func stop(web *http.Server, log *zap.Logger) error {
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	err := web.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		log.Warn("requests under way were cut off: they did not end in time", zap.Duration("after", stopTimeout))
		return web.Close()
	}
	return err
}
