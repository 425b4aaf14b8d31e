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

// bought returns a completed order and a ledger that agrees with it.
func bought() (outcome, ledger.Ledger) {
	now := time.Date(2026, 1, 10, 10, 0, 0, 0, time.UTC)
	o := outcome{
		plan:    plan{id: ramp.ID{Direction: ramp.Onramp, Reference: "order-1"}, behaviour: pays, proofs: []string{right}},
		backend: backendState{started: true, submitted: []string{right}, submittedAt: now, accepted: right, expiresAt: now.Add(time.Hour)},
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

// unpaid returns an expired order without a proof, and its ledger.
func unpaid() (outcome, ledger.Ledger) {
	o, recorded := bought()
	o.plan.behaviour = neverPays
	o.backend.submitted, o.backend.accepted = nil, ""
	o.order.Status, o.order.Proof = ramp.Expired, nil
	recorded.Orders[0].Status, recorded.Orders[0].Proof, recorded.Proofs, recorded.Payouts = "expired", "", nil, nil
	return o, recorded
}

const mistyped = "999900000001"

// corrected returns a completed order whose first proof was mistyped, and its ledger.
func corrected() (outcome, ledger.Ledger) {
	o, recorded := bought()
	o.plan.behaviour, o.plan.proofs = correctsProof, []string{mistyped, right}
	o.backend.submitted = []string{mistyped, right}
	o.order.Proof.Replaced = []ramp.ReplacedProof{{UTR: mistyped}}
	recorded.Proofs = append([]ledger.AcceptedProof{{OrderID: "a", Proof: mistyped}}, recorded.Proofs...)
	return o, recorded
}

func TestOrdersThatAgreeWithTheLedgerHaveNoViolation(t *testing.T) {
	t.Parallel()
	for name, order := range map[string]func() (outcome, ledger.Ledger){"paid": bought, "unpaid": unpaid, "corrected": corrected} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o, recorded := order()
			counts, violations := check([]outcome{o}, recorded)
			require.Empty(t, violations)
			require.True(t, counts.Good())
			require.Equal(t, 1, counts.Started)
			require.Equal(t, 1, counts.Completed+counts.Expired)
		})
	}
}

func TestEveryDisagreementIsAViolation(t *testing.T) {
	t.Parallel()
	type change func(*outcome, *ledger.Ledger)
	for name, tc := range map[string]struct {
		from   func() (outcome, ledger.Ledger)
		change change
		want   violation
	}{
		"the order never ends": {bought, func(o *outcome, _ *ledger.Ledger) { o.order, o.running = nil, true }, stuck},
		"the order never started": {bought, func(o *outcome, _ *ledger.Ledger) {
			o.order, o.backend, o.failure = nil, backendState{}, errors.New("no such order")
		}, stuck},
		"the workflow failed": {bought, func(o *outcome, _ *ledger.Ledger) { o.order, o.failure = nil, errors.New("defect") }, wrong},
		"an additional on-ramp order": {bought, func(_ *outcome, l *ledger.Ledger) {
			l.Orders = append(l.Orders, ledger.Order{ID: "b", Direction: "onramp", Reference: "order-1", Status: "fiatPending"})
		}, duplicate},
		"an order of an unknown reference": {bought, func(_ *outcome, l *ledger.Ledger) {
			l.Orders = append(l.Orders, ledger.Order{ID: "b", Direction: "offramp", Reference: "order-1"})
		}, duplicate},
		"an additional off-ramp order with a proof": {bought, func(o *outcome, l *ledger.Ledger) {
			o.plan.id.Direction, o.order.Direction = ramp.Offramp, ramp.Offramp
			l.Orders[0].Direction, l.Orders[0].Status = "offramp", "PayoutSuccess"
			l.Orders = append(l.Orders, ledger.Order{ID: "b", Direction: "offramp", Reference: "order-1", Proof: right})
		}, duplicate},
		"paid twice":                                           {bought, func(_ *outcome, l *ledger.Ledger) { l.Payouts = append(l.Payouts, l.Payouts[0]) }, duplicate},
		"the proof is not at the provider":                     {bought, func(_ *outcome, l *ledger.Ledger) { l.Orders[0].Proof = "" }, lost},
		"another proof is at the provider":                     {bought, func(_ *outcome, l *ledger.Ledger) { l.Orders[0].Proof = "400000000009" }, lost},
		"the order reports its accepted proof as not accepted": {bought, func(o *outcome, _ *ledger.Ledger) { o.order.Proof.AcceptedAt = time.Time{} }, wrong},
		"the provider has only the mistyped proof": {corrected, func(o *outcome, l *ledger.Ledger) {
			l.Orders[0].Proof, l.Proofs = mistyped, l.Proofs[:1]
		}, lost},
		"the order reports only the mistyped proof": {corrected, func(o *outcome, _ *ledger.Ledger) {
			o.order.Proof = &ramp.Proof{UTR: mistyped, AcceptedAt: o.order.Proof.AcceptedAt}
		}, wrong},
		"the order omits a proof that the provider accepted": {corrected, func(o *outcome, _ *ledger.Ledger) { o.order.Proof.Replaced = nil }, wrong},
		"the order reports a proof that the provider did not accept": {bought, func(o *outcome, _ *ledger.Ledger) {
			o.order.Proof.Replaced = []ramp.ReplacedProof{{UTR: mistyped}}
		}, wrong},
		"the backend got the mistyped proof as accepted last": {corrected, func(o *outcome, _ *ledger.Ledger) { o.backend.accepted = mistyped }, wrong},
		"corrected and paid twice":                            {corrected, func(_ *outcome, l *ledger.Ledger) { l.Payouts = append(l.Payouts, l.Payouts[0]) }, duplicate},
		"corrected and expired":                               {corrected, func(o *outcome, _ *ledger.Ledger) { o.order.Status = ramp.Expired }, wrong},
		"paid and expired":                                    {bought, func(o *outcome, _ *ledger.Ledger) { o.order.Status = ramp.Expired }, wrong},
		"paid and cancelled":                                  {bought, func(o *outcome, _ *ledger.Ledger) { o.order.Status = ramp.Cancelled }, wrong},
		"paid and rejected":                                   {bought, func(o *outcome, _ *ledger.Ledger) { o.order.Status = ramp.Rejected }, wrong},
		"refunded, and completed at the provider":             {bought, func(o *outcome, _ *ledger.Ledger) { o.order.Status = ramp.Refunded }, wrong},
		"completed, though the provider refunds it":           {bought, func(_ *outcome, l *ledger.Ledger) { l.Orders[0].Course = "refunded" }, wrong},
		"completed, and open at the provider":                 {bought, func(_ *outcome, l *ledger.Ledger) { l.Orders[0].Status = "transferred" }, wrong},
		"completed without a payout":                          {bought, func(_ *outcome, l *ledger.Ledger) { l.Payouts = nil }, wrong},
		"unknown to the provider":                             {bought, func(o *outcome, _ *ledger.Ledger) { o.order.OrderID = "c" }, wrong},
		"the backend got a wrong response":                    {bought, func(o *outcome, _ *ledger.Ledger) { o.backend.problems = []string{"proof: conflict"} }, wrong},
		"the backend got another proof as accepted":           {bought, func(o *outcome, _ *ledger.Ledger) { o.backend.accepted = "400000000009" }, wrong},
		"unpaid and completed":                                {unpaid, func(o *outcome, _ *ledger.Ledger) { o.order.Status = ramp.Completed }, wrong},
		"unpaid, and the provider has a proof": {unpaid, func(_ *outcome, l *ledger.Ledger) {
			l.Orders[0].Proof, l.Proofs = right, []ledger.AcceptedProof{{OrderID: "a", Proof: right}}
		}, wrong},
		"cancelled by the user and expired": {unpaid, func(o *outcome, _ *ledger.Ledger) { o.plan.behaviour = cancels }, wrong},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o, recorded := tc.from()
			tc.change(&o, &recorded)
			counts, violations := check([]outcome{o}, recorded)
			require.False(t, counts.Good())
			var kinds []violation
			for _, v := range violations {
				kinds = append(kinds, v.Kind)
				require.NotEmpty(t, v.Reason)
				require.Contains(t, v.Reference, "order-1")
			}
			require.Contains(t, kinds, tc.want)
		})
	}
}

func TestProviderOrderOfTwoOrdersIsADuplicate(t *testing.T) {
	t.Parallel()
	one, recorded := bought()
	other := one
	other.plan.id.Reference = "order-2"
	counts, violations := check([]outcome{one, other}, recorded)
	require.Equal(t, 1, counts.Duplicates)
	require.Contains(t, violations[0].Reason, "belongs to several orders")
}

func TestOrphansAreCountedAndAreNoViolation(t *testing.T) {
	t.Parallel()
	o, recorded := unpaid()
	o.plan.id.Direction, o.order.Direction = ramp.Offramp, ramp.Offramp
	recorded.Orders[0].Direction, recorded.Orders[0].Status = "offramp", "cryptoInit"
	recorded.Orders = append(recorded.Orders, ledger.Order{ID: "b", Direction: "offramp", Reference: "order-1", Status: "cryptoInit"})
	counts, violations := check([]outcome{o}, recorded)
	require.Empty(t, violations)
	require.Equal(t, 1, counts.Orphans)
}

func TestOrderThatExpiredBeforeTheNextWasMadeIsReplaced(t *testing.T) {
	t.Parallel()
	o, recorded := bought()
	made := time.Date(2026, 1, 10, 10, 0, 0, 0, time.UTC)
	recorded.Orders[0].CreatedAt = made
	for name, tc := range map[string]struct {
		expired time.Time
		want    Counts
	}{
		"before": {made.Add(-time.Second), Counts{Replaced: 1}},
		"after":  {made.Add(time.Second), Counts{Duplicates: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			recorded := recorded
			recorded.Orders = append(slices.Clone(recorded.Orders), ledger.Order{
				ID: "b", Direction: "onramp", Reference: "order-1", Status: "expired",
				Timeline: []ledger.Step{{Status: "fiatPending"}, {Status: "expired", At: tc.expired}},
			})
			counts, _ := check([]outcome{o}, recorded)
			require.Equal(t, tc.want.Replaced, counts.Replaced)
			require.Equal(t, tc.want.Duplicates, counts.Duplicates)
		})
	}
}

func TestOrderWhoseInstructionsWereLostIsCountedAsReplaced(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		lists []string
		upi   bool
		proof string
		want  Counts
	}{
		"listed":                         {lists: []string{"b"}, upi: true, want: Counts{LostInstructions: 1}},
		"listed, by bank transfer":       {lists: []string{"b"}, want: Counts{LostInstructions: 1}},
		"came to light late":             {upi: true, want: Counts{CreatedLate: 1}},
		"by bank transfer, and unlisted": {want: Counts{Duplicates: 1}},
		"listed, with a proof":           {lists: []string{"b"}, upi: true, proof: "412345678901", want: Counts{Duplicates: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o, recorded := bought()
			order := *o.order
			o.order, order.LostOrderIDs = &order, tc.lists
			if order.Instructions = nil; tc.upi {
				order.Instructions = &ramp.Instructions{UPI: &ramp.UPIInstructions{QR: "upi://pay"}}
			}
			recorded.Orders = append(slices.Clone(recorded.Orders), ledger.Order{
				ID: "b", Direction: "onramp", Reference: "order-1", Status: "fiatPending", Proof: tc.proof,
			})
			counts, _ := check([]outcome{o}, recorded)
			require.Equal(t, tc.want.LostInstructions, counts.LostInstructions)
			require.Equal(t, tc.want.CreatedLate, counts.CreatedLate)
			require.Equal(t, tc.want.Duplicates, counts.Duplicates)
		})
	}
}

func TestTwinsMayExchangeTheirOrders(t *testing.T) {
	t.Parallel()
	one, recorded := bought()
	other := one
	other.plan.id.Reference = "order-2"
	second := *one.order
	second.OrderID, second.Reference = "b", "order-2"
	other.order = &second
	recorded.Orders = append(recorded.Orders, recorded.Orders[0])
	recorded.Orders[0].Reference, recorded.Orders[1].ID = "order-2", "b"
	recorded.Payouts = append(recorded.Payouts, ledger.Payout{OrderID: "b", Kind: "tokens"})
	recorded.Proofs = append(recorded.Proofs, ledger.AcceptedProof{OrderID: "b", Proof: right})
	counts, violations := check([]outcome{one, other}, recorded)
	require.Empty(t, violations)
	require.Equal(t, 2, counts.Twins)
}

func TestProofThatACrashCouldDelayBeyondTheDeadlineIsNotLost(t *testing.T) {
	t.Parallel()
	o, recorded := unpaid()
	o.plan.behaviour = pays
	o.backend.submitted, o.backend.submittedAt = []string{right}, o.backend.expiresAt.Add(-time.Minute)
	counts, violations := check([]outcome{o}, recorded)
	require.Empty(t, violations)
	require.Equal(t, 1, counts.TooLate)
}

func TestCancellationThatACrashCouldDelayBeyondTheDeadlineMayFindTheOrderExpired(t *testing.T) {
	t.Parallel()
	o, recorded := unpaid()
	o.plan.behaviour, o.backend.problems = cancels, []string{"cancel: the order is expired"}
	o.backend.submittedAt = o.backend.expiresAt.Add(-time.Minute)
	counts, violations := check([]outcome{o}, recorded)
	require.Empty(t, violations)
	require.Equal(t, 1, counts.TooLate)
}

func TestPlansFollowFromTheSeed(t *testing.T) {
	t.Parallel()
	options := Options{Seed: 7, Orders: 500, Every: time.Second, Speed: 45, Kills: 20, Stops: 10, ServerKills: 3}
	require.Equal(t, planOrders(options), planOrders(options))
	require.Equal(t, planDisruptions(options), planDisruptions(options))
	require.Len(t, planDisruptions(options), 33)
	other := options
	other.Seed = 8
	require.NotEqual(t, planOrders(options), planOrders(other))
}

func TestOneOfTwentyPaidOrdersCorrectsAProofWithinAnHour(t *testing.T) {
	t.Parallel()
	const speed = 45
	payers, mistyping, seen := 0, 0, map[string]bool{}
	for _, p := range planOrders(Options{Seed: 1, Orders: 5000, Speed: speed}) {
		if p.behaviour == neverPays || p.behaviour == cancels {
			continue
		}
		payers++
		for _, proof := range p.proofs {
			require.False(t, seen[proof] && !alwaysRefused(proof), "a proof is planned twice")
			seen[proof] = true
		}
		if p.behaviour != correctsProof {
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
				require.NoError(t, (&ramp.UTRSubmission{UTR: ramp.UTR(proof)}).Validate(p.onramp.PaymentMethod))
			} else {
				require.NoError(t, p.offramp.Validate())
				require.NoError(t, (&ramp.HashSubmission{TransactionHash: proof}).Validate(p.offramp.Token.ChainID))
			}
		}
	}
}
