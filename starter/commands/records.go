package commands

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"rampart/codec"
	"rampart/ramp"
	"rampart/ramp/situation"
	"rampart/records"
	"rampart/starter/connection"
	"rampart/starter/view"
)

func (p *Program) records() *cobra.Command {
	return commandGroup(&cobra.Command{
		Use:   "records",
		Short: "List, show and export the records of ended orders",
		Long: "List, show and export the records of ended orders, which workers keep where RAMP_RECORDS names a store. Records outlive the retention of\n" +
			"the namespace. These commands read the store, at RAMP_RECORDS or --store, with the keyset; they need no connection to Temporal.\n" +
			"Days are those of India. Of an order that ended before its worker had a store, there is no record.",
		Example: `  starter records list --from 2026-11-01 --to 2026-11-30
  starter records show inv-42
  starter records export --from 2026-11-01 --to 2026-11-30 > november.csv`,
	}, p.recordsList(), p.recordsShow(), p.recordsExport())
}

// recordsFlags are the flags of the commands that read records.
type recordsFlags struct {
	store    string
	from, to dayFlag
}

func (f *recordsFlags) registerStore(flags *pflag.FlagSet) {
	flags.StringVar(&f.store, "store", "", "`URL` of the store (default $RAMP_RECORDS)")
}

func (f *recordsFlags) register(flags *pflag.FlagSet) {
	flags.SortFlags = false
	flags.Var(&f.from, "from", "first `day` in India, such as 2026-11-01 (default today)")
	flags.Var(&f.to, "to", "last `day` in India (default today)")
	f.registerStore(flags)
}

// days returns the days of --from and --to.
func (f *recordsFlags) days(cmd *cobra.Command, today records.Day) (from, to records.Day, err error) {
	from, to = cmp.Or(records.Day(f.from), today), cmp.Or(records.Day(f.to), today)
	if from > to {
		return "", "", misused(cmd, "--from must not be after --to")
	}
	return from, to, nil
}

// dayFlag is the value of --from or --to. The zero value is today.
type dayFlag records.Day

// String implements pflag.Value.
func (f *dayFlag) String() string { return string(*f) }

// Set implements pflag.Value.
func (f *dayFlag) Set(text string) error {
	day, err := situation.ParseDay(text)
	*f = dayFlag(day)
	return err
}

// Type implements pflag.Value.
func (f *dayFlag) Type() string { return "day" }

func (p *Program) recordsList() *cobra.Command {
	var flags recordsFlags
	command := &cobra.Command{
		Use:   "list",
		Short: "List the records of the orders that ended in some days",
		Long: "List the records of the orders that ended in some days, from the oldest to the newest. A record that cannot be read is named in the error\n" +
			"at the end; the others are listed.",
		Example: `  starter records list
  starter records list --from 2026-11-01 --to 2026-11-30 -o json`,
		Args: arguments(),
	}
	command.RunE = p.withRecords(&flags, p.listRecords)
	flags.register(command.Flags())
	return command
}

func (p *Program) recordsExport() *cobra.Command {
	var flags recordsFlags
	var file string
	command := &cobra.Command{
		Use:   "export",
		Short: "Write the records of the orders that ended in some days as CSV",
		Long: "Write the records of the orders that ended in some days as CSV, one line for each order, with a line of names first. The table has the users'\n" +
			"e-mail addresses. A text that a spreadsheet would take for a formula begins with an apostrophe. If a record cannot be read, the others\n" +
			"are written, the error names it, and the exit code is 1: the table is not complete then.",
		Example: `  starter records export --from 2026-11-01 --to 2026-11-30 > november.csv
  starter records export --from 2026-11-01 --to 2026-11-30 --file november.csv`,
		Args: arguments(),
	}
	command.RunE = p.withRecords(&flags, func(all iter.Seq2[*records.Record, error]) error { return p.exportRecords(file, all) })
	flags.register(command.Flags())
	command.Flags().StringVar(&file, "file", "-", "`file` to write, which must not exist; - is standard output")
	return command
}

func (p *Program) recordsShow() *cobra.Command {
	var flags recordsFlags
	command := &cobra.Command{
		Use:   "show ORDER",
		Short: "Show the record of an order",
		Long: "Show the record of an order: its final state, as status showed it before Temporal forgot the order. With -o json, it also has the user's\n" +
			"e-mail address.",
		Example: `  starter records show inv-42
  starter records show onramp/inv-42 -o json`,
		Args: arguments("ORDER"),
		RunE: func(cmd *cobra.Command, args []string) error {
			ids, err := parseOrder(args[0])
			if err != nil {
				return err
			}
			store, err := p.openRecords(cmd, &flags)
			if err != nil {
				return err
			}
			record, err := only(ids, func(id ramp.ID) (*records.Record, error) { return findRecord(cmd.Context(), store, id) })
			if ramp.IsError(err, ramp.NotFound) {
				return noRecord(ids[0])
			}
			if err != nil {
				return err
			}
			if p.output.json {
				return writeJSON(p.Stdout, record)
			}
			return p.showOrder(&record.Order, false, (*view.Screen).Order)
		},
	}
	flags.registerStore(command.Flags())
	return command
}

func findRecord(ctx context.Context, store *records.Store, id ramp.ID) (*records.Record, error) {
	record, used, err := store.Find(ctx, id)
	switch {
	case err != nil:
		return nil, err
	case !used:
		return nil, noRecord(id)
	case record == nil:
		return nil, errors.New("an order with this reference has ended, but its record was forgotten with its user, is missing, or cannot be read")
	}
	return record, nil
}

func noRecord(id ramp.ID) error {
	return &ramp.Error{
		Type: ramp.NotFound, Reference: id.Reference,
		Message: "there is no record of such an order: it has not ended, or its worker kept no records, or the store is another",
	}
}

// openRecords opens the store that --store or RAMP_RECORDS names, with the keyset.
func (p *Program) openRecords(cmd *cobra.Command, flags *recordsFlags) (*records.Store, error) {
	url := flags.store
	if url == "" {
		url, _ = p.Environment.LookupEnv("RAMP_RECORDS")
	}
	if url == "" {
		return nil, misused(cmd, "--store or RAMP_RECORDS must be set: the URL of the store of records, as the workers have it")
	}
	source, err := connection.Keyset(p.Environment)
	if err != nil {
		return nil, err
	}
	keyring, err := codec.OpenKeyring(cmd.Context(), source)
	if err != nil {
		return nil, err
	}
	store, err := records.Open(url, keyring)
	if err != nil {
		return nil, misused(cmd, "--store or RAMP_RECORDS: the store "+err.Error())
	}
	return store, nil
}

// withRecords returns a cobra function for a command that reads the records of the days of --from and --to. The objects that cannot be
// read are kept from the command; the error names them.
func (p *Program) withRecords(flags *recordsFlags, command func(iter.Seq2[*records.Record, error]) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, _ []string) error {
		from, to, err := flags.days(cmd, situation.DayOf(p.Now()))
		if err != nil {
			return err
		}
		store, err := p.openRecords(cmd, flags)
		if err != nil {
			return err
		}
		var unreadable unreadableRecords
		if err := command(unreadable.leftOut(store.Between(cmd.Context(), from, to))); err != nil {
			return err
		}
		return unreadable.err()
	}
}

// maxUnreadable is how many unreadable objects an error names.
const maxUnreadable = 10

// unreadableRecords collects the objects that cannot be read.
type unreadableRecords struct {
	first []error
	count int
}

// leftOut yields the records that can be read.
func (u *unreadableRecords) leftOut(all iter.Seq2[*records.Record, error]) iter.Seq2[*records.Record, error] {
	return func(yield func(*records.Record, error) bool) {
		for record, err := range all {
			var bad *records.BadError
			if errors.As(err, &bad) {
				if u.count++; u.count <= maxUnreadable {
					u.first = append(u.first, bad)
				}
				continue
			}
			if !yield(record, err) {
				return
			}
		}
	}
}

func (u *unreadableRecords) err() error {
	if u.count == 0 {
		return nil
	}
	return fmt.Errorf("%d records cannot be read and are left out: %w", u.count, errors.Join(u.first...))
}

func (p *Program) listRecords(all iter.Seq2[*records.Record, error]) error {
	if p.output.json {
		return p.listRecordsJSON(all)
	}
	var rows []view.RecordRow
	for record, err := range all {
		if err != nil {
			return err
		}
		rows = append(rows, view.NewRecordRow(record))
	}
	if len(rows) == 0 {
		p.screen().Line("No records.")
		return nil
	}
	p.screen().Records(rows)
	return nil
}

// listRecordsJSON writes an array, one record after the other.
func (p *Program) listRecordsJSON(all iter.Seq2[*records.Record, error]) error {
	separator := "[\n  "
	for record, err := range all {
		if err != nil {
			return err
		}
		document, err := json.MarshalIndent(record, "  ", "  ")
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(p.Stdout, "%s%s", separator, document); err != nil {
			return err
		}
		separator = ",\n  "
	}
	if separator == "[\n  " {
		_, err := fmt.Fprintln(p.Stdout, "[]")
		return err
	}
	_, err := fmt.Fprintln(p.Stdout, "\n]")
	return err
}

// exportRecords writes the table to a new file, or to standard output for "-".
func (p *Program) exportRecords(name string, all iter.Seq2[*records.Record, error]) error {
	if name == "-" {
		return writeTable(p.Stdout, all)
	}
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) // #nosec G304 -- the operator names it
	if err != nil {
		return &usageError{message: "cannot write --file: " + err.Error()}
	}
	return errors.Join(writeTable(file, all), file.Sync(), file.Close())
}

func writeTable(w io.Writer, all iter.Seq2[*records.Record, error]) error {
	table, err := records.NewCSV(w)
	if err != nil {
		return err
	}
	for record, err := range all {
		if err == nil {
			err = table.Write(record)
		}
		if err != nil {
			return errors.Join(err, table.Close())
		}
	}
	return table.Close()
}
