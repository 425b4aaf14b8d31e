package bench

import (
	"context"
	"fmt"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

// restLoad configures the measurement of waiting orders at rest.
type restLoad struct {
	waiting []int
	// settled is how long the programs rest before they are measured, and rest how long their processor time is measured.
	settled, rest time.Duration
	// profiled is how long the profiles are taken, after that.
	profiled time.Duration
}

func newRestLoad(quick bool) restLoad {
	if quick {
		return restLoad{waiting: []int{0, 5}, settled: time.Second, rest: 2 * time.Second, profiled: 2 * time.Second}
	}
	return restLoad{waiting: []int{0, 1000, 10_000}, settled: 30 * time.Second, rest: time.Minute, profiled: 30 * time.Second}
}

// Rest is what orders use that wait for their proof, and nothing else happens.
type Rest struct {
	// Seconds is how long the processor time was measured at each step, and Profiled how long the profiles were taken.
	Seconds  float64   `json:"seconds"`
	Profiled float64   `json:"profiledSeconds"`
	Steps    []Resting `json:"steps"`
}

// Resting is what the programs use while a number of orders waits and nothing else happens.
type Resting struct {
	Waiting int `json:"waiting"`
	// ServerCPU, DatabaseCPU and WorkerCPU are shares of one processor; that of a database in the server's memory is 0.
	ServerCPU   float64 `json:"serverCpuShare"`
	DatabaseCPU float64 `json:"databaseCpuShare,omitempty"`
	WorkerCPU   float64 `json:"workerCpuShare"`
	// ServerBytes and WorkerBytes are resident memory, and DatabaseBytes the size of the database.
	ServerBytes   int64 `json:"serverBytes"`
	WorkerBytes   int64 `json:"workerBytes"`
	DatabaseBytes int64 `json:"databaseBytes,omitempty"`
	// Server and Worker are where their processor time goes, by a profile.
	Server []Hot `json:"serverProfile,omitempty"`
	Worker []Hot `json:"workerProfile,omitempty"`
}

// RunRest measures what waiting orders use at rest, and where it goes. After an error the report has what was measured before.
func RunRest(ctx context.Context, options Options) (Report, error) {
	report := newReport(options)
	err := runRest(ctx, options, &report)
	return report.finished(), err
}

func runRest(ctx context.Context, options Options, report *Report) error {
	if err := options.check(); err != nil {
		return err
	}
	s, err := newStack(ctx, options, stackSettings{speed: 1, serverProfiles: true, postgres: options.Postgres})
	defer s.close()
	if err != nil {
		return err
	}
	report.Database = s.databaseName()
	load := newRestLoad(options.Quick)
	w := &waitingRun{costs: *newCosts(s, options)}
	report.Rest = &Rest{Seconds: load.rest.Seconds(), Profiled: load.profiled.Seconds()}
	for _, step := range []func(context.Context) error{w.settleConfig, w.warmUp} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	before := 0
	for _, waiting := range load.waiting {
		if options.Most > 0 && waiting > options.Most {
			continue
		}
		if err := w.startAll(ctx, w.orders(waiting-before)); err != nil {
			return err
		}
		before = waiting
		resting, err := w.restWith(ctx, load, waiting)
		if err != nil {
			return err
		}
		report.Rest.Steps = append(report.Rest.Steps, resting)
	}
	return nil
}

// restWith measures the programs while so many orders wait.
func (w *waitingRun) restWith(ctx context.Context, load restLoad, waiting int) (Resting, error) {
	r := Resting{Waiting: waiting}
	if !sleep(ctx, load.settled) {
		return r, ctx.Err()
	}
	if err := w.measureIdle(ctx, load.rest); err != nil {
		return r, err
	}
	s := w.stack
	r.ServerCPU, r.DatabaseCPU, r.WorkerCPU = w.idle[s.server.Name()], s.databaseIdle(w.idle), w.idle[s.worker.Name()]
	r.ServerBytes, r.WorkerBytes = s.server.Resident(), s.worker.Resident()
	var err error
	if r.DatabaseBytes, err = s.databaseSize(ctx); err != nil {
		return r, err
	}
	var profiling errgroup.Group
	profiling.Go(func() (err error) {
		r.Server, err = profile(ctx, s.profiles, load.profiled, fmt.Sprintf("%s/server-%d.pprof", s.Dir, waiting), place)
		return err
	})
	profiling.Go(func() (err error) {
		r.Worker, err = profile(ctx, s.worker.profiles, load.profiled, fmt.Sprintf("%s/worker-%d.pprof", s.Dir, waiting), place)
		return err
	})
	err = profiling.Wait()
	w.logf("%d waiting, at rest: server %.1f %%, database %.1f %%, worker %.1f %% of a CPU", waiting, 100*r.ServerCPU, 100*r.DatabaseCPU, 100*r.WorkerCPU)
	return r, err
}

// write writes what waiting orders use as Markdown.
func (r *Rest) write(b *strings.Builder) {
	if r == nil || len(r.Steps) == 0 {
		return
	}
	b.WriteString("| waiting, at rest | server CPU | database CPU | worker CPU | server memory | worker memory | database |\n| ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n")
	for _, s := range r.Steps {
		fmt.Fprintf(b, "| %d | %s | %s | %s | %d MiB | %d MiB | %s |\n", s.Waiting, percent(s.ServerCPU), percentOrDash(s.DatabaseCPU), percent(s.WorkerCPU),
			s.ServerBytes>>20, s.WorkerBytes>>20, mebibytesOrDash(s.DatabaseBytes))
	}
	fmt.Fprintf(b, "\nWhere the processor time goes, by profiles of %.0f s:\n\n", r.Profiled)
	for _, s := range r.Steps {
		fmt.Fprintf(b, "- %d waiting, server: %s\n- %d waiting, worker: %s\n", s.Waiting, hottest(s.Server), s.Waiting, hottest(s.Worker))
	}
	b.WriteString("\n")
}

func percent(share float64) string { return fmt.Sprintf("%.1f %%", 100*share) }

func percentOrDash(share float64) string {
	if share == 0 {
		return "–"
	}
	return percent(share)
}

func mebibytesOrDash(bytes int64) string {
	if bytes == 0 {
		return "–"
	}
	return fmt.Sprintf("%d MiB", bytes>>20)
}
