// Command starter starts, signals, watches and inspects orders.
//
// It reaches Temporal as Temporal's own tools do, by TEMPORAL_ADDRESS and its siblings. "starter help" lists what it
// can do and its exit codes; "starter demo" shows an order of each direction from beginning to end.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"

	"go.temporal.io/sdk/contrib/envconfig"

	"rampart/starter/commands"
)

func main() {
	// Interruptions end the context and nothing else, so that the demo always stops what it has started.
	ctx, stop := signal.NotifyContext(context.Background(), interruptions()...)
	program := &commands.Program{
		Name:        os.Args[0],
		Stdin:       os.Stdin,
		Stdout:      os.Stdout,
		Stderr:      os.Stderr,
		Environment: envconfig.EnvLookupOS,
		Connect:     commands.Dial,
		Now:         time.Now,
	}
	code := program.Run(ctx, os.Args[1:])
	stop()
	os.Exit(code)
}

// interruptions are what asks the program to stop. The end of its terminal does not where somebody, such as nohup, has said so.
func interruptions() []os.Signal {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		signals = append(signals, syscall.SIGHUP)
	}
	return signals
}
