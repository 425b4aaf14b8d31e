package torture

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"rampart/internal/process"
	"rampart/test/testbed"
)

const (
	// workersRunning is how many workers there are; while one is replaced the others continue.
	workersRunning = 3
	// startTime is how long a program may take to start.
	startTime = 2 * time.Minute
	// stopTime is how long a worker may take to finish the calls in progress, and stopGrace how long it may take to stop.
	stopTime, stopGrace = 10 * time.Second, 30 * time.Second
)

// server is a Temporal server whose data and address survive a kill.
type server interface {
	// start starts the server, again after a kill, and returns once it serves.
	start(ctx context.Context) (*process.Process, error)
	// storage describes where the data is, for the report.
	storage() string
	// remove removes data outside the directory of the run. The programs have stopped by then.
	remove()
}

// stackSettings are what differs between kinds of runs.
type stackSettings struct {
	// gateways receive the provider's webhooks; nil for none.
	gateways *gateways
	// environment is further variables of the workers.
	environment []string
}

// stack is a testbed.Stack with several workers and a server that can be killed.
type stack struct {
	testbed.Stack
	options Options
	server  server
	stackSettings

	mu            sync.Mutex
	serverProcess *process.Process
	workers       [workersRunning]*process.Process
	// unexpectedExits are the logs of programs that exited without being stopped.
	unexpectedExits []string
}

// startStack starts everything, the sandbox with further arguments. The caller closes the stack, also after an error.
func startStack(ctx context.Context, options Options, settings stackSettings, sandboxArguments ...string) (*stack, error) {
	s := &stack{options: options, stackSettings: settings, Stack: testbed.Stack{
		Bin: options.Bin, Config: options.Config, Dir: options.Dir, Speed: options.Speed,
		Processes: process.Group{Logs: options.Dir},
	}}
	if options.Cluster {
		s.DatabaseDisk = diskOf(options)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, startTime, errors.New("the programs do not start in time"))
	defer cancel()
	var err error
	if s.server, err = newServer(ctx, s); err != nil {
		return s, err
	}
	sandboxArguments = append(sandboxArguments, "--seed", fmt.Sprint(options.Seed))
	for _, step := range []func(context.Context) error{
		s.CreateKeyset,
		s.startServer,
		func(ctx context.Context) error {
			_, err := s.StartSandbox(ctx, sandboxArguments...)
			return err
		},
		s.Connect,
		s.startWorkers,
		s.startGateways,
	} {
		if err := step(ctx); err != nil {
			return s, err
		}
	}
	return s, nil
}

func newServer(ctx context.Context, s *stack) (server, error) {
	if s.options.PostgreSQL || s.options.Cluster {
		return newOfficial(ctx, s)
	}
	return &development{s}, nil
}

func (s *stack) startServer(ctx context.Context) error {
	started, err := s.server.start(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.serverProcess = started
	return err
}

func (s *stack) killServer() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.serverProcess.Kill()
}

// startGateways starts the gateways, if there are any.
func (s *stack) startGateways(ctx context.Context) error {
	if s.gateways == nil {
		return nil
	}
	for i := range s.gateways.all {
		if err := s.startGateway(ctx, i); err != nil {
			return err
		}
	}
	return nil
}

func (s *stack) startWorkers(ctx context.Context) error {
	for i := range s.workers {
		if err := s.startWorker(ctx, i); err != nil {
			return err
		}
	}
	return nil
}

func (s *stack) startWorker(ctx context.Context, i int) error {
	environment := append([]string{
		fmt.Sprintf("ONMETA_RATE_LIMIT=%g", s.options.workerRate()),
		"RAMP_STOP_TIMEOUT=" + stopTime.String(),
	}, s.environment...)
	started, err := s.StartWorker(ctx, workerName(i), environment...)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.workers[i] = started
	return nil
}

func workerName(i int) string { return fmt.Sprintf("worker-%d", i) }

func (s *stack) worker(i int) *process.Process {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.workers[i]
}

// noteUnexpectedExit records a program that exited by itself, with the end of its log.
func (s *stack) noteUnexpectedExit(exited *process.Process) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unexpectedExits = append(s.unexpectedExits,
		exited.Name()+" exited by itself; its log ends:\n"+strings.Join(process.Tail(exited.Log(), logLines), "\n"))
}

// logLines is how many lines of a log are reported.
const logLines = 40

// close stops every program.
func (s *stack) close() {
	for _, running := range slices.Backward(s.Processes.Running()) {
		if strings.HasPrefix(running.Name(), "worker") || strings.HasPrefix(running.Name(), testbed.ServiceName("")) {
			running.Kill() // an order that is stuck would keep it from stopping, and PostgreSQL waits for its clients
		}
	}
	s.Close(stopGrace)
	if s.server != nil {
		s.server.remove()
	}
}

// development is the development server on an SQLite file.
type development struct{ stack *stack }

var _ server = (*development)(nil)

func (d *development) start(ctx context.Context) (*process.Process, error) {
	return d.stack.StartServer(ctx, "--ui-port", "0", "--db", filepath.Join(d.stack.Dir, "temporal.db"))
}

func (d *development) storage() string { return "SQLite file" }

func (d *development) remove() {}
