package bench

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSamplesOfAProfileAreAddedUpByWhatTheyWorkFor(t *testing.T) {
	t.Parallel()
	const traces = `File: temporal-server
Type: cpu
Time: 2026-11-28 00:00:00 UTC
Duration: 30s, Total samples = 100ms (0.33%)
-----------+-------------------------------------------------------
      40ms   runtime/internal/syscall.Syscall6
             syscall.write
             github.com/jackc/pgx/v5/pgconn.(*PgConn).Exec
             go.temporal.io/server/common/persistence/sql/sqlplugin/postgresql.(*db).RangeSelectFromTimerTasks
             go.temporal.io/server/service/history/queues.(*timerQueue).look
-----------+-------------------------------------------------------
      30ms   internal/runtime/atomic.Load
             runtime.futex
             runtime.findRunnable
             runtime.mcall
-----------+-------------------------------------------------------
     key:    value
      20ms   runtime.scanobject
             runtime.gcDrain
-----------+-------------------------------------------------------
      10ms   encoding/json.Unmarshal
             rampart/onmeta.(*Client).Status
             go.temporal.io/sdk/internal.(*activityTaskHandler).Execute
`

	require.Equal(t, []Hot{
		{"common/persistence/sql/sqlplugin/postgresql", 0.4}, {"scheduler and rest of the runtime", 0.3}, {"garbage collector", 0.2}, {"rampart/onmeta", 0.1},
	}, summarizeTraces(traces))
	require.Empty(t, summarizeTraces("File: x\nDuration: 30s, Total samples = 0"))
	require.Equal(t, "no samples", hottest(nil))
	require.Equal(t, "`net/http` 50 %", hottest([]Hot{{"net/http", 0.5}}))
}
