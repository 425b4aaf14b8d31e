// Package commands is the command line of the starter. Each command reads its arguments, calls ramp.Client or Temporal's client, and prints
// the result.
package commands

import (
	"cmp"
	"context"
	"io"
	"time"

	"github.com/spf13/cobra"
	"go.temporal.io/sdk/contrib/envconfig"

	"rampart/internal/release"
	"rampart/starter/view"
)

const help = `Start, follow and inspect on-ramp and off-ramp orders, and operate the Temporal namespace that they run in.

ORDER is the reference of an order, such as inv-42, or its workflow id, such as onramp/inv-42, which is needed only if an
on-ramp and an off-ramp order have the same reference.

The connection to Temporal is configured as for Temporal's own tools: by TEMPORAL_ADDRESS (default localhost:7233),
TEMPORAL_NAMESPACE, TEMPORAL_API_KEY and TEMPORAL_TLS_*, or by a profile of Temporal's configuration file, which --context or
TEMPORAL_PROFILE selects. Orders are encrypted; the keyset in RAMP_KEYSET_FILE decrypts them.

With -o json, results are written to standard output and errors to standard error, both as JSON.

Exit codes:
  0  done; a followed order has completed
  1  error
  2  invalid command line, or invalid request
  3  the order ended, but not as completed: expired, cancelled, refunded or rejected; or a reconciliation found differences
  4  timed out or interrupted; the order continues`

// Program is the command line, with everything outside of it that it uses.
type Program struct {
	// Name is the name or path by which the program was called. Suggested commands begin with it.
	Name           string
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Environment    envconfig.EnvLookup
	// Connect opens a connection to Temporal.
	Connect func(context.Context, envconfig.EnvLookup) (*Connection, error)
	Now     func() time.Time

	output  outputFormat
	uiURL   string
	profile string
	// ui is set once there is a connection.
	ui view.WebUI
}

// Run runs a command line, prints its result or its error, and returns the exit code.
func (p *Program) Run(ctx context.Context, arguments []string) int {
	p.Name = cmp.Or(p.Name, "starter")
	root := p.root()
	root.SetArgs(arguments)
	err := root.ExecuteContext(ctx)
	if err != nil {
		p.report(err)
	}
	return exitCode(err)
}

func (p *Program) root() *cobra.Command {
	root := commandGroup(&cobra.Command{
		Use:           "starter",
		Short:         "Start, follow and inspect on-ramp and off-ramp orders",
		Long:          help,
		Version:       release.Read().String(),
		SilenceErrors: true,
		SilenceUsage:  true,
	})
	root.SetVersionTemplate("starter {{.Version}}\n")
	root.SetIn(p.Stdin)
	root.SetOut(p.Stdout)
	root.SetErr(p.Stderr)
	root.SetFlagErrorFunc(invalidFlag)
	flags := root.PersistentFlags()
	flags.VarP(&p.output, "output", "o", "output `format`: text or json")
	flags.StringVar(&p.profile, "context", "", "`name` of a profile in Temporal's configuration file (default $TEMPORAL_PROFILE, or the profile \"default\")")
	flags.StringVar(&p.uiURL, "ui-url", "", "`URL` of Temporal's Web UI, for links (default $RAMP_UI_URL, or http://127.0.0.1:8233 for a server on this machine)")
	oneOf(root, "output", "text", "json")
	complete(root, "context", p.completeProfile)
	for _, group := range []struct {
		id, title string
		commands  []*cobra.Command
	}{
		{"start", "Start and follow orders:", []*cobra.Command{p.onramp(), p.offramp(), p.reorder(), p.adopt(), p.watch()}},
		{"submit", "Update orders:", []*cobra.Command{
			p.submitUTR(), p.submitHash(), p.submitKYC(), p.submitAccount(), p.confirmQuote(), p.cancel(),
		}},
		{"inspect", "Inspect orders:", []*cobra.Command{p.list(), p.find(), p.attention(), p.status(), p.explain()}},
		{"operate", "Operate:", []*cobra.Command{p.events(), p.reconcile(), p.records(), p.forget(), p.rebuild(), p.setup(), p.deployment(), p.keyset(), p.token()}},
		{"other", "Other:", []*cobra.Command{p.dev(), p.demo()}},
	} {
		root.AddGroup(&cobra.Group{ID: group.id, Title: group.title})
		for _, command := range group.commands {
			command.GroupID = group.id
		}
		root.AddCommand(group.commands...)
	}
	root.SetHelpCommandGroupID("other")
	root.SetCompletionCommandGroupID("other")
	return root
}

func (p *Program) screen() *view.Screen { return view.NewScreen(p.Stdout) }
