package commands

import (
	"github.com/spf13/cobra"

	"rampart/starter/demo"
	"rampart/starter/view"
)

func (p *Program) demo() *cobra.Command {
	options := demo.Options{}
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Run an order of each direction from beginning to end, against the sandbox",
		Long: "Start a Temporal server with its Web UI, the provider's sandbox and a worker; run an on-ramp and an off-ramp order side\n" +
			"by side, and play their user. Everything that was started is stopped at the end. With TEMPORAL_ADDRESS set, the\n" +
			"server there is used, unless none answers.",
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
	flags.StringVar(&options.Bin, "bin", "bin", "`directory` of the programs devserver, codec-server, sandbox and worker")
	flags.StringVar(&options.Config, "config", "temporal-dev.yaml", "Temporal server's configuration `file`")
	flags.Uint16Var(&options.Port, "port", 7233, "Temporal server's `port`; 0: any free one")
	flags.Uint16Var(&options.UIPort, "ui-port", 8233, "Web UI's `port`; 0: any free one")
	flags.Uint16Var(&options.CodecPort, "codec-port", 8234, "codec server's `port`; 0: any free one")
	flags.BoolVar(&options.Keep, "keep", false, "leave everything running until Ctrl-C")
	return cmd
}
