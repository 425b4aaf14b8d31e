package demo

import (
	"context"
	"crypto/rand"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"rampart/internal/process"
	"rampart/ramp"
)

// Names of the programs.
const (
	devserver   = "devserver"
	codecServer = "codec-server"
	sandbox     = "sandbox"
	worker      = "worker"
)

const (
	localhost = "127.0.0.1"
	// speed is how many times faster than real time the sandbox's clock runs.
	speed = "20"
	// startTime is how long a program may take to become ready.
	startTime = 90 * time.Second
)

// start starts a program with this environment.
func (r *run) start(name string, arguments, environment []string) (*process.Process, error) {
	return r.processes.Start(process.Program{
		Name: name, Path: filepath.Join(r.Bin, name), Arguments: arguments, Environment: environment,
	})
}

// environment returns the variables of the demo's programs: those of the caller without the settings of Rampart and of Temporal, which
// may be those of a production system. Variables that begin with a name in kept stay.
func (r *run) environment(kept ...string) []string {
	return slices.DeleteFunc(slices.Clone(r.Environment.Environ()), func(variable string) bool {
		hasPrefix := func(prefix string) bool { return strings.HasPrefix(variable, prefix) }
		return slices.ContainsFunc([]string{"ONMETA_", "RAMP_", "TEMPORAL_"}, hasPrefix) && !slices.ContainsFunc(kept, hasPrefix)
	})
}

// provider is the sandbox of this run.
type provider struct {
	url string
	// credentials are variables with random credentials, which the sandbox accepts and the worker uses.
	credentials []string
}

// sandbox starts the sandbox.
func (r *run) sandbox(ctx context.Context) (*provider, error) {
	r.progress("Sandbox", "starting the sandbox")
	credentials := []string{
		"ONMETA_API_KEY=" + rand.Text(), "ONMETA_API_SECRET=" + rand.Text(), "ONMETA_KYC_SECRET=" + rand.Text(),
	}
	p, err := r.start(sandbox, []string{"--listen", localhost + ":0", "--speed", speed}, append(r.environment(), credentials...))
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	url, err := p.UntilLine(ctx, "http://")
	if err != nil {
		return nil, &programError{sandbox, err}
	}
	r.report("Sandbox", "simulated provider at %s; its clock runs %s times faster than real time", url, speed)
	return &provider{url: url, credentials: credentials}, nil
}

// worker starts a worker, and returns once it polls the task queue of the orders.
func (r *run) worker(ctx context.Context, s *server, to *provider) error {
	r.progress("Worker", "starting a worker")
	p, err := r.start(worker, nil, slices.Concat(s.environment, r.keys.environment, to.credentials, []string{
		"ONMETA_BASE_URL=" + to.url,
		"ONMETA_CLOCK_SPEED=" + speed,
		"RAMP_LOG_FORMAT=console",
		"RAMP_STOP_TIMEOUT=5s",
	}))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	if err := p.Until(ctx, func() error { return newPoller(ctx, s) }); err != nil {
		return &programError{worker, err}
	}
	r.report("Worker", "polls the task queues %s and %s", ramp.TaskQueue, ramp.WatchTaskQueue)
	return nil
}

// report prints a line about a part that is ready.
func (r *run) report(part, format string, args ...any) {
	r.Screen.Status("")
	r.Screen.Linef("  %-9s %s", part, fmt.Sprintf(format, args...))
}

// progress shows what is being done: in the status line of a terminal, else on a line of its own.
func (r *run) progress(part, what string) {
	if r.Screen.Live() {
		r.Screen.Status(fmt.Sprintf("  %-9s %s …", part, what))
		return
	}
	r.report(part, "%s", what)
}
