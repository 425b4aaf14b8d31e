package commands

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/url"
	"time"

	"github.com/spf13/cobra"
	"go.temporal.io/sdk/contrib/envconfig"

	"rampart/internal/loopback"
	"rampart/ramp"
	"rampart/reconcile"
	"rampart/starter/connection"
	"rampart/starter/deployment"
	"rampart/starter/explain"
	"rampart/starter/forget"
	"rampart/starter/setup"
	"rampart/starter/view"
)

// Orders is the part of ramp.Client that commands use.
type Orders interface {
	StartOnramp(context.Context, ramp.OnrampRequest) (*ramp.Order, error)
	StartOfframp(context.Context, ramp.OfframpRequest) (*ramp.Order, error)
	Reorder(context.Context, ramp.ReorderRequest) (*ramp.Order, error)
	TakeOverOnramp(context.Context, ramp.OnrampRequest) (started bool, err error)
	TakeOverOfframp(context.Context, ramp.OfframpRequest) (started bool, err error)
	Exists(context.Context, ramp.ID) (bool, error)
	Summary(context.Context, ramp.ID) (ramp.Summary, error)
	Get(context.Context, ramp.ID) (*ramp.Order, error)
	GetRun(ctx context.Context, id ramp.ID, runID string) (*ramp.Order, error)
	Runs(context.Context, ramp.ID) iter.Seq2[ramp.Summary, error]
	Watch(context.Context, ramp.ID) iter.Seq2[*ramp.Order, error]
	SubmitUTR(ctx context.Context, reference, utr string) (*ramp.Order, error)
	SubmitTransactionHash(ctx context.Context, reference, hash string) (*ramp.Order, error)
	SubmitKYC(ctx context.Context, id ramp.ID, dossier string) (*ramp.Order, error)
	SubmitAccount(context.Context, ramp.ID, ramp.AccountSubmission) (*ramp.Order, error)
	ConfirmQuote(ctx context.Context, id ramp.ID, quoteID string) (*ramp.Order, error)
	Cancel(context.Context, ramp.ID) (*ramp.Order, error)
}

// Connection is an open connection to a namespace, as commands use it: a connection.Connection, or a fake in tests.
type Connection struct {
	Orders Orders
	// Search yields the orders that match a filter and a condition in Temporal's list filter language. An empty condition matches all.
	Search func(ctx context.Context, filter ramp.Filter, condition string) iter.Seq2[ramp.Summary, error]
	// Strays yields the workflows that were meant as orders but are none, and that match a condition.
	Strays func(ctx context.Context, condition string) iter.Seq2[ramp.Summary, error]
	// Hasher returns what makes the hashes by which orders are found, or why there is none.
	Hasher func(context.Context) (ramp.Hasher, error)
	// Workflows is what forget deletes from.
	Workflows forget.Temporal
	// Pause is between two searches of forget.
	Pause time.Duration
	// NotSetUp returns an error that names what the namespace lacks; nil if it lacks nothing, or if that is unknown.
	NotSetUp func(context.Context) error
	// Temporal is the source of explanations, and Reader decodes what they are made from.
	Temporal    explain.Temporal
	Reader      explain.Reader
	Operator    setup.Operator
	Namespaces  setup.Namespaces
	Visibility  setup.Visibility
	Deployments deployment.Temporal
	// Deliveries are those of the events of orders.
	Deliveries Deliveries
	// Reconciliations compare the orders of a day with the provider's.
	Reconciliations Reconciliations
	Address         string
	Namespace       string
	// Explain adds to an error of Temporal's what the user can do about it. Other errors are returned as they are.
	Explain func(error) error
	Close   func()
}

// Dial opens a connection as the environment configures it.
func Dial(ctx context.Context, environment envconfig.EnvLookup) (*Connection, error) {
	c, err := connection.Dial(ctx, environment)
	if err != nil {
		return nil, err
	}
	return &Connection{
		Orders:      c.Orders,
		Search:      c.Search,
		Strays:      c.Strays,
		Hasher:      c.Hasher,
		Workflows:   c.Temporal.WorkflowService(),
		Pause:       forgetPause,
		NotSetUp:    c.NotSetUp,
		Temporal:    c.Temporal,
		Reader:      explain.NewReader(c.Data, c.Failures),
		Operator:    c.Temporal.OperatorService(),
		Namespaces:  c.Temporal.WorkflowService(),
		Visibility:  c.Temporal,
		Deployments: c.Temporal,
		Deliveries:  c.Orders,

		Reconciliations: reconcile.NewClient(c.Temporal),

		Address:   c.Address,
		Namespace: c.Namespace,
		Explain:   c.Explain,
		Close:     c.Close,
	}, nil
}

// run returns a cobra function for a command that needs a connection to a namespace that is set up for orders. If the command fails because
// the namespace is not, the error says so; Temporal's own error would only say that an order does not answer.
func (p *Program) run(command func(ctx context.Context, c *Connection, args []string) error) func(*cobra.Command, []string) error {
	return p.connected(func(ctx context.Context, c *Connection, args []string) error {
		err := command(ctx, c, args)
		if ctx.Err() == nil && unanswered(err) {
			if notSetUp := c.NotSetUp(ctx); notSetUp != nil {
				return notSetUp
			}
		}
		return err
	})
}

// unanswered reports whether a command failed without an answer from an order.
func unanswered(err error) bool {
	var contract *ramp.Error
	var usage *usageError
	var ended *endedError
	var differences *differencesError
	return err != nil && !errors.As(err, &usage) && !errors.As(err, &ended) && !errors.As(err, &differences) &&
		(!errors.As(err, &contract) || contract.Type == ramp.NotReady)
}

// connected returns a cobra function for a command that needs a connection.
func (p *Program) connected(command func(ctx context.Context, c *Connection, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		c, err := p.connect(cmd.Context())
		if err != nil {
			return err
		}
		defer c.Close()
		if p.ui, err = p.webUI(c); err != nil {
			return err
		}
		return c.Explain(command(cmd.Context(), c, args))
	}
}

// connect opens a connection, with the profile of --context if one was given.
func (p *Program) connect(ctx context.Context) (*Connection, error) {
	return p.Connect(ctx, connection.WithProfile(p.Environment, p.profile))
}

// defaultUI is the address of devserver's Web UI.
const defaultUI = "http://127.0.0.1:8233"

// webUI returns the Web UI to link to: that of --ui-url, else of RAMP_UI_URL, else devserver's if the Temporal server is on this machine.
func (p *Program) webUI(c *Connection) (view.WebUI, error) {
	base, given := p.Environment.LookupEnv("RAMP_UI_URL")
	if p.uiURL != "" {
		base, given = p.uiURL, true
	}
	if !given && loopback.Target(c.Address) {
		base = defaultUI
	}
	if base == "" {
		return view.WebUI{}, nil
	}
	if parsed, err := url.Parse(base); err != nil || parsed.Host == "" || (parsed.Scheme != "http" && parsed.Scheme != "https") {
		return view.WebUI{}, &usageError{message: fmt.Sprintf("the URL of the Web UI must be like %s: check --ui-url or RAMP_UI_URL", defaultUI)}
	}
	return view.WebUI{Base: base, Namespace: c.Namespace}, nil
}
