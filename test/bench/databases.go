package bench

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
)

// database is where Temporal's data was kept, with the reports of the measurements on it; nil where one was not made.
type database struct {
	name                  string
	orders, waiting, rest *Report
}

// Databases sets the same measurements on several databases beside each other.
type Databases struct {
	all []database
}

// ReadDatabases reads the reports of a directory: orders.json, waiting.json and rest.json, and those of PostgreSQL with so many shards, as
// orders-postgres-4.json. Files that do not exist are left out.
func ReadDatabases(directory string, shards ...int) (Databases, error) {
	names, ends := []string{"SQLite"}, []string{""}
	for _, n := range shards {
		names, ends = append(names, fmt.Sprintf("PostgreSQL, %d shards", n)), append(ends, fmt.Sprintf("-postgres-%d", n))
	}
	var d Databases
	for i, end := range ends {
		read := database{name: names[i]}
		for kind, into := range map[string]**Report{"orders": &read.orders, "waiting": &read.waiting, "rest": &read.rest} {
			report, err := ReadReport(filepath.Join(directory, kind+end+".json"))
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				return d, err
			}
			*into = &report
		}
		d.all = append(d.all, read)
	}
	return d, nil
}

// best returns the database whose figures sizes are computed from: that of PostgreSQL with most shards for which there is what they need, else
// SQLite.
func (d Databases) best() database {
	for i := len(d.all) - 1; i > 0; i-- {
		if d.all[i].orders != nil && d.all[i].waiting != nil {
			return d.all[i]
		}
	}
	return d.all[0]
}

// WriteText writes the tables as Markdown, with a column for each database that was measured.
func (d Databases) WriteText(w io.Writer) error {
	var b strings.Builder
	if !d.onPostgres() {
		_, err := io.WriteString(w, "On PostgreSQL nothing has been measured yet: `make bench-postgres` and `make bench-waiting-postgres` write their tables here.\n")
		return err
	}
	d.writeRuns(&b)
	beside(&b, d.with(func(d database) *Report { return d.orders }), "scenario and variant, CPU of an order: server + database, worker", costRows)
	beside(&b, d.with(func(d database) *Report { return d.orders }), "orders a second, two polls", rateRows)
	beside(&b, d.with(func(d database) *Report { return d.orders }), "load: start to instructions; proof to provider, p50 / p99", latencyRows)
	beside(&b, d.with(func(d database) *Report { return d.waiting }), "waiting, watched: CPU of server + database, worker; proof to provider, p50 / p99", waitingRows)
	beside(&b, d.with(func(d database) *Report { return d.waiting }), "polls on the real clock: CPU of a poll, server + database, worker", pollRows)
	beside(&b, d.with(func(d database) *Report { return d.rest }), "waiting, at rest: CPU of server + database, worker; memory of server, worker", restRows)
	d.writeProfiles(&b)
	_, err := io.WriteString(w, b.String())
	return err
}

// column is a report under the name of its database.
type column struct {
	name   string
	report *Report
}

// with returns the columns of the databases that have a report.
func (d Databases) with(of func(database) *Report) []column {
	var all []column
	for _, each := range d.all {
		if report := of(each); report != nil {
			all = append(all, column{each.name, report})
		}
	}
	return all
}

// onPostgres reports whether anything was measured on PostgreSQL.
func (d Databases) onPostgres() bool {
	return slices.ContainsFunc(d.all[1:], func(d database) bool { return d.orders != nil || d.waiting != nil || d.rest != nil })
}

func (d Databases) writeRuns(b *strings.Builder) {
	for _, each := range d.all {
		for _, report := range []*Report{each.orders, each.waiting, each.rest} {
			if report != nil {
				fmt.Fprintf(b, "- %s: `%s`, took %s; %s\n", each.name, report.Command, report.Took, report.Machine)
			}
		}
	}
	b.WriteString("\n")
}

// cells are the rows of a table: a label, and the cell of a column.
type cells struct {
	labels []string
	of     map[string]string
}

func (c *cells) add(label, cell string) {
	if c.of == nil {
		c.of = map[string]string{}
	}
	c.labels, c.of[label] = append(c.labels, label), cell
}

// beside writes a table with a column for each report, and a row for each label that any of them has.
func beside(b *strings.Builder, columns []column, title string, rows func(*Report) cells) {
	var labels []string
	known, all := map[string]bool{}, make([]cells, len(columns))
	for i, c := range columns {
		all[i] = rows(c.report)
		for _, label := range all[i].labels {
			if !known[label] {
				labels, known[label] = append(labels, label), true
			}
		}
	}
	if len(labels) == 0 {
		return
	}
	fmt.Fprintf(b, "| %s |", title)
	for _, c := range columns {
		fmt.Fprintf(b, " %s |", c.name)
	}
	b.WriteString("\n| --- |" + strings.Repeat(" ---: |", len(columns)) + "\n")
	for _, label := range labels {
		fmt.Fprintf(b, "| %s |", label)
		for i := range columns {
			cell, has := all[i].of[label]
			if !has {
				cell = "–"
			}
			fmt.Fprintf(b, " %s |", cell)
		}
		b.WriteString("\n")
	}
	b.WriteString("\n")
}

// plus formats the figure of the server, and that of the database where it has one of its own.
func plus(server, database float64, format string) string {
	if database == 0 {
		return fmt.Sprintf(format, server)
	}
	return fmt.Sprintf(format+" + "+format, server, database)
}

func costRows(r *Report) (c cells) {
	for _, cost := range r.Costs {
		c.add(cost.Scenario+", "+string(cost.Variant), plus(cost.ServerCPU.Median, cost.DatabaseCPU.Median, "%.1f")+fmt.Sprintf(", %.1f ms", cost.WorkerCPU.Median))
	}
	return c
}

func rateRows(r *Report) (c cells) {
	for _, rate := range r.Rates {
		c.add(string(rate.Variant), rate.PerSec.String())
	}
	return c
}

func latencyRows(r *Report) (c cells) {
	for _, l := range r.Latencies {
		c.add(l.Load, fmt.Sprintf("%s; %s at %.1f orders/s", l.Start, l.Proof, l.PerSec))
	}
	return c
}

func waitingRows(r *Report) (c cells) {
	if r.Waiting == nil {
		return c
	}
	for _, s := range r.Waiting.Steps {
		c.add(fmt.Sprintf("%d, %d", s.Waiting, s.Watched), fmt.Sprintf("%s, %.1f %%; %s", plus(100*s.ServerCPU, 100*s.DatabaseCPU, "%.1f"), 100*s.WorkerCPU, s.Proof))
	}
	return c
}

func pollRows(r *Report) (c cells) {
	if r.Waiting == nil || r.Waiting.Steady.Polls == 0 {
		return c
	}
	add := func(waiting int, s Steady) {
		c.add(fmt.Sprintf("%d watched, %d waiting", r.Waiting.Watched, waiting), plus(s.ServerCPU, s.DatabaseCPU, "%.2f")+fmt.Sprintf(", %.2f ms", s.WorkerCPU))
	}
	add(0, r.Waiting.Calm)
	add(r.Waiting.Steps[len(r.Waiting.Steps)-1].Waiting, r.Waiting.Steady)
	return c
}

func restRows(r *Report) (c cells) {
	if r.Rest == nil {
		return c
	}
	for _, s := range r.Rest.Steps {
		c.add(fmt.Sprint(s.Waiting), fmt.Sprintf("%s, %.1f %%; %d, %d MiB", plus(100*s.ServerCPU, 100*s.DatabaseCPU, "%.1f"), 100*s.WorkerCPU, s.ServerBytes>>20, s.WorkerBytes>>20))
	}
	return c
}

// writeProfiles writes where the processor time goes while most orders wait.
func (d Databases) writeProfiles(b *strings.Builder) {
	for _, c := range d.with(func(d database) *Report { return d.rest }) {
		if c.report.Rest == nil || len(c.report.Rest.Steps) == 0 {
			continue
		}
		last := c.report.Rest.Steps[len(c.report.Rest.Steps)-1]
		fmt.Fprintf(b, "- %s, %d waiting, at rest: the server's CPU is %s; the worker's %s\n", c.name, last.Waiting, hottest(last.Server), hottest(last.Worker))
	}
}
