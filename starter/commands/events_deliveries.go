package commands

import (
	"context"
	"errors"
	"iter"
	"math"
	"slices"

	"github.com/spf13/cobra"

	"rampart/ramp"
)

// Deliveries is the part of ramp.Client that the commands on deliveries use.
type Deliveries interface {
	Deliveries(context.Context, ramp.DeliveryFilter) iter.Seq2[ramp.Delivery, error]
	Delivery(ctx context.Context, id string) (ramp.Delivery, error)
	ResendDelivery(ctx context.Context, id string) error
	EnableEndpoint(ctx context.Context, endpoint string) error
	DisabledEndpoints(context.Context) ([]string, error)
}

// deliveryQuery selects deliveries.
type deliveryQuery struct {
	failed   bool
	endpoint string
	limit    int
}

// deliveryList is the result of events list as JSON.
type deliveryList struct {
	Deliveries []ramp.Delivery `json:"deliveries"`
	// Disabled are the endpoints that get no events.
	Disabled []string `json:"disabled"`
}

func (p *Program) eventsList() *cobra.Command {
	var query deliveryQuery
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List deliveries of events, and the endpoints that are disabled",
		Long: "List deliveries of events, from newest to oldest: of which order, to which endpoint, whether they are under way, delivered or failed,\n" +
			"how often they were attempted, and why the last attempt failed.\n" +
			"A delivery has the events that an order published together. The list comes from Temporal's visibility store, which lags a moment\n" +
			"behind, and has what ended for as long as the namespace retains it. Endpoints that answered 410 are named first.",
		Example: `  starter events list --failed
  starter events list --endpoint shop --limit 100`,
		Args: arguments(),
		RunE: func(cmd *cobra.Command, args []string) error {
			if query.limit < 1 {
				return misused(cmd, "--limit must be at least 1")
			}
			return p.connected(func(ctx context.Context, c *Connection, _ []string) error {
				return p.listDeliveries(ctx, c, query)
			})(cmd, args)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.BoolVar(&query.failed, "failed", false, "only deliveries that were given up")
	f.StringVar(&query.endpoint, "endpoint", "", "only deliveries to the endpoint of this `name`")
	f.IntVar(&query.limit, "limit", 20, "maximum `number` of deliveries")
	return cmd
}

func (p *Program) listDeliveries(ctx context.Context, c *Connection, query deliveryQuery) error {
	found, more, err := query.find(ctx, c.Deliveries)
	if err != nil {
		return err
	}
	disabled, err := c.Deliveries.DisabledEndpoints(ctx)
	if err != nil {
		return err
	}
	if p.output.json {
		return writeJSON(p.Stdout, deliveryList{found, append([]string{}, disabled...)})
	}
	screen := p.screen()
	for _, endpoint := range disabled {
		screen.Linef("Endpoint %s is disabled, because it answered 410: %s events enable %s", endpoint, p.Name, endpoint)
	}
	if len(found) == 0 {
		screen.Line("No deliveries.")
		return nil
	}
	screen.Deliveries(found)
	if more {
		screen.Linef("There are more deliveries: --limit %d shows more of them.", query.limit*5)
	}
	return nil
}

// find returns the deliveries up to the limit, and whether there are more.
func (q deliveryQuery) find(ctx context.Context, deliveries Deliveries) (found []ramp.Delivery, more bool, err error) {
	var filter ramp.DeliveryFilter
	if q.failed {
		filter.State = ramp.DeliveryFailed
	}
	found = []ramp.Delivery{}
	for listed, err := range deliveries.Deliveries(ctx, filter) {
		if err != nil {
			return nil, false, err
		}
		if q.endpoint != "" && listed.Endpoint != q.endpoint {
			continue
		}
		delivery, latest, err := latestRun(ctx, deliveries, listed)
		switch {
		case err != nil:
			return nil, false, err
		case !latest:
		case len(found) == q.limit:
			return found, true, nil
		default:
			found = append(found, delivery)
		}
	}
	return found, false, nil
}

// latestRun returns a delivery with its attempts, and whether it is the latest run of its id: one that failed may have been resent since.
// Delivered ones are returned as they are listed, because there is nothing to do about them.
func latestRun(ctx context.Context, deliveries Deliveries, listed ramp.Delivery) (delivery ramp.Delivery, latest bool, err error) {
	if listed.State == ramp.Delivered {
		return listed, true, nil
	}
	described, err := deliveries.Delivery(ctx, listed.ID)
	if ramp.IsError(err, ramp.NotFound) { // it was deleted meanwhile
		return listed, false, nil
	}
	return described, described.RunID == listed.RunID, err
}

// resentResult is the result of events resend as JSON.
type resentResult struct {
	Resent []string `json:"resent"`
}

func (p *Program) eventsResend() *cobra.Command {
	var query deliveryQuery
	cmd := &cobra.Command{
		Use:   "resend [ID]",
		Short: "Send the events of a delivery again, or of all that failed",
		Long: "Send the events of a delivery again, with the same event ids, or with --failed those of every delivery that was given up. What an\n" +
			"endpoint already has, it gets once more.",
		Example: `  starter events resend event/onramp/inv-42/0199/7/shop
  starter events resend --failed --endpoint shop`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 || (len(args) == 1) == query.failed {
				return misused(cmd, "give the id of one delivery, or --failed")
			}
			if query.endpoint != "" && !query.failed {
				return misused(cmd, "--endpoint goes with --failed")
			}
			return p.connected(func(ctx context.Context, c *Connection, args []string) error {
				return p.resend(ctx, c, query, args)
			})(cmd, args)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.BoolVar(&query.failed, "failed", false, "every delivery that was given up")
	f.StringVar(&query.endpoint, "endpoint", "", "only deliveries to the endpoint of this `name`")
	return cmd
}

func (p *Program) resend(ctx context.Context, c *Connection, query deliveryQuery, ids []string) error {
	resent := []string{}
	var problem error
	if query.failed {
		resent, problem = resendFailed(ctx, c.Deliveries, query.endpoint)
	} else if problem = c.Deliveries.ResendDelivery(ctx, ids[0]); problem == nil {
		resent = ids
	}
	if p.output.json {
		return errors.Join(problem, writeJSON(p.Stdout, resentResult{resent}))
	}
	p.screen().Linef("Deliveries that are sent again: %d", len(resent))
	return problem
}

// resendFailed sends every failed delivery again, the one that began first before others, because those of an order follow one another and
// are listed by when they ended. A delivery that was resent since, or is under way, is left as it is: the list of deliveries lags behind.
func resendFailed(ctx context.Context, deliveries Deliveries, endpoint string) ([]string, error) {
	failed, _, err := deliveryQuery{failed: true, endpoint: endpoint, limit: math.MaxInt}.find(ctx, deliveries)
	if err != nil {
		return nil, err
	}
	slices.Reverse(failed)
	slices.SortStableFunc(failed, func(a, b ramp.Delivery) int { return a.StartedAt.Compare(b.StartedAt) })
	resent := []string{}
	for _, delivery := range failed {
		switch err := deliveries.ResendDelivery(ctx, delivery.ID); {
		case err == nil:
			resent = append(resent, delivery.ID)
		case !ramp.IsError(err, ramp.NotAwaited) && !ramp.IsError(err, ramp.NotFound):
			return resent, err
		}
	}
	return resent, nil
}

func (p *Program) eventsEnable() *cobra.Command {
	return &cobra.Command{
		Use:   "enable ENDPOINT",
		Short: "Let an endpoint that answered 410 get events again",
		Long:  "Let an endpoint that answered 410 get events again. Deliveries that failed meanwhile stay failed: events resend --failed sends them.",
		Example: `  starter events enable shop
  starter events resend --failed --endpoint shop`,
		Args: arguments("ENDPOINT"),
		RunE: p.connected(func(ctx context.Context, c *Connection, args []string) error {
			if err := c.Deliveries.EnableEndpoint(ctx, args[0]); err != nil {
				return err
			}
			if p.output.json {
				return writeJSON(p.Stdout, map[string]string{"enabled": args[0]})
			}
			p.screen().Line("The endpoint gets events again.")
			return nil
		}),
	}
}
