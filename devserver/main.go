// Command devserver runs the official Temporal server and Web UI in one process on SQLite, with the namespace
// and the search attributes of an order registered before it reports ready.
//
// It reads temporal-dev.yaml, Temporal's own static server configuration, and listens on loopback. It has neither TLS nor
// authentication and is for development only. When it is ready, its first line on standard output is the environment of a worker or
// a starter:
//
//	TEMPORAL_ADDRESS=127.0.0.1:7233 TEMPORAL_NAMESPACE=default
//
// The gRPC health check then returns SERVING. SIGINT and SIGTERM stop the process.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	// A second signal terminates the process immediately.
	context.AfterFunc(ctx, stop)
	if err := newCommand().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "devserver:", err)
		os.Exit(1)
	}
}

// options are the flags of the command line.
type options struct {
	config        string // path of the server configuration
	port          uint16 // gRPC port, 0: any free one; ignored unless portGiven
	portGiven     bool
	uiPort        uint16 // Web UI port, 0: no Web UI
	db            string // path of the SQLite file, empty: the configuration's store
	codecEndpoint string // codec server that the Web UI decodes payloads with, empty: none
}

func newCommand() *cobra.Command {
	var opts options
	cmd := &cobra.Command{
		Use:           "devserver",
		Short:         "Temporal server and Web UI for development, in one process on SQLite",
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			opts.portGiven = cmd.Flags().Changed("port")
			if err := checkCodecEndpoint(opts.codecEndpoint); err != nil {
				return err
			}
			return run(cmd.Context(), opts, cmd.OutOrStdout())
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&opts.config, "config", "temporal-dev.yaml", "Temporal server configuration `file`")
	flags.Uint16Var(&opts.port, "port", 7233, "gRPC `port`; 0: any free one")
	flags.Uint16Var(&opts.uiPort, "ui-port", 8233, "Web UI `port`; 0: no Web UI")
	flags.StringVar(&opts.db, "db", "", "SQLite `file` that keeps the data; none: in memory")
	flags.StringVar(&opts.codecEndpoint, "codec-endpoint", "", "`URL` of the codec server that the Web UI decodes payloads with")
	return cmd
}
