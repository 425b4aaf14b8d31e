package commands_test

import (
	"encoding/json"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"rampart/ramp"
)

func TestDeploymentStatusShowsVersionsOrdersAndWorkers(t *testing.T) {
	t.Parallel()
	f := rollout()
	f.versions = append(f.versions, newVersion("v0"), newVersion("v3"))
	f.version("v0").drainage = client.WorkerDeploymentVersionDrainageStatusDrained
	f.ramping, f.percent = "v3", 5
	f.version("v2").workers = []string{"1@a", "1@a", "1@b"}
	f.version("v1").lastPoll = at(5, 59, 0)
	f.unversioned = version{workers: []string{"7@c"}, lastPoll: at(6, 0, 0), orders: []string{"onramp/inv-0"}}

	got := f.run(t, "status")

	require.Zero(t, got.code, got.stderr)
	require.Equal(t, `  BUILD         STATE        ORDERS  WORKERS
  v2            current           1        2
  v1            draining          2        0
  v0            drained           0        1
  v3            ramping 5 %       0        1
  (no version)  unused            1        1
`, got.stdout)
}

func TestDeploymentStatusAsJSON(t *testing.T) {
	t.Parallel()
	got := rollout().run(t, "status", "-o", "json")
	require.Zero(t, got.code, got.stderr)
	require.JSONEq(t, `{
		"deployment": "ramp", "current": "v2", "ramping": "", "rampPercent": 0,
		"versions": [
			{"buildId": "v2", "state": "current", "orders": 1, "workers": 1},
			{"buildId": "v1", "state": "draining", "orders": 2, "workers": 1}
		],
		"unversioned": {"state": "unused", "orders": 0, "workers": 0}
	}`, got.stdout)
}

func TestWorkersWithoutAVersionAreCurrentUntilAVersionIs(t *testing.T) {
	t.Parallel()
	f := &fleet{versions: []*version{newVersion("v1")}}
	require.Regexp(t, `v1 +idle .*\n +\(no version\) +current `, f.run(t, "status").stdout)
	require.Zero(t, f.run(t, "promote", "v1").code)
	f.percent = 20
	require.Regexp(t, `v1 +current .*\n +\(no version\) +ramping 20 % `, f.run(t, "status").stdout)
}

func TestDeploymentIsSelectedByFlagOrEnvironment(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		want        string
		environment environment
		flags       []string
	}{
		{"ramp", nil, nil},
		{"orders", environment{"RAMP_DEPLOYMENT": "orders"}, nil},
		{"other", environment{"RAMP_DEPLOYMENT": "orders"}, []string{"--deployment", "other"}},
		{"payments/ramp", environment{"TEMPORAL_DEPLOYMENT_NAME": "payments/ramp"}, nil},
		{"orders", environment{"TEMPORAL_DEPLOYMENT_NAME": "payments/ramp", "RAMP_DEPLOYMENT": "orders"}, nil},
	} {
		f := rollout()
		got := f.runWith(t, test.environment, append([]string{"status", "-o", "json"}, test.flags...)...)
		require.Zero(t, got.code, got.stderr)
		require.Equal(t, test.want, decoded[map[string]any](t, got.stdout)["deployment"])
		require.Equal(t, test.want, f.name)
	}
}

func TestDeploymentWithoutWorkersIsNotFound(t *testing.T) {
	t.Parallel()
	got := (&fleet{}).run(t, "status", "--deployment", "orders")
	require.Equal(t, 1, got.code)
	require.Equal(t, "starter: no worker has joined deployment orders: start workers with RAMP_DEPLOYMENT=orders and a RAMP_BUILD_ID\n", got.stderr)
}

func TestVersionIsRampedAndPromoted(t *testing.T) {
	t.Parallel()
	f := rollout()
	f.versions = append(f.versions, newVersion("v3"))

	got := f.run(t, "ramp", "v3", "--percent", "5")
	require.Zero(t, got.code, got.stderr)
	require.Equal(t, "v3", f.ramping)
	require.InDelta(t, 5, f.percent, 0)
	require.Contains(t, got.stdout, "5 % of new orders now go to v3.")

	got = f.run(t, "ramp", "v1", "--percent", "0")
	require.Equal(t, 1, got.code)
	require.Contains(t, got.stderr, "version v1 is not ramping")
	require.Equal(t, "v3", f.ramping)

	require.Zero(t, f.run(t, "ramp", "v3", "--percent", "0").code)
	require.Empty(t, f.ramping)
	require.Zero(t, f.percent)

	got = f.run(t, "promote", "v3")
	require.Zero(t, got.code, got.stderr)
	require.Equal(t, "v3", f.current)
	require.Contains(t, got.stdout, "All new orders now go to v3.")
	require.Equal(t, "v3", decoded[map[string]any](t, f.run(t, "promote", "v3", "-o", "json").stdout)["current"])
}

func TestPromoteAndRampWaitUntilEveryTaskQueueFollows(t *testing.T) {
	t.Parallel()
	for _, line := range [][]string{{"promote", "v3"}, {"ramp", "v3", "--percent", "5"}} {
		t.Run(line[0], func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := rollout()
				f.versions = append(f.versions, newVersion("v3"))
				f.propagating = 3
				require.Zero(t, f.run(t, line...).code)
				require.Zero(t, f.propagating)

				f.propagating = 1000
				got := f.run(t, append(line, "--timeout", "5s")...)
				require.Equal(t, 4, got.code)
				require.Contains(t, got.stderr, "has not reached every task queue yet")
			})
		})
	}
}

// done returns a version that is drained and whose workers have stopped.
func done(build string) *version {
	drained := newVersion(build)
	drained.workers, drained.drainage = nil, client.WorkerDeploymentVersionDrainageStatusDrained
	return drained
}

// builds returns the build ids of a fleet.
func (f *fleet) builds() []string {
	var builds []string
	for _, version := range f.versions {
		builds = append(builds, version.build)
	}
	return builds
}

func TestPruneDeletesTheVersionsThatAreDone(t *testing.T) {
	t.Parallel()
	f := rollout()
	working, ordered, refused, idle := done("v-working"), done("v-ordered"), done("v-refused"), newVersion("v-idle")
	working.workers, ordered.orders, idle.workers = []string{"1@w"}, []string{"onramp/inv-9"}, nil
	f.versions = append(f.versions, done("v-a"), working, ordered, refused, idle, newVersion("v-new"), done("v-b"))
	f.deletion = map[string]error{
		"v-refused": serviceerror.NewInternal("version 'ramp:v-refused' cannot be deleted since it has active pollers"),
		"v-b":       serviceerror.NewNotFound("another one has deleted it"),
	}

	got := f.run(t, "prune")

	require.Zero(t, got.code, got.stderr)
	require.Equal(t, `Versions deleted: v-a, v-idle, v-b.
v-working stays: it has workers: 1.
v-ordered stays: orders run on it: 1.
v-refused stays: Temporal refuses: version 'ramp:v-refused' cannot be deleted since it has active pollers.
`, got.stdout)
	require.Equal(t, []string{"v2", "v1", "v-working", "v-ordered", "v-refused", "v-new", "v-b"}, f.builds())
	f.deletion = nil
	f.versions = append(f.versions, done("v-c"))
	require.JSONEq(t, `{"deleted": ["v-refused", "v-b", "v-c"], "kept": [
		{"buildId": "v-working", "reason": "it has workers: 1"}, {"buildId": "v-ordered", "reason": "orders run on it: 1"}
	]}`, f.run(t, "prune", "-o", "json").stdout)
	require.Contains(t, f.run(t, "prune", "--deployment", "elsewhere").stdout, "Versions deleted: none.")
}

func TestFailedDeletionEndsPrune(t *testing.T) {
	t.Parallel()
	f := rollout()
	f.versions = append(f.versions, done("v0"))
	f.deletion = map[string]error{"v0": serviceerror.NewUnavailable("busy")}
	got := f.run(t, "prune")
	require.Equal(t, 1, got.code)
	require.Contains(t, got.stderr, "busy")
}

func TestRolloutDeletesWhatIsDoneFirstAndNamesWhatIsInItsWay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := rollout()
		working := done("v-working")
		working.workers = []string{"1@w"}
		f.versions = append(f.versions, done("v0"), working)

		got := f.run(t, "promote", "v3", "--timeout", "5s")

		require.Equal(t, 4, got.code)
		require.Contains(t, got.stderr, "start workers with RAMP_DEPLOYMENT=ramp RAMP_BUILD_ID=v3. If they run, the deployment may have as many versions "+
			"as Temporal keeps (now 3): stop the workers of those that are done (v-working)")
		require.Equal(t, []string{"v2", "v1", "v-working"}, f.builds(), "v0 made room")
	})
}

func TestVersionGetsOrdersOnlyWhenItsWorkersPollEveryTaskQueue(t *testing.T) {
	t.Parallel()
	for name, hide := range map[string]func(*fleet){
		"no such version":       func(f *fleet) { f.versions = f.versions[:2] },
		"no workers":            func(f *fleet) { f.version("v3").workers = nil },
		"workers long gone":     func(f *fleet) { f.version("v3").lastPoll = at(5, 59, 0) },
		"no worker watches yet": func(f *fleet) { f.version("v3").queues = f.version("v3").queues[1:] },
		"no worker for orders":  func(f *fleet) { f.version("v3").queues = f.version("v3").queues[:2] },
	} {
		for _, line := range [][]string{{"promote", "v3"}, {"ramp", "v3", "--percent", "5"}, {"move", "onramp/inv-1", "--to", "v3"}} {
			t.Run(name+", "+line[0], func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					f := rollout()
					f.versions = append(f.versions, newVersion("v3"))
					hide(f)
					got := f.run(t, append(line, "--timeout", "5s")...)
					require.Equal(t, 4, got.code, got.stdout)
					require.Equal(t, "starter: version v3 has no workers that poll both task queues: start workers with RAMP_DEPLOYMENT=ramp RAMP_BUILD_ID=v3\n", got.stderr)
					require.Equal(t, "v2", f.current)
					require.Empty(t, f.ramping)
					require.Len(t, f.on("v1"), 2)

					f.versions = append(f.versions[:2], newVersion("v4"))
					f.atLook = map[int]func(){f.looks + 3: func() { f.versions = append(f.versions, newVersion("v3")) }}
					require.Zero(t, f.run(t, line...).code, "its workers came later")
				})
			})
		}
	}
}

func TestWaitDrainedWaitsForTemporalsCheckAndForTheLastOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := rollout()
		f.atLook = map[int]func(){
			3: func() { f.version("v1").drainage = client.WorkerDeploymentVersionDrainageStatusDrained },
			5: func() { f.version("v1").orders = nil },
		}
		got := f.run(t, "wait-drained", "v1")
		require.Zero(t, got.code, got.stderr)
		require.Contains(t, got.stdout, "No order runs on v1: its workers can be stopped.")
	})
}

func TestVersionThatDoesNotDrainInTimeIsNotReady(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		got := rollout().run(t, "wait-drained", "v1", "--timeout", "1h", "-o", "json")
		require.Equal(t, 4, got.code)
		require.Empty(t, got.stdout)
		problem := decoded[ramp.Error](t, got.stderr)
		require.Equal(t, ramp.NotReady, problem.Type)
		require.Equal(t, "version v1 has not drained: keep its workers; orders that still run on it: 2", problem.Message)
	})
}

func TestVersionThatGetsNewOrdersDoesNotDrain(t *testing.T) {
	t.Parallel()
	f := rollout()
	f.versions = append(f.versions, newVersion("v3"))
	f.ramping = "v3"
	for build, problem := range map[string]string{
		"v2": "version v2 is current, so it does not drain: promote another version first",
		"v3": "version v3 is ramping, so it does not drain: promote another version first",
		"v9": "deployment ramp has no version v9",
	} {
		got := f.run(t, "wait-drained", build)
		require.Equal(t, 1, got.code)
		require.Equal(t, "starter: "+problem+"\n", got.stderr)
	}
}

func TestNamedOrdersAreMoved(t *testing.T) {
	t.Parallel()
	f := rollout()
	got := f.run(t, "move", "inv-1", "offramp/wd-1", "--to", "v2")
	require.Zero(t, got.code, got.stderr)
	require.Empty(t, f.on("v1"))
	require.Equal(t, []string{"onramp/inv-2", "onramp/inv-1", "offramp/wd-1"}, f.on("v2"))
	require.Equal(t, "Orders moved to v2: 2. Ended in the meantime: 0.\n", got.stdout)
}

func TestAllOrdersOfAVersionAreMoved(t *testing.T) {
	t.Parallel()
	f := rollout()
	got := f.run(t, "move", "--from", "v1", "--to", "v2", "-o", "json")
	require.Zero(t, got.code, got.stderr)
	require.Empty(t, f.on("v1"))
	require.Len(t, f.on("v2"), 3)
	var answer struct {
		To    string
		Moved []string
	}
	require.NoError(t, json.Unmarshal([]byte(got.stdout), &answer))
	require.Equal(t, "v2", answer.To)
	require.Equal(t, []string{"onramp/inv-1", "offramp/wd-1"}, answer.Moved)
}

func TestFailedMoveReportsHowManyOrdersWereMoved(t *testing.T) {
	t.Parallel()
	f := rollout()
	f.failing = "offramp/wd-1"
	got := f.run(t, "move", "--from", "v1", "--to", "v2")
	require.Equal(t, 1, got.code)
	require.Equal(t, "starter: moved 1 of 2 orders to v2; moving offramp/wd-1 failed: busy\n", got.stderr)

	got = f.run(t, "move", "onramp/inv-9", "--to", "v2")
	require.Equal(t, 1, got.code)
	require.Equal(t, "starter: moved 0 of 1 orders to v2; moving onramp/inv-9 failed: no such order runs\n", got.stderr)
}

func TestInvalidDeploymentCommandsChangeNothing(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		line    []string
		problem string
	}{
		{[]string{"ramp", "v2"}, "--percent is required, and must be from 0 to 100"},
		{[]string{"ramp", "v2", "--percent", "101"}, "--percent is required, and must be from 0 to 100"},
		{[]string{"ramp", "v2", "--percent", "-1"}, "--percent is required, and must be from 0 to 100"},
		{[]string{"ramp", "v2", "--percent", "half"}, "--percent must be a whole number"},
		{[]string{"ramp", "--percent", "5"}, "missing argument BUILD"},
		{[]string{"promote"}, "missing argument BUILD"},
		{[]string{"wait-drained"}, "missing argument BUILD"},
		{[]string{"move", "inv-1"}, "--to is required"},
		{[]string{"move", "--from", "v1", "--to", "v1"}, "--from and --to must be different"},
		{[]string{"move", "--to", "v2"}, "name either orders, or a version with --from"},
		{[]string{"move", "inv-1", "--from", "v1", "--to", "v2"}, "name either orders, or a version with --from"},
		{[]string{"rollout"}, "unknown command"},
	} {
		f := rollout()
		got := f.run(t, test.line...)
		require.Equal(t, 2, got.code, test.line)
		require.Contains(t, got.stderr, test.problem)
		require.Empty(t, f.ramping)
		require.Equal(t, "v2", f.current)
		require.Len(t, f.on("v1"), 2)
	}
}
