package bench

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"

	"rampart/codec"
	"rampart/internal/process"
	"rampart/ramp"
	"rampart/sandbox"
	"rampart/test/bench/baseline"
)

const (
	// startTime bounds the start of everything.
	startTime = 2 * time.Minute
	// stopGrace is what a program may take to stop.
	stopGrace = 30 * time.Second
	// lastLine begins the last line that the server writes when it is ready.
	lastLine = "Data "
	// unlimited is a rate that no worker reaches.
	unlimited = 100_000
)

// stackSettings are what differs between measurements.
type stackSettings struct {
	// speed is how many times as fast as real time the provider's clock runs, for workers.
	speed float64
	// workerRate is how many requests a second the worker is set to, and providerRate how many the provider answers; zero is any
	// number.
	workerRate, providerRate float64
	// measured makes the server count what it does.
	measured bool
}

// stack is all the parts, running.
type stack struct {
	options Options
	stackSettings
	address string
	// metrics is where the server's are, if they are wanted.
	metrics  string
	server   *process.Process
	provider *provider
	worker   *program
	ports    *program
	retries  *program
	keyset   string
	keyring  *codec.Keyring

	ours, portsClient, retriesClient client.Client
	orders                           *ramp.Client
}

// newStack starts the server, the provider and the worker.
func newStack(ctx context.Context, options Options, settings stackSettings) (*stack, error) {
	s := &stack{options: options, stackSettings: settings}
	ctx, cancel := context.WithTimeoutCause(ctx, startTime, errors.New("the parts do not start"))
	defer cancel()
	var err error
	if s.provider, err = startProvider(options.Seed, settings.providerRate); err != nil {
		return s, err
	}
	for _, step := range []func(context.Context) error{s.makeKeyset, s.startServer, s.startWorker, s.connect} {
		if err := step(ctx); err != nil {
			return s, err
		}
	}
	return s, nil
}

func (s *stack) makeKeyset(ctx context.Context) error {
	source := codec.KeysetSource{File: filepath.Join(s.options.Dir, "keyset.json")}
	var err error
	if s.keyset, err = codec.CreateKeyset(ctx, source); err != nil {
		return err
	}
	s.keyring, err = codec.OpenKeyring(ctx, source)
	return err
}

func (s *stack) startServer(ctx context.Context) error {
	port, err := process.FreePort()
	if err != nil {
		return err
	}
	s.address = "127.0.0.1:" + port
	configuration, err := configure(s.options.Dir, s.options.Configuration)
	if err != nil {
		return err
	}
	var environment []string
	if s.measured {
		environment = append(environment, "PROMETHEUS_ENDPOINT=127.0.0.1:0") // the server takes a free port, and says which
	}
	s.server, err = process.Start(ctx, process.Program{
		Name: "server", Path: s.path("devserver"), LogDir: s.options.Dir, Sign: lastLine,
		Arguments: []string{"--config", configuration, "--port", port, "--ui-port", "0"}, Environment: environment,
	})
	if err != nil {
		return err
	}
	for line := range strings.Lines(s.server.LogTail()) {
		if where, found := strings.CutPrefix(line, "Metrics"); found {
			s.metrics = strings.TrimSpace(where)
		}
	}
	return nil
}

func (s *stack) path(name string) string { return filepath.Join(s.options.Bin, name) }

// program is a worker that runs, and where it shows its profiles.
type program struct {
	*process.Process
	profiles string
}

// newProgram finds a port for profiles, and starts a worker that knows of it.
func newProgram(ctx context.Context, starts func(profiles string) process.Program) (*program, error) {
	port, err := process.FreePort()
	if err != nil {
		return nil, err
	}
	p := &program{profiles: "127.0.0.1:" + port}
	p.Process, err = process.Start(ctx, starts(p.profiles))
	return p, err
}

func (s *stack) startWorker(ctx context.Context) error {
	var err error
	s.worker, err = newProgram(ctx, func(profiles string) process.Program {
		return process.Program{
			Name: "worker", Path: s.path("worker"), LogDir: s.options.Dir, Sign: "worker started",
			Environment: s.workerEnvironment(profiles),
		}
	})
	return err
}

func (s *stack) workerEnvironment(profiles string) []string {
	return []string{
		"TEMPORAL_ADDRESS=" + s.address,
		"TEMPORAL_NAMESPACE=" + oursNamespace,
		"ONMETA_BASE_URL=" + s.provider.address,
		"ONMETA_API_KEY=" + sandbox.DefaultAPIKey,
		"ONMETA_API_SECRET=" + sandbox.DefaultAPISecret,
		"ONMETA_KYC_SECRET=" + sandbox.DefaultKYCSecret,
		fmt.Sprintf("ONMETA_CLOCK_SPEED=%g", s.speed),
		fmt.Sprintf("ONMETA_RATE_LIMIT=%g", cmp.Or(s.workerRate, unlimited)),
		"RAMP_KEYSET_FILE=" + s.keyset,
		"RAMP_KYC_STORES=file://" + s.options.Dir,
		"RAMP_HTTP_ADDRESS=" + profiles,
		"RAMP_PPROF=true",
	}
}

// startBaselines starts what is compared with, each in its own namespace and process.
func (s *stack) startBaselines(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, startTime, errors.New("the baselines do not start"))
	defer cancel()
	var err error
	if s.ports, err = s.startBaseline(ctx, baseline.Ports, portsNamespace); err != nil {
		return err
	}
	if s.retries, err = s.startBaseline(ctx, baseline.Retries, retriesNamespace); err != nil {
		return err
	}
	if s.portsClient, err = s.dial(ctx, portsNamespace, nil); err != nil {
		return err
	}
	s.retriesClient, err = s.dial(ctx, retriesNamespace, s.keyring)
	return err
}

func (s *stack) startBaseline(ctx context.Context, kind baseline.Kind, namespace string) (*program, error) {
	if err := addNamespace(ctx, s.address, namespace); err != nil {
		return nil, err
	}
	return newProgram(ctx, func(profiles string) process.Program {
		return process.Program{
			Name: string(kind), Path: s.path("bench"), LogDir: s.options.Dir, Sign: baseline.Ready,
			Arguments: []string{
				"baseline", "--kind", string(kind), "--temporal", s.address, "--namespace", namespace, "--provider", s.provider.address,
				"--keyset", s.keyset, "--speed", fmt.Sprint(s.speed), "--profiles", profiles,
			},
		}
	})
}

func (s *stack) connect(ctx context.Context) error {
	var err error
	if s.ours, err = s.dial(ctx, oursNamespace, s.keyring); err != nil {
		return err
	}
	options := client.Options{}
	codec.Secure(&options, s.keyring)
	s.orders = ramp.NewClient(s.ours, options.DataConverter)
	return nil
}

// dial connects to a namespace; without a keyring nothing is encrypted.
func (s *stack) dial(ctx context.Context, namespace string, keyring *codec.Keyring) (client.Client, error) {
	options := client.Options{HostPort: s.address, Namespace: namespace, Logger: silent()}
	if keyring != nil {
		codec.Secure(&options, keyring)
	}
	return client.DialContext(ctx, options)
}

func silent() log.Logger { return log.NewStructuredLogger(slog.New(slog.DiscardHandler)) }

// becomeOrdinary ends what only the registration of search attributes needed, and waits until the server has read it.
func (s *stack) becomeOrdinary(ctx context.Context) error {
	if err := writeDynamicConfig(s.options.Dir, dynamicConfig); err != nil {
		return err
	}
	if !sleep(ctx, 2*reread) {
		return ctx.Err()
	}
	return nil
}

// close ends everything.
func (s *stack) close() {
	for _, c := range []client.Client{s.ours, s.portsClient, s.retriesClient} {
		if c != nil {
			c.Close()
		}
	}
	for _, p := range s.running() {
		p.Stop(stopGrace)
	}
	if s.provider != nil {
		s.provider.close()
	}
}

// running are all programs, the server last.
func (s *stack) running() []*process.Process {
	var all []*process.Process
	for _, worker := range []*program{s.ports, s.retries, s.worker} {
		if worker != nil && worker.Process != nil {
			all = append(all, worker.Process)
		}
	}
	if s.server != nil {
		all = append(all, s.server)
	}
	return all
}
