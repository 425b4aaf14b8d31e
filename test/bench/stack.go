package bench

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"go.temporal.io/sdk/client"

	"rampart/internal/process"
	"rampart/starter/setup"
	"rampart/test/bench/baseline"
	"rampart/test/testbed"
)

const (
	// startTime is how long all programs may take to start.
	startTime = 2 * time.Minute
	// stopGrace is how long a program may take to stop.
	stopGrace = 30 * time.Second
	// unlimited is a rate that no worker reaches.
	unlimited = 100_000
	// retention is how long Temporal keeps closed orders: longer than any measurement.
	retention = 24 * time.Hour
)

// Namespaces of the variants, on the same server.
const (
	oursNamespace    = client.DefaultNamespace
	portsNamespace   = "ports"
	retriesNamespace = "retries"
)

// stackSettings are what differs between measurements.
type stackSettings struct {
	// speed is how many times as fast as real time the workers expect the provider's clock to run.
	speed float64
	// workerRate is the limit of requests a second of the worker, and providerRate that of the provider; 0 means no limit.
	workerRate, providerRate float64
	// serverMetrics makes the server export metrics, and serverProfiles makes it serve Go's profiles.
	serverMetrics, serverProfiles bool
	// postgres keeps Temporal's data in PostgreSQL, with the official server, instead of in the development server's memory.
	postgres bool
	// workerless starts no worker: the measurement starts its own.
	workerless bool
	// shared is the provider of another stack, which closes it; nil starts one.
	shared *provider
}

// stack is a testbed.Stack with the provider in this process, and with workers of the variants that Rampart is compared with.
type stack struct {
	testbed.Stack
	stackSettings
	options Options
	// metricsURL is where the server exports metrics, and profiles the address at which it serves Go's profiles, if it does.
	metricsURL, profiles string
	server               *process.Process
	// database is that of the official server; nil for the development server.
	database *testbed.Database
	provider *provider
	worker   *worker
	ports    *worker
	retries  *worker

	portsClient, retriesClient client.Client
}

// newStack starts the server, the provider and the worker. The caller closes the stack, also after an error.
func newStack(ctx context.Context, options Options, settings stackSettings) (*stack, error) {
	s := &stack{options: options, stackSettings: settings, provider: settings.shared, Stack: testbed.Stack{
		Bin: options.Bin, Dir: options.Dir, Speed: settings.speed, Processes: process.Group{Logs: options.Dir},
	}}
	ctx, cancel := context.WithTimeoutCause(ctx, startTime, errors.New("the programs do not start in time"))
	defer cancel()
	var err error
	if s.provider == nil {
		if s.provider, err = startProvider(options.Seed, settings.providerRate); err != nil {
			return s, err
		}
		if err := s.provider.encrypt(options.Dir); err != nil {
			return s, err
		}
	}
	s.Provider = s.provider.address
	for _, step := range []func(context.Context) error{s.CreateKeyset, s.startServer, s.startWorker, s.Connect} {
		if err := step(ctx); err != nil {
			return s, err
		}
	}
	return s, nil
}

func (s *stack) startServer(ctx context.Context) error {
	if s.postgres {
		return s.startOfficial(ctx)
	}
	var err error
	if s.Config, err = configure(s.options.Dir, s.options.Config); err != nil {
		return err
	}
	if err := s.openProfiles(); err != nil {
		return err
	}
	if s.serverMetrics {
		s.ServerEnvironment = append(s.ServerEnvironment, "PROMETHEUS_ENDPOINT=127.0.0.1:0") // the server chooses a port and prints it
	}
	if s.server, err = s.StartServer(ctx, "--ui-port", "0"); err != nil {
		return err
	}
	return s.readAddresses(ctx)
}

// readAddresses reads where the development server serves metrics and profiles: at other ports than it was told.
func (s *stack) readAddresses(ctx context.Context) error {
	if s.serverProfiles {
		line, err := s.server.UntilLine(ctx, "Profiles")
		if err != nil {
			return err
		}
		_, address, _ := strings.Cut(line, "http://")
		s.profiles, _, _ = strings.Cut(address, "/")
	}
	if !s.serverMetrics {
		return nil
	}
	line, err := s.server.UntilLine(ctx, "Metrics")
	s.metricsURL = strings.TrimSpace(strings.TrimPrefix(line, "Metrics"))
	return err
}

// openProfiles lets the server serve Go's profiles.
func (s *stack) openProfiles() error {
	if !s.serverProfiles {
		return nil
	}
	port, err := process.FreePort()
	s.profiles = "127.0.0.1:" + port
	s.ServerEnvironment = append(s.ServerEnvironment, "PPROF_PORT="+port)
	return err
}

func (s *stack) startOfficial(ctx context.Context) error {
	if err := s.configureOfficial(); err != nil {
		return err
	}
	official, err := s.NewOfficial(ctx)
	if official != nil {
		s.database = official.Database
	}
	if err != nil {
		return err
	}
	s.server, err = official.Start(ctx)
	return err
}

// configureOfficial gives the official server the same dynamic configuration as the development server, if the measurement compares the two.
func (s *stack) configureOfficial() error {
	if !s.options.Postgres {
		return nil
	}
	if err := writeDynamicConfig(s.options.Dir, dynamicConfig+refreshing); err != nil {
		return err
	}
	s.ServerEnvironment = append(s.ServerEnvironment, fmt.Sprintf("HISTORY_SHARDS=%d", s.options.Shards), "DYNAMIC_CONFIG="+dynamicConfigFile(s.options.Dir))
	if s.serverMetrics {
		port, err := process.FreePort()
		if err != nil {
			return err
		}
		s.metricsURL = "http://127.0.0.1:" + port + "/metrics"
		s.ServerEnvironment = append(s.ServerEnvironment, "PROMETHEUS_ENDPOINT=127.0.0.1:"+port)
	}
	return s.openProfiles()
}

// databaseName describes what Temporal's data is kept in.
func (s *stack) databaseName() string {
	if s.database == nil {
		return "SQLite in memory"
	}
	return fmt.Sprintf("%s, %d shards", s.database.Version, s.options.Shards)
}

// used returns the processor time of a program since its start, and of all processes of a database.
func (s *stack) used(p *process.Process) (time.Duration, error) {
	if s.database != nil && p == s.database.Process {
		return p.TreeCPU()
	}
	return p.CPU()
}

// databaseUsed returns the processor time of the database; 0 where it is in the server's memory.
func (s *stack) databaseUsed() (time.Duration, error) {
	if s.database == nil {
		return 0, nil
	}
	return s.used(s.database.Process)
}

// databaseIdle returns the share of one processor that the database uses without orders, of shares by the names of programs.
func (s *stack) databaseIdle(idle map[string]float64) float64 {
	if s.database == nil {
		return 0
	}
	return idle[s.database.Process.Name()]
}

// databaseSize returns the bytes of the database; 0 where it is in the server's memory.
func (s *stack) databaseSize(ctx context.Context) (int64, error) {
	if s.database == nil {
		return 0, nil
	}
	return s.database.Size(ctx)
}

// worker is a worker process and the address of its profiles.
type worker struct {
	*process.Process
	profiles string
}

// newWorker chooses an address for profiles, and starts a worker that serves them there.
func newWorker(start func(profiles string) (*process.Process, error)) (*worker, error) {
	port, err := process.FreePort()
	if err != nil {
		return nil, err
	}
	w := &worker{profiles: "127.0.0.1:" + port}
	w.Process, err = start(w.profiles)
	return w, err
}

func (s *stack) startWorker(ctx context.Context) error {
	if s.workerless {
		return nil
	}
	var err error
	s.worker, err = s.startNamedWorker(ctx, "worker")
	return err
}

// startNamedWorker starts a worker under the name of its process.
func (s *stack) startNamedWorker(ctx context.Context, name string) (*worker, error) {
	return newWorker(func(profiles string) (*process.Process, error) {
		return s.StartWorker(ctx, name, append(s.provider.environment(),
			fmt.Sprintf("ONMETA_RATE_LIMIT=%g", cmp.Or(s.workerRate, unlimited)),
			"RAMP_HTTP_ADDRESS="+profiles,
			"RAMP_PPROF=true",
		)...)
	})
}

// startBaselines starts the variants that Rampart is compared with, each in a namespace and a process of its own.
func (s *stack) startBaselines(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, startTime, errors.New("the baselines do not start in time"))
	defer cancel()
	var err error
	if s.ports, err = s.startBaseline(ctx, baseline.Ports, portsNamespace); err != nil {
		return err
	}
	if s.retries, err = s.startBaseline(ctx, baseline.Retries, retriesNamespace); err != nil {
		return err
	}
	if s.portsClient, _, err = s.Dial(ctx, client.Options{Namespace: portsNamespace}, nil); err != nil {
		return err
	}
	s.retriesClient, _, err = s.Dial(ctx, client.Options{Namespace: retriesNamespace}, s.Keyring)
	return err
}

func (s *stack) startBaseline(ctx context.Context, kind baseline.Kind, namespace string) (*worker, error) {
	if err := s.addNamespace(ctx, namespace); err != nil {
		return nil, err
	}
	return s.startComparable(ctx, string(kind), kind, namespace)
}

// startComparable starts a worker of the program bench under the name of its process, with further arguments.
func (s *stack) startComparable(ctx context.Context, name string, kind baseline.Kind, namespace string, arguments ...string) (*worker, error) {
	return newWorker(func(profiles string) (*process.Process, error) {
		started, _, err := s.Start(ctx, process.Program{
			Name: name, Path: s.Program("bench"), Arguments: append([]string{
				"baseline", "--kind", string(kind), "--temporal", s.Address, "--namespace", namespace, "--provider", s.Provider,
				"--keyset", s.Keyset, "--speed", fmt.Sprint(s.speed), "--profiles", profiles,
			}, arguments...),
			Environment: append(os.Environ(), s.provider.environment()...),
		}, baseline.Ready)
		return started, err
	})
}

// addNamespace creates a namespace with the search attributes of orders.
func (s *stack) addNamespace(ctx context.Context, name string) error {
	temporal, _, err := s.Dial(ctx, client.Options{Namespace: name}, nil)
	if err != nil {
		return err
	}
	defer temporal.Close()
	if _, err := setup.EnsureNamespace(ctx, temporal.WorkflowService(), temporal, name, retention); err != nil {
		return err
	}
	_, err = setup.EnsureSearchAttributes(ctx, temporal.OperatorService(), temporal, name)
	return err
}

// useSteadyConfig removes the dynamic configuration that only the registration of search attributes needs, and waits until the server has
// read the file again.
func (s *stack) useSteadyConfig(ctx context.Context) error {
	if err := writeDynamicConfig(s.options.Dir, dynamicConfig); err != nil {
		return err
	}
	if !sleep(ctx, 2*reread) {
		return ctx.Err()
	}
	return nil
}

// close stops every program.
func (s *stack) close() {
	for _, c := range []client.Client{s.portsClient, s.retriesClient} {
		if c != nil {
			c.Close()
		}
	}
	s.Close(stopGrace)
	if s.provider != nil && s.shared == nil {
		s.provider.close()
	}
	if s.database != nil {
		s.database.Remove()
	}
}
