package testbed

import (
	"context"
	_ "embed" // the server's configuration
	"errors"
	"fmt"
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

	"go.temporal.io/sdk/client"

	"rampart/internal/process"
	"rampart/starter/setup"
)

//go:embed temporal-postgres.yaml
var officialConfiguration []byte

const (
	// databaseUser owns all databases; loopback connections need no password.
	databaseUser = "temporal"
	// officialRetention is how long the official server keeps closed orders.
	officialRetention = 7 * 24 * time.Hour
)

// schemas returns the schema of each of Temporal's databases, by its name.
func schemas() map[string]string {
	return map[string]string{"temporal": "postgresql/v12/temporal", "temporal_visibility": "postgresql/v12/visibility"}
}

// Official is the official Temporal server on a PostgreSQL cluster of its own. Its programs are temporal-server and temporal-sql-tool.
type Official struct {
	// Database is the cluster.
	Database *Database

	stack *Stack
	// environment has the ports of the server's configuration, and membership the address at which each service meets the others.
	environment []string
	membership  map[string]string
	// prepared is set once the namespace and the search attributes are registered.
	prepared bool
}

// NewOfficial starts a PostgreSQL cluster with Temporal's databases, and sets the address of the stack. The caller removes the cluster,
// also after an error if it gets one.
func (s *Stack) NewOfficial(ctx context.Context) (*Official, error) {
	database, err := StartDatabase(ctx, s, "postgres")
	if database == nil {
		return nil, err
	}
	o := &Official{stack: s, Database: database}
	if err != nil {
		return o, err
	}
	for name, schema := range schemas() {
		if err := o.createDatabase(ctx, name, schema); err != nil {
			return o, err
		}
	}
	return o, o.configure()
}

// createDatabase creates a database of Temporal's with the server's own tool.
func (o *Official) createDatabase(ctx context.Context, name, schema string) error {
	for _, command := range [][]string{
		{"create-database", "--defaultdb", "postgres"},
		{"setup-schema", "--version", "0.0"},
		{"update-schema", "--schema-name", schema},
	} {
		arguments := append([]string{
			"--plugin", "postgres12", "--endpoint", "127.0.0.1", "--port", o.Database.port,
			"--user", databaseUser, "--password", databaseUser, "--database", name,
		}, command...)
		output, err := exec.CommandContext(ctx, o.stack.Program("temporal-sql-tool"), arguments...).CombinedOutput()
		if err != nil {
			return fmt.Errorf("temporal-sql-tool %s of %s: %w\n%s", command[0], name, err, output)
		}
	}
	return nil
}

// configure chooses the server's ports and writes its configuration.
func (o *Official) configure() error {
	o.environment, o.membership = append(os.Environ(), append(o.stack.ServerEnvironment, "POSTGRES_PORT="+o.Database.port)...), map[string]string{}
	for _, service := range Services() {
		port, err := process.FreePort()
		if err != nil {
			return err
		}
		membership, err := process.FreePort()
		if err != nil {
			return err
		}
		if service == frontend {
			o.stack.Address = net.JoinHostPort("127.0.0.1", port)
		}
		o.membership[service] = net.JoinHostPort("127.0.0.1", membership)
		name := strings.ToUpper(service)
		o.environment = append(o.environment, name+"_PORT="+port, name+"_MEMBERSHIP_PORT="+membership)
	}
	return os.WriteFile(o.configuration(), officialConfiguration, 0o600)
}

// frontend is the service that clients call.
const frontend = "frontend"

// Services returns the services of a Temporal server, by the names of its command line.
func Services() []string { return []string{"history", "matching", frontend, "worker"} }

func (o *Official) configuration() string {
	return filepath.Join(o.stack.Dir, "temporal-postgres.yaml")
}

// Start starts the server, again after a kill, and returns once it serves.
func (o *Official) Start(ctx context.Context) (*process.Process, error) {
	return o.start(ctx, "server", o.prepare)
}

// StartService starts one service of the server in a process of its own, again after a kill. It returns once the service can be met by the
// others, and the frontend once it serves.
func (o *Official) StartService(ctx context.Context, service string) (*process.Process, error) {
	ready := func(ctx context.Context) error {
		met, err := new(net.Dialer).DialContext(ctx, "tcp", o.membership[service])
		if err != nil {
			return err
		}
		return met.Close()
	}
	if service == frontend {
		ready = o.prepare
	}
	return o.start(ctx, ServiceName(service), ready, "--service", service)
}

// ServiceName returns the name of the process of a service.
func ServiceName(service string) string { return "temporal_" + service }

func (o *Official) start(ctx context.Context, name string, ready func(context.Context) error, arguments ...string) (*process.Process, error) {
	started, err := o.stack.Processes.Start(process.Program{
		Name: name, Path: o.stack.Program("temporal-server"), Environment: o.environment,
		Arguments: append([]string{"--config-file", o.configuration(), "--allow-no-auth", "start"}, arguments...),
	})
	if err != nil {
		return nil, err
	}
	if err := started.Until(ctx, func() error { return ready(ctx) }); err != nil {
		return started, fmt.Errorf("%w; its log ends:\n%s", err, strings.Join(process.Tail(started.Log(), errorLines), "\n"))
	}
	return started, nil
}

// prepare returns nil once the server serves, and has the namespace and the search attributes of orders.
func (o *Official) prepare(ctx context.Context) error {
	temporal, _, err := o.stack.Dial(ctx, client.Options{}, nil)
	if err != nil {
		return err
	}
	defer temporal.Close()
	if o.prepared {
		return nil
	}
	if _, err := setup.EnsureNamespace(ctx, temporal.WorkflowService(), temporal, client.DefaultNamespace, officialRetention); err != nil {
		return err
	}
	_, err = setup.EnsureSearchAttributes(ctx, temporal.OperatorService(), temporal, client.DefaultNamespace)
	o.prepared = err == nil
	return err
}

// Database is a PostgreSQL cluster of its own, on loopback, in a temporary directory.
type Database struct {
	// Process is its first process, the parent of all others.
	Process *process.Process
	// Version is that of PostgreSQL, in its own words.
	Version string

	stack                           *Stack
	name, directory, port, programs string
	credential                      *syscall.Credential
	// limited is set if the directory is a file system of its own.
	limited bool
}

// StartDatabase starts a PostgreSQL cluster under the name of its program. The caller removes it, also after an error if it gets one.
func StartDatabase(ctx context.Context, s *Stack, name string) (*Database, error) {
	d := &Database{stack: s, name: name}
	var err error
	if d.programs, err = postgresPrograms(); err != nil {
		return nil, err
	}
	if d.credential, err = databaseCredential(); err != nil {
		return nil, err
	}
	if d.port, err = process.FreePort(); err != nil {
		return nil, err
	}
	if d.directory, err = os.MkdirTemp("", "testbed-postgres-"); err != nil {
		return nil, err
	}
	if err := d.create(ctx); err != nil {
		return d, err
	}
	return d, d.Start(ctx)
}

// create creates the cluster's files.
func (d *Database) create(ctx context.Context) error {
	if d.stack.DatabaseDisk > 0 {
		d.limit(ctx, d.stack.DatabaseDisk)
	}
	if d.credential != nil {
		if err := os.Chown(d.directory, int(d.credential.Uid), int(d.credential.Gid)); err != nil {
			return err
		}
	}
	command := exec.CommandContext(ctx, filepath.Join(d.programs, "initdb"), "--username", databaseUser, "--auth", "trust", "-D", d.data())
	command.Dir, command.SysProcAttr = d.directory, &syscall.SysProcAttr{Credential: d.credential}
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, output)
	}
	version, err := exec.CommandContext(ctx, filepath.Join(d.programs, "postgres"), "--version").Output()
	d.Version = strings.TrimSpace(string(version))
	return err
}

// Start starts PostgreSQL on the cluster, again after it has exited.
func (d *Database) Start(ctx context.Context) error {
	started, _, err := d.stack.Start(ctx, process.Program{
		Name: d.name, Path: filepath.Join(d.programs, "postgres"), Dir: d.directory,
		// Each service of a Temporal server in a process of its own opens up to 30 connections.
		Arguments: []string{"-D", d.data(), "-h", "127.0.0.1", "-p", d.port, "-k", "", "-c", "max_connections=200"},
		Adjust:    func(cmd *exec.Cmd) { cmd.SysProcAttr.Credential = d.credential },
	}, "database system is ready to accept connections")
	if err == nil {
		d.Process = started
	}
	return err
}

// Stop stops PostgreSQL as an operator does who does not wait for its clients.
func (d *Database) Stop(ctx context.Context) error {
	command := exec.CommandContext(ctx, filepath.Join(d.programs, "pg_ctl"), "stop", "--mode", "fast", "-D", d.data())
	command.Dir, command.SysProcAttr = d.directory, &syscall.SysProcAttr{Credential: d.credential}
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("pg_ctl stop: %w\n%s", err, output)
	}
	return nil
}

func (d *Database) data() string { return filepath.Join(d.directory, "data") }

// URL returns the address of the database postgres, which every cluster has.
func (d *Database) URL() string {
	return "postgres://" + databaseUser + "@127.0.0.1:" + d.port + "/postgres?sslmode=disable"
}

// Query returns what a statement returns in a database, as psql writes it: rows in lines, columns separated by |.
func (d *Database) Query(ctx context.Context, name, statement string) (string, error) {
	output, err := exec.CommandContext(ctx, filepath.Join(d.programs, "psql"), "--no-psqlrc", "--quiet", "--tuples-only", "--no-align",
		"--host", "127.0.0.1", "--port", d.port, "--username", databaseUser, "--dbname", name, "--command", statement).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("psql: %w\n%s", err, output)
	}
	return strings.TrimSpace(string(output)), nil
}

// Size returns the bytes of all databases of the cluster.
func (d *Database) Size(ctx context.Context) (int64, error) {
	text, err := d.Query(ctx, "postgres", "SELECT sum(pg_database_size(oid)) FROM pg_database")
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(text, 10, 64)
}

// Remove removes the data. The programs have stopped by then.
func (d *Database) Remove() {
	if d.limited {
		// Lazily, as a process that lost its parent may still be exiting.
		_ = exec.Command("umount", "--lazy", d.directory).Run() // what is left is a temporary file system
	}
	_ = os.RemoveAll(d.directory) // it is in the system's directory for temporary files
}

// postgresPrograms returns the directory of PostgreSQL's programs: that of initdb in PATH, else that of the newest version that Debian
// has installed.
func postgresPrograms() (string, error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil {
			return filepath.Dir(path), nil
		}
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb") // the pattern is well-formed
	if len(found) == 0 {
		return "", errors.New("this machine has no PostgreSQL: install Debian's package postgresql")
	}
	slices.Sort(found)
	return filepath.Dir(found[len(found)-1]), nil
}

// databaseCredential returns the user that PostgreSQL runs as, because it refuses to run as root: Debian's user postgres if this process
// runs as root, else nil, which is the user of this process.
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
