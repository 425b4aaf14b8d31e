// Command bench measures what orders cost, and fails, naming it, when a target is missed.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"rampart/test/bench"
	"rampart/test/bench/baseline"
	"rampart/test/testbed"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := newCommand().ExecuteContext(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// settings are the flags that are no options of a measurement.
type settings struct {
	options bench.Options
	json    string
	page    string
	keep    bool
}

func newCommand() *cobra.Command {
	set := &settings{options: bench.Options{Progress: os.Stderr, Command: strings.Join(os.Args, " ")}}
	command := &cobra.Command{
		Use:           "bench",
		Short:         "Measure what orders cost, beside what a user would otherwise write",
		Args:          cobra.NoArgs,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return set.run(cmd, "orders", bench.Run)
		},
	}
	flags := command.PersistentFlags()
	flags.StringVar(&set.options.Bin, "bin", "bin", "directory of the programs")
	flags.StringVar(&set.options.Config, "config", "temporal-dev.yaml", "configuration of the development server")
	flags.Int64Var(&set.options.Seed, "seed", 1, "decides what is random at the provider")
	flags.BoolVar(&set.options.Quick, "quick", false, "show that everything works; the figures say nothing")
	flags.StringVar(&set.options.Only, "only", "", "measure only the scenarios whose name holds this")
	flags.StringVar(&set.json, "json", "", "file for the report as JSON")
	flags.StringVar(&set.page, "page", "", "page in Markdown to put the report into, between its comments for it")
	flags.BoolVar(&set.keep, "keep", false, "keep logs, and say where they are")
	command.AddCommand(newWaitingCommand(set), newSizesCommand(), newBaselineCommand())
	return command
}

func (s *settings) run(cmd *cobra.Command, name string, measure func(context.Context, bench.Options) (bench.Report, error)) error {
	var err error
	if s.options.Dir, err = os.MkdirTemp("", "bench-"); err != nil {
		return err
	}
	report, err := measure(cmd.Context(), s.options)
	s.leave(err)
	if err := errors.Join(err, report.WriteText(cmd.OutOrStdout()), s.writeJSON(report)); err != nil || s.options.Quick {
		return err
	}
	if s.page != "" {
		if err := bench.WriteInto(s.page, name, report); err != nil {
			return err
		}
	}
	return report.Missed()
}

func newWaitingCommand(set *settings) *cobra.Command {
	return &cobra.Command{
		Use:   "waiting",
		Short: "Measure what it takes to have 10,000 orders wait for their proof while 2,000 are watched",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return set.run(cmd, "waiting", bench.RunWaiting)
		},
	}
}

func newSizesCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "sizes ORDERS.json WAITING.json PAGE.md",
		Short: "Reckon, from both measurements, what many orders a day need, and put it into a page",
		Args:  cobra.ExactArgs(3),
		RunE: func(_ *cobra.Command, arguments []string) error {
			orders, err := bench.ReadReport(arguments[0])
			if err != nil {
				return err
			}
			waiting, err := bench.ReadReport(arguments[1])
			if err != nil {
				return err
			}
			sizes, err := bench.NewSizes(orders, waiting)
			if err != nil {
				return err
			}
			return bench.WriteInto(arguments[2], "sizes", sizes)
		},
	}
}

// leave removes the logs, unless somebody wants to look at them.
func (s *settings) leave(err error) {
	if s.keep || err != nil {
		fmt.Fprintln(os.Stderr, "logs:", s.options.Dir)
		return
	}
	_ = os.RemoveAll(s.options.Dir) // it is in the system's directory for what nobody misses
}

func (s *settings) writeJSON(report bench.Report) error {
	if s.json == "" {
		return nil
	}
	file, err := os.Create(s.json)
	if err != nil {
		return err
	}
	return errors.Join(report.WriteJSON(file), file.Close())
}

// newBaselineCommand runs a worker of what is compared with. A measurement starts it.
func newBaselineCommand() *cobra.Command {
	set := baseline.Settings{APIKey: testbed.APIKey}
	var kind string
	command := &cobra.Command{
		Use:    "baseline",
		Short:  "Run a worker of what Rampart is compared with",
		Args:   cobra.NoArgs,
		Hidden: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			set.Kind = baseline.Kind(kind)
			return baseline.Run(cmd.Context(), set, cmd.OutOrStdout())
		},
	}
	flags := command.Flags()
	flags.StringVar(&kind, "kind", string(baseline.Ports), "ports or retries")
	flags.StringVar(&set.Address, "temporal", "127.0.0.1:7233", "Temporal's address")
	flags.StringVar(&set.Namespace, "namespace", "default", "Temporal's namespace")
	flags.StringVar(&set.Provider, "provider", "http://127.0.0.1:8480", "the sandbox's address")
	flags.StringVar(&set.Keyset, "keyset", "", "file of the keys that encrypt payloads")
	flags.StringVar(&set.Profiles, "profiles", "127.0.0.1:0", "where Go's profiles are shown")
	flags.Float64Var(&set.Speed, "speed", 1, "how many times as fast as real time the provider's clock runs")
	return command
}
