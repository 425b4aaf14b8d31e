package commands

import (
	"github.com/spf13/cobra"

	"rampart/starter/demo"
	"rampart/starter/view"
)

func (p *Program) demo() *cobra.Command {
	var options demo.Options
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Run an on-ramp and an off-ramp order against the sandbox, from start to end",
		Long: "Start a Temporal server with its Web UI, the provider's sandbox and a worker; run an on-ramp and an off-ramp order side by side,\n" +
			"and do what their users would do. At the end, everything that was started is stopped. If TEMPORAL_ADDRESS is set and a server\n" +
			"answers there, the demo uses that server.",
		Example: `  starter demo
  starter demo --keep                           # explore the Web UI until Ctrl-C
  starter demo --port 0 --ui-port 0 --codec-port 0`,
		Args: arguments(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			options.Program = p.Name
			options.Environment = p.Environment
			options.Screen = p.screen()
			if p.output.json {
				options.Screen = view.NewScreen(p.Stderr)
			}
			result, err := demo.Run(cmd.Context(), options)
			if err != nil || !p.output.json {
				return err
			}
			return writeJSON(p.Stdout, result)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&options.Bin, "bin", "bin", "`directory` with the programs devserver, codec-server, sandbox and worker")
	flags.StringVar(&options.Config, "config", "temporal-dev.yaml", "configuration `file` of the Temporal server")
	flags.Uint16Var(&options.Port, "port", 7233, "`port` of the Temporal server; 0 for any free port")
	flags.Uint16Var(&options.UIPort, "ui-port", 8233, "`port` of the Web UI; 0 for any free port")
	flags.Uint16Var(&options.CodecPort, "codec-port", 8234, "`port` of the codec server; 0 for any free port")
	flags.BoolVar(&options.Keep, "keep", false, "keep everything running until Ctrl-C")
	return cmd
}
