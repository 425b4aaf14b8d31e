package main

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"time"

	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/metrics"
	"go.temporal.io/server/common/persistence/sql"
	"go.temporal.io/server/common/persistence/sql/sqlplugin"
	sqliteplugin "go.temporal.io/server/common/persistence/sql/sqlplugin/sqlite"
	"go.temporal.io/server/common/resolver"
	"go.temporal.io/server/schema/sqlite"
	"google.golang.org/protobuf/types/known/durationpb"

	"rampart/ramp"
)

const (
	namespace = "default"
	// retention is how long a closed order stays visible.
	retention = 7 * 24 * time.Hour
)

// useFile configures every store to use one SQLite file.
func useFile(persistence *config.Persistence, path string) error {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return fmt.Errorf("--db %s: %w", path, err)
	}
	if dir := filepath.Dir(absolute); !isDirectory(dir) {
		return fmt.Errorf("--db %s: there is no directory %s", path, dir)
	}
	for _, name := range []string{persistence.DefaultStore, persistence.VisibilityStore} {
		store, err := sqliteStore(persistence, name)
		if err != nil {
			return err
		}
		// The name becomes the path of a file: URI.
		store.DatabaseName = (&url.URL{Path: absolute}).EscapedPath()
		store.MaxConns, store.MaxIdleConns, store.MaxConnLifetime = 1, 1, 0
		store.ConnectAttributes = map[string]string{
			"mode":         "rwc",
			"journal_mode": "wal",
			// Every commit is synced to disk, so that acknowledged writes survive a power failure.
			"synchronous": "full",
			// A second server on the same file would take over this one's shards.
			"locking_mode": "exclusive",
		}
	}
	return nil
}

func isDirectory(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

func sqliteStore(persistence *config.Persistence, name string) (*config.SQL, error) {
	store := persistence.DataStores[name].SQL
	if store == nil || store.PluginName != sqliteplugin.PluginName {
		return nil, fmt.Errorf("persistence.datastores.%s is not SQLite, the only store that devserver sets up", name)
	}
	return store, nil
}

// store is the SQLite database under the server, which uses the same connection.
type store struct {
	db    sqlplugin.AdminDB
	place string // location of the data, for messages
}

// openStore prepares the database before the server starts: schema, namespace and, in a new database, the search attributes. The
// server then needs no cache refresh to see them.
func openStore(cfg *config.Config, file string) (*store, error) {
	sqlConfig, err := sqliteStore(&cfg.Persistence, cfg.Persistence.DefaultStore)
	if err != nil {
		return nil, err
	}
	place := dataPlace(sqlConfig, file)
	db, err := prepare(sqlConfig, cfg.ClusterMetadata.CurrentClusterName)
	if isBusy(err) {
		return nil, fmt.Errorf("database %s is in use by another process", place)
	}
	if err != nil {
		return nil, fmt.Errorf("database %s cannot serve Temporal: %w", place, err)
	}
	return &store{db: db, place: place}, nil
}

func dataPlace(sqlConfig *config.SQL, file string) string {
	switch {
	case file != "":
		return file
	case sqlConfig.ConnectAttributes["mode"] == "memory":
		return "in memory, gone when devserver stops; --db FILE keeps it"
	default:
		return sqlConfig.DatabaseName
	}
}

// isBusy reports whether an error is SQLITE_BUSY: another process has locked the database.
func isBusy(err error) bool {
	const sqliteBusy = 5
	var coded interface{ Code() int }
	return errors.As(err, &coded) && coded.Code() == sqliteBusy
}

func prepare(sqlConfig *config.SQL, cluster string) (sqlplugin.AdminDB, error) {
	db, err := sql.NewSQLAdminDB(sqlplugin.DbKindUnknown, sqlConfig,
		resolver.NewNoopResolver(), log.NewNoopLogger(), metrics.NoopMetricsHandler)
	if err != nil {
		return nil, err
	}
	if err := ensureSchema(db, sqlConfig.DatabaseName); err != nil {
		return nil, err
	}
	return db, createNamespace(sqlConfig, cluster)
}

// ensureSchema creates the tables of an empty database in one transaction, so that a crash leaves it empty.
func ensureSchema(db sqlplugin.AdminDB, name string) error {
	tables, err := db.ListTables(name)
	if err != nil {
		return fmt.Errorf("list tables: %w", err)
	}
	if slices.Contains(tables, "namespaces") {
		return nil
	}
	if len(tables) > 0 {
		return errors.New("it holds tables of something else")
	}
	// The store has a single connection, so these statements share one transaction.
	if err := db.Exec("BEGIN IMMEDIATE"); err != nil {
		return fmt.Errorf("create schema: %w", err)
	}
	if err := sqlite.SetupSchemaOnDB(db); err != nil {
		return fmt.Errorf("create schema: %w", err)
	}
	if err := db.Exec("COMMIT"); err != nil {
		return fmt.Errorf("create schema: %w", err)
	}
	return nil
}

func createNamespace(sqlConfig *config.SQL, cluster string) error {
	ns, err := sqlite.NewNamespaceConfig(cluster, namespace, false, ramp.SearchAttributeTypes())
	if err != nil {
		return fmt.Errorf("register search attributes: %w", err)
	}
	ns.Detail.Config.Retention = durationpb.New(retention)
	if err := sqlite.CreateNamespaces(sqlConfig, ns); err != nil {
		return fmt.Errorf("register namespace: %w", err)
	}
	return nil
}

// close checkpoints the write-ahead log, so that the database file alone is a full copy.
func (s *store) close() error {
	return s.db.Exec("PRAGMA wal_checkpoint(TRUNCATE)")
}
