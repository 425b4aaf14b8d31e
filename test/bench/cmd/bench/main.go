// Command bench measures what orders cost. It fails if a target is missed, and names it.
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
	"rampart/test/bench/delivery"
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

// settings are the flags.
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
		Short:         "Measure what orders cost, next to simpler implementations",
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
	flags.Int64Var(&set.options.Seed, "seed", 1, "seed of everything that is random at the provider")
	flags.BoolVar(&set.options.Quick, "quick", false, "run a few orders only, to show that everything works; the figures mean nothing")
	flags.BoolVar(&set.options.Postgres, "postgres", false, "measure with the official server on PostgreSQL instead of the development server on SQLite")
	flags.IntVar(&set.options.Shards, "shards", 4, "how many history shards the official server has")
	flags.StringVar(&set.options.Only, "only", "", "measure only the scenarios whose name contains this")
	flags.StringVar(&set.json, "json", "", "`file` to write the report to as JSON")
	flags.StringVar(&set.page, "page", "", "Markdown `page` to write the report into, between the comments that the measurement is named after, such as <!-- orders --> and <!-- /orders -->")
	flags.BoolVar(&set.keep, "keep", false, "keep logs, and print where they are")
	command.AddCommand(newWaitingCommand(set), newRestCommand(set), newEventsCommand(set), newPeersCommand(set), newTakeoversCommand(set), newCrashCommand(set), newDatabasesCommand(), newSizesCommand(), newBaselineCommand(), newDeliverCommand())
	return command
}

func (s *settings) run(cmd *cobra.Command, name string, measure func(context.Context, bench.Options) (bench.Report, error)) error {
	var err error
	if s.options.Dir, err = os.MkdirTemp("", "bench-"); err != nil {
		return err
	}
	report, err := measure(cmd.Context(), s.options)
	s.cleanUp(err)
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
		Short: "Measure what 10,000 orders use that wait for a proof while 2,000 are watched",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return set.run(cmd, "waiting", bench.RunWaiting)
		},
	}
}

func newRestCommand(set *settings) *cobra.Command {
	command := &cobra.Command{
		Use:   "rest",
		Short: "Measure what up to 10,000 orders use that wait while nothing else happens, and profile server and worker",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return set.run(cmd, "rest", bench.RunRest)
		},
	}
	command.Flags().IntVar(&set.options.Most, "most", 0, "leave out the steps at which more orders wait")
	return command
}

func newEventsCommand(set *settings) *cobra.Command {
	return &cobra.Command{
		Use:   "events",
		Short: "Measure designs of the delivery of events",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return set.run(cmd, "events", bench.RunDeliveries)
		},
	}
}

func newPeersCommand(set *settings) *cobra.Command {
	return &cobra.Command{
		Use:   "peers",
		Short: "Measure the lifecycle on DBOS Transact and on River beside Rampart",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return set.run(cmd, "peers", bench.RunPeers)
		},
	}
}

func newTakeoversCommand(set *settings) *cobra.Command {
	return &cobra.Command{
		Use:   "takeovers",
		Short: "Measure how orders go on after their worker was killed, on DBOS Transact, on River and on Rampart",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return set.run(cmd, "takeovers", bench.RunTakeovers)
		},
	}
}

func newCrashCommand(set *settings) *cobra.Command {
	var curve bool
	command := &cobra.Command{
		Use:   "crash",
		Short: "Kill one of several workers at every call that changes something at the provider, and while it watches",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if curve {
				return set.run(cmd, "crash-curve", bench.RunCrashCurve)
			}
			return set.run(cmd, "crashes", bench.RunCrashes)
		},
	}
	command.Flags().BoolVar(&curve, "curve", false, "measure instead how soon watches are taken over, and what a poll costs, by the lease of a worker and by heartbeat timeouts of 20, 40 and 80 seconds")
	return command
}

// postgresShards are the numbers of shards that the results on PostgreSQL are read for.
func postgresShards() []int { return []int{4, 16} }

func newDatabasesCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "databases RESULTS PAGE.md",
		Short: "Set the measurements on SQLite and PostgreSQL in a directory beside each other, and write them into a page",
		Args:  cobra.ExactArgs(2),
		RunE: func(_ *cobra.Command, arguments []string) error {
			databases, err := bench.ReadDatabases(arguments[0], postgresShards()...)
			if err != nil {
				return err
			}
			return bench.WriteInto(arguments[1], "databases", databases)
		},
	}
}

func newSizesCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "sizes RESULTS PAGE.md",
		Short: "Compute what many orders a day need from the measurements in a directory, those on PostgreSQL if there are any, and write it into a page",
		Args:  cobra.ExactArgs(2),
		RunE: func(_ *cobra.Command, arguments []string) error {
			databases, err := bench.ReadDatabases(arguments[0], postgresShards()...)
			if err != nil {
				return err
			}
			sizes, err := databases.Sizes()
			if err != nil {
				return err
			}
			return bench.WriteInto(arguments[1], "sizes", sizes)
		},
	}
}

// cleanUp removes the logs, unless the measurement failed or they are to be kept.
func (s *settings) cleanUp(err error) {
	if s.keep || err != nil {
		fmt.Fprintln(os.Stderr, "logs:", s.options.Dir)
		return
	}
	_ = os.RemoveAll(s.options.Dir) // it is in the system's directory for temporary files
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

// newBaselineCommand returns the command that runs a baseline worker. A measurement starts it.
func newBaselineCommand() *cobra.Command {
	set := baseline.Settings{APIKey: testbed.APIKey}
	var kind string
	command := &cobra.Command{
		Use:    "baseline",
		Short:  "Run a worker of an implementation that Rampart is compared with",
		Args:   cobra.NoArgs,
		Hidden: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			set.Kind = baseline.Kind(kind)
			return baseline.Run(cmd.Context(), set, cmd.OutOrStdout())
		},
	}
	flags := command.Flags()
	flags.StringVar(&kind, "kind", string(baseline.Ports), "ports, retries or watches")
	flags.DurationVar(&set.Heartbeat, "heartbeat", 0, "heartbeat timeout of watches, in workers of kind watches")
	flags.StringVar(&set.Address, "temporal", "127.0.0.1:7233", "address of Temporal")
	flags.StringVar(&set.Namespace, "namespace", "default", "namespace of Temporal")
	flags.StringVar(&set.Provider, "provider", "http://127.0.0.1:8480", "URL of the sandbox")
	flags.StringVar(&set.Keyset, "keyset", "", "file of the keys that encrypt payloads")
	flags.StringVar(&set.Profiles, "profiles", "127.0.0.1:0", "address at which to serve Go's profiles")
	flags.Float64Var(&set.Speed, "speed", 1, "how many times as fast as real time the provider's clock runs")
	return command
}

// newDeliverCommand returns the command that runs a worker of orders with deliveries. A measurement starts it.
func newDeliverCommand() *cobra.Command {
	var set delivery.Settings
	command := &cobra.Command{
		Use:    "deliver",
		Short:  "Run a worker of orders whose events are delivered",
		Args:   cobra.NoArgs,
		Hidden: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return delivery.RunWorker(cmd.Context(), set, cmd.OutOrStdout())
		},
	}
	flags := command.Flags()
	flags.StringVar(&set.Address, "temporal", "127.0.0.1:7233", "address of Temporal")
	flags.StringVar(&set.Keyset, "keyset", "", "file of the keys that encrypt payloads")
	flags.StringVar(&set.Endpoint, "endpoint", "", "URL that receives events")
	return command
}
