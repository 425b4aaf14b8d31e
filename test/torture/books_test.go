package torture

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rampart/ramp"
	"rampart/ramp/situation"
	"rampart/reconcile"
	"rampart/sandbox/ledger"
)

// kept returns a bookkeeper who knows that the provider's orders b and c belong to nobody.
func kept() *bookkeeper { return &bookkeeper{unowned: map[string]bool{"b": true, "c": true}} }

func TestOrdersThatNobodyOwnsAreToldFromThoseThatAreListedAsLost(t *testing.T) {
	t.Parallel()
	o, recorded := bought()
	o.order.LostOrderIDs = []string{"c"}
	recorded.Orders = append(recorded.Orders, ledger.Order{ID: "b"}, ledger.Order{ID: "c"})
	unowned, listed := unownedOrders([]outcome{o, {failure: errNoInstructions}}, recorded)
	require.Equal(t, map[string]bool{"b": true, "c": true}, unowned)
	require.Equal(t, map[string]bool{"c": true}, listed)
}

func TestWhatIsFoundIsToldApart(t *testing.T) {
	t.Parallel()
	amount := reconcile.Finding{Kind: situation.OtherAmount, OrderID: "a"}
	twice := reconcile.Finding{Kind: situation.ProofTwice, OrderID: "e"}
	all := []expected{{situation.OtherAmount, []string{"a"}}, {situation.ProofTwice, []string{"d", "e"}}, {situation.MissingThere, []string{"f"}}}

	lost, missed, others := kept().sort([]reconcile.Finding{amount, twice, {Kind: situation.MissingHere, OrderID: "b"}}, all)
	require.Equal(t, map[string]bool{"b": true}, lost)
	require.Equal(t, []string{"missing_there of the provider's f"}, missed)
	require.Empty(t, others)

	stranger := reconcile.Finding{Kind: situation.MissingHere, OrderID: "x"}
	paid := reconcile.Finding{Kind: situation.PaidThere, OrderID: "b"}
	lost, missed, others = kept().sort([]reconcile.Finding{amount, stranger, paid}, nil)
	require.Empty(t, lost)
	require.Empty(t, missed)
	require.Equal(t, []reconcile.Finding{amount, stranger, paid}, others, "none of them was expected")
}

func TestRunFailsIfItsBooksDisagree(t *testing.T) {
	t.Parallel()
	require.True(t, Books{Lost: 3, Forced: map[string]int{"other_amount": 2}}.Good())
	finding := []reconcile.Finding{{Kind: situation.OtherAmount, Reference: "order-1", OrderID: "a", Ours: "1000 INR"}}
	for text, bad := range map[string]Books{
		"overlooked the provider's a":                   {Overlooked: []string{"a"}},
		"found other_amount of order-1, the provider's": {Differences: finding},
		"here 1000 INR, there nothing":                  {Extra: finding},
		"missed a forced difference: x":                 {Missed: []string{"x"}},
		"1 orders were compared of 2":                   {Failure: "1 orders were compared of 2"},
	} {
		require.False(t, bad.Good(), text)
		report := Report{Books: bad}
		require.False(t, report.Good(), text)
		var written strings.Builder
		require.NoError(t, report.WriteText(&written))
		require.Contains(t, written.String(), text)
	}
}

func TestEveryKindOfDifferenceIsForced(t *testing.T) {
	t.Parallel()
	forced := map[string]int{}
	for _, f := range forcings() {
		for _, kind := range f.kinds {
			forced[string(kind)]++
		}
	}
	require.Empty(t, Books{Forced: forced}.kindsNotForced())
	require.Len(t, Books{}.kindsNotForced(), len(situation.Differences()))
}

func TestOrderIsForcedToDifferOnce(t *testing.T) {
	t.Parallel()
	first, recorded := bought()
	second, _ := bought()
	second.order.OrderID, recorded.Orders = "b", append(recorded.Orders, ledger.Order{ID: "b", Course: usual})
	never, _ := unpaid()
	never.order.OrderID, recorded.Orders = "c", append(recorded.Orders, ledger.Order{ID: "c", Course: usual})
	unusual, _ := bought()
	unusual.order.OrderID, recorded.Orders = "d", append(recorded.Orders, ledger.Order{ID: "d", Course: "refunded"})
	v := newVictims([]outcome{first, second, never, unusual, {failure: errNoInstructions}, {order: &ramp.Order{}}}, recorded)

	ids := func(taken []ledger.Order) (ids []string) {
		for _, made := range taken {
			ids = append(ids, made.ID)
		}
		return ids
	}
	require.Empty(t, v.take(isSold, 1))
	require.Equal(t, []string{"a"}, ids(v.take(isBought, 1)))
	require.Equal(t, []string{"b"}, ids(v.take(isBought, 2)))
	require.Empty(t, v.take(isBought, 1))
	require.Equal(t, []string{"c"}, ids(v.take(isUnpaid, 1)))
}
