package torture

import (
	"context"
	"fmt"
	"net/http"

	"rampart/ramp"
	"rampart/ramp/situation"
	"rampart/sandbox/ledger"
)

// usual is the course of an order to which nothing unusual happens.
const usual = "usual"

// forcing makes a difference between an order and the provider's.
type forcing struct {
	// kinds is what a reconciliation must find of it.
	kinds []situation.Difference
	suits func(outcome, ledger.Order) bool
	// force makes the difference to an order of the provider; other is another one that suits. It returns the ids of the orders of which a
	// finding may be.
	force func(ctx context.Context, b *bookkeeper, made, other ledger.Order) ([]string, error)
}

// forcings has at least one for every kind of difference.
func forcings() []forcing {
	return []forcing{
		{[]situation.Difference{situation.OtherAmount}, isBought, alters(`{"fiatAmount":900}`)},
		{[]situation.Difference{situation.OtherAmount}, isBought, alters(`{"tokenAmount":1}`)},
		{[]situation.Difference{situation.OtherWallet}, isBought, alters(`{"wallet":"0x2222222222222222222222222222222222222222"}`)},
		{[]situation.Difference{situation.OtherProof, situation.ProofTwice}, isBought, paysTwice},
		{[]situation.Difference{situation.OtherStatus}, isBought, posts("", `{"status":"refunded"}`)},
		{[]situation.Difference{situation.OtherToken}, isBought, exports(exportToken, "DAI")},
		{[]situation.Difference{situation.OtherTDS}, isSold, exports(exportTDS, "1234.56")},
		{[]situation.Difference{situation.MissingThere}, isSold, alters(`{"hidden":true}`)},
		{[]situation.Difference{situation.MissingHere}, isBought, copies},
		{[]situation.Difference{situation.PaidThere}, isUnpaid, posts("/payment", `{}`)},
		{[]situation.Difference{situation.NotCompared}, isBought, refuses},
	}
}

func isBought(o outcome, made ledger.Order) bool {
	return o.order.Status == ramp.Completed && o.plan.id.Direction == ramp.Onramp && made.Course == usual
}

func isSold(o outcome, made ledger.Order) bool {
	return o.order.Status == ramp.Completed && o.plan.id.Direction == ramp.Offramp && made.Course == usual
}

func isUnpaid(o outcome, made ledger.Order) bool {
	return (o.order.Status == ramp.Expired || o.order.Status == ramp.Cancelled) && o.plan.id.Direction == ramp.Onramp && made.Course == usual &&
		made.Proof == "" && made.Payment == nil
}

// alters changes values of an order.
func alters(body string) func(context.Context, *bookkeeper, ledger.Order, ledger.Order) ([]string, error) {
	return posts("/alter", body)
}

// posts asks the sandbox's control plane for something that concerns an order.
func posts(path, body string) func(context.Context, *bookkeeper, ledger.Order, ledger.Order) ([]string, error) {
	return func(ctx context.Context, b *bookkeeper, made, _ ledger.Order) ([]string, error) {
		_, err := b.changeOrder(ctx, made.ID, path, body)
		return []string{made.ID}, err
	}
}

// exports changes what the export says of an order.
func exports(column int, cell string) func(context.Context, *bookkeeper, ledger.Order, ledger.Order) ([]string, error) {
	return func(_ context.Context, b *bookkeeper, made, _ ledger.Order) ([]string, error) {
		b.edits[made.ID] = map[int]string{column: cell}
		return []string{made.ID}, nil
	}
}

// paysTwice gives an order the proof of another one. A finding names the one that is compared later.
func paysTwice(ctx context.Context, b *bookkeeper, made, other ledger.Order) ([]string, error) {
	_, err := b.changeOrder(ctx, made.ID, "/alter", fmt.Sprintf(`{"proof":%q}`, other.Proof))
	return []string{made.ID, other.ID}, err
}

// copies makes another order like one, which nobody has asked for.
func copies(ctx context.Context, b *bookkeeper, made, _ ledger.Order) ([]string, error) {
	copied, err := b.changeOrder(ctx, made.ID, "/copy", "")
	return []string{copied.ID}, err
}

// refuses makes the provider refuse to tell of an order.
func refuses(ctx context.Context, b *bookkeeper, made, _ ledger.Order) ([]string, error) {
	rule := fmt.Sprintf(`{"fault":"refuse","status":409,"route":"POST /v1/orders/status","order":%q}`, made.ID)
	return []string{made.ID}, b.run.stack.AskSandbox(ctx, http.MethodPost, "/sandbox/faults", rule, &struct{}{})
}

func (b *bookkeeper) changeOrder(ctx context.Context, orderID, path, body string) (ledger.Order, error) {
	var changed ledger.Order
	err := b.run.stack.AskSandbox(ctx, http.MethodPost, "/sandbox/orders/"+orderID+path, body, &changed)
	return changed, err
}

// findForced ends the faults, makes one difference of each forcing that an order is there for, and reconciles again.
func (b *bookkeeper) findForced(ctx context.Context, outcomes []outcome, books *Books) error {
	if err := b.run.stack.AskSandbox(ctx, http.MethodDelete, "/sandbox/faults", "", &[]struct{}{}); err != nil {
		return err
	}
	recorded, err := b.run.stack.Ledger(ctx)
	if err != nil {
		return err
	}
	all, err := b.force(ctx, newVictims(outcomes, recorded))
	if err != nil {
		return err
	}
	books.Forced = map[string]int{}
	for _, e := range all {
		books.Forced[string(e.kind)]++
	}
	sleep(ctx, b.run.options.scaled(staleness+staleFor)) // earlier faults hide what is new
	findings, _, err := b.compare(ctx)
	if err != nil {
		return err
	}
	_, books.Missed, books.Extra = b.sort(findings, all)
	b.log("%d differences forced, %d missed, %d found beyond them", len(all), len(books.Missed), len(books.Extra))
	return nil
}

// force makes the differences, and returns what must be found.
func (b *bookkeeper) force(ctx context.Context, from *victims) ([]expected, error) {
	var all []expected
	for _, f := range forcings() {
		chosen := from.take(f.suits, f.needs())
		if len(chosen) < f.needs() {
			continue
		}
		orders, err := f.force(ctx, b, chosen[0], chosen[len(chosen)-1])
		if err != nil {
			return nil, fmt.Errorf("force %s: %w", f.kinds[0], err)
		}
		for _, kind := range f.kinds {
			all = append(all, expected{kind, orders})
		}
	}
	return all, nil
}

// needs returns how many orders a forcing is about: two for a proof that pays two.
func (f forcing) needs() int { return len(f.kinds) }

// victims are orders that agree with the provider's. Each is taken once.
type victims struct {
	outcomes []outcome
	made     map[string]ledger.Order
}

func newVictims(outcomes []outcome, recorded ledger.Ledger) *victims {
	v := &victims{made: map[string]ledger.Order{}}
	for _, made := range recorded.Orders {
		v.made[made.ID] = made
	}
	for _, o := range outcomes {
		if o.order != nil && v.made[o.order.OrderID].ID != "" {
			v.outcomes = append(v.outcomes, o)
		}
	}
	return v
}

// take takes orders that suit, as many as there are of so many.
func (v *victims) take(suits func(outcome, ledger.Order) bool, number int) []ledger.Order {
	var taken []ledger.Order
	rest := v.outcomes[:0:0]
	for _, o := range v.outcomes {
		if made := v.made[o.order.OrderID]; len(taken) < number && suits(o, made) {
			taken = append(taken, made)
		} else {
			rest = append(rest, o)
		}
	}
	v.outcomes = rest
	return taken
}
