package stack

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"rampart/internal/process"
	"rampart/ramp"
	"rampart/starter/view"
)

// Names of the programs.
const (
	devserver   = "devserver"
	codecServer = "codec-server"
	sandbox     = "sandbox"
	worker      = "worker"
	gateway     = "gateway"
)

const (
	localhost = "127.0.0.1"
	// startTime is how long a program may take to become ready.
	startTime = 90 * time.Second
	// stopTimeout bounds how long the worker waits for calls in flight.
	stopTimeout = "RAMP_STOP_TIMEOUT=5s"
	logFormat   = "RAMP_LOG_FORMAT=console"
)

// launch starts a program with this environment.
func (s *Stack) launch(name string, arguments, environment []string) (*process.Process, error) {
	return s.processes.Start(process.Program{
		Name: name, Path: filepath.Join(s.options.Bin, name), Arguments: arguments, Environment: environment,
	})
}

// environment returns the variables of the stack's programs: those of the caller without the settings of Rampart and of Temporal, which
// may be those of a production system. Variables that begin with a name in kept stay.
func (s *Stack) environment(kept ...string) []string {
	return slices.DeleteFunc(slices.Clone(s.options.Environment.Environ()), func(variable string) bool {
		hasPrefix := func(prefix string) bool { return strings.HasPrefix(variable, prefix) }
		return slices.ContainsFunc([]string{"ONMETA_", "RAMP_", "TEMPORAL_"}, hasPrefix) && !slices.ContainsFunc(kept, hasPrefix)
	})
}

// startCodecServer starts the codec server of the Web UI.
func (s *Stack) startCodecServer(ctx context.Context) error {
	address := local(s.options.Ports.Codec)
	s.progress("Codec", "starting the codec server")
	p, err := s.launch(codecServer, nil, slices.Concat(s.environment(), s.keys.environment,
		[]string{"RAMP_CODEC_LISTEN=" + address, "RAMP_CODEC_ORIGINS=" + s.UI.Base, logFormat}))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	s.Addresses.CodecServer = "http://" + address
	if err := p.UntilHealthy(ctx, s.Addresses.CodecServer+"/healthz"); err != nil {
		return &programError{codecServer, err}
	}
	s.report("Codec", "codec server at %s; it decrypts payloads for the Web UI", s.Addresses.CodecServer)
	return nil
}

// startSandbox starts the sandbox, with random credentials, which the worker uses.
func (s *Stack) startSandbox(ctx context.Context) error {
	s.progress("Sandbox", "starting the sandbox")
	s.credentials = []string{
		"ONMETA_API_KEY=" + rand.Text(), "ONMETA_API_SECRET=" + rand.Text(), "ONMETA_KYC_SECRET=" + rand.Text(),
	}
	webhooks, err := process.FreePort()
	if err != nil {
		return err
	}
	s.webhooks = net.JoinHostPort(localhost, webhooks)
	arguments := []string{
		"--listen", local(s.options.Ports.Sandbox), "--speed", fmt.Sprint(s.options.Speed),
		"--webhooks", "http://" + s.webhooks + "/provider/onmeta/orders", "--kyc-webhooks", "http://" + s.webhooks + "/provider/onmeta/kyc",
	}
	p, err := s.launch(sandbox, arguments, append(s.environment(), s.credentials...))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	if s.Addresses.Sandbox, err = p.UntilLine(ctx, "http://"); err != nil {
		return &programError{sandbox, err}
	}
	s.report("Sandbox", "simulated provider at %s; its clock runs %g times as fast as real time", s.Addresses.Sandbox, s.options.Speed)
	return nil
}

// launchWorker starts a worker.
func (s *Stack) launchWorker() (*process.Process, error) {
	events, err := s.writeEvents()
	if err != nil {
		return nil, err
	}
	s.progress("Worker", "starting a worker")
	return s.launch(worker, nil, slices.Concat(s.temporal, s.keys.environment, s.credentials, []string{
		"ONMETA_BASE_URL=" + s.Addresses.Sandbox,
		"RAMP_EVENTS_FILE=" + events,
		fmt.Sprintf("ONMETA_CLOCK_SPEED=%g", s.options.Speed),
		logFormat,
		stopTimeout,
	}))
}

// awaitWorker returns once a worker polls the task queue of the orders.
func (s *Stack) awaitWorker(ctx context.Context, launched *process.Process) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	if err := launched.Until(ctx, func() error { return s.newPoller(ctx) }); err != nil {
		return &programError{worker, err}
	}
	s.report("Worker", "polls the task queues %s and %s", ramp.TaskQueue, ramp.WatchTaskQueue)
	return nil
}

// report prints a line about a part that is ready.
func (s *Stack) report(part, format string, args ...any) {
	Report(s.options.Screen, part, format, args...)
}

// Report prints a line about a part.
func Report(screen *view.Screen, part, format string, args ...any) {
	screen.Status("")
	screen.Linef("  %-9s %s", part, fmt.Sprintf(format, args...))
}

// progress shows what is being done: in the status line of a terminal, else on a line of its own.
func (s *Stack) progress(part, what string) {
	if s.options.Screen.Live() {
		s.options.Screen.Status(fmt.Sprintf("  %-9s %s …", part, what))
		return
	}
	s.report(part, "%s", what)
}
