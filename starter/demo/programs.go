package demo

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

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
	// readyIn is how long a program may take to be ready.
	readyIn = 90 * time.Second
	// lookAgain is how often one is asked that cannot say it by itself.
	lookAgain = 200 * time.Millisecond
)

// provider is the sandbox of this run.
type provider struct {
	url         string
	credentials []string
}

// sandbox starts the provider's sandbox.
func (r *run) sandbox(ctx context.Context) (*provider, error) {
	r.working("Sandbox", "starting the provider's sandbox")
	made := credentials()
	p, err := r.processes.start(sandbox, filepath.Join(r.Bin, sandbox),
		[]string{"--listen", localhost + ":0", "--speed", speed},
		append(without(r.Environment, "ONMETA_", "RAMP_", "TEMPORAL_"), made...))
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, readyIn)
	defer cancel()
	url, err := p.says(ctx)
	if err != nil {
		return nil, err
	}
	if !strings.HasPrefix(url, "http://") {
		return nil, &partError{sandbox, errors.New("did not say where it is")}
	}
	r.say("Sandbox", "the provider, played at %s; its clock runs %s times as fast", url, speed)
	return &provider{url: url, credentials: made}, nil
}

// worker starts a worker and returns once it serves the orders' task queue.
func (r *run) worker(ctx context.Context, s *server, to *provider) error {
	r.working("Worker", "starting a worker")
	_, err := r.processes.start(worker, filepath.Join(r.Bin, worker), nil, slices.Concat(s.environment, r.keys.environment, to.credentials, []string{
		"ONMETA_BASE_URL=" + to.url,
		"ONMETA_CLOCK_SPEED=" + speed,
		"RAMP_LOG_FORMAT=console",
		"RAMP_STOP_TIMEOUT=5s",
	}))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, readyIn)
	defer cancel()
	if err := arrival(ctx, s); err != nil {
		return &partError{worker, err}
	}
	r.say("Worker", "serves the task queues %s and %s", ramp.TaskQueue, ramp.WatchTaskQueue)
	return nil
}

// say prints a part of the demo that is ready.
func (r *run) say(part, format string, args ...any) {
	r.Screen.Status("")
	r.Screen.Linef("  %-9s %s", part, fmt.Sprintf(format, args...))
}

// working says what is being done: in the status line, or on a line of its own where there is none.
func (r *run) working(part, what string) {
	if r.Screen.Live() {
		r.Screen.Status(fmt.Sprintf("  %-9s %s …", part, what))
		return
	}
	r.say(part, "%s", what)
}
