// Package commands is the command line of Rampart. A command reads its arguments, calls ramp.Client, and prints what it
// answers.
package commands

import (
	"cmp"
	"context"
	"errors"
	"io"
	"time"

	"github.com/spf13/cobra"
	"go.temporal.io/sdk/contrib/envconfig"

	"rampart/ramp"
	"rampart/starter/connection"
	"rampart/starter/view"
)

const help = `Start, signal, watch and inspect on-ramp and off-ramp orders.

An order is named by the reference you gave it, such as inv-42, or by its workflow id, such as onramp/inv-42.
Temporal is reached as by its own tools: TEMPORAL_ADDRESS (default localhost:7233), TEMPORAL_NAMESPACE, TEMPORAL_API_KEY,
TEMPORAL_TLS_*, or a profile of its configuration file, by --context or TEMPORAL_PROFILE. What orders hold is encrypted, and read with
the keyset of RAMP_KEYSET_FILE.
With -o json, answers go to standard output and errors to standard error as JSON.

Exit codes:
  0  done; an order that was followed has completed
  1  error
  2  wrong usage, or an invalid request
  3  the order ended, but not as completed: expired, cancelled, refunded or rejected
  4  not there yet: the time was over, or you stopped waiting; the order goes on`

// Groups of commands in the help.
const (
	startGroup   = "start"
	messageGroup = "message"
	inspectGroup = "inspect"
	systemGroup  = "system"
)

// Program is the command line and all that it touches.
type Program struct {
	// Name is how the program was called.
	Name           string
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Environment    envconfig.EnvLookup
	// Connect opens a connection to Temporal.
	Connect func(context.Context, envconfig.EnvLookup) (*Session, error)
	Now     func() time.Time

	output  outputFormat
	uiURL   string
	profile string
	// ui is known once there is a connection.
	ui view.WebUI
}

// Run runs a command line and returns its exit code, after it has reported what went wrong.
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
	root := &cobra.Command{
		Use:           "starter",
		Short:         "Start, signal, watch and inspect on-ramp and off-ramp orders",
		Long:          help,
		Args:          noCommand,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetIn(p.Stdin)
	root.SetOut(p.Stdout)
	root.SetErr(p.Stderr)
	root.SetFlagErrorFunc(badFlag)
	flags := root.PersistentFlags()
	flags.VarP(&p.output, "output", "o", "`format` of answers: text or json")
	flags.StringVar(&p.profile, "context", "", "`name` of a profile in Temporal's configuration file (default $TEMPORAL_PROFILE, or its profile \"default\")")
	flags.StringVar(&p.uiURL, "ui-url", "", "`URL` of Temporal's Web UI, for links (default $RAMP_UI_URL, or http://127.0.0.1:8233 beside a local server)")
	oneOf(root, "output", "text", "json")
	complete(root, "context", p.completeProfile)
	root.AddGroup(
		&cobra.Group{ID: startGroup, Title: "Start orders:"},
		&cobra.Group{ID: messageGroup, Title: "Tell orders:"},
		&cobra.Group{ID: inspectGroup, Title: "Look at orders:"},
		&cobra.Group{ID: systemGroup, Title: "Set up and try out:"},
	)
	p.add(root, startGroup, p.onramp(), p.offramp(), p.reorder())
	p.add(root, messageGroup, p.submitUTR(), p.submitHash(), p.submitKYC(), p.submitAccount(), p.confirmQuote(), p.cancel())
	p.add(root, inspectGroup, p.list(), p.attention(), p.status(), p.explain(), p.watch())
	p.add(root, systemGroup, p.setup(), p.keyset(), p.deployment(), p.demo())
	root.SetHelpCommandGroupID(systemGroup)
	root.SetCompletionCommandGroupID(systemGroup)
	return root
}

func (p *Program) add(root *cobra.Command, group string, commands ...*cobra.Command) {
	for _, command := range commands {
		command.GroupID = group
		root.AddCommand(command)
	}
}

// run makes a command of one that needs a connection to a namespace of orders. What fails for want of setup says so: Temporal
// itself says then only that an order does not answer.
func (p *Program) run(command func(ctx context.Context, s *Session, args []string) error) func(*cobra.Command, []string) error {
	return p.connected(func(ctx context.Context, s *Session, args []string) error {
		err := command(ctx, s, args)
		if ctx.Err() == nil && unanswered(err) {
			if unready := s.NotSetUp(ctx); unready != nil {
				return unready
			}
		}
		return err
	})
}

// unanswered reports whether a command failed without an answer of an order's.
func unanswered(err error) bool {
	var contract *ramp.Error
	var usage *usageError
	var ended *endedError
	return err != nil && !errors.As(err, &usage) && !errors.As(err, &ended) &&
		(!errors.As(err, &contract) || contract.Type == ramp.NotReady)
}

// connected makes a command of one that needs a connection.
func (p *Program) connected(command func(ctx context.Context, s *Session, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		s, err := p.connect(cmd.Context())
		if err != nil {
			return err
		}
		defer s.Close()
		if p.ui, err = p.webUI(s); err != nil {
			return err
		}
		return s.Explain(command(cmd.Context(), s, args))
	}
}

// connect opens a connection to the server and the namespace of the profile that was chosen, if one was.
func (p *Program) connect(ctx context.Context) (*Session, error) {
	return p.Connect(ctx, connection.WithProfile(p.Environment, p.profile))
}

func (p *Program) screen() *view.Screen { return view.NewScreen(p.Stdout) }
