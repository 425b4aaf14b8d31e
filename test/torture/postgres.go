package torture

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
	// databaseUser owns Temporal's databases; loopback connections need no password.
	databaseUser = "temporal"
	// retention is how long Temporal keeps closed orders.
	retention = 7 * 24 * time.Hour
)

// databases returns the schema of each of Temporal's databases, by its name.
func databases() map[string]string {
	return map[string]string{"temporal": "postgresql/v12/temporal", "temporal_visibility": "postgresql/v12/visibility"}
}

// official is the official Temporal server on a PostgreSQL cluster of its own.
type official struct {
	stack    *stack
	database *database
	// environment has the ports of the server's configuration.
	environment []string
	// prepared is set once the namespace and the search attributes are registered.
	prepared bool
}

var _ server = (*official)(nil)

func newOfficial(ctx context.Context, s *stack) (server, error) {
	database, err := startDatabase(ctx, s)
	if err != nil {
		return nil, err
	}
	o := &official{stack: s, database: database}
	for name, schema := range databases() {
		if err := o.createDatabase(ctx, name, schema); err != nil {
			return o, err
		}
	}
	return o, o.configure()
}

// createDatabase creates a database of Temporal's with the server's own tool.
func (o *official) createDatabase(ctx context.Context, name, schema string) error {
	for _, command := range [][]string{
		{"create-database", "--defaultdb", "postgres"},
		{"setup-schema", "--version", "0.0"},
		{"update-schema", "--schema-name", schema},
	} {
		arguments := append([]string{
			"--plugin", "postgres12", "--endpoint", "127.0.0.1", "--port", o.database.port,
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
func (o *official) configure() error {
	o.environment = append(os.Environ(), "POSTGRES_PORT="+o.database.port)
	for _, name := range []string{
		"FRONTEND", "FRONTEND_MEMBERSHIP", "HISTORY", "HISTORY_MEMBERSHIP", "MATCHING", "MATCHING_MEMBERSHIP", "WORKER", "WORKER_MEMBERSHIP",
	} {
		port, err := process.FreePort()
		if err != nil {
			return err
		}
		if name == "FRONTEND" {
			o.stack.Address = net.JoinHostPort("127.0.0.1", port)
		}
		o.environment = append(o.environment, name+"_PORT="+port)
	}
	return os.WriteFile(o.configuration(), officialConfiguration, 0o600)
}

func (o *official) configuration() string {
	return filepath.Join(o.stack.Dir, "temporal-postgres.yaml")
}

func (o *official) storage() string { return "PostgreSQL (" + o.database.version + ")" }

func (o *official) start(ctx context.Context) (*process.Process, error) {
	started, err := o.stack.Processes.Start(process.Program{
		Name: "server", Path: o.stack.Program("temporal-server"), Environment: o.environment,
		Arguments: []string{"--config-file", o.configuration(), "--allow-no-auth", "start"},
	})
	if err != nil {
		return nil, err
	}
	if err := started.Until(ctx, func() error { return o.prepare(ctx) }); err != nil {
		return started, fmt.Errorf("%w; its log ends:\n%s", err, strings.Join(process.Tail(started.Log(), logLines), "\n"))
	}
	return started, nil
}

// prepare returns nil once the server serves, and has the namespace and the search attributes of orders.
func (o *official) prepare(ctx context.Context) error {
	temporal, _, err := o.stack.Dial(ctx, client.Options{}, nil)
	if err != nil {
		return err
	}
	defer temporal.Close()
	if o.prepared {
		return nil
	}
	if _, err := setup.EnsureNamespace(ctx, temporal.WorkflowService(), temporal, client.DefaultNamespace, retention); err != nil {
		return err
	}
	_, err = setup.EnsureSearchAttributes(ctx, temporal.OperatorService(), temporal, client.DefaultNamespace)
	o.prepared = err == nil
	return err
}

func (o *official) remove() { o.database.remove() }

// database is a PostgreSQL cluster of its own, on loopback, in a temporary directory.
type database struct {
	directory string
	port      string
	version   string
}

func startDatabase(ctx context.Context, s *stack) (*database, error) {
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
	create := exec.CommandContext(ctx, filepath.Join(programs, "initdb"), "--username", databaseUser, "--auth", "trust", "-D", d.data())
	create.Dir, create.SysProcAttr = d.directory, &syscall.SysProcAttr{Credential: credential}
	if output, err := create.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w\n%s", err, output)
	}
	_, _, err = s.Start(ctx, process.Program{
		Name: "postgres", Path: filepath.Join(programs, "postgres"), Dir: d.directory,
		Arguments: []string{"-D", d.data(), "-h", "127.0.0.1", "-p", d.port, "-k", "", "-c", "max_connections=100"},
		Adjust:    func(cmd *exec.Cmd) { cmd.SysProcAttr.Credential = credential },
	}, "database system is ready to accept connections")
	if err != nil {
		return nil, err
	}
	version, err := exec.CommandContext(ctx, filepath.Join(programs, "postgres"), "--version").Output()
	d.version = strings.TrimSpace(string(version))
	return d, err
}

func (d *database) data() string { return filepath.Join(d.directory, "data") }

func (d *database) remove() {
	_ = os.RemoveAll(d.directory) // it is in the system's directory for temporary files
}

// postgresPrograms returns the directory of PostgreSQL's programs: that of initdb in PATH, else that of the newest version that Debian
// has installed.
func postgresPrograms() (string, error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(path), nil
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
