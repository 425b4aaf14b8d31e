package commands

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
)

// defaultDeployment is what workers belong to unless told otherwise.
const defaultDeployment = "ramp"

// askAgain is how often a deployment is asked about while something is awaited of it.
const askAgain = time.Second

// Deployments is what commands about versions of workers need of Temporal's client.
type Deployments interface {
	WorkerDeploymentClient() client.WorkerDeploymentClient
	DescribeTaskQueue(context.Context, string, enumspb.TaskQueueType) (*workflowservice.DescribeTaskQueueResponse, error)
	CountWorkflow(context.Context, *workflowservice.CountWorkflowExecutionsRequest) (*workflowservice.CountWorkflowExecutionsResponse, error)
	ListWorkflow(context.Context, *workflowservice.ListWorkflowExecutionsRequest) (*workflowservice.ListWorkflowExecutionsResponse, error)
	UpdateWorkflowExecutionOptions(context.Context, client.UpdateWorkflowExecutionOptionsRequest) (client.WorkflowExecutionOptions, error)
}

// deployment is the worker deployment that a command is about.
type deployment struct {
	name     string
	handle   client.WorkerDeploymentHandle
	temporal Deployments
	now      func() time.Time
}

// onDeployment makes a command of one about a worker deployment.
type onDeployment func(func(context.Context, *Connection, *deployment, []string) error) func(*cobra.Command, []string) error

func (p *Program) deployment() *cobra.Command {
	command := &cobra.Command{
		Use:   "deployment",
		Short: "Roll out new versions of the workers, and move orders between them",
		Long: "Roll out new versions of the workers. A version is all the workers with one RAMP_BUILD_ID. An order stays with the version\n" +
			"that it began on, so a new one takes over like this:\n\n" +
			"  start workers of v2, beside those of v1\n" +
			"  starter deployment ramp v2 --percent 5     a share of new orders goes to v2\n" +
			"  starter deployment promote v2              all new orders go to v2\n" +
			"  starter deployment wait-drained v1         until no order is left on v1; then stop its workers\n\n" +
			"To go back, promote v1: new orders go there, and those that v2 began stay with v2.",
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	var name string
	command.PersistentFlags().StringVar(&name, "deployment", "", "`name` of the worker deployment (default $RAMP_DEPLOYMENT, or ramp)")
	on := func(do func(context.Context, *Connection, *deployment, []string) error) func(*cobra.Command, []string) error {
		return p.run(func(ctx context.Context, c *Connection, args []string) error {
			fromEnvironment, _ := p.Environment.LookupEnv("RAMP_DEPLOYMENT")
			chosen := cmp.Or(name, fromEnvironment, defaultDeployment)
			handle := c.Deployments.WorkerDeploymentClient().GetHandle(chosen)
			return do(ctx, c, &deployment{chosen, handle, c.Deployments, p.Now}, args)
		})
	}
	command.AddCommand(p.deploymentStatus(on), p.deploymentRamp(on), p.deploymentPromote(on), p.deploymentWaitDrained(on), p.deploymentMove(on))
	return command
}

func (p *Program) deploymentStatus(on onDeployment) *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "Show the versions, where new orders go, and how many orders run on each",
		Long: "Show the versions, where new orders go, how many orders run on each, and how many workers there are for them. A worker that\n" +
			"has stopped is counted for a minute and a half more. Orders on a version without workers wait until it has some.",
		Args: arguments(),
		RunE: on(func(ctx context.Context, _ *Connection, d *deployment, _ []string) error {
			return p.printDeployment(ctx, d)
		}),
	}
}

// printDeployment shows how a deployment stands, and then says what else there is to say.
func (p *Program) printDeployment(ctx context.Context, d *deployment, lines ...string) error {
	view, err := d.status(ctx)
	if err != nil {
		return err
	}
	if p.output.json {
		return writeJSON(p.Stdout, view)
	}
	screen := p.screen()
	for _, line := range view.table() {
		screen.Line(line)
	}
	for _, line := range lines {
		screen.Line(line)
	}
	return nil
}

// deploymentView is how a deployment stands, as JSON has it.
type deploymentView struct {
	Deployment string `json:"deployment"`
	// Current and Ramping are the build ids that new orders go to, empty for workers without a version. RampPercent of
	// new orders go to Ramping.
	Current     string        `json:"current"`
	Ramping     string        `json:"ramping"`
	RampPercent float32       `json:"rampPercent"`
	Versions    []versionView `json:"versions"`
	// Unversioned is about workers without a version.
	Unversioned versionView `json:"unversioned"`
}

// versionView is how a version stands.
type versionView struct {
	BuildID string `json:"buildId,omitempty"`
	// State is current, ramping, draining, drained, or idle: it never got an order. Workers without a version are current,
	// ramping or unused.
	State string `json:"state"`
	// Orders are those that run.
	Orders int64 `json:"orders"`
	// Workers are the processes that ask for orders.
	Workers int `json:"workers"`
}

func (v *deploymentView) table() []string {
	rows := [][]string{{"BUILD", "STATE", "ORDERS", "WORKERS"}}
	for _, version := range append(v.Versions, v.Unversioned) {
		state := version.State
		if state == stateRamping {
			state = fmt.Sprintf("%s %g %%", state, v.RampPercent)
		}
		rows = append(rows, []string{cmp.Or(version.BuildID, "(no version)"), state, fmt.Sprint(version.Orders), fmt.Sprint(version.Workers)})
	}
	return aligned(rows)
}

// aligned are rows as lines, the last two columns to the right.
func aligned(rows [][]string) []string {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], len(cell))
		}
	}
	lines := make([]string, len(rows))
	for i, row := range rows {
		lines[i] = strings.TrimRight(fmt.Sprintf("  %-*s  %-*s  %*s  %*s", widths[0], row[0], widths[1], row[1], widths[2], row[2], widths[3], row[3]), " ")
	}
	return lines
}
