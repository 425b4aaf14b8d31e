package bench

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// onPostgres is a report of PostgreSQL, with what sizes need.
func onPostgres() Report {
	cost := func(polls int, server, database float64) Cost {
		return Cost{
			Scenario: "polls", Polls: polls, Variant: Ours, Calls: 26, Transitions: 30, Tasks: 24, Actions: 20,
			ServerCPU: newSpread([]float64{server}), DatabaseCPU: newSpread([]float64{database}), WorkerCPU: newSpread([]float64{24}),
		}
	}
	return Report{
		Command: "bench --postgres", Database: "PostgreSQL 15, 16 shards",
		Costs: []Cost{cost(20, 60, 30), cost(900, 60, 30)}, Rates: []Rate{{Variant: Ours, PerSec: newSpread([]float64{12})}},
		Latencies: []Latencies{{Load: "saturation", PerSec: 12}},
		Waiting: &Waiting{
			Watched: 2000, Steps: []Step{{}, {}, {Waiting: 10_000, Watched: 2000, ServerCPU: 0.1, DatabaseCPU: 0.05, WorkerCPU: 0.02}},
			Steady: Steady{Polls: 1, ServerCPU: 0.5, DatabaseCPU: 0.25, WorkerCPU: 1},
		},
		Rest: &Rest{Steps: []Resting{{Waiting: 10_000, ServerCPU: 0.1, DatabaseCPU: 0.05, WorkerCPU: 0.02, Server: []Hot{{"service/history", 0.5}}}}},
	}
}

func writeReport(t *testing.T, path string, r Report) {
	t.Helper()
	file, err := os.Create(path)
	require.NoError(t, err)
	require.NoError(t, r.WriteJSON(file))
	require.NoError(t, file.Close())
}

func TestMeasurementsOnSeveralDatabasesStandBesideEachOther(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	sqlite := good()
	sqlite.Costs = []Cost{{Scenario: "polls", Polls: 20, Variant: Ours, ServerCPU: newSpread([]float64{46}), WorkerCPU: newSpread([]float64{24})}}
	writeReport(t, filepath.Join(dir, "orders.json"), sqlite)
	for _, kind := range []string{"orders", "waiting", "rest"} {
		writeReport(t, filepath.Join(dir, kind+"-postgres-16.json"), onPostgres())
	}

	databases, err := ReadDatabases(dir, 4, 16)
	require.NoError(t, err)
	var text strings.Builder
	require.NoError(t, databases.WriteText(&text))

	require.Contains(t, text.String(), "worker | SQLite | PostgreSQL, 16 shards |\n")
	require.Contains(t, text.String(), "| polls, Rampart | 46.0, 24.0 ms | ")
	require.Contains(t, text.String(), "| 10000, 2000 | 10.0 + 5.0, 2.0 %; – |")
	require.Contains(t, text.String(), "| 2000 watched, 10000 waiting | 0.50 + 0.25, 1.00 ms |")
	require.Contains(t, text.String(), "PostgreSQL, 16 shards, 10000 waiting, at rest: the server's CPU is `service/history` 50 %; the worker's no samples")
	require.NotContains(t, text.String(), "4 shards")
	require.NotContains(t, text.String(), "nothing has been measured")
}

func TestPageSaysThatNothingWasMeasuredOnPostgreSQL(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	writeReport(t, filepath.Join(dir, "orders.json"), good())

	databases, err := ReadDatabases(dir, 4)
	require.NoError(t, err)
	var text strings.Builder
	require.NoError(t, databases.WriteText(&text))

	require.Contains(t, text.String(), "On PostgreSQL nothing has been measured yet")
	require.NotContains(t, text.String(), "| SQLite |")
}

func TestSizesUseTheFiguresOfPostgreSQLWhereThereAreBoth(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	writeReport(t, filepath.Join(dir, "orders-postgres-16.json"), onPostgres())
	databases, err := ReadDatabases(dir, 4, 16)
	require.NoError(t, err)
	_, err = databases.Sizes()
	require.ErrorContains(t, err, "make bench bench-waiting")

	writeReport(t, filepath.Join(dir, "waiting-postgres-16.json"), onPostgres())
	databases, err = ReadDatabases(dir, 4, 16)
	require.NoError(t, err)
	sizes, err := databases.Sizes()
	require.NoError(t, err)

	n := sizes.size(28_800 * 100) // a hundred a second at the peak
	require.InDelta(t, 10, n.serverCores, 1e-9)
	require.InDelta(t, 5, n.databaseCores, 1e-9)
	var text strings.Builder
	require.NoError(t, sizes.WriteText(&text))
	require.Contains(t, text.String(), "measured with Temporal's data in: PostgreSQL 15, 16 shards")
	require.Contains(t, text.String(), "| CPUs for PostgreSQL |")
	require.NotContains(t, text.String(), "SQLite")
}

func TestCostsOfADatabaseApartHaveAColumn(t *testing.T) {
	t.Parallel()
	var apart, together strings.Builder
	onPostgres().writeCosts(&apart)
	good().writeCosts(&together)

	require.Contains(t, apart.String(), "| server CPU, ms | database CPU, ms | worker CPU, ms |")
	require.Contains(t, apart.String(), "| 60.0 | 30.0 | 24.0 |")
	require.NotContains(t, together.String(), "database")
}
