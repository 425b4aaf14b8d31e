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
	"rampart/internal/process"
	"rampart/ramp"
	"rampart/ramp/situation"
	"rampart/starter/view"
)

// Options configure a demo.
type Options struct {
	// Bin is the directory of the programs devserver, codec-server, sandbox and worker.
	Bin string
	// Config is the path of the Temporal server's configuration.
	Config string
	// Keyset names the keys that encrypt the payloads of the orders. It is created if it does not exist.
	Keyset codec.KeysetSource
	// Port, UIPort and CodecPort are the ports of the Temporal server, its Web UI and its codec server on 127.0.0.1; 0 means any free
	// port.
	Port, UIPort, CodecPort uint16
	// Keep leaves the programs running at the end, until the context ends.
	Keep bool
	// Program is the name by which the command line was called, for the commands that the demo suggests.
	Program     string
	Environment envconfig.EnvLookup
	Screen      *view.Screen
}

// Result is the final state of the two orders.
type Result struct {
	Onramp  *ramp.Order `json:"onramp"`
	Offramp *ramp.Order `json:"offramp"`
}

// FailedError reports which program made the demo fail.
type FailedError struct {
	Cause error
	// Log is the path of the program's log, and Tail its last lines.
	Log  string
	Tail []string
}

// Error implements error.
func (e *FailedError) Error() string { return "the demo failed: " + e.Cause.Error() }

// Unwrap returns the cause.
func (e *FailedError) Unwrap() error { return e.Cause }

// Details returns the last lines of the program's log, and where the other logs are.
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

const (
	// tailLines is how many lines of a log a FailedError has.
	tailLines = 20
	// stopGrace is how long a program may take to stop before it is killed.
	stopGrace = 10 * time.Second
)

// run is a demo in progress.
type run struct {
	Options
	processes *process.Group
	began     time.Time
	keys      keys
}

// Run runs the demo. It returns once both orders are closed or a part has failed, and every process that it started has exited.
// Once a process runs, the error is a *FailedError, or wraps context.Canceled if ctx was cancelled.
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
		return Result{}, fmt.Errorf("create a directory for logs: %w", err)
	}
	watched, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	r := &run{
		Options:   options,
		processes: &process.Group{Logs: logs, Lost: func(err *process.ExitError) { fail(err) }},
		began:     time.Now(),
	}
	result, err := r.runAll(watched)
	if failure := new(FailedError); errors.As(err, &failure) {
		return result, failure
	}
	return result, errors.Join(err, os.RemoveAll(logs))
}

// runAll starts the programs, runs the orders, and stops the programs.
func (r *run) runAll(ctx context.Context) (result Result, err error) {
	defer func() {
		err = r.diagnose(ctx, err)
		r.Screen.Status("")
		r.processes.Stop(stopGrace)
	}()
	r.Screen.Line("Running an on-ramp and an off-ramp order from start to end, against the sandbox. It needs no account and moves no money.")
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
	r.Screen.Linef("Both orders completed, %s after the start of the demo.", situation.Span(time.Since(r.began)))
	return result, r.keep(ctx, server)
}

// keep leaves the programs running until ctx ends, if the options say so.
func (r *run) keep(ctx context.Context, server *server) error {
	if !r.Keep {
		if r.processes.Find(devserver) != nil {
			r.Screen.Line("All programs stop now. With --keep they keep running, and the links to the Web UI work.")
		}
		return nil
	}
	r.Screen.Blank()
	r.Screen.Line("All programs keep running until you press Ctrl-C. In another terminal:")
	r.Screen.Linef("  TEMPORAL_ADDRESS=%s TEMPORAL_NAMESPACE=%s %s list", server.connection.Address, server.connection.Namespace, r.Program)
	r.Screen.Linef("  The logs are in %s.", r.processes.Logs)
	<-ctx.Done()
	if lost := new(process.ExitError); errors.As(context.Cause(ctx), &lost) {
		return lost
	}
	return nil
}

// diagnose finds the program that made the demo fail. An interruption is not a failure of a program.
func (r *run) diagnose(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	part := worker
	if lost := new(process.ExitError); errors.As(err, &lost) || errors.As(context.Cause(ctx), &lost) {
		err, part = lost, lost.Program
	} else if ctx.Err() != nil {
		return &interruptedError{ctx.Err()}
	}
	if failed := new(programError); errors.As(err, &failed) {
		part = failed.program
	}
	found := r.processes.Find(part)
	if found == nil {
		return err
	}
	return &FailedError{Cause: err, Log: found.Log(), Tail: process.Tail(found.Log(), tailLines)}
}

// interruptedError reports that the demo was cancelled.
type interruptedError struct{ cause error }

func (e *interruptedError) Error() string {
	return "the demo was interrupted; everything that it had started is stopped"
}

func (e *interruptedError) Unwrap() error { return e.cause }

// programError is an error with the name of the program whose log may explain it.
type programError struct {
	program string
	cause   error
}

func (e *programError) Error() string { return e.cause.Error() }

func (e *programError) Unwrap() error { return e.cause }

// findPrograms checks that programs are built.
func findPrograms(bin string, names ...string) error {
	for _, name := range names {
		path := filepath.Join(bin, name)
		if info, err := os.Stat(path); err != nil || info.IsDir() {
			return fmt.Errorf("program %s does not exist: build it with make build, or name its directory with --bin", path)
		}
	}
	return nil
}
