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
	}, summarizeTraces(traces, place))
	require.Empty(t, summarizeTraces("File: x\nDuration: 30s, Total samples = 0", place))
	require.Equal(t, "no samples", hottest(nil))
	require.Equal(t, "`net/http` 50 %", hottest([]Hot{{"net/http", 0.5}}))
}

func TestServerIsProfiledByTheCallsThatItServesAndTheTasksOfItsQueues(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		errand string
		stack  []string
	}{
		{"history: RespondWorkflowTaskCompleted", []string{
			"syscall.write", "go.temporal.io/server/common/persistence/sql.(*sqlExecutionStore).UpdateWorkflowExecution",
			"go.temporal.io/server/api/historyservice/v1._HistoryService_RespondWorkflowTaskCompleted_Handler.func1",
			"go.temporal.io/server/api/historyservice/v1._HistoryService_RespondWorkflowTaskCompleted_Handler", "google.golang.org/grpc.(*Server).handleStream",
		}},
		{"frontend: StartWorkflowExecution", []string{"go.temporal.io/api/workflowservice/v1._WorkflowService_StartWorkflowExecution_Handler"}},
		{"tasks of the visibility queue", []string{
			"go.temporal.io/server/common/persistence/visibility.(*visibilityManagerImpl).UpsertWorkflowExecution",
			"go.temporal.io/server/service/history.(*visibilityQueueTaskExecutor).Execute",
		}},
		{"tasks of the transfer queue", []string{"go.temporal.io/server/service/history.(*transferQueueActiveTaskExecutor).Execute"}},
		{"garbage collector", []string{"runtime.gcAssistAlloc", "go.temporal.io/api/workflowservice/v1._WorkflowService_StartWorkflowExecution_Handler"}},
		{"service/matching", []string{"go.temporal.io/server/service/matching.(*taskReader).getTasksPump"}},
	} {
		require.Equal(t, tc.errand, errand(tc.stack))
	}
}
