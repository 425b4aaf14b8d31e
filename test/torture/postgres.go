package torture

import (
	"context"
	_ "embed" // the server's configuration
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"google.golang.org/protobuf/types/known/durationpb"

	"rampart/internal/process"
	"rampart/starter/setup"
)

//go:embed temporal-postgres.yaml
var officialConfiguration []byte

const (
	// databaseUser owns Temporal's databases; loopback connections need no password.
	databaseUser = "temporal"
	// retention is how long ended orders are kept.
	retention = 7 * 24 * time.Hour
	// askServer is how often a starting server is asked whether it serves.
	askServer = 500 * time.Millisecond
)

// databases are Temporal's, by the schema that each has.
func databases() map[string]string {
	return map[string]string{"temporal": "postgresql/v12/temporal", "temporal_visibility": "postgresql/v12/visibility"}
}

// official is the official Temporal server on a PostgreSQL cluster of its own.
type official struct {
	options  Options
	peaks    *process.Peaks
	port     string
	database *database
	ports    []string
	process  *process.Process
	ready    bool
}

var _ server = (*official)(nil)

func newOfficial(ctx context.Context, options Options, peaks *process.Peaks) (server, error) {
	port, err := process.FreePort()
	if err != nil {
		return nil, err
	}
	o := &official{options: options, peaks: peaks, port: port}
	if o.database, err = startDatabase(ctx, options.Dir, peaks); err != nil {
		return nil, err
	}
	if err := o.prepare(ctx); err != nil {
		o.close()
		return nil, err
	}
	return o, nil
}

// prepare makes the databases with the server's own tool, and writes the server's configuration.
func (o *official) prepare(ctx context.Context) error {
	for name, schema := range databases() {
		for _, arguments := range [][]string{
			{"create-database", "--defaultdb", "postgres"},
			{"setup-schema", "--version", "0.0"},
			{"update-schema", "--schema-name", schema},
		} {
			if err := o.sqlTool(ctx, name, arguments); err != nil {
				return err
			}
		}
	}
	for _, variable := range []string{
		"FRONTEND_MEMBERSHIP_PORT", "HISTORY_PORT", "HISTORY_MEMBERSHIP_PORT", "MATCHING_PORT", "MATCHING_MEMBERSHIP_PORT",
		"WORKER_PORT", "WORKER_MEMBERSHIP_PORT",
	} {
		port, err := process.FreePort()
		if err != nil {
			return err
		}
		o.ports = append(o.ports, variable+"="+port)
	}
	o.ports = append(o.ports, "FRONTEND_PORT="+o.port, "POSTGRES_PORT="+o.database.port)
	return os.WriteFile(o.configuration(), officialConfiguration, 0o600)
}

func (o *official) configuration() string {
	return filepath.Join(o.options.Dir, "temporal-postgres.yaml")
}

func (o *official) sqlTool(ctx context.Context, database string, arguments []string) error {
	all := append([]string{
		"--plugin", "postgres12", "--endpoint", "127.0.0.1", "--port", o.database.port,
		"--user", databaseUser, "--password", databaseUser, "--database", database,
	}, arguments...)
	output, err := exec.CommandContext(ctx, filepath.Join(o.options.Bin, "temporal-sql-tool"), all...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("temporal-sql-tool %s of %s: %w\n%s", arguments[0], database, err, output)
	}
	return nil
}

func (o *official) address() string { return net.JoinHostPort("127.0.0.1", o.port) }

func (o *official) storage() string { return "PostgreSQL (" + o.database.version + ")" }

func (o *official) start(ctx context.Context) error {
	var err error
	o.process, err = process.Start(ctx, process.Program{
		Name: "server", Path: filepath.Join(o.options.Bin, "temporal-server"), LogDir: o.options.Dir, Peaks: o.peaks, Silent: true,
		Arguments:   []string{"--config-file", o.configuration(), "--allow-no-auth", "start"},
		Environment: o.ports,
	})
	if err != nil {
		return err
	}
	temporal, err := o.dial(ctx)
	if err != nil {
		return err
	}
	defer temporal.Close()
	if !o.ready {
		err = makeNamespace(ctx, temporal)
		o.ready = err == nil
	}
	return err
}

// dial connects once the server serves.
func (o *official) dial(ctx context.Context) (client.Client, error) {
	for {
		temporal, err := client.DialContext(ctx, client.Options{
			HostPort: o.address(),
			Logger:   log.NewStructuredLogger(slog.New(slog.DiscardHandler)),
		})
		switch {
		case err == nil:
			return temporal, nil
		case !o.process.Running():
			return nil, fmt.Errorf("the Temporal server ended at its start:\n%s", o.process.LogTail())
		case !sleep(ctx, askServer):
			return nil, fmt.Errorf("the Temporal server does not serve: %w\n%s", err, o.process.LogTail())
		}
	}
}

func makeNamespace(ctx context.Context, temporal client.Client) error {
	service := temporal.WorkflowService()
	for {
		_, err := service.RegisterNamespace(ctx, &workflowservice.RegisterNamespaceRequest{
			Namespace:                        client.DefaultNamespace,
			WorkflowExecutionRetentionPeriod: durationpb.New(retention),
		})
		var there *serviceerror.NamespaceAlreadyExists
		if err == nil || errors.As(err, &there) {
			break
		}
		if !sleep(ctx, askServer) {
			return fmt.Errorf("the namespace cannot be made: %w", err)
		}
	}
	// A new namespace is known everywhere only after a moment.
	for {
		_, err := setup.EnsureSearchAttributes(ctx, temporal.OperatorService(), temporal, client.DefaultNamespace)
		if err == nil || !sleep(ctx, askServer) {
			return err
		}
	}
}

func (o *official) kill() { o.process.Kill() }

func (o *official) close() {
	if o.process != nil {
		o.process.Stop(stopGrace)
	}
	o.database.close()
}

// database is a PostgreSQL cluster of its own, on loopback, in a directory that goes with it.
type database struct {
	directory string
	port      string
	version   string
	process   *process.Process
}

func startDatabase(ctx context.Context, logs string, peaks *process.Peaks) (*database, error) {
	programs, err := postgresPrograms()
	if err != nil {
		return nil, err
	}
	credential, err := databaseCredential()
	if err != nil {
		return nil, err
	}
	d := &database{}
	if d.directory, err = os.MkdirTemp("", "torture-postgres-"); err != nil {
		return nil, err
	}
	if d.port, err = process.FreePort(); err != nil {
		return nil, err
	}
	if credential != nil {
		if err := os.Chown(d.directory, int(credential.Uid), int(credential.Gid)); err != nil {
			return nil, err
		}
	}
	make := exec.CommandContext(ctx, filepath.Join(programs, "initdb"), "--username", databaseUser, "--auth", "trust", "-D", d.data())
	make.Dir, make.SysProcAttr = d.directory, &syscall.SysProcAttr{Credential: credential}
	if output, err := make.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w\n%s", err, output)
	}
	d.process, err = process.Start(ctx, process.Program{
		Name: "postgres", Path: filepath.Join(programs, "postgres"), LogDir: logs, WorkingDir: d.directory, Peaks: peaks,
		Arguments:  []string{"-D", d.data(), "-h", "127.0.0.1", "-p", d.port, "-k", "", "-c", "max_connections=100"},
		Sign:       "database system is ready to accept connections",
		Credential: credential,
	})
	if err != nil {
		return nil, err
	}
	version, err := exec.CommandContext(ctx, filepath.Join(programs, "postgres"), "--version").Output()
	d.version = strings.TrimSpace(string(version))
	return d, err
}

func (d *database) data() string { return filepath.Join(d.directory, "data") }

func (d *database) close() {
	d.process.Stop(stopGrace)
	_ = os.RemoveAll(d.directory) // it is in the system's directory for what nobody misses
}

// postgresPrograms is the directory of PostgreSQL's programs, of the newest version that Debian has installed where
// they are not in PATH.
func postgresPrograms() (string, error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(path), nil
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb") // the pattern is well-formed
	if len(found) == 0 {
		return "", errors.New("there is no PostgreSQL on this machine: install Debian's package postgresql")
	}
	slices.Sort(found)
	return filepath.Dir(found[len(found)-1]), nil
}

// databaseCredential is who PostgreSQL runs as, for it refuses to run as root: Debian's user postgres. Another user runs it
// as they are.
func databaseCredential() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	account, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("PostgreSQL does not run as root: %w", err)
	}
	uid, err := strconv.ParseUint(account.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(account.Gid, 10, 32)
	if err != nil {
		return nil, err
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}
