package commands

import (
	"cmp"
	"context"
	"encoding/json"

	"github.com/spf13/cobra"

	"rampart/ramp"
)

func (p *Program) adopt() *cobra.Command {
	var file, reference string
	command := &cobra.Command{
		Use:   "adopt ORDER-ID --file FILE [--reference REFERENCE]",
		Short: "Start an order that takes over one that exists at the provider only",
		Long: "Start an order that takes over one that exists at the provider only, such as one whose creation was lost and that its user has\n" +
			"paid all the same. The order creates nothing: it claims the provider's order and follows it to its end, whatever that is.\n\n" +
			"The file is the request of the order, as for onramp or offramp: of the same user, amount, token and wallet as the provider's\n" +
			"order. An order that any other order here owns, or that differs, is refused, and the new one ends as rejected. Give the UTR of the\n" +
			"payment in the request if the provider does not have it yet.",
		Example: "  starter adopt 650000000000000000000001 --file order.json --reference inv-42-b --watch",
		Args:    arguments("ORDER-ID"),
	}
	f := command.Flags()
	f.SortFlags = false
	f.StringVar(&file, "file", "", "read the request as JSON from a `file`, or from standard input for -")
	f.StringVar(&reference, "reference", "", "your own `id` for the order, in place of the request's")
	return p.startCommand(command, func(args []string) (ramp.ID, startCall, error) {
		if file == "" {
			return ramp.ID{}, nil, misused(command, "--file is required: the request of the order, as for onramp or offramp")
		}
		return p.readAdoption(file, args[0], reference)
	})
}

// readAdoption reads a request of either direction: only one for an on-ramp order has a payment method.
func (p *Program) readAdoption(file, orderID, reference string) (id ramp.ID, start startCall, err error) {
	content, err := p.read(file)
	if err != nil {
		return id, nil, err
	}
	var form struct {
		PaymentMethod json.RawMessage `json:"paymentMethod"`
	}
	_ = json.Unmarshal(content, &form) // what is wrong is reported below
	if form.PaymentMethod != nil {
		request, err := adopting(file, content, func(r *ramp.OnrampRequest) {
			r.Adopt, r.Reference = &ramp.AdoptedOrder{OrderID: orderID}, cmp.Or(reference, r.Reference)
		}, (*ramp.OnrampRequest).Validate)
		return ramp.ID{Direction: ramp.Onramp, Reference: request.Reference}, func(ctx context.Context, orders Orders) (*ramp.Order, error) {
			return orders.StartOnramp(ctx, request)
		}, err
	}
	request, err := adopting(file, content, func(r *ramp.OfframpRequest) {
		r.Adopt, r.Reference = &ramp.AdoptedOrder{OrderID: orderID}, cmp.Or(reference, r.Reference)
	}, (*ramp.OfframpRequest).Validate)
	return ramp.ID{Direction: ramp.Offramp, Reference: request.Reference}, func(ctx context.Context, orders Orders) (*ramp.Order, error) {
		return orders.StartOfframp(ctx, request)
	}, err
}

// adopting decodes a request, changes it, and validates it.
func adopting[R any](file string, content []byte, change func(*R), validate func(*R) error) (R, error) {
	var request R
	if err := ramp.Decode(content, &request); err != nil {
		return request, undecodable(file, err.Error())
	}
	change(&request)
	return request, invalid(validate(&request), map[string]string{"adopt.orderId": "ORDER-ID", "reference": "--reference"})
}
