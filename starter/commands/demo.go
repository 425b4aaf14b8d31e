package commands

import (
	"github.com/spf13/cobra"

	"rampart/starter/demo"
)

func (p *Program) demo() *cobra.Command {
	var options demo.Options
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Run an on-ramp and an off-ramp order against the sandbox, from start to end",
		Long: "Start a Temporal server with its Web UI, the provider's sandbox, a worker and the gateway; run an on-ramp and an off-ramp order side\n" +
			"by side, and do what their users would do. At the end, everything that was started is stopped. If TEMPORAL_ADDRESS is set and a\n" +
			"server answers there, the demo uses that server.",
		Example: `  starter demo
  starter demo --keep                           # explore the Web UI until Ctrl-C
  starter demo --free-ports`,
		Args: arguments(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			options.Program = p.Name
			options.Stack.Environment, options.Stack.Screen = p.Environment, p.progressScreen()
			result, err := demo.Run(cmd.Context(), options)
			if err != nil || !p.output.json {
				return err
			}
			return writeJSON(p.Stdout, result)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	stackFlags(cmd, &options.Stack)
	flags.BoolVar(&options.Keep, "keep", false, "keep everything running until Ctrl-C")
	return cmd
}
