package commands

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"rampart/ramp"
	"rampart/ramp/situation"
	"rampart/reconcile"
)

// Reconciliations is the part of reconcile.Client that commands use.
type Reconciliations interface {
	Run(ctx context.Context, day reconcile.Day) (*reconcile.Report, error)
	RunAnew(ctx context.Context, day reconcile.Day) (*reconcile.Report, error)
	Idle(ctx context.Context, day reconcile.Day) error
	Schedule(ctx context.Context, hour, minute int) error
	Unschedule(context.Context) (bool, error)
}

// storeVariable is the variable that names the store of reconciliations.
const storeVariable = "RAMP_RECONCILE_STORE"

// differencesError reports that a reconciliation has found differences.
type differencesError struct{ report *reconcile.Report }

func (e *differencesError) Error() string {
	return fmt.Sprintf("%s has %s", e.report.Day, counted(e.report.Findings, "difference"))
}

func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// reconcileOptions are the flags of reconcile.
type reconcileOptions struct {
	day     string
	export  string
	out     string
	timeout time.Duration
}

func (p *Program) reconcile() *cobra.Command {
	var o reconcileOptions
	cmd := &cobra.Command{
		Use:   "reconcile [--day DAY] [--export FILE] [--out DIRECTORY]",
		Short: "Compare the orders of a day with the provider's",
		Long: "Compare the orders of a day with the provider's: with its status of each, its users' histories of on-ramp orders, and the export of\n" +
			"its dashboard, if one is given. A worker does it, at the lowest priority; if this command is interrupted, it continues.\n\n" +
			"A day begins at midnight in India. The orders of a day are those that started or ended on it. Repeating the command is safe: a day\n" +
			"is reconciled by one workflow at a time, which the command waits for if it runs already. With --export it fails then, because that one\n" +
			"may not have read the export.\n\n" +
			"The findings are in the store that RAMP_RECONCILE_STORE of the workers names. --export and --out use it too: set the variable here.\n" +
			"The exit code is 3 if there are differences.",
		Example: `  starter reconcile
  starter reconcile --day 2026-11-26 --export dashboard.csv --out books`,
		Args: arguments(),
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&o.day, "day", "", "the `day` in India, such as 2026-11-26 (default: yesterday)")
	f.StringVar(&o.export, "export", "", "CSV `file` that the provider's dashboard has exported for that day; kept for later reconciliations of the day")
	f.StringVar(&o.out, "out", "", "`directory` to copy findings.csv and findings.json to")
	f.DurationVar(&o.timeout, "timeout", 0, "how long to wait, such as 30m (default: until it is done)")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		day, err := o.dayOf(cmd, p.Now())
		if err != nil {
			return err
		}
		return p.run(func(ctx context.Context, c *Connection, _ []string) error {
			return p.reconcileDay(ctx, c, day, o)
		})(cmd, args)
	}
	cmd.AddCommand(p.reconcileSchedule(), p.reconcileUnschedule())
	return cmd
}

// dayOf returns the day to reconcile.
func (o reconcileOptions) dayOf(cmd *cobra.Command, now time.Time) (reconcile.Day, error) {
	if o.day == "" {
		return situation.DayOf(now).Add(-1), nil
	}
	day, err := situation.ParseDay(o.day)
	if err != nil {
		return "", misused(cmd, "--day must be a date in India, such as 2026-11-26")
	}
	if day.Begin().After(now) {
		return "", misused(cmd, "--day must not be in the future")
	}
	return day, nil
}

func (p *Program) reconcileDay(ctx context.Context, c *Connection, day reconcile.Day, o reconcileOptions) error {
	var store *reconcile.Store
	if o.export != "" || o.out != "" {
		var err error
		if store, err = p.openStore(ctx); err != nil {
			return err
		}
		defer store.Close()
	}
	run, command := c.Reconciliations.Run, "the same command"
	if o.export != "" {
		if err := c.Reconciliations.Idle(ctx, day); err != nil {
			return err
		}
		if err := p.putExport(ctx, store, day, o.export); err != nil {
			return err
		}
		run, command = c.Reconciliations.RunAnew, "the same command without --export"
	}
	waiting, stop := ctx, context.CancelFunc(func() {})
	if o.timeout > 0 {
		waiting, stop = context.WithTimeout(ctx, o.timeout)
	}
	defer stop()
	report, err := run(waiting, day)
	if waiting.Err() != nil {
		return fmt.Errorf("the reconciliation of %s continues; %s waits for it again: %w", day, command, waiting.Err())
	}
	if err != nil {
		return err
	}
	if o.out != "" {
		if err := copyFindings(ctx, store, report, o.out); err != nil {
			return err
		}
	}
	return p.showReport(report, o.out)
}

func (p *Program) openStore(ctx context.Context) (*reconcile.Store, error) {
	location, _ := p.Environment.LookupEnv(storeVariable)
	if location == "" {
		return nil, &usageError{message: "--export and --out need the store of the workers: set " + storeVariable + " as they have it"}
	}
	return reconcile.OpenStore(ctx, location)
}

func (p *Program) putExport(ctx context.Context, store *reconcile.Store, day reconcile.Day, name string) error {
	file, err := os.Open(name) // #nosec G304 -- the operator names the file
	if err != nil {
		return &usageError{message: "the file of --export cannot be opened: " + errors.Unwrap(err).Error()}
	}
	defer file.Close()
	_, err = store.PutExport(ctx, day, file)
	var failed *reconcile.StoreError
	if err != nil && !errors.As(err, &failed) {
		return &usageError{message: err.Error()}
	}
	return err
}

// copyFindings copies the findings of a day from the store to a directory.
func copyFindings(ctx context.Context, store *reconcile.Store, report *reconcile.Report, directory string) error {
	if err := os.MkdirAll(directory, 0o700); err != nil {
		return err
	}
	for _, name := range []string{report.CSV, report.JSON} {
		if err := copyFinding(ctx, store, name, filepath.Join(directory, filepath.Base(name))); err != nil {
			return err
		}
	}
	return nil
}

func copyFinding(ctx context.Context, store *reconcile.Store, name, to string) error {
	from, err := store.Open(ctx, name)
	if err != nil {
		return err
	}
	defer from.Close()
	file, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600) // #nosec G304 -- the operator names the directory
	if err != nil {
		return err
	}
	_, err = io.Copy(file, from)
	return errors.Join(err, file.Close())
}

// showReport prints a report. The error says that there are differences.
func (p *Program) showReport(report *reconcile.Report, out string) error {
	if p.output.json {
		if err := writeJSON(p.Stdout, report); err != nil {
			return err
		}
	} else {
		p.printReport(report, out)
	}
	if report.Findings > 0 {
		return &differencesError{report}
	}
	return nil
}

func (p *Program) printReport(report *reconcile.Report, out string) {
	screen := p.screen()
	compared := counted(report.Orders, "order") + " compared"
	if report.Rows > 0 {
		compared += ", with " + counted(report.Rows, "row") + " of the export"
	}
	screen.Linef("%s: %s, %s.", report.Day, compared, counted(report.Findings, "difference"))
	for _, f := range report.First {
		screen.Blank()
		screen.Line(p.findingLine(f))
		screen.Linef("  here: %s  there: %s  (%s)", orDash(f.Ours), orDash(f.Theirs), f.Source)
		screen.Line("  → " + f.Remedy)
		if f.Command != nil {
			screen.Linef("    %s %s", p.Name, strings.Join(f.Command, " "))
		}
	}
	screen.Blank()
	if more := report.Findings - len(report.First); more > 0 {
		screen.Linef("There are %d more.", more)
	}
	if out != "" {
		screen.Linef("All findings: %s and %s in %s", filepath.Base(report.CSV), filepath.Base(report.JSON), out)
		return
	}
	screen.Linef("All findings: %s and %s in the store of the workers (%s)", report.CSV, report.JSON, storeVariable)
}

func (p *Program) findingLine(f reconcile.Finding) string {
	parts := []string{strings.ReplaceAll(string(f.Kind), "_", " ")}
	switch {
	case f.Reference != "":
		parts = append(parts, f.Direction.WorkflowID(f.Reference))
	case f.Direction != "":
		parts = append(parts, string(f.Direction))
	}
	if f.OrderID != "" {
		parts = append(parts, "provider's "+f.OrderID)
	}
	return strings.Join(parts, "  ")
}

func orDash(text string) string {
	if text == "" {
		return "–"
	}
	return text
}

func (p *Program) reconcileSchedule() *cobra.Command {
	var at string
	cmd := &cobra.Command{
		Use:   "schedule [--at HH:MM]",
		Short: "Reconcile the day before, every day",
		Long: "Reconcile the day before, every day at the same time in India, by a Temporal Schedule. Running the command again changes the time.\n" +
			"An order lives three hours, so that most orders of a day have ended some hours after midnight.",
		Example: `  starter reconcile schedule
  starter reconcile schedule --at 06:15`,
		Args: arguments(),
	}
	cmd.Flags().StringVar(&at, "at", "05:30", "`time` of the day in India")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		when, err := time.Parse("15:04", at)
		if err != nil {
			return misused(cmd, "--at must be a time of the day, such as 05:30")
		}
		return p.run(func(ctx context.Context, c *Connection, _ []string) error {
			if err := c.Reconciliations.Schedule(ctx, when.Hour(), when.Minute()); err != nil {
				return err
			}
			return p.say("Reconciles the day before, every day at %s in India.", when.Format("15:04"))
		})(cmd, args)
	}
	return cmd
}

func (p *Program) reconcileUnschedule() *cobra.Command {
	return &cobra.Command{
		Use:     "unschedule",
		Short:   "No longer reconcile every day",
		Example: "  starter reconcile unschedule",
		Args:    arguments(),
		RunE: p.run(func(ctx context.Context, c *Connection, _ []string) error {
			had, err := c.Reconciliations.Unschedule(ctx)
			switch {
			case err != nil:
				return err
			case !had:
				return p.say("There was no schedule.")
			default:
				return p.say("No longer reconciles every day. A reconciliation that runs continues.")
			}
		}),
	}
}

// say prints a sentence, in JSON as the member done.
func (p *Program) say(format string, args ...any) error {
	text := fmt.Sprintf(format, args...)
	if p.output.json {
		return writeJSON(p.Stdout, map[string]string{"done": text})
	}
	p.screen().Line(text)
	return nil
}

// typeDifferences is the type of a differencesError in JSON.
const typeDifferences ramp.ErrorType = "Differences"
