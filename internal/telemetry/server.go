package telemetry

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/pprof"
	"time"

	"rampart/internal/loopback"
)

// What a client may take its time for. A profile takes as long as it is asked to, which WriteTimeout would cut off.
const (
	headerTimeout = 5 * time.Second
	idleTimeout   = 2 * time.Minute
	stopTimeout   = 2 * time.Second
	maxHeaders    = 16 << 10
)

// Pages are what a process shows of itself.
type Pages struct {
	// Metrics is shown at /metrics.
	Metrics http.Handler
	// Ready is shown at /readyz. At /healthz stands "ok" for as long as the process lives.
	Ready http.Handler
	// Pprof shows Go's profiles at /debug/pprof/, to who asks from this machine, or through a tunnel to it.
	Pprof bool
}

// Handler shows the pages.
func (p Pages) Handler() http.Handler {
	pages := http.NewServeMux()
	pages.Handle("GET /metrics", p.Metrics)
	pages.Handle("GET /readyz", p.Ready)
	pages.HandleFunc("GET /healthz", alive)
	if p.Pprof {
		// Profiles cost, and tell much.
		pages.Handle("/debug/pprof/", loopback.Guard(profiles()))
	}
	return pages
}

func alive(w http.ResponseWriter, _ *http.Request) {
	_, _ = io.WriteString(w, "ok\n") // whoever asked may be gone
}

func profiles() http.Handler {
	pages := http.NewServeMux()
	pages.HandleFunc("/debug/pprof/", pprof.Index)
	pages.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	pages.HandleFunc("/debug/pprof/profile", pprof.Profile)
	pages.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	pages.HandleFunc("/debug/pprof/trace", pprof.Trace)
	return pages
}

// Serve shows pages on a listener until ctx ends, and closes it. It speaks plain HTTP.
func Serve(ctx context.Context, listener net.Listener, pages http.Handler, complaints *log.Logger) error {
	web := &http.Server{
		Handler:           pages,
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaders,
		ErrorLog:          complaints,
	}
	stopped := make(chan error, 1)
	go func() { stopped <- web.Serve(listener) }()
	select {
	case err := <-stopped:
		return err
	case <-ctx.Done():
	}
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	if err := web.Shutdown(stopping); !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return web.Close() // somebody takes a profile
}
