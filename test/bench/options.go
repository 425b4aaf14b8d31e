package bench

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// Options are one run.
type Options struct {
	// Bin is the directory of the programs: devserver, worker and bench.
	Bin string
	// Dir is an empty directory for data and logs.
	Dir string
	// Configuration is the Temporal server's, temporal-dev.yaml.
	Config string
	// Seed decides what is random at the provider.
	Seed int64
	// Quick makes the run small: it shows that everything works, and its figures say nothing.
	Quick bool
	// Only leaves out all scenarios but those whose name holds it.
	Only string
	// Command is how the run was started, for the report.
	Command string
	// Progress is told how the run goes; nil for nobody.
	Progress io.Writer
}

func (o Options) check() error {
	if o.Bin == "" || o.Dir == "" || o.Config == "" {
		return errors.New("a measurement needs the programs, a directory, and the server's configuration")
	}
	return nil
}

// progress tells how a run goes.
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

func (p progress) say(format string, args ...any) {
	_, _ = fmt.Fprintf(p.to, "%6s  %s\n", time.Since(p.begun).Round(time.Second), strings.TrimSpace(fmt.Sprintf(format, args...)))
}
