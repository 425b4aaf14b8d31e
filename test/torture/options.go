package torture

import (
	"cmp"
	"errors"
	"io"
	"time"
)

// Options are one run.
type Options struct {
	// Bin is the directory of the programs: devserver, sandbox and worker.
	Bin string
	// Dir is an empty directory for data and logs.
	Dir string
	// Configuration is the Temporal server's, temporal-dev.yaml.
	Configuration string
	// PostgreSQL keeps Temporal's data in PostgreSQL instead of SQLite, with the official server. Bin must then hold
	// temporal-server and temporal-sql-tool too.
	PostgreSQL bool
	// Seed decides what is random: orders, courses, faults, and who is killed when.
	Seed int64
	// Orders is how many there are.
	Orders int
	// Faults is the share of all calls to the provider that a fault befalls, from 0 to 1.
	Faults float64
	// Speed is how many times as fast as real time the provider's clock runs.
	Speed float64
	// WorkerRate is how many requests a second each worker is set to; zero is any number, for the provider's fast clock lets
	// orders poll that much more often.
	WorkerRate float64
	// Every is the mean time between the starts of two orders.
	Every time.Duration
	// Kills is how many times a worker is killed, Stops how many times one is stopped by SIGTERM, and ServerKills how
	// many times the Temporal server is killed. Each is started again.
	Kills, Stops, ServerKills int
	// Deadline is when what still runs counts as stuck; zero is a time that allows for every delay but a defect.
	Deadline time.Duration
	// Progress is told how the run goes; nil for nobody.
	Progress io.Writer
}

// What a run is sure to wait for.
const (
	// orderLife is how long an order waits for its proof, by the provider's clock.
	orderLife = 3 * time.Hour
	// takeover is the longest that a call or a watch of a killed worker takes to come back (activities' policies).
	takeover = 90 * time.Second
	// leeway is what a busy machine and calls that fail several times in a row may take besides.
	leeway = 10 * time.Minute
)

func (o Options) check() error {
	switch {
	case o.Bin == "" || o.Dir == "":
		return errors.New("torture needs the programs and a directory")
	case o.Orders < 1:
		return errors.New("at least one order is needed")
	case o.Faults < 0 || o.Faults >= 1:
		return errors.New("the share of faults must be from 0 to below 1")
	case o.Speed < 1:
		return errors.New("the speed must be at least 1")
	case o.Kills < 0 || o.Stops < 0 || o.ServerKills < 0:
		return errors.New("nothing can be killed less than never")
	}
	return nil
}

func (o Options) workerRate() float64 { return cmp.Or(o.WorkerRate, unlimited) }

// unlimited is a rate that no worker reaches.
const unlimited = 10_000

// arrivals is the time over which orders start.
func (o Options) arrivals() time.Duration { return time.Duration(o.Orders) * o.Every }

// life is how long an order waits for its proof, in real time.
func (o Options) life() time.Duration { return o.scaled(orderLife) }

// scaled is a time of the provider's clock in real time.
func (o Options) scaled(d time.Duration) time.Duration { return time.Duration(float64(d) / o.Speed) }

func (o Options) deadline() time.Duration {
	if o.Deadline > 0 {
		return o.Deadline
	}
	return o.arrivals() + o.life() + 2*takeover + leeway
}

func (o Options) progress() io.Writer {
	if o.Progress == nil {
		return io.Discard
	}
	return o.Progress
}
