package telemetry

import (
	"context"
	"io"
	"net/http"
	"net/http/pprof"

	"rampart/internal/loopback"
)

// Pages are the HTTP endpoints of a process for operators.
type Pages struct {
	// Metrics serves /metrics, after the checks of Ready, which are among them.
	Metrics http.Handler
	// Ready serves /readyz. /healthz responds "ok" as long as the process runs.
	Ready *Readiness
	// Pprof enables Go's profiles at /debug/pprof/, for requests from this machine or through a tunnel to it.
	Pprof bool
}

// Handler serves the pages.
func (p Pages) Handler() http.Handler {
	pages := http.NewServeMux()
	pages.HandleFunc("GET /metrics", func(w http.ResponseWriter, r *http.Request) {
		p.Ready.check(context.WithoutCancel(r.Context()))
		p.Metrics.ServeHTTP(w, r)
	})
	pages.Handle("GET /readyz", p.Ready)
	pages.HandleFunc("GET /healthz", alive)
	if p.Pprof {
		// Profiles cost CPU time, and reveal the contents of memory.
		pages.Handle("/debug/pprof/", loopback.Guard(profiles()))
	}
	return pages
}

func alive(w http.ResponseWriter, _ *http.Request) {
	_, _ = io.WriteString(w, "ok\n") // the client may be gone
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
