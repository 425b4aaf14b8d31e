package e2e_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	"golang.org/x/sync/errgroup"

	"rampart/internal/process"
	"rampart/ramp"
)

// startVersion starts a worker of a version; an empty build starts an unversioned one.
func (s *stack) startVersion(build string) *process.Process {
	s.t.Helper()
	return s.startWorker("RAMP_BUILD_ID=" + build)
}

// deployment runs a command of starter deployment, which must succeed, and returns the status of the deployment.
func (s *stack) deployment(args ...string) deploymentStatus {
	s.t.Helper()
	out, problems, code := s.starter(append([]string{"deployment", "-o", "json"}, args...)...)
	require.Equal(s.t, 0, code, "%v\n%s\n%s", args, out, problems)
	var now deploymentStatus
	require.NoError(s.t, json.Unmarshal([]byte(out), &now))
	return now
}

// deploymentStatus is the output of starter deployment.
type deploymentStatus struct {
	Versions []struct {
		BuildID, State string
		Orders         int
		Workers        int
	}
	Unversioned struct {
		State  string
		Orders int
	}
	Moved   []string
	Deleted []string
}

// orders returns how many orders run on a version.
func (r deploymentStatus) orders(build string) int {
	for _, version := range r.Versions {
		if version.BuildID == build {
			return version.Orders
		}
	}
	return 0
}

func (r deploymentStatus) state(build string) string {
	for _, version := range r.Versions {
		if version.BuildID == build {
			return version.State
		}
	}
	return ""
}

// versions returns the versions that completed an order's workflow tasks, in their order, without repetitions.
func (s *stack) versions(id ramp.ID) []string {
	s.t.Helper()
	var versions []string
	for _, event := range s.history(id).GetEvents() {
		completed := event.GetWorkflowTaskCompletedEventAttributes()
		if completed == nil {
			continue
		}
		build := completed.GetDeploymentVersion().GetBuildId()
		if build != "" {
			require.Equal(s.t, enumspb.VERSIONING_BEHAVIOR_PINNED, completed.GetVersioningBehavior(), id.Reference)
		}
		if len(versions) == 0 || versions[len(versions)-1] != build {
			versions = append(versions, build)
		}
	}
	return versions
}

// requireActivitiesOn requires that a worker ran all activities of an order.
func (s *stack) requireActivitiesOn(id ramp.ID, worker *process.Process) {
	s.t.Helper()
	identity := fmt.Sprintf("%d@", worker.PID())
	for _, event := range s.history(id).GetEvents() {
		if started := event.GetActivityTaskStartedEventAttributes(); started != nil {
			require.Truef(s.t, strings.HasPrefix(started.GetIdentity(), identity), "%s: event %d ran on %s, not %s",
				id.Reference, event.GetEventId(), started.GetIdentity(), identity)
		}
	}
}

// start starts an on-ramp order.
func (s *stack) start(reference string) error {
	_, err := s.Orders.StartOnramp(s.t.Context(), onrampRequest(reference))
	return err
}

// load starts and pays orders concurrently until it is stopped.
type load struct {
	stack *stack
	stop  chan struct{}
	once  sync.Once
	lanes errgroup.Group

	mutex   sync.Mutex
	started []string
}

func (s *stack) startLoad(lanes int) *load {
	l := &load{stack: s, stop: make(chan struct{})}
	for lane := range lanes {
		l.lanes.Go(func() error { return l.run(lane) })
	}
	s.t.Cleanup(func() { _ = l.end() })
	return l
}

func (l *load) run(lane int) error {
	for n := range 900 {
		select {
		case <-l.stop:
			return nil
		default:
		}
		reference := fmt.Sprintf("load-%d-%d", lane, n)
		l.noteStart(reference)
		request := onrampRequest(reference)
		request.Email = ramp.Email("asha+linked+" + reference + "@example.test") // a user has a daily limit
		order, err := l.stack.Orders.StartOnramp(l.stack.t.Context(), request)
		if err == nil {
			_, err = l.stack.Orders.SubmitUTR(l.stack.t.Context(), reference, utrOf(1000*(lane+1)+n))
		}
		if err != nil {
			return fmt.Errorf("%w: %+v", err, order)
		}
	}
	return nil
}

func (l *load) noteStart(reference string) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.started = append(l.started, reference)
}

// end stops the load, and returns once all its orders are paid.
func (l *load) end() error {
	l.once.Do(func() { close(l.stop) })
	return l.lanes.Wait()
}

// confirmAndLoseTheResponse confirms the quotes of an order until it is created, and drops the response to its creation.
func (s *stack) confirmAndLoseTheResponse(reference string) *ramp.Order {
	s.t.Helper()
	s.post("/sandbox/faults", fmt.Sprintf(`{"fault":"reset","after":true,"route":"POST /v1/orders/create","reference":%q,"times":1}`, reference))
	return s.await(buy(reference), completionTime, func(order *ramp.Order) bool {
		if order.Status == ramp.AwaitingConfirmation {
			_, _ = s.Orders.ConfirmQuote(s.t.Context(), buy(reference), order.Quote.ID) // another quote may have replaced it
		}
		return order.Status == ramp.AwaitingPayment
	})
}

// pinnedTo returns the version of a workflow.
func (s *stack) pinnedTo(workflowID string) string {
	s.t.Helper()
	described, err := s.Temporal.DescribeWorkflowExecution(s.t.Context(), workflowID, "")
	require.NoError(s.t, err)
	return described.GetWorkflowExecutionInfo().GetVersioningInfo().GetDeploymentVersion().GetBuildId()
}

func TestNewVersionTakesOverUnderLoadAndTheOldOneDrains(t *testing.T) {
	t.Parallel()
	s := newStack(t, 30, withEnvironment("RAMP_BUILD_ID=v1"))
	require.Equal(t, "current", s.deployment("promote", "v1").state("v1"))
	l := s.startLoad(4)
	for _, reference := range []string{"old-1", "old-2", "moved"} {
		require.NoError(t, s.start(reference))
	}
	adopts := onrampRequest("adopts")
	byBank(&adopts) // a lost order by UPI is replaced
	adopts.Quote = &ramp.QuoteTerms{Confirm: true}
	_, err := s.Orders.StartOnramp(t.Context(), adopts)
	require.NoError(t, err)

	v2 := s.startVersion("v2")
	s.deployment("ramp", "v2", "--percent", "50")
	ramped := make(map[string]int)
	for n := 1; ramped["v1"] == 0 || ramped["v2"] == 0; n++ {
		require.Less(t, n, 60, "half of the orders go to v2, but of so many none: %v", ramped)
		reference := fmt.Sprintf("ramped-%d", n)
		require.NoError(t, s.start(reference))
		ramped[s.versions(buy(reference))[0]]++
		s.submit(reference, utrOf(100+n))
	}
	require.Equal(t, "draining", s.deployment("promote", "v2").state("v1"))
	require.NoError(t, s.start("new"))
	s.submit("new", utrOf(1))

	adopted := s.confirmAndLoseTheResponse("adopts")
	require.Equal(t, "v2", s.pinnedTo(ramp.AdoptionID(adopted.OrderID)), "what an order of v1 starts goes where new ones go")
	for n, reference := range []string{"old-1", "old-2", "adopts"} {
		s.submit(reference, utrOf(2+n))
	}
	for _, reference := range []string{"new", "old-1", "old-2", "adopts"} {
		s.awaitStatus(buy(reference), completionTime, ramp.Completed)
	}
	require.Equal(t, []string{"v2"}, s.versions(buy("new")))
	s.requireActivitiesOn(buy("new"), v2)
	for _, reference := range []string{"old-1", "old-2", "adopts"} {
		require.Equal(t, []string{"v1"}, s.versions(buy(reference)))
		s.requireActivitiesOn(buy(reference), s.worker)
	}

	_, problems, code := s.starter("deployment", "wait-drained", "v1", "--timeout", "1s")
	require.Equal(t, 4, code, problems)
	require.Equal(t, []string{"onramp/moved"}, s.deployment("move", "onramp/moved", "--to", "v2").Moved)
	require.Equal(t, "drained", s.deployment("wait-drained", "v1", "--timeout", "2m").state("v1"))
	s.stop(s.worker)
	s.submit("moved", utrOf(9))
	s.awaitStatus(buy("moved"), completionTime, ramp.Completed)
	require.Equal(t, []string{"v1", "v2"}, s.versions(buy("moved")))
	s.requireReplay(buy("moved"))

	require.NoError(t, l.end())
	counts := make(map[string]int)
	for _, reference := range l.started {
		s.awaitStatus(buy(reference), completionTime, ramp.Completed)
		versions := s.versions(buy(reference))
		require.Len(t, versions, 1, "an order stays where it began: %s", reference)
		counts[versions[0]]++
	}
	require.Positive(t, counts["v1"])
	require.Positive(t, counts["v2"])
	ended, err := s.Orders.Get(t.Context(), buy("old-1"))
	require.NoError(t, err, "what has ended is read without its version's workers")
	require.Equal(t, ramp.Completed, ended.Status)
	eventually(t, patience, func() error {
		if left := s.deployment("status").orders("v2"); left != 0 {
			return fmt.Errorf("%d orders are said to run on v2", left)
		}
		return nil
	})
	t.Logf("under load %v, ramped %v", counts, ramped)
}

func TestOrdersOfALostVersionAreMovedAndTheirWatchesTakenOver(t *testing.T) {
	t.Parallel()
	s := newStack(t, 30, withEnvironment("RAMP_BUILD_ID=v1"))
	s.deployment("promote", "v1")
	order, err := s.Orders.StartOnramp(t.Context(), onrampRequest("watched"))
	require.NoError(t, err)
	require.NoError(t, s.start("waiting"))
	s.setClock(`{"speed":0}`)
	s.submit("watched", utrOf(1))
	s.awaitPolls(order.OrderID, 3)
	v2 := s.startVersion("v2")

	s.worker.Kill()
	s.deployment("promote", "v2")
	moved := make(map[string]bool)
	eventually(t, patience, func() error { // visibility is eventually consistent
		for _, order := range s.deployment("move", "--from", "v1", "--to", "v2").Moved {
			moved[order] = true
		}
		if len(moved) != 2 {
			return fmt.Errorf("moved %v", moved)
		}
		return nil
	})
	s.submit("waiting", utrOf(2))
	s.setClock(`{"advance":"1h"}`)

	for _, reference := range []string{"watched", "waiting"} {
		s.awaitStatus(buy(reference), 3*time.Minute, ramp.Completed)
		require.Equal(t, []string{"v1", "v2"}, s.versions(buy(reference)))
		s.requireReplay(buy(reference))
	}
	require.Equal(t, "drained", s.deployment("wait-drained", "v1", "--timeout", "1m").state("v1"))
	require.Len(t, s.ledger().Proofs, 2)
	s.stop(v2)
}

func TestOrdersOfUnversionedWorkersMoveToTheFirstVersion(t *testing.T) {
	t.Parallel()
	s := newStack(t, 30)
	require.NoError(t, s.start("before"))
	v1 := s.startVersion("v1")
	require.NoError(t, s.start("beside"))
	require.Equal(t, []string{""}, s.versions(buy("beside")), "nothing goes to a version that was not promoted")

	s.deployment("promote", "v1")
	require.NoError(t, s.start("after"))
	for n, reference := range []string{"before", "beside", "after"} {
		s.submit(reference, utrOf(1+n))
		s.awaitStatus(buy(reference), completionTime, ramp.Completed)
	}

	require.Equal(t, []string{"", "v1"}, s.versions(buy("before")))
	require.Equal(t, []string{"", "v1"}, s.versions(buy("beside")))
	require.Equal(t, []string{"v1"}, s.versions(buy("after")))
	s.requireReplay(buy("before"))
	s.stop(s.worker)
	require.Equal(t, "unused", s.deployment("status").Unversioned.State)
	s.stop(v1)
}

func TestRestartOfAVersionsWorkersHandsWatchesOverWithinTheVersion(t *testing.T) {
	t.Parallel()
	s := newStack(t, 30, withEnvironment("RAMP_BUILD_ID=v1"))
	s.deployment("promote", "v1")
	order, err := s.Orders.StartOnramp(t.Context(), onrampRequest("handover"))
	require.NoError(t, err)
	s.setClock(`{"speed":0}`)
	s.submit("handover", utrOf(1))
	s.awaitPolls(order.OrderID, 3)
	s.startVersion("v2")
	s.deployment("promote", "v2")

	s.startVersion("v1")
	s.stop(s.worker)
	stopped := time.Now()
	s.setClock(`{"advance":"1h"}`)

	s.awaitStatus(buy("handover"), time.Minute, ramp.Completed)
	require.Less(t, time.Since(stopped), 30*time.Second, "it took as long as a crash")
	require.Equal(t, []string{"v1"}, s.versions(buy("handover")))
}

func TestOrderThatAnotherVersionCannotReplayIsUnharmedAndMovedBack(t *testing.T) {
	t.Parallel()
	s := newStack(t, 30, withEnvironment("RAMP_BUILD_ID=v1"))
	s.deployment("promote", "v1")
	require.NoError(t, s.start("back"))
	s.startOtherCode("other")

	s.deployment("move", "onramp/back", "--to", "other")
	require.NoError(t, s.Temporal.SignalWorkflow(t.Context(), "onramp/back", "", ramp.SubmitUTR, ramp.UTRSubmission{UTR: ramp.UTR(utrOf(1))}))
	eventually(t, patience, func() error {
		for _, event := range s.history(buy("back")).GetEvents() {
			if event.GetWorkflowTaskFailedEventAttributes().GetCause() == enumspb.WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR {
				return nil
			}
		}
		return errors.New("no workflow task has failed yet")
	})

	s.deployment("move", "onramp/back", "--to", "v1")
	s.awaitStatus(buy("back"), completionTime, ramp.Completed)
	require.Equal(t, []string{"v1"}, s.versions(buy("back")))
	require.Len(t, s.ledger().Proofs, 1)
	s.requireReplay(buy("back"))
}

// startOtherCode starts workers of a version with incompatible workflow code.
func (s *stack) startOtherCode(build string) {
	s.t.Helper()
	options := worker.Options{DeploymentOptions: worker.DeploymentOptions{
		UseVersioning:             true,
		Version:                   worker.WorkerDeploymentVersion{DeploymentName: "ramp", BuildID: build},
		DefaultVersioningBehavior: workflow.VersioningBehaviorPinned,
	}}
	for _, queue := range []string{ramp.TaskQueue, ramp.WatchTaskQueue} {
		started := worker.New(s.Temporal, queue, options)
		started.RegisterActivity(func(context.Context) error { return nil })
		started.RegisterWorkflowWithOptions(func(ctx workflow.Context, _ converter.RawValue) error {
			return workflow.Sleep(ctx, time.Hour)
		}, workflow.RegisterOptions{Name: ramp.OnrampWorkflow})
		require.NoError(s.t, started.Start())
		s.t.Cleanup(started.Stop)
	}
}

// withVersionLimit makes the server keep at most so many versions, and forget within seconds that a worker has polled, which takes five minutes
// otherwise. Polls are shorter than that.
func withVersionLimit(limit int) stackOption {
	return func(s *stack) {
		standard, err := os.ReadFile("../../devserver/dynamicconfig.yaml")
		require.NoError(s.t, err)
		dynamic := filepath.Join(s.t.TempDir(), "dynamicconfig.yaml")
		require.NoError(s.t, os.WriteFile(dynamic, fmt.Appendf(standard,
			"matching.maxVersionsInDeployment:\n  - value: %d\nmatching.PollerHistoryTTL:\n  - value: 6s\n"+
				"matching.longPollExpirationInterval:\n  - value: 2s\n", limit), 0o600))
		static, err := os.ReadFile(s.Config)
		require.NoError(s.t, err)
		changed := strings.Replace(string(static), "filepath: devserver/dynamicconfig.yaml", "filepath: "+dynamic, 1)
		require.NotEqual(s.t, string(static), changed)
		s.Config = filepath.Join(s.t.TempDir(), "temporal-dev.yaml")
		require.NoError(s.t, os.WriteFile(s.Config, []byte(changed), 0o600))
	}
}

// builds returns the versions of a deployment.
func (r deploymentStatus) builds() []string {
	var builds []string
	for _, version := range r.Versions {
		builds = append(builds, version.BuildID)
	}
	return builds
}

// The server keeps three versions, and five are rolled out. While the workers of drained versions run, there is no room, and the starter says what to
// stop. Once they are stopped, a promotion deletes their versions first.
func TestRolloutsGoOnPastTheServersLimitOfVersions(t *testing.T) {
	t.Parallel()
	s := newStack(t, 60, withVersionLimit(3), withEnvironment("RAMP_BUILD_ID=v1"))
	workers := map[string]*process.Process{"v1": s.worker}
	run := func(build string, n int) {
		require.Equal(t, "current", s.deployment("promote", build).state(build))
		require.NoError(t, s.start("on-"+build))
		s.submit("on-"+build, utrOf(n))
		s.awaitStatus(buy("on-"+build), completionTime, ramp.Completed)
		require.Equal(t, []string{build}, s.versions(buy("on-"+build)))
	}
	run("v1", 1)
	for n, build := range []string{"v2", "v3"} {
		workers[build] = s.startVersion(build)
		run(build, n+2)
	}
	for _, build := range []string{"v1", "v2"} {
		require.Equal(t, "drained", s.deployment("wait-drained", build, "--timeout", "2m").state(build))
	}
	require.Empty(t, s.deployment("prune").Deleted, "their workers run")

	workers["v4"] = s.launchWorker("RAMP_BUILD_ID=v4")
	_, problems, code := s.starter("deployment", "promote", "v4", "--timeout", "10s")
	require.Equal(t, 4, code, problems)
	require.Regexp(t, `as many versions as Temporal keeps \(now 3\): stop the workers of those that are done \((v1, v2|v2, v1)\)`, problems)
	require.ElementsMatch(t, []string{"v1", "v2", "v3"}, s.deployment("status").builds())
	require.NoError(t, s.start("meanwhile"), "orders run on")

	s.stop(workers["v1"])
	s.stop(workers["v2"])
	eventually(t, patience, func() error { // the server deletes one by itself as soon as it has forgotten its workers
		s.deployment("prune")
		if left := s.deployment("status").builds(); slices.Contains(left, "v1") || slices.Contains(left, "v2") {
			return fmt.Errorf("there are %v", left)
		}
		return nil
	})
	run("v4", 4)
	s.submit("meanwhile", utrOf(9))
	s.awaitStatus(buy("meanwhile"), completionTime, ramp.Completed)
	require.Equal(t, []string{"v3"}, s.versions(buy("meanwhile")))
	require.Equal(t, "drained", s.deployment("wait-drained", "v3", "--timeout", "2m").state("v3"))
	s.stop(workers["v3"])
	workers["v5"] = s.startVersion("v5")
	run("v5", 5)
	t.Logf("versions at the end: %v", s.deployment("status").builds())
}
