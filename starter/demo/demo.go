package demo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"go.temporal.io/sdk/contrib/envconfig"

	"rampart/codec"
	"rampart/ramp"
	"rampart/starter/view"
)

// Options are what a demo can be told.
type Options struct {
	// Bin is the directory of the programs devserver, sandbox and worker.
	Bin string
	// Config is the Temporal server's configuration.
	Config string
	// Keyset encrypts what the orders leave in Temporal. One that is not there yet is made.
	Keyset codec.KeysetSource
	// Port, UIPort and CodecPort are those of the Temporal server, its Web UI and its codec server on 127.0.0.1; 0 takes
	// free ones.
	Port, UIPort, CodecPort uint16
	// Keep leaves everything running at the end until the context is done.
	Keep bool
	// Program is how the command line was called, for the commands that the demo suggests.
	Program     string
	Environment envconfig.EnvLookup
	Screen      *view.Screen
}

// Result is how the two orders ended.
type Result struct {
	Onramp  *ramp.Order `json:"onramp"`
	Offramp *ramp.Order `json:"offramp"`
}

// FailedError says which part of the demo failed.
type FailedError struct {
	Cause error
	// Log is the log of the part that failed, and Tail its last lines.
	Log  string
	Tail []string
}

// Error implements error.
func (e *FailedError) Error() string { return "the demo failed: " + e.Cause.Error() }

// Unwrap returns what went wrong.
func (e *FailedError) Unwrap() error { return e.Cause }

// Details are the last log lines of the part that failed, and where there are more.
func (e *FailedError) Details() []string {
	var lines []string
	if len(e.Tail) > 0 {
		lines = append(lines, "The last lines of "+e.Log+":")
		for _, line := range e.Tail {
			lines = append(lines, "  "+line)
		}
	}
	return append(lines, "The logs of all programs are in "+filepath.Dir(e.Log)+".")
}

// run is a demo under way.
type run struct {
	Options
	logs      string
	processes *supervisor
	began     time.Time
	keys      keys
}

// Run runs the demo. It returns once both orders are over, or something has failed, and every process it has started is gone.
// The error is a *FailedError once processes run.
func Run(ctx context.Context, options Options) (Result, error) {
	needed := []string{sandbox, worker, codecServer}
	if address, _ := options.Environment.LookupEnv("TEMPORAL_ADDRESS"); address == "" {
		needed = append(needed, devserver)
	}
	if err := findPrograms(options.Bin, needed...); err != nil {
		return Result{}, err
	}
	logs, err := os.MkdirTemp("", "rampart-demo-")
	if err != nil {
		return Result{}, fmt.Errorf("make a directory for logs: %w", err)
	}
	watched, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	r := &run{Options: options, logs: logs, processes: newSupervisor(logs, fail), began: time.Now()}
	result, err := r.everything(watched)
	if failure := new(FailedError); errors.As(err, &failure) {
		return result, failure
	}
	return result, errors.Join(err, os.RemoveAll(logs))
}

// everything runs the demo, and stops what it has started, however it ends.
func (r *run) everything(ctx context.Context) (result Result, err error) {
	defer func() {
		err = r.diagnose(ctx, err)
		r.Screen.Status("")
		r.processes.stop()
	}()
	r.Screen.Line("An on-ramp and an off-ramp order, from beginning to end, against the sandbox: no account, no money.")
	r.Screen.Blank()
	if r.keys, err = r.keyset(ctx); err != nil {
		return result, err
	}
	server, err := r.temporal(ctx)
	if err != nil {
		return result, err
	}
	defer server.connection.Close()
	sandbox, err := r.sandbox(ctx)
	if err != nil {
		return result, err
	}
	if err := r.worker(ctx, server, sandbox); err != nil {
		return result, err
	}
	if result, err = r.orders(ctx, server); err != nil {
		return result, err
	}
	r.Screen.Blank()
	r.Screen.Linef("Both orders completed, %s after the start of the demo.", view.Span(time.Since(r.began)))
	return result, r.keep(ctx, server)
}

// keep leaves everything running until the demo is told to stop.
func (r *run) keep(ctx context.Context, server *server) error {
	if !r.Keep {
		if r.processes.has(devserver) {
			r.Screen.Line("All of it is stopped now. With --keep it goes on running, and the links to the Web UI work.")
		}
		return nil
	}
	r.Screen.Blank()
	r.Screen.Line("All of it keeps running until you press Ctrl-C. In another terminal:")
	r.Screen.Linef("  TEMPORAL_ADDRESS=%s TEMPORAL_NAMESPACE=%s %s list", server.connection.Address, server.connection.Namespace, r.Program)
	r.Screen.Linef("  the programs' logs: %s", r.logs)
	<-ctx.Done()
	if lost := new(lostError); errors.As(context.Cause(ctx), &lost) {
		return lost
	}
	return nil
}

// diagnose finds the part that failed. An interruption is nobody's failure.
func (r *run) diagnose(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	part := "worker"
	if lost := new(lostError); errors.As(context.Cause(ctx), &lost) {
		err, part = lost, lost.program
	} else if ctx.Err() != nil {
		return &interruptedError{ctx.Err()}
	}
	if starting := new(partError); errors.As(err, &starting) {
		part = starting.program
	}
	if !r.processes.has(part) {
		return err
	}
	log := r.processes.log(part)
	return &FailedError{Cause: err, Log: log, Tail: tail(log, tailLines)}
}

// interruptedError says that the demo was told to stop before its end.
type interruptedError struct{ cause error }

func (e *interruptedError) Error() string {
	return "the demo was interrupted; everything it had started is stopped"
}

func (e *interruptedError) Unwrap() error { return e.cause }

// partError is a failure of one of the programs.
type partError struct {
	program string
	cause   error
}

func (e *partError) Error() string { return e.program + ": " + e.cause.Error() }

func (e *partError) Unwrap() error { return e.cause }

// findPrograms checks that programs are built before anything starts.
func findPrograms(bin string, names ...string) error {
	for _, name := range names {
		path := filepath.Join(bin, name)
		if info, err := os.Stat(path); err != nil || info.IsDir() {
			return fmt.Errorf("there is no program %s: build it with make build, or name its directory with --bin", path)
		}
	}
	return nil
}
