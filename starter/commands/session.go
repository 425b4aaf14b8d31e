package commands

import (
	"context"
	"iter"

	"go.temporal.io/sdk/contrib/envconfig"

	"rampart/ramp"
	"rampart/starter/connection"
	"rampart/starter/explain"
	"rampart/starter/setup"
)

// Orders is what commands need of ramp.Client.
type Orders interface {
	StartOnramp(context.Context, ramp.OnrampRequest) (*ramp.Order, error)
	StartOfframp(context.Context, ramp.OfframpRequest) (*ramp.Order, error)
	Reorder(context.Context, ramp.ReorderRequest) (*ramp.Order, error)
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

// Session is an open connection to a namespace.
type Session struct {
	Orders Orders
	// Search yields the orders that a filter chooses and for which a further condition holds, in Temporal's list filter
	// language.
	Search func(ctx context.Context, filter ramp.Filter, condition string) iter.Seq2[ramp.Summary, error]
	// Strays yields the workflows that were meant as orders and are none, for which a further condition holds.
	Strays func(ctx context.Context, condition string) iter.Seq2[ramp.Summary, error]
	// NotSetUp says what the namespace lacks of what orders need; nil if it lacks nothing, or cannot be asked.
	NotSetUp func(context.Context) error
	// Temporal is where explanations come from, and Reader decodes what is there.
	Temporal    explain.Temporal
	Reader      explain.Reader
	Operator    setup.Operator
	Namespaces  setup.Namespaces
	Visibility  setup.Visibility
	Deployments Deployments
	Address     string
	Namespace   string
	// Explain puts Temporal's own errors into words, and leaves others alone.
	Explain func(error) error
	Close   func()
}

// Dial opens a connection as the environment says.
func Dial(ctx context.Context, environment envconfig.EnvLookup) (*Session, error) {
	c, err := connection.Dial(ctx, environment)
	if err != nil {
		return nil, err
	}
	return &Session{
		Orders:      c.Orders,
		Search:      c.Search,
		Strays:      c.Strays,
		NotSetUp:    c.NotSetUp,
		Temporal:    c.Temporal,
		Reader:      explain.NewReader(c.Data, c.Failures),
		Operator:    c.Temporal.OperatorService(),
		Namespaces:  c.Temporal.WorkflowService(),
		Visibility:  c.Temporal,
		Deployments: c.Temporal,
		Address:     c.Address,
		Namespace:   c.Namespace,
		Explain:     c.Explain,
		Close:       c.Close,
	}, nil
}
