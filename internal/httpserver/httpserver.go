// Package httpserver runs an HTTP server until a context ends, with a TLS certificate that follows its files.
package httpserver

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"log"
	"net"
	"net/http"
	"time"
)

const (
	headerTimeout  = 5 * time.Second
	idleTimeout    = 2 * time.Minute
	maxHeaderBytes = 64 << 10
)

// Options are the settings of a server. The zero value serves plain HTTP, without a limit on how long a request takes.
type Options struct {
	// TLS encrypts connections; nil serves plain HTTP.
	TLS *tls.Config
	// ReadTimeout bounds reading a whole request; zero means no limit.
	ReadTimeout time.Duration
	// WriteTimeout bounds handling a request and writing its response; zero means no limit, as for profiles and streams.
	WriteTimeout time.Duration
	// StopTimeout is how long requests in flight may take to finish once the context has ended; then they are cut off.
	StopTimeout time.Duration
	// ErrorLog receives connection errors; nil is the standard logger.
	ErrorLog *log.Logger
}

// Serve handles requests on a listener until ctx ends, and returns nil once the requests in flight have finished or were cut
// off. It closes the listener.
func Serve(ctx context.Context, listener net.Listener, handler http.Handler, o Options) error {
	server := &http.Server{
		Handler:           handler,
		TLSConfig:         o.TLS,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       o.ReadTimeout,
		WriteTimeout:      o.WriteTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          o.ErrorLog,
	}
	served := make(chan error, 1)
	go func() {
		if o.TLS != nil {
			served <- server.ServeTLS(listener, "", "")
			return
		}
		served <- server.Serve(listener)
	}()
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), o.StopTimeout)
	defer cancel()
	if err := server.Shutdown(stopping); !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	cmp.Or(o.ErrorLog, log.Default()).Printf("requests in flight were cut off after %s", o.StopTimeout)
	return server.Close()
}
