// Command torture runs orders against a failing provider while it kills workers and the Temporal server, and fails if an
// order was lost, doubled or ended wrongly.
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

// errFound says that a run found what must not be. The report says what.
var errFound = errors.New("not every order ended as it must")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := newCommand().ExecuteContext(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "torture:", err)
		os.Exit(1)
	}
}

// settings are the flags that are no options of a run.
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
	flags.StringVar(&options.Configuration, "config", "temporal-dev.yaml", "configuration of the development server")
	flags.BoolVar(&options.PostgreSQL, "postgres", false, "keep Temporal's data in PostgreSQL, with the official server")
	flags.Int64Var(&options.Seed, "seed", 1, "decides what is random")
	flags.IntVar(&options.Orders, "orders", 1000, "how many orders")
	flags.StringVar(&set.faults, "faults", "20%", "share of all calls to the provider that a fault befalls")
	flags.Float64Var(&options.Speed, "speed", 30, "how many times as fast as real time the provider's clock runs")
	flags.DurationVar(&options.Every, "every", 300*time.Millisecond, "mean time between the starts of two orders")
	flags.IntVar(&options.Kills, "kills", 20, "how often a worker is killed")
	flags.IntVar(&options.Stops, "stops", 10, "how often a worker is stopped with SIGTERM")
	flags.IntVar(&options.ServerKills, "server-kills", 3, "how often the Temporal server is killed")
	flags.DurationVar(&options.Deadline, "deadline", 0, "when what still runs counts as stuck; 0 allows for every delay but a defect")
	flags.StringVar(&set.json, "json", "", "file for the report as JSON")
	flags.BoolVar(&set.keep, "keep", false, "keep data and logs, and say where they are")
	command.AddCommand(newPressureCommand())
	return command
}

func newPressureCommand() *cobra.Command {
	var set settings
	pressure := torture.Pressure{Options: torture.Options{Progress: os.Stderr, Speed: 1}}
	command := &cobra.Command{
		Use:   "backpressure",
		Short: "Start more orders at once than the provider lets through, and measure",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return set.press(cmd.Context(), pressure, cmd.OutOrStdout())
		},
	}
	flags := command.Flags()
	flags.StringVar(&pressure.Bin, "bin", "bin", "directory of the programs")
	flags.StringVar(&pressure.Configuration, "config", "temporal-dev.yaml", "configuration of the development server")
	flags.Int64Var(&pressure.Seed, "seed", 1, "decides what is random")
	flags.IntVar(&pressure.Orders, "orders", 5000, "how many orders")
	flags.Float64Var(&pressure.ProviderRate, "provider-rate", 20, "requests a second that the provider answers")
	flags.Float64Var(&pressure.WorkerRate, "worker-rate", 6, "requests a second that each of the three workers is set to")
	flags.DurationVar(&pressure.For, "for", 10*time.Minute, "how long to measure")
	flags.DurationVar(&pressure.Sample, "sample", 30*time.Second, "time between two samples")
	flags.StringVar(&set.json, "json", "", "file for the report as JSON")
	flags.BoolVar(&set.keep, "keep", false, "keep data and logs, and say where they are")
	return command
}

func (s settings) press(ctx context.Context, pressure torture.Pressure, out io.Writer) error {
	var err error
	if pressure.Dir, err = os.MkdirTemp("", "backpressure-"); err != nil {
		return err
	}
	report, err := torture.RunPressure(ctx, pressure)
	s.leave(pressure.Dir, err)
	if err != nil {
		return err
	}
	err = errors.Join(report.WriteText(out), s.writeJSON(report.WriteJSON))
	for _, violation := range report.Violations() {
		err = errors.Join(err, errors.New(violation))
	}
	return err
}

// leave removes the data and logs of a run, unless somebody wants to look at them.
func (s settings) leave(dir string, err error) {
	if s.keep || err != nil {
		fmt.Fprintln(os.Stderr, "data and logs:", dir)
		return
	}
	_ = os.RemoveAll(dir) // it is in the system's directory for what nobody misses
}

func (s settings) run(ctx context.Context, options torture.Options, out io.Writer) error {
	var err error
	if options.Faults, err = share(s.faults); err != nil {
		return err
	}
	if options.Dir, err = os.MkdirTemp("", "torture-"); err != nil {
		return err
	}
	report, err := torture.Run(ctx, options)
	s.leave(options.Dir, err)
	if err != nil {
		return err
	}
	if err := errors.Join(report.WriteText(out), s.writeJSON(report.WriteJSON)); err != nil {
		return err
	}
	if !report.Good() {
		return errFound
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

// share reads 20% or 0.2.
func share(text string) (float64, error) {
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
