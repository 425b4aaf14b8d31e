package bench

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"
)

// Assumptions of the sizes, in addition to the measurements.
const (
	// peak is the ratio of the orders of the busiest hour to the average.
	peak = 3.0
	// paying is how long a user takes to pay, and settling how long the provider then takes, in seconds: twenty polls, 12.5 s apart.
	paying, settling = 600.0, 20 * 12.5
	// busy is the share of its processors that a program may use at the peak.
	busy = 0.6
	// shardWrite is how long a write to the database takes, in seconds; a shard makes one at a time (history.shardIOConcurrency).
	shardWrite = 0.005
	// partitionTasks is how many tasks a second a partition of a task queue dispatches without delay.
	partitionTasks = 500.0
	// actionPrice is the price of an action of Temporal Cloud for the first millions, in US dollars (https://temporal.io/pricing).
	actionPrice = 50.0 / 1_000_000
	day         = 86_400.0
)

// figuresPerOrder are the measurements that sizes are computed from, of an order with 20 polls.
type figuresPerOrder struct {
	calls, serverMs, databaseMs, workerMs, transitions, tasks, actions, kib float64
	// watchKiB is the worker's memory of a watched order, cachedKiB that of an order in its workflow cache, and baseMiB its memory
	// without orders.
	watchKiB, cachedKiB, baseMiB float64
}

// ReadReport reads a report that WriteJSON wrote.
func ReadReport(path string) (Report, error) {
	var r Report
	content, err := os.ReadFile(path)
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(content, &r); err != nil {
		return r, fmt.Errorf("%s: %w", path, err)
	}
	return r, nil
}

// Sizes computes what many orders a day need from the reports of both measurements.
type Sizes struct {
	order figuresPerOrder
	// database is what Temporal's data was kept in.
	database string
}

// Sizes returns the sizes by the figures of PostgreSQL where there are any, else by those of SQLite.
func (d Databases) Sizes() (Sizes, error) {
	best := d.best()
	if best.orders == nil || best.waiting == nil {
		return Sizes{}, errors.New("there are no reports: run make bench bench-waiting")
	}
	return NewSizes(*best.orders, *best.waiting)
}

// NewSizes returns the sizes that follow from a report of Run and one of RunWaiting.
func NewSizes(orders, waiting Report) (Sizes, error) {
	cost, many := orders.cost(threeChanges, Ours), orders.cost(threeHours, Ours)
	if cost == nil || many == nil || waiting.Waiting == nil || len(waiting.Waiting.Steps) < 3 {
		return Sizes{}, errors.New("the reports lack an order with 20 polls, one with 900, or orders that wait: run make bench bench-waiting")
	}
	steps, calm := waiting.Waiting.Steps, waiting.Waiting.Calm
	return Sizes{database: cmp.Or(orders.Database, "SQLite in memory"), order: figuresPerOrder{
		databaseMs:  onRealClock(cost.DatabaseCPU.Median, many.DatabaseCPU.Median, calm.DatabaseCPU),
		calls:       cost.Calls,
		serverMs:    onRealClock(cost.ServerCPU.Median, many.ServerCPU.Median, calm.ServerCPU),
		workerMs:    onRealClock(cost.WorkerCPU.Median, many.WorkerCPU.Median, calm.WorkerCPU),
		transitions: float64(cost.Transitions), tasks: float64(cost.Tasks), actions: float64(cost.Actions), kib: float64(cost.Bytes) / 1024,
		watchKiB:  float64(waiting.Waiting.WorkerBytesPerWatch) / 1024,
		cachedKiB: float64(waiting.Waiting.WorkerBytesPerKept-waiting.Waiting.WorkerBytesPerWatch) / 1024,
		baseMiB:   float64(steps[0].WorkerBytes) / (1 << 20),
	}}, nil
}

// onRealClock returns the processor time of an order with 20 polls on the real clock, where a poll takes the time poll. few and many are
// the times of orders with 20 and with 900 polls on the fast clock.
func onRealClock(few, many, poll float64) float64 {
	return few + threeChanges*(poll-(many-few)/(threeHours-threeChanges))
}

// size is what a number of orders a day needs at the peak.
type size struct {
	orders                             float64
	perSec, waiting, watched           float64
	polls, calls                       float64
	serverCores, workerCores, memory   float64
	databaseCores                      float64
	transitions, shards                float64
	tasks, partitions, actions, dollar float64
}

func (s Sizes) size(orders float64) size {
	o, perSec := s.order, orders/day*peak
	n := size{
		orders: orders, perSec: perSec, waiting: perSec * paying, watched: perSec * settling,
		polls: perSec * threeChanges, calls: perSec * o.calls,
		serverCores: perSec * o.serverMs / 1000 / busy, workerCores: perSec * o.workerMs / 1000 / busy,
		databaseCores: perSec * o.databaseMs / 1000 / busy,
		transitions:   perSec * o.transitions, tasks: perSec * o.tasks, actions: perSec * o.actions,
		dollar: orders * o.actions * actionPrice,
	}
	n.memory = o.baseMiB + (n.watched*o.watchKiB+n.waiting*o.cachedKiB)/1024
	n.shards = powerOfTwo(n.transitions * shardWrite / busy)
	n.partitions = max(1, math.Ceil(n.tasks/partitionTasks))
	return n
}

// powerOfTwo returns the smallest power of two that is at least n.
func powerOfTwo(n float64) float64 { return math.Exp2(max(0, math.Ceil(math.Log2(n)))) }

// WriteText writes the sizes as Markdown: the arithmetic for a million orders a day, and a table of other numbers.
func (s Sizes) WriteText(w io.Writer) error {
	var b strings.Builder
	s.writeArithmetic(&b)
	b.WriteString("| orders a day |")
	days := []float64{10_000, 100_000, 1_000_000, 5_000_000}
	for _, orders := range days {
		fmt.Fprintf(&b, " %s |", grouped(orders))
	}
	b.WriteString("\n| --- |" + strings.Repeat(" ---: |", len(days)) + "\n")
	for _, row := range sizeRows(s.order.databaseMs > 0) {
		fmt.Fprintf(&b, "| %s |", row.name)
		for _, orders := range days {
			fmt.Fprintf(&b, " %s |", row.of(s.size(orders)))
		}
		b.WriteString("\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (s Sizes) writeArithmetic(b *strings.Builder) {
	o, n := s.order, s.size(1_000_000)
	line := func(format string, args ...any) { fmt.Fprintf(b, "- "+format+"\n", args...) }
	line("measured with Temporal's data in: %s", s.database)
	line("orders a second at the peak: 1,000,000 ÷ 86,400 s × %g = %.1f", peak, n.perSec)
	line("waiting for their proof: %.1f/s × %g s = %s; watched: %.1f/s × %g s = %s", n.perSec, paying, grouped(n.waiting), n.perSec, settling, grouped(n.watched))
	line("calls to the provider: %.1f/s × %.0f = %s a second, of them polls %.1f/s × %d = %s", n.perSec, o.calls, grouped(n.calls), n.perSec, threeChanges, grouped(n.polls))
	line("server: %.1f/s × %.0f ms ÷ %g = %.1f CPUs; workers: %.1f/s × %.0f ms ÷ %g = %.1f CPUs", n.perSec, o.serverMs, busy, n.serverCores, n.perSec, o.workerMs, busy, n.workerCores)
	if o.databaseMs > 0 {
		line("database: %.1f/s × %.0f ms ÷ %g = %.1f CPUs", n.perSec, o.databaseMs, busy, n.databaseCores)
	}
	line("memory of the workers: %.0f MiB each, and %s × %.0f KiB + %s × %.0f KiB if all that wait are in a cache", o.baseMiB, grouped(n.watched), o.watchKiB, grouped(n.waiting), o.cachedKiB)
	line("shards: %.1f/s × %.0f state transitions × %g ms ÷ %g, up to a power of two = %.0f", n.perSec, o.transitions, 1000*shardWrite, busy, n.shards)
	line("partitions: %.1f/s × %.0f tasks ÷ %g = %.0f", n.perSec, o.tasks, partitionTasks, n.partitions)
	line("Temporal Cloud: %.0f actions an order, %.1f/s × %.0f = %s a second, $%.4f an order", o.actions, n.perSec, o.actions, grouped(n.actions), o.actions*actionPrice)
	b.WriteString("\n")
}

// sizeRow is a row of the table.
type sizeRow struct {
	name string
	of   func(size) string
}

// sizeRows returns the rows of the table; a database apart has processors of its own.
func sizeRows(apart bool) []sizeRow {
	whole := func(of func(size) float64) func(size) string {
		return func(n size) string { return grouped(of(n)) }
	}
	tenth := func(of func(size) float64) func(size) string {
		return func(n size) string { return fmt.Sprintf("%.1f", of(n)) }
	}
	temporal := []sizeRow{{"CPUs for Temporal, SQLite included", tenth(func(n size) float64 { return n.serverCores })}}
	if apart {
		temporal[0].name = "CPUs for Temporal"
		temporal = append(temporal, sizeRow{"CPUs for PostgreSQL", tenth(func(n size) float64 { return n.databaseCores })})
	}
	return slices.Concat([]sizeRow{
		{"orders a second at the peak", tenth(func(n size) float64 { return n.perSec })},
		{"waiting for their proof", whole(func(n size) float64 { return n.waiting })},
		{"watched", whole(func(n size) float64 { return n.watched })},
		{"calls to the provider a second", tenth(func(n size) float64 { return n.calls })},
	}, temporal, []sizeRow{
		{"CPUs for workers", tenth(func(n size) float64 { return n.workerCores })},
		{"memory of all workers, MiB", whole(func(n size) float64 { return n.memory })},
		{"state transitions a second", whole(func(n size) float64 { return n.transitions })},
		{"history shards, at the least", whole(func(n size) float64 { return n.shards })},
		{"partitions of the task queue `ramp`", whole(func(n size) float64 { return n.partitions })},
		{"Temporal Cloud: actions a second", whole(func(n size) float64 { return n.actions })},
		{"Temporal Cloud: actions, US dollars a day", whole(func(n size) float64 { return n.dollar })},
	})
}

// grouped formats a whole number with commas.
func grouped(n float64) string {
	digits := fmt.Sprintf("%.0f", n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
