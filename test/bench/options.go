package bench

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// Options configure a measurement.
type Options struct {
	// Bin is the directory of the programs devserver, worker and bench.
	Bin string
	// Dir is an empty directory for data and logs.
	Dir string
	// Config is the path of the development server's configuration, temporal-dev.yaml.
	Config string
	// Seed determines what is random at the provider.
	Seed int64
	// Quick runs a few orders only: it shows that everything works, and its figures mean nothing.
	Quick bool
	// Postgres measures with the official server on PostgreSQL, of so many Shards, instead of with the development server on SQLite in memory.
	Postgres bool
	Shards   int
	// Most leaves out the steps of a measurement at rest at which more orders wait; 0 leaves out none.
	Most int
	// Only restricts the scenarios to those whose name contains it.
	Only string
	// Command is the command line of the measurement, for the report.
	Command string
	// Progress receives a line for each step; nil discards them.
	Progress io.Writer
}

func (o Options) check() error {
	if o.Bin == "" || o.Dir == "" || o.Config == "" {
		return errors.New("a measurement needs the directory of the programs, a directory for data, and the configuration of the server")
	}
	return nil
}

// progress writes lines with the time since the beginning of the measurement.
type progress struct {
	to    io.Writer
	begun time.Time
}

func newProgress(to io.Writer) progress {
	if to == nil {
		to = io.Discard
	}
	return progress{to: to, begun: time.Now()}
}

func (p progress) logf(format string, args ...any) {
	_, _ = fmt.Fprintf(p.to, "%6s  %s\n", time.Since(p.begun).Round(time.Second), strings.TrimSpace(fmt.Sprintf(format, args...)))
}
