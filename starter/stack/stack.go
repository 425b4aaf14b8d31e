// Package stack starts the whole of Rampart on this machine: a Temporal server with its Web UI, the codec server, the sandbox, a worker
// and the gateway, each a process of its own, and stops all of them. The demo and starter dev use it.
package stack

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
	"rampart/starter/connection"
	"rampart/starter/stack/addresses"
	"rampart/starter/view"
)

// Options configure a stack.
type Options struct {
	// Purpose is what the stack is for, in one word: it names the directory of the logs, and begins errors.
	Purpose string
	// Bin is the directory of the programs devserver, codec-server, sandbox, worker and gateway.
	Bin string
	// Config is the path of the Temporal server's configuration.
	Config string
	// Database is the SQLite file in which the Temporal server keeps its data; empty keeps them in memory.
	Database string
	// Keyset names the keys that encrypt the payloads of the orders. It is created if it does not exist.
	Keyset codec.KeysetSource
	Ports  Ports
	// Speed is how many times faster than real time the sandbox's clock runs.
	Speed       float64
	Environment envconfig.EnvLookup
	Screen      *view.Screen
}

// Ports are ports of 127.0.0.1; 0 means any free one.
type Ports struct {
	// Temporal, UI and Codec are those of the Temporal server, its Web UI and its codec server.
	Temporal, UI, Codec uint16
	// Gateway is where backends call, and Sandbox the provider's API and the sandbox's control plane.
	Gateway, Sandbox uint16
	// Events is where the endpoint DevEndpoint is expected: nothing of the stack listens there.
	Events uint16
}

// Stack is a stack that runs.
type Stack struct {
	// Connection is a connection of a backend that has the keys.
	Connection *connection.Connection
	// UI is the Web UI; its zero value means that it is unknown.
	UI view.WebUI
	// Addresses is where everything is.
	Addresses addresses.Addresses
	// Own reports whether the stack started the Temporal server.
	Own bool

	options   Options
	processes *process.Group
	keys      keys
	// temporal is the variables of a program that connects to the Temporal server.
	temporal []string
	// formerPollers is the last poll of each worker that polled before the stack started its own, by identity.
	formerPollers map[string]time.Time
	credentials   []string
	// webhooks is the host:port at which the gateway receives the sandbox's webhooks.
	webhooks string
}

// stopGrace is how long a program may take to stop before it is killed.
const stopGrace = 10 * time.Second

// Run starts a stack, calls use with it, and returns what use returns once every program that it started has exited. The context of
// use ends if a program exits; its cause is then a *process.ExitError.
//
// Once a program runs, an error is a *FailedError, or wraps context.Canceled if ctx was cancelled.
func Run(ctx context.Context, options Options, use func(context.Context, *Stack) error) error {
	needed := []string{sandbox, worker, codecServer, gateway}
	if address, _ := options.Environment.LookupEnv("TEMPORAL_ADDRESS"); address == "" {
		needed = append(needed, devserver)
	}
	if err := findPrograms(options.Bin, needed...); err != nil {
		return err
	}
	logs, err := os.MkdirTemp("", "rampart-"+options.Purpose+"-")
	if err != nil {
		return fmt.Errorf("create a directory for logs: %w", err)
	}
	watched, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	s := &Stack{
		options:   options,
		processes: &process.Group{Logs: logs, Lost: func(err *process.ExitError) { fail(err) }},
		Addresses: addresses.Addresses{Logs: logs},
	}
	err = s.run(watched, use)
	if failure := new(FailedError); errors.As(err, &failure) {
		return failure
	}
	return errors.Join(err, os.RemoveAll(logs))
}

// run starts the programs, calls use, and stops the programs.
func (s *Stack) run(ctx context.Context, use func(context.Context, *Stack) error) (err error) {
	defer func() {
		err = s.diagnose(ctx, err)
		s.options.Screen.Status("")
		s.processes.Stop(stopGrace)
	}()
	if err := s.start(ctx); err != nil {
		return err
	}
	defer s.Connection.Close()
	return use(ctx, s)
}

// start starts the programs, and returns once all are ready.
func (s *Stack) start(ctx context.Context) error {
	if err := s.choosePorts(); err != nil {
		return err
	}
	if err := s.openKeyset(ctx); err != nil {
		return err
	}
	if err := s.startTemporal(ctx); err != nil {
		return err
	}
	if err := s.startRest(ctx); err != nil {
		s.Connection.Close()
		return err
	}
	return nil
}

// startRest starts what needs a Temporal server. The worker and the gateway start at the same time.
func (s *Stack) startRest(ctx context.Context) error {
	if err := s.startSandbox(ctx); err != nil {
		return err
	}
	launched, err := s.launchWorker()
	if err != nil {
		return err
	}
	if err := s.startGateway(ctx); err != nil {
		return err
	}
	return s.awaitWorker(ctx, launched)
}

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
