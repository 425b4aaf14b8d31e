package torture

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rampart/ramp"
	"rampart/sandbox/ledger"
)

const right = "400000000001"

// bought is an order that was paid and has ended well, as everybody tells it.
func bought() (outcome, ledger.Ledger) {
	now := time.Date(2026, 1, 10, 10, 0, 0, 0, time.UTC)
	o := outcome{
		plan: plan{id: ramp.ID{Direction: ramp.Onramp, Reference: "order-1"}, behaviour: pays, proofs: []string{right}},
		told: told{started: true, handed: []string{right}, handedAt: now, taken: right, expiresAt: now.Add(time.Hour)},
		order: &ramp.Order{
			Reference: "order-1", Direction: ramp.Onramp, Status: ramp.Completed, OrderID: "a", ProviderStatus: "completed",
			Proof: &ramp.Proof{UTR: right, SubmittedAt: now, AcceptedAt: now},
		},
	}
	return o, ledger.Ledger{
		Orders:  []ledger.Order{{ID: "a", Direction: "onramp", Reference: "order-1", Course: "usual", Status: "completed", Proof: right}},
		Proofs:  []ledger.AcceptedProof{{OrderID: "a", Proof: right}},
		Payouts: []ledger.Payout{{OrderID: "a", Kind: "tokens"}},
	}
}

// unpaid is the same order without proof, which expired.
func unpaid() (outcome, ledger.Ledger) {
	o, books := bought()
	o.plan.behaviour = forgets
	o.told.handed, o.told.taken = nil, ""
	o.order.Status, o.order.Proof = ramp.Expired, nil
	books.Orders[0].Status, books.Orders[0].Proof, books.Proofs, books.Payouts = "expired", "", nil, nil
	return o, books
}

const mistyped = "999900000001"

// corrected is the bought order when its user first mistyped the proof.
func corrected() (outcome, ledger.Ledger) {
	o, books := bought()
	o.plan.behaviour, o.plan.proofs = mistypes, []string{mistyped, right}
	o.told.handed = []string{mistyped, right}
	o.order.Proof.Replaced = []ramp.ReplacedProof{{UTR: mistyped}}
	books.Proofs = append([]ledger.AcceptedProof{{OrderID: "a", Proof: mistyped}}, books.Proofs...)
	return o, books
}

func TestOrdersOnWhichAllAgreeAreInnocent(t *testing.T) {
	t.Parallel()
	for name, order := range map[string]func() (outcome, ledger.Ledger){"paid": bought, "unpaid": unpaid, "corrected": corrected} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o, books := order()
			counts, violations := judge([]outcome{o}, books)
			require.Empty(t, violations)
			require.True(t, counts.Good())
			require.Equal(t, 1, counts.Started)
			require.Equal(t, 1, counts.Completed+counts.Expired)
		})
	}
}

func TestWhatMustNotBeIsFound(t *testing.T) {
	t.Parallel()
	type change func(*outcome, *ledger.Ledger)
	for name, tc := range map[string]struct {
		from   func() (outcome, ledger.Ledger)
		change change
		want   fault
	}{
		"it runs for ever": {bought, func(o *outcome, _ *ledger.Ledger) { o.order, o.running = nil, true }, stuck},
		"it never started": {bought, func(o *outcome, _ *ledger.Ledger) {
			o.order, o.told, o.failure = nil, told{}, errors.New("no such order")
		}, stuck},
		"the workflow failed": {bought, func(o *outcome, _ *ledger.Ledger) { o.order, o.failure = nil, errors.New("defect") }, wrong},
		"another on-ramp order was made": {bought, func(_ *outcome, l *ledger.Ledger) {
			l.Orders = append(l.Orders, ledger.Order{ID: "b", Direction: "onramp", Reference: "order-1", Status: "fiatPending"})
		}, doubled},
		"another order of a reference that nobody planned was made": {bought, func(_ *outcome, l *ledger.Ledger) {
			l.Orders = append(l.Orders, ledger.Order{ID: "b", Direction: "offramp", Reference: "order-1"})
		}, doubled},
		"another off-ramp order was made and paid": {bought, func(o *outcome, l *ledger.Ledger) {
			o.plan.id.Direction, o.order.Direction = ramp.Offramp, ramp.Offramp
			l.Orders[0].Direction, l.Orders[0].Status = "offramp", "PayoutSuccess"
			l.Orders = append(l.Orders, ledger.Order{ID: "b", Direction: "offramp", Reference: "order-1", Proof: right})
		}, doubled},
		"it was paid twice":                                   {bought, func(_ *outcome, l *ledger.Ledger) { l.Payouts = append(l.Payouts, l.Payouts[0]) }, doubled},
		"the proof is not at the provider":                    {bought, func(_ *outcome, l *ledger.Ledger) { l.Orders[0].Proof = "" }, lost},
		"another proof is at the provider":                    {bought, func(_ *outcome, l *ledger.Ledger) { l.Orders[0].Proof = "400000000009" }, lost},
		"the order does not know that its proof was accepted": {bought, func(o *outcome, _ *ledger.Ledger) { o.order.Proof.AcceptedAt = time.Time{} }, wrong},
		"the provider has the mistyped proof": {corrected, func(o *outcome, l *ledger.Ledger) {
			l.Orders[0].Proof, l.Proofs = mistyped, l.Proofs[:1]
		}, lost},
		"the mistyped proof is all that the order knows": {corrected, func(o *outcome, _ *ledger.Ledger) {
			o.order.Proof = &ramp.Proof{UTR: mistyped, AcceptedAt: o.order.Proof.AcceptedAt}
		}, wrong},
		"the order forgets a proof that the provider took": {corrected, func(o *outcome, _ *ledger.Ledger) { o.order.Proof.Replaced = nil }, wrong},
		"the order knows a proof that the provider never took": {bought, func(o *outcome, _ *ledger.Ledger) {
			o.order.Proof.Replaced = []ramp.ReplacedProof{{UTR: mistyped}}
		}, wrong},
		"the backend was told of the mistyped proof last":  {corrected, func(o *outcome, _ *ledger.Ledger) { o.told.taken = mistyped }, wrong},
		"it was corrected and paid twice":                  {corrected, func(_ *outcome, l *ledger.Ledger) { l.Payouts = append(l.Payouts, l.Payouts[0]) }, doubled},
		"it was corrected and expired":                     {corrected, func(o *outcome, _ *ledger.Ledger) { o.order.Status = ramp.Expired }, wrong},
		"it was paid and expired":                          {bought, func(o *outcome, _ *ledger.Ledger) { o.order.Status = ramp.Expired }, wrong},
		"it was paid and cancelled":                        {bought, func(o *outcome, _ *ledger.Ledger) { o.order.Status = ramp.Cancelled }, wrong},
		"it was rejected":                                  {bought, func(o *outcome, _ *ledger.Ledger) { o.order.Status = ramp.Rejected }, wrong},
		"it was refunded, and the provider says completed": {bought, func(o *outcome, _ *ledger.Ledger) { o.order.Status = ramp.Refunded }, wrong},
		"its course is a refund, and it completed":         {bought, func(_ *outcome, l *ledger.Ledger) { l.Orders[0].Course = "refunded" }, wrong},
		"the provider goes on with a completed order":      {bought, func(_ *outcome, l *ledger.Ledger) { l.Orders[0].Status = "transferred" }, wrong},
		"it completed without a payout":                    {bought, func(_ *outcome, l *ledger.Ledger) { l.Payouts = nil }, wrong},
		"the provider does not know it":                    {bought, func(o *outcome, _ *ledger.Ledger) { o.order.OrderID = "c" }, wrong},
		"the backend was told nonsense":                    {bought, func(o *outcome, _ *ledger.Ledger) { o.told.wrongs = []string{"proof: conflict"} }, wrong},
		"the backend was told of another proof":            {bought, func(o *outcome, _ *ledger.Ledger) { o.told.taken = "400000000009" }, wrong},
		"nobody paid, and it completed":                    {unpaid, func(o *outcome, _ *ledger.Ledger) { o.order.Status = ramp.Completed }, wrong},
		"nobody paid, and the provider has a proof": {unpaid, func(_ *outcome, l *ledger.Ledger) {
			l.Orders[0].Proof, l.Proofs = right, []ledger.AcceptedProof{{OrderID: "a", Proof: right}}
		}, wrong},
		"the user cancelled, and it expired": {unpaid, func(o *outcome, _ *ledger.Ledger) { o.plan.behaviour = cancels }, wrong},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o, books := tc.from()
			tc.change(&o, &books)
			counts, violations := judge([]outcome{o}, books)
			require.False(t, counts.Good())
			var faults []fault
			for _, v := range violations {
				faults = append(faults, v.Fault)
				require.NotEmpty(t, v.Reason)
				require.Contains(t, v.Reference, "order-1")
			}
			require.Contains(t, faults, tc.want)
		})
	}
}

func TestOneProviderOrderForTwoOfOursIsDoubled(t *testing.T) {
	t.Parallel()
	one, books := bought()
	other := one
	other.plan.id.Reference = "order-2"
	counts, violations := judge([]outcome{one, other}, books)
	require.Equal(t, 1, counts.Doubled)
	require.Contains(t, violations[0].Reason, "several of ours")
}

func TestOrphansAreCountedAndNoFault(t *testing.T) {
	t.Parallel()
	o, books := unpaid()
	o.plan.id.Direction, o.order.Direction = ramp.Offramp, ramp.Offramp
	books.Orders[0].Direction, books.Orders[0].Status = "offramp", "cryptoInit"
	books.Orders = append(books.Orders, ledger.Order{ID: "b", Direction: "offramp", Reference: "order-1", Status: "cryptoInit"})
	counts, violations := judge([]outcome{o}, books)
	require.Empty(t, violations)
	require.Equal(t, 1, counts.Orphans)
}

func TestOrderThatExpiredUnseenBeforeTheNextWasMadeIsCountedApart(t *testing.T) {
	t.Parallel()
	o, books := bought()
	made := time.Date(2026, 1, 10, 10, 0, 0, 0, time.UTC)
	books.Orders[0].CreatedAt = made
	for name, tc := range map[string]struct {
		expired time.Time
		want    Counts
	}{
		"before": {made.Add(-time.Second), Counts{Replaced: 1}},
		"after":  {made.Add(time.Second), Counts{Doubled: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			books := books
			books.Orders = append(slices.Clone(books.Orders), ledger.Order{
				ID: "b", Direction: "onramp", Reference: "order-1", Status: "expired",
				Timeline: []ledger.Step{{Status: "fiatPending"}, {Status: "expired", At: tc.expired}},
			})
			counts, _ := judge([]outcome{o}, books)
			require.Equal(t, tc.want.Replaced, counts.Replaced)
			require.Equal(t, tc.want.Doubled, counts.Doubled)
		})
	}
}

func TestTwinsMayExchangeTheirOrders(t *testing.T) {
	t.Parallel()
	one, books := bought()
	other := one
	other.plan.id.Reference = "order-2"
	second := *one.order
	second.OrderID, second.Reference = "b", "order-2"
	other.order = &second
	books.Orders = append(books.Orders, books.Orders[0])
	books.Orders[0].Reference, books.Orders[1].ID = "order-2", "b"
	books.Payouts = append(books.Payouts, ledger.Payout{OrderID: "b", Kind: "tokens"})
	books.Proofs = append(books.Proofs, ledger.AcceptedProof{OrderID: "b", Proof: right})
	counts, violations := judge([]outcome{one, other}, books)
	require.Empty(t, violations)
	require.Equal(t, 2, counts.Twins)
}

func TestProofThatACrashCouldDelayBeyondTheDeadlineIsNotCalledLost(t *testing.T) {
	t.Parallel()
	o, books := unpaid()
	o.plan.behaviour = pays
	o.told.handed, o.told.handedAt = []string{right}, o.told.expiresAt.Add(-time.Minute)
	counts, violations := judge([]outcome{o}, books)
	require.Empty(t, violations)
	require.Equal(t, 1, counts.TooLate)
}

func TestCancellationThatACrashCouldDelayBeyondTheDeadlineMayFindTheOrderExpired(t *testing.T) {
	t.Parallel()
	o, books := unpaid()
	o.plan.behaviour, o.told.wrongs = cancels, []string{"cancel: the order is expired"}
	o.told.handedAt = o.told.expiresAt.Add(-time.Minute)
	counts, violations := judge([]outcome{o}, books)
	require.Empty(t, violations)
	require.Equal(t, 1, counts.TooLate)
}

func TestPlansFollowFromTheSeed(t *testing.T) {
	t.Parallel()
	options := Options{Seed: 7, Orders: 500, Every: time.Second, Speed: 45, Kills: 20, Stops: 10, ServerKills: 3}
	require.Equal(t, planOrders(options), planOrders(options))
	require.Equal(t, planBlows(options), planBlows(options))
	require.Len(t, planBlows(options), 33)
	other := options
	other.Seed = 8
	require.NotEqual(t, planOrders(options), planOrders(other))
}

func TestOneOfTwentyPayersMistypesAProofAndCorrectsItWithinAnHour(t *testing.T) {
	t.Parallel()
	const speed = 45
	payers, mistyping, seen := 0, 0, map[string]bool{}
	for _, p := range planOrders(Options{Seed: 1, Orders: 5000, Speed: speed}) {
		if p.behaviour == forgets || p.behaviour == cancels {
			continue
		}
		payers++
		for _, proof := range p.proofs {
			require.False(t, seen[proof] && !refusedAlways(proof), "a proof is planned twice")
			seen[proof] = true
		}
		if p.behaviour != mistypes {
			require.Empty(t, p.mistyped())
			continue
		}
		mistyping++
		require.Equal(t, p.proofs[0], p.mistyped())
		require.True(t, strings.HasPrefix(p.mistyped(), "9999") || strings.HasSuffix(p.mistyped(), "dead"))
		require.GreaterOrEqual(t, p.correction, 10*time.Minute/speed)
		require.LessOrEqual(t, p.correction, time.Hour/speed)
	}
	require.InDelta(t, 0.05, float64(mistyping)/float64(payers), 0.01)
}

func TestEveryPlannedRequestAndProofIsValid(t *testing.T) {
	t.Parallel()
	for _, p := range planOrders(Options{Seed: 1, Orders: 2000, Speed: 45}) {
		for _, proof := range p.proofs {
			if p.id.Direction == ramp.Onramp {
				require.NoError(t, p.onramp.Validate())
				require.NoError(t, (&ramp.UTRSubmission{UTR: proof}).Validate(p.onramp.PaymentMethod))
			} else {
				require.NoError(t, p.offramp.Validate())
				require.NoError(t, (&ramp.HashSubmission{TransactionHash: proof}).Validate(p.offramp.Token.ChainID))
			}
		}
	}
}
