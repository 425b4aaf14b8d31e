package torture

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"

	"rampart/codec"
	"rampart/internal/process"
	"rampart/ramp"
	"rampart/sandbox"
	"rampart/sandbox/ledger"
)

const (
	// workersRunning is how many workers there are; while one is replaced the others go on.
	workersRunning = 3
	// startTime bounds the start of a program.
	startTime = 2 * time.Minute
	// stopTime is what a worker is given to finish the calls under way, and stopGrace what it may take altogether.
	stopTime, stopGrace = 10 * time.Second, 30 * time.Second
)

// server is a Temporal server that can be killed and started again on the same data and address.
type server interface {
	// start starts it, or starts it again, and returns once it serves.
	start(ctx context.Context) error
	kill()
	close()
	address() string
	// storage says where the data is, for the report.
	storage() string
}

// cluster is all the parts, running.
type cluster struct {
	options Options
	peaks   *process.Peaks
	server  server
	sandbox *process.Process
	// provider is where the sandbox is.
	provider string
	keyset   string
	keyring  *codec.Keyring

	temporal client.Client
	orders   *ramp.Client

	mu      sync.Mutex
	workers [workersRunning]*process.Process
	// lost are the ends of workers that nobody asked for.
	lost []string
}

func startCluster(ctx context.Context, options Options, extra ...string) (*cluster, error) {
	c := &cluster{options: options, peaks: process.NewPeaks()}
	return c, errors.Join(c.start(ctx, extra))
}

func (c *cluster) start(ctx context.Context, extra []string) error {
	starting, cancel := context.WithTimeoutCause(ctx, startTime, errors.New("the parts do not start"))
	defer cancel()
	var err error
	if c.server, err = newServer(starting, c.options, c.peaks); err != nil {
		return err
	}
	for _, step := range []func(context.Context) error{
		c.makeKeyset, c.server.start, func(ctx context.Context) error { return c.startSandbox(ctx, extra) }, c.connect, c.startWorkers,
	} {
		if err := step(starting); err != nil {
			return err
		}
	}
	return nil
}

func newServer(ctx context.Context, options Options, peaks *process.Peaks) (server, error) {
	if options.PostgreSQL {
		return newOfficial(ctx, options, peaks)
	}
	port, err := process.FreePort()
	if err != nil {
		return nil, err
	}
	return &development{options: options, peaks: peaks, port: port}, nil
}

func (c *cluster) makeKeyset(ctx context.Context) error {
	source := codec.KeysetSource{File: filepath.Join(c.options.Dir, "keyset.json")}
	var err error
	if c.keyset, err = codec.CreateKeyset(ctx, source); err != nil {
		return err
	}
	c.keyring, err = codec.OpenKeyring(ctx, source)
	return err
}

func (c *cluster) startSandbox(ctx context.Context, extra []string) error {
	arguments := append([]string{
		"--listen", "127.0.0.1:0",
		"--seed", fmt.Sprint(c.options.Seed),
		"--speed", fmt.Sprint(c.options.Speed),
	}, extra...)
	var err error
	c.sandbox, err = process.Start(ctx, process.Program{
		Name: "sandbox", Path: c.program("sandbox"), Arguments: arguments, LogDir: c.options.Dir, Peaks: c.peaks, Sign: "http://",
	})
	if err == nil {
		c.provider = c.sandbox.ReadyLine()
	}
	return err
}

func (c *cluster) program(name string) string { return filepath.Join(c.options.Bin, name) }

func (c *cluster) connect(ctx context.Context) error {
	options := client.Options{
		HostPort: c.server.address(),
		Logger:   log.NewStructuredLogger(slog.New(slog.DiscardHandler)),
	}
	codec.Secure(&options, c.keyring)
	var err error
	if c.temporal, err = client.DialContext(ctx, options); err != nil {
		return err
	}
	c.orders = ramp.NewClient(c.temporal, options.DataConverter)
	return nil
}

func (c *cluster) startWorkers(ctx context.Context) error {
	for i := range c.workers {
		if err := c.startWorker(ctx, i); err != nil {
			return err
		}
	}
	return nil
}

func (c *cluster) startWorker(ctx context.Context, i int) error {
	p, err := process.Start(ctx, process.Program{
		Name: fmt.Sprintf("worker-%d", i), Path: c.program("worker"), LogDir: c.options.Dir, Peaks: c.peaks, Sign: "worker started",
		Environment: []string{
			"TEMPORAL_ADDRESS=" + c.server.address(),
			"TEMPORAL_NAMESPACE=default",
			"ONMETA_BASE_URL=" + c.provider,
			"ONMETA_API_KEY=" + sandbox.DefaultAPIKey,
			"ONMETA_API_SECRET=" + sandbox.DefaultAPISecret,
			"ONMETA_KYC_SECRET=" + sandbox.DefaultKYCSecret,
			fmt.Sprintf("ONMETA_CLOCK_SPEED=%g", c.options.Speed),
			fmt.Sprintf("ONMETA_RATE_LIMIT=%g", c.options.workerRate()),
			"RAMP_KEYSET_FILE=" + c.keyset,
			"RAMP_KYC_STORES=file://" + c.options.Dir,
			"RAMP_STOP_TIMEOUT=" + stopTime.String(),
		},
	})
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.workers[i] = p
	return nil
}

func (c *cluster) worker(i int) *process.Process {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.workers[i]
}

func (c *cluster) noteLost(what string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lost = append(c.lost, what)
}

// close ends every process.
func (c *cluster) close() {
	if c.temporal != nil {
		c.temporal.Close()
	}
	for i := range c.workers {
		if p := c.worker(i); p != nil {
			p.Kill()
		}
	}
	if c.sandbox != nil {
		c.sandbox.Stop(stopGrace)
	}
	if c.server != nil {
		c.server.close()
	}
}

// ledger is what the provider has done.
func (c *cluster) ledger(ctx context.Context) (ledger.Ledger, error) {
	var ledger ledger.Ledger
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.provider+"/sandbox/ledger", nil)
	if err != nil {
		return ledger, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return ledger, err
	}
	defer response.Body.Close()
	if err := json.NewDecoder(response.Body).Decode(&ledger); err != nil {
		return ledger, fmt.Errorf("the sandbox's ledger: %w", err)
	}
	return ledger, nil
}

// development is the development server on its SQLite file.
type development struct {
	options Options
	peaks   *process.Peaks
	port    string
	process *process.Process
}

var _ server = (*development)(nil)

func (d *development) address() string { return net.JoinHostPort("127.0.0.1", d.port) }

func (d *development) storage() string { return "SQLite file" }

func (d *development) start(ctx context.Context) error {
	directory, err := filepath.Abs(d.options.Bin)
	if err != nil {
		return err
	}
	configuration, err := filepath.Abs(d.options.Configuration)
	if err != nil {
		return err
	}
	d.process, err = process.Start(ctx, process.Program{
		Name: "server", Path: filepath.Join(directory, "devserver"), LogDir: d.options.Dir, Peaks: d.peaks, Sign: "TEMPORAL_ADDRESS=",
		Arguments: []string{
			"--config", configuration, "--port", d.port, "--ui-port", "0", "--db", filepath.Join(d.options.Dir, "temporal.db"),
		},
	})
	return err
}

func (d *development) kill() { d.process.Kill() }

func (d *development) close() {
	if d.process != nil {
		d.process.Stop(stopGrace)
	}
}

// say tells how a run goes.
func say(to io.Writer, begun time.Time, format string, args ...any) {
	_, _ = fmt.Fprintf(to, "%6s  %s\n", time.Since(begun).Round(time.Second), strings.TrimSpace(fmt.Sprintf(format, args...)))
}
