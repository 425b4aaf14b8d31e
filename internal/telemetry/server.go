package telemetry

import (
	"io"
	"net/http"
	"net/http/pprof"

	"rampart/internal/loopback"
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
