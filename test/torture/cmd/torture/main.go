// Command torture runs orders against a failing provider while it kills workers and the Temporal server. It fails if an order is stuck,
// duplicated or ended wrongly, if a proof is lost, or if a change of an order is not delivered to its backend.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"rampart/test/torture"
)

// errViolations reports that a run has violations. The report lists them.
var errViolations = errors.New("not every order ended as it must; the report lists the violations")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := newCommand().ExecuteContext(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "torture:", err)
		os.Exit(1)
	}
}

// settings are the flags that are not options of a run.
type settings struct {
	faults string
	json   string
	keep   bool
}

func newCommand() *cobra.Command {
	var set settings
	options := torture.Options{Progress: os.Stderr}
	command := &cobra.Command{
		Use:           "torture",
		Short:         "Run orders against a failing provider while workers and the Temporal server are killed",
		Args:          cobra.NoArgs,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return set.run(cmd.Context(), options, cmd.OutOrStdout())
		},
	}
	flags := command.Flags()
	flags.StringVar(&options.Bin, "bin", "bin", "directory of the programs")
	flags.StringVar(&options.Config, "config", "temporal-dev.yaml", "configuration of the development server")
	flags.BoolVar(&options.PostgreSQL, "postgres", false, "keep Temporal's data in PostgreSQL, with the official server")
	flags.BoolVar(&options.Cluster, "cluster", false, "run each service of the official server as a process of its own, with two gateways, and kill each process in turn instead of what the flags of kills and stops say")
	flags.Int64Var(&options.Seed, "seed", 1, "seed of everything that is random")
	flags.IntVar(&options.Orders, "orders", 1000, "number of orders")
	flags.StringVar(&set.faults, "faults", "20%", "share of the calls to the provider that fail, as 20% or 0.2")
	flags.Float64Var(&options.Speed, "speed", 30, "how many times as fast as real time the provider's clock runs")
	flags.DurationVar(&options.Every, "every", 300*time.Millisecond, "mean time between the starts of two orders")
	flags.IntVar(&options.Kills, "kills", 20, "how many times a worker is killed")
	flags.IntVar(&options.Stops, "stops", 10, "how many times a worker gets SIGTERM")
	flags.IntVar(&options.ServerKills, "server-kills", 3, "how many times the Temporal server is killed")
	flags.IntVar(&options.GatewayKills, "gateway-kills", 5, "how many times the gateway is killed")
	flags.IntVar(&options.Losses, "losses", 0, "how many times Temporal's database is deleted, and the orders are rebuilt from their records; events and books are not compared then")
	flags.DurationVar(&options.Outage, "outage", time.Minute, "how long the backend's endpoint of events is away")
	flags.DurationVar(&options.Deadline, "deadline", 0, "time after which an order that runs counts as stuck; 0 means a time in which every order ends unless there is a defect")
	flags.StringVar(&set.json, "json", "", "`file` to write the report to as JSON")
	flags.BoolVar(&set.keep, "keep", false, "keep data and logs, and print where they are")
	command.AddCommand(newBackpressureCommand())
	return command
}

func newBackpressureCommand() *cobra.Command {
	var set settings
	options := torture.BackpressureOptions{Options: torture.Options{Progress: os.Stderr, Speed: 1}}
	command := &cobra.Command{
		Use:   "backpressure",
		Short: "Start more orders at once than the provider's rate limit lets through, and measure",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return set.runBackpressure(cmd.Context(), options, cmd.OutOrStdout())
		},
	}
	flags := command.Flags()
	flags.StringVar(&options.Bin, "bin", "bin", "directory of the programs")
	flags.StringVar(&options.Config, "config", "temporal-dev.yaml", "configuration of the development server")
	flags.BoolVar(&options.Cluster, "cluster", false, "run each service of the official server as a process of its own, with two gateways, and kill each process in turn instead of what the flags of kills and stops say")
	flags.Int64Var(&options.Seed, "seed", 1, "seed of everything that is random")
	flags.IntVar(&options.Orders, "orders", 5000, "number of orders")
	flags.Float64Var(&options.ProviderRate, "provider-rate", 20, "requests a second that the provider answers")
	flags.Float64Var(&options.WorkerRate, "worker-rate", 6, "limit of requests a second of each of the three workers")
	flags.DurationVar(&options.For, "for", 10*time.Minute, "duration of the measurement")
	flags.DurationVar(&options.Sample, "sample", 30*time.Second, "time between two samples")
	flags.StringVar(&set.json, "json", "", "`file` to write the report to as JSON")
	flags.BoolVar(&set.keep, "keep", false, "keep data and logs, and print where they are")
	return command
}

func (s settings) runBackpressure(ctx context.Context, options torture.BackpressureOptions, out io.Writer) error {
	var err error
	if options.Dir, err = os.MkdirTemp("", "backpressure-"); err != nil {
		return err
	}
	report, err := torture.RunBackpressure(ctx, options)
	s.cleanUp(options.Dir, err)
	if err != nil {
		return err
	}
	err = errors.Join(report.WriteText(out), s.writeJSON(report.WriteJSON))
	for _, violation := range report.Violations() {
		err = errors.Join(err, errors.New(violation))
	}
	return err
}

// cleanUp removes the data and logs of a run, unless the run failed or they are to be kept.
func (s settings) cleanUp(dir string, err error) {
	if s.keep || err != nil {
		fmt.Fprintln(os.Stderr, "data and logs:", dir)
		return
	}
	_ = os.RemoveAll(dir) // it is in the system's directory for temporary files
}

func (s settings) run(ctx context.Context, options torture.Options, out io.Writer) error {
	var err error
	if options.Faults, err = parseShare(s.faults); err != nil {
		return err
	}
	if options.Dir, err = os.MkdirTemp("", "torture-"); err != nil {
		return err
	}
	report, err := torture.Run(ctx, options)
	s.cleanUp(options.Dir, err)
	if err != nil {
		return err
	}
	if err := errors.Join(report.WriteText(out), s.writeJSON(report.WriteJSON)); err != nil {
		return err
	}
	if !report.Good() {
		return errViolations
	}
	return nil
}

func (s settings) writeJSON(write func(io.Writer) error) error {
	if s.json == "" {
		return nil
	}
	file, err := os.Create(s.json)
	if err != nil {
		return err
	}
	return errors.Join(write(file), file.Close())
}

// parseShare parses 20% or 0.2.
func parseShare(text string) (float64, error) {
	number, percent := strings.CutSuffix(text, "%")
	value, err := strconv.ParseFloat(number, 64)
	if err != nil {
		return 0, fmt.Errorf("--faults must be a share such as 20%% or 0.2, not %q", text)
	}
	if percent {
		value /= 100
	}
	return value, nil
}
