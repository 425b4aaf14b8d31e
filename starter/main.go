// Command starter starts, follows and inspects orders, and operates the Temporal namespace that they run in.
//
// The connection to Temporal is configured as for Temporal's own tools, by TEMPORAL_* variables. "starter help" lists the commands and the exit
// codes; "starter demo" runs an order of each direction from start to end.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"

	"go.temporal.io/sdk/contrib/envconfig"
	_ "gocloud.dev/blob/azureblob" // records, findings of reconciliations, and KYC dossiers that forget deletes, in azblob://
	_ "gocloud.dev/blob/gcsblob"   // in gs://
	_ "gocloud.dev/blob/s3blob"    // in s3://

	"rampart/starter/commands"
)

func main() {
	// A signal only cancels the context, so that the demo always stops the programs that it started.
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

// interruptions returns the signals that stop the program. SIGHUP, the end of its terminal, does not if it is ignored, as under nohup.
func interruptions() []os.Signal {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		signals = append(signals, syscall.SIGHUP)
	}
	return signals
}
