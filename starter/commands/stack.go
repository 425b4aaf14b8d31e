package commands

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"rampart/internal/loopback"
	"rampart/starter/demo"
	"rampart/starter/stack"
	"rampart/starter/view"
)

// stackFlags adds the flags of commands that start a stack.
func stackFlags(cmd *cobra.Command, options *stack.Options) {
	flags, ports := cmd.Flags(), &options.Ports
	flags.StringVar(&options.Bin, "bin", "bin", "`directory` with the programs devserver, codec-server, sandbox, worker and gateway")
	flags.StringVar(&options.Config, "config", "temporal-dev.yaml", "configuration `file` of the Temporal server")
	flags.StringVar(&options.Keyset.File, "keyset", "", "`file` of the keyset, which is created if it does not exist (default that of starter keyset)")
	flags.Uint16Var(&ports.Temporal, "port", 7233, "`port` of the Temporal server; 0 for any free port")
	flags.Uint16Var(&ports.UI, "ui-port", 8233, "`port` of the Web UI; 0 for any free port")
	flags.Uint16Var(&ports.Codec, "codec-port", 8234, "`port` of the codec server; 0 for any free port")
	flags.Uint16Var(&ports.Gateway, "gateway-port", 8088, "`port` of the gateway; 0 for any free port")
	free := flags.Bool("free-ports", false, "free ports in place of the usual ones, for another stack beside this one")
	cmd.PreRun = func(*cobra.Command, []string) {
		if *free {
			freePorts(cmd, ports)
		}
	}
}

// freePorts sets every port that no flag gives to 0.
func freePorts(cmd *cobra.Command, ports *stack.Ports) {
	for flag, port := range map[string]*uint16{
		"port": &ports.Temporal, "ui-port": &ports.UI, "codec-port": &ports.Codec,
		"gateway-port": &ports.Gateway, "sandbox-port": &ports.Sandbox, "events-port": &ports.Events,
	} {
		if !cmd.Flags().Changed(flag) {
			*port = 0
		}
	}
}

// progressScreen is where a command that has a result in the end shows its progress.
func (p *Program) progressScreen() *view.Screen {
	if p.output.json {
		return view.NewScreen(p.Stderr)
	}
	return p.screen()
}

func (p *Program) dev() *cobra.Command {
	var options stack.Options
	withStdin := false
	cmd := &cobra.Command{
		Use:   "dev",
		Short: "Run everything that a backend is built against, until Ctrl-C",
		Long: "Start a Temporal server with its Web UI, the provider's sandbox, a worker, the codec server and the gateway, print where they are and a\n" +
			"first order by curl, and keep them running until Ctrl-C. The gateway accepts the token " + stack.DevToken + ". Events of orders are sent to\n" +
			"--events-port, where starter events listen listens. The token and the secret of the events are public: this is for development only.\n\n" +
			"With -o json, the addresses are printed as one line of JSON once everything is ready. If TEMPORAL_ADDRESS names a server of this\n" +
			"machine that answers, it is used.",
		Example: `  starter dev
  starter dev --free-ports                      # another one, beside the first
  starter dev --db rampart.db                   # orders outlive it
  starter dev -o json --free-ports --stop-with-stdin`,
		Args: arguments(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			if withStdin {
				stopping, stop := context.WithCancel(ctx)
				defer stop()
				go func() {
					defer stop()
					_, _ = io.Copy(io.Discard, p.Stdin) // its end is what is waited for
				}()
				ctx = stopping
			}
			return p.runStack(ctx, options)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	stackFlags(cmd, &options)
	flags.Uint16Var(&options.Ports.Sandbox, "sandbox-port", 8480, "`port` of the sandbox; 0 for any free port")
	flags.Uint16Var(&options.Ports.Events, "events-port", 4242, "`port` that events are sent to; 0 for any free port")
	flags.StringVar(&options.Database, "db", "", "SQLite `file` in which the Temporal server keeps its data (default in memory)")
	flags.Float64Var(&options.Speed, "speed", demo.Speed, "how many times as fast as real time the sandbox's clock runs")
	flags.BoolVar(&withStdin, "stop-with-stdin", false, "also stop when standard input ends, for programs that start this one")
	return cmd
}

// runStack runs a stack until ctx ends.
func (p *Program) runStack(ctx context.Context, options stack.Options) error {
	if address, _ := p.Environment.LookupEnv("TEMPORAL_ADDRESS"); address != "" && !loopback.Target(address) {
		return &usageError{message: fmt.Sprintf("TEMPORAL_ADDRESS=%s is not on this machine, and everybody knows the stack's token: unset it", address)}
	}
	options.Purpose, options.Environment, options.Screen = "stack", p.Environment, p.progressScreen()
	return stack.Run(ctx, options, func(ctx context.Context, s *stack.Stack) error {
		if p.output.json {
			if err := writeJSONLine(p.Stdout, s.Addresses); err != nil {
				return err
			}
		} else {
			p.showStack(s, options.Bin)
		}
		return stack.Wait(ctx)
	})
}
