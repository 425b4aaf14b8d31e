package torture

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// Options configure a run.
type Options struct {
	// Bin is the directory of the programs devserver, sandbox and worker.
	Bin string
	// Dir is an empty directory for data and logs.
	Dir string
	// Config is the path of the development server's configuration, temporal-dev.yaml.
	Config string
	// PostgreSQL keeps Temporal's data in PostgreSQL instead of SQLite, with the official server. Bin must then contain
	// temporal-server and temporal-sql-tool too.
	PostgreSQL bool
	// Cluster runs each service of the official server in a process of its own, on PostgreSQL, with two gateways. Instead of Kills, Stops,
	// ServerKills and GatewayKills, each process is killed in turn, and PostgreSQL is stopped and gets a full disk.
	Cluster bool
	// Seed determines what is random: orders, their courses at the provider, faults and disruptions.
	Seed int64
	// Orders is the number of orders.
	Orders int
	// Faults is the share of the calls to the provider that fail, from 0 to below 1.
	Faults float64
	// Speed is how many times as fast as real time the provider's clock runs.
	Speed float64
	// WorkerRate is the request rate limit of each worker, per second; 0 means no limit, because with the provider's fast clock orders
	// poll that much more often.
	WorkerRate float64
	// Every is the mean time between the starts of two orders.
	Every time.Duration
	// Kills is how many times a worker is killed, Stops how many times a worker gets SIGTERM, ServerKills how many times the Temporal
	// server is killed, and GatewayKills how many times the gateway is. Each is replaced.
	Kills, Stops, ServerKills, GatewayKills int
	// Losses is how many times Temporal's database is deleted, and the orders are rebuilt from their records. Bin must then contain starter
	// too. Such a run compares neither events, which are lost with the database, nor books.
	Losses int
	// Outage is how long the backend's endpoint of events refuses everything, from a third of the time in which orders start; 0 means
	// no outage.
	Outage time.Duration
	// Deadline is the time after which an order that runs counts as stuck; 0 means a time in which every order ends unless there is a
	// defect.
	Deadline time.Duration
	// Progress receives a line for each step of the run; nil discards them.
	Progress io.Writer
}

// Times that the default deadline consists of.
const (
	// orderLife is how long an order waits for its proof, by the provider's clock.
	orderLife = 3 * time.Hour
	// takeover is the longest time until a call or a watch of a killed worker runs again (policies of package activities).
	takeover = 90 * time.Second
	// leeway allows for a busy machine, and for calls that fail several times in a row.
	leeway = 10 * time.Minute
)

func (o Options) check() error {
	switch {
	case o.Bin == "" || o.Dir == "":
		return errors.New("a run needs the directory of the programs and a directory for data")
	case o.Orders < 1:
		return errors.New("a run needs at least one order")
	case o.Faults < 0 || o.Faults >= 1:
		return errors.New("the share of faults must be from 0 to below 1")
	case o.Speed < 1:
		return errors.New("the speed must be at least 1")
	case o.Losses > 0 && (o.PostgreSQL || o.Cluster):
		return errors.New("only the database of the development server can be deleted")
	case o.Kills < 0 || o.Stops < 0 || o.ServerKills < 0 || o.GatewayKills < 0 || o.Losses < 0:
		return errors.New("the numbers of kills and stops must not be negative")
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

// scaled converts a time of the provider's clock to real time.
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

// logProgress writes a line with the time since the beginning of the run.
func logProgress(to io.Writer, begun time.Time, format string, args ...any) {
	_, _ = fmt.Fprintf(to, "%6s  %s\n", time.Since(begun).Round(time.Second), strings.TrimSpace(fmt.Sprintf(format, args...)))
}
