package run

import (
	"fmt"
	"math"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"rampart/ramp"
	"rampart/ramp/situation"
	"rampart/reconcile"
)

// Registry is what the workflows are registered with: a worker or a test environment.
type Registry interface {
	RegisterWorkflowWithOptions(workflow any, options workflow.RegisterOptions)
}

// Register registers the workflows under their names.
func Register(registry Registry) {
	registry.RegisterWorkflowWithOptions(Reconciliation, workflow.RegisterOptions{Name: reconcile.Workflow})
	registry.RegisterWorkflowWithOptions(DailyReconciliation, workflow.RegisterOptions{Name: reconcile.DailyWorkflow})
}

// ActivityRegistry is what the activities are registered with.
type ActivityRegistry interface {
	RegisterActivity(activity any)
}

// RegisterActivities registers the activities.
func RegisterActivities(registry ActivityRegistry, a *Activities) {
	registry.RegisterActivity(a.ReconcileDay)
	registry.RegisterActivity(a.DropReconciliationParts)
}

const (
	// attemptTimeout bounds an attempt. 100,000 orders at five calls a second take less than a day.
	attemptTimeout = 48 * time.Hour
	// heartbeatTimeout is how soon the reconciliation of a crashed worker continues on another.
	heartbeatTimeout = 40 * time.Second
	// lowest is the lowest priority of tasks.
	lowest = 5
)

// scheduledFor is the time that a schedule planned a workflow for, which counts for one that starts late.
var scheduledFor = temporal.NewSearchAttributeKeyTime("TemporalScheduledStartTime")

// Reconciliation reconciles a day. Its result is the report. RampAttention is set on a workflow that found differences.
func Reconciliation(ctx workflow.Context, request reconcile.Request) (*reconcile.Report, error) {
	var report *reconcile.Report
	summary := "Compare the orders of " + string(request.Day) + " with the provider's"
	if err := workflow.ExecuteActivity(withActivity(ctx, summary), (*Activities)(nil).ReconcileDay, request).Get(ctx, &report); err != nil {
		return nil, err
	}
	if err := workflow.UpsertTypedSearchAttributes(ctx, ramp.AttentionKey.ValueSet(report.Findings > 0)); err != nil {
		return nil, err
	}
	workflow.SetCurrentDetails(ctx, details(report))
	summary = "Delete what was kept while it ran"
	return report, workflow.ExecuteActivity(withActivity(ctx, summary), (*Activities)(nil).DropReconciliationParts, request).Get(ctx, nil)
}

func withActivity(ctx workflow.Context, summary string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue:           ramp.WatchTaskQueue,
		Summary:             summary,
		StartToCloseTimeout: attemptTimeout,
		HeartbeatTimeout:    heartbeatTimeout,
		Priority:            temporal.Priority{PriorityKey: lowest},
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval: 5 * time.Second, BackoffCoefficient: 2, MaximumInterval: 5 * time.Minute, MaximumAttempts: math.MaxInt32,
		},
	})
}

const (
	// changeOwnRun: DailyReconciliation waits for a reconciliation of its day that runs, and starts its own (workflow.GetVersion).
	changeOwnRun = "own-reconciliation"
	// ownRunPause is the pause before it tries to start its own again.
	ownRunPause = 10 * time.Minute
)

// DailyReconciliation runs, as a workflow of its own, the Reconciliation of the day before the time that a schedule planned it for, or of the
// day before its start. One that somebody has started by hand and that still runs may have begun before the day ended, and knows nothing of the
// orders since: it is waited for, and does not count.
func DailyReconciliation(ctx workflow.Context) (*reconcile.Report, error) {
	planned, scheduled := workflow.GetTypedSearchAttributes(ctx).GetTime(scheduledFor)
	if !scheduled {
		planned = workflow.Now(ctx)
	}
	day := situation.DayOf(planned).Add(-1)
	child := workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{
		WorkflowID: reconcile.WorkflowID(day), TaskQueue: ramp.TaskQueue, StaticSummary: reconcile.Title(day),
		WorkflowIDReusePolicy: enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		ParentClosePolicy:     enumspb.PARENT_CLOSE_POLICY_ABANDON,
	})
	for {
		var report *reconcile.Report
		err := workflow.ExecuteChildWorkflow(child, reconcile.Workflow, reconcile.Request{Day: day}).Get(ctx, &report)
		if !temporal.IsWorkflowExecutionAlreadyStartedError(err) {
			return report, err
		}
		if workflow.GetVersion(ctx, changeOwnRun, workflow.DefaultVersion, 1) == workflow.DefaultVersion {
			return &reconcile.Report{Day: day}, nil
		}
		waiting := workflow.TimerOptions{Summary: "Until the reconciliation of " + string(day) + " that runs has ended"}
		if err := workflow.NewTimerWithOptions(ctx, ownRunPause, waiting).Get(ctx, nil); err != nil {
			return nil, err
		}
	}
}

// details is the report for Temporal's Web UI.
func details(r *reconcile.Report) string {
	var b strings.Builder
	fmt.Fprintf(&b, "**%d orders of %s compared, %d differences**\n", r.Orders, r.Day, r.Findings)
	for _, kind := range situation.Differences() {
		if n := r.Kinds[kind]; n > 0 {
			fmt.Fprintf(&b, "\n- `%s`: %d", kind, n)
		}
	}
	fmt.Fprintf(&b, "\n\nAll are in `%s` and `%s` of the store.", r.CSV, r.JSON)
	return b.String()
}
