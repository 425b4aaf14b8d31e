// Command peers runs on-ramp orders paid by UPI on DBOS Transact and on River, which the benchmarks compare with Rampart. It makes the
// same calls to the provider, with the same client, and keeps everything in PostgreSQL. One process works; another one, its control,
// starts orders and delivers proofs by the library's own client, as a backend would.
package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// Timings of an order by the provider's clock: those of Rampart.
const (
	orderLifetime = 3 * time.Hour
	pollEvery     = 12500 * time.Millisecond
)

// callTimeout is how long a call to the provider may take, on the real clock.
const callTimeout = time.Minute

// settings are the flags.
type settings struct {
	library, role      string
	database, provider string
	key, listen        string
	speed              float64
}

// scaled returns a time of the provider's clock on the real clock.
func (s settings) scaled(d time.Duration) time.Duration {
	return time.Duration(float64(d) / s.speed)
}

func main() {
	var set settings
	flag.StringVar(&set.library, "library", "dbos", "dbos or river")
	flag.StringVar(&set.role, "role", "worker", "worker or control")
	flag.StringVar(&set.database, "database", "", "URL of the database")
	flag.StringVar(&set.provider, "provider", "http://127.0.0.1:8480", "URL of the sandbox")
	flag.StringVar(&set.key, "key", "", "the key that the sandbox accepts")
	flag.StringVar(&set.listen, "listen", "127.0.0.1:0", "address of the control")
	flag.Float64Var(&set.speed, "speed", 1, "how many times as fast as real time the provider's clock runs")
	flag.Parse()
	slog.SetDefault(slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{Level: slog.LevelWarn})))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, set)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, set settings) error {
	switch set.library + " " + set.role {
	case "dbos worker":
		return workByDBOS(ctx, set)
	case "dbos control":
		return controlDBOS(ctx, set)
	case "river worker":
		return workByRiver(ctx, set)
	case "river control":
		return controlRiver(ctx, set)
	default:
		return fmt.Errorf("unknown library %q or role %q", set.library, set.role)
	}
}

// final reports whether a status of the provider is an order's last.
func final(status string) bool {
	return status == "completed" || status == "expired" || status == "cancelled" || status == "refunded"
}
