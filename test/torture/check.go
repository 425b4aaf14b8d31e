package torture

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"rampart/ramp"
	"rampart/sandbox/ledger"
)

// violation is a kind of Violation, in the words of the report.
type violation string

const (
	// stuck: the order was not closed at the deadline.
	stuck violation = "stuck"
	// duplicate: the provider made an order too many, or paid one twice.
	duplicate violation = "duplicate order"
	// lost: the provider has none of the proofs that were submitted.
	lost violation = "lost proof"
	// wrong: the order's result contradicts its user or the provider, or its backend got a wrong response.
	wrong violation = "wrong ending"
)

// Violation is one thing that must not happen, with what each side reports about the order.
type Violation struct {
	Kind      violation `json:"kind"`
	Reference string    `json:"reference"`
	Reason    string    `json:"reason"`
	// Plan is what the user was to do, Workflow how the order ended, and Ledger what the provider has.
	Plan     string         `json:"plan,omitempty"`
	Workflow string         `json:"workflow,omitempty"`
	Ledger   []ledger.Order `json:"ledger,omitempty"`
}

// outcome is the result of an order, as far as the provider's ledger does not tell it.
type outcome struct {
	plan    plan
	backend backendState
	// order is the result of the workflow; nil while it runs, and if it failed.
	order *ramp.Order
	// failure is why there is no order.
	failure error
	running bool
	// lossy is set in a run that loses Temporal's database, and kept are the provider's orders that the store of records had of this one when
	// that happened.
	lossy bool
	kept  []string
}

// Counts summarizes a run.
type Counts struct {
	Started   int `json:"started"`
	Completed int `json:"completed"`
	Expired   int `json:"expired"`
	Cancelled int `json:"cancelled"`
	Refunded  int `json:"refunded"`
	Rejected  int `json:"rejected"`

	Stuck      int `json:"stuck"`
	Duplicates int `json:"duplicateOrders"`
	Lost       int `json:"lostProofs"`
	Wrong      int `json:"wrongEndings"`

	// Orphans are off-ramp orders at the provider whose creation lost its response: no user saw a wallet to pay to, and neither a proof
	// nor tokens came.
	Orphans int `json:"orphans"`
	// Twins are on-ramp orders at the provider that were made for one reference and adopted by another, equal order.
	Twins int `json:"exchangedTwins"`
	// Replaced are on-ramp orders at the provider that expired, unpaid and shown to no user, before an attempt could look for them whose
	// response was lost.
	Replaced int `json:"replacedAfterExpiry"`
	// LostInstructions are on-ramp orders at the provider, unpaid and shown to no user, whose creation lost its response: the order that they
	// were made for lists them, and another one replaced each.
	LostInstructions int `json:"replacedForLostInstructions"`
	// CreatedLate are on-ramp orders by UPI at the provider, unpaid and shown to no user, that it created after the next attempt had looked
	// for them, so that no order lists them.
	CreatedLate int `json:"createdAfterTheNext"`
	// MadeAtALoss are orders at the provider, unpaid and without a proof, that were made when Temporal's database was lost, before the order
	// had been kept, so that another one was made when the backend started it again.
	MadeAtALoss int `json:"madeAtALoss"`
	// TooLate are proofs and cancellations so close to the deadline that a crash could delay them beyond it.
	TooLate int `json:"tooLate"`
	// Corrected are orders whose first proof was accepted and then replaced.
	Corrected int `json:"correctedProofs"`
}

// Good reports whether there is no violation.
func (c Counts) Good() bool { return c.Stuck+c.Duplicates+c.Lost+c.Wrong == 0 }

// checker compares the outcomes with the provider's ledger.
type checker struct {
	outcomes []outcome
	ledger   ledger.Ledger

	// byID has the provider's orders by id, and byReference by the order of ours for which they were made.
	byID        map[string]ledger.Order
	byReference map[ramp.ID][]ledger.Order
	// owners has the orders of ours by the id of their provider's order.
	owners map[string][]ramp.ID
	// payouts counts the payouts, and proofs has the accepted proofs, by the id of the provider's order.
	payouts    map[string]int
	proofs     map[string][]string
	violations []Violation
	counts     Counts
}

// check compares the outcomes with the provider's ledger.
func check(outcomes []outcome, recorded ledger.Ledger) (Counts, []Violation) {
	c := &checker{
		outcomes: outcomes, ledger: recorded,
		byID:        map[string]ledger.Order{},
		byReference: map[ramp.ID][]ledger.Order{},
		owners:      map[string][]ramp.ID{},
		payouts:     map[string]int{},
		proofs:      map[string][]string{},
	}
	c.index()
	for _, o := range outcomes {
		c.countEnding(o)
		c.checkOrder(o)
	}
	for _, made := range recorded.Orders {
		c.checkMade(made)
	}
	return c.counts, c.violations
}

func (c *checker) index() {
	for _, made := range c.ledger.Orders {
		c.byID[made.ID] = made
		id := idOf(made)
		c.byReference[id] = append(c.byReference[id], made)
	}
	for _, paid := range c.ledger.Payouts {
		c.payouts[paid.OrderID]++
	}
	for _, accepted := range c.ledger.Proofs {
		c.proofs[accepted.OrderID] = append(c.proofs[accepted.OrderID], accepted.Proof)
	}
	for _, o := range c.outcomes {
		if o.order != nil && o.order.OrderID != "" {
			c.owners[o.order.OrderID] = append(c.owners[o.order.OrderID], o.plan.id)
		}
	}
}

func idOf(made ledger.Order) ramp.ID {
	return ramp.ID{Direction: ramp.Direction(made.Direction), Reference: made.Reference}
}

func (c *checker) countEnding(o outcome) {
	if o.backend.started || o.order != nil || o.running {
		c.counts.Started++
	}
	if o.order == nil {
		return
	}
	if o.order.Accepted() && len(o.order.Proof.Replaced) > 0 {
		c.counts.Corrected++
	}
	switch o.order.Status {
	case ramp.Completed:
		c.counts.Completed++
	case ramp.Expired:
		c.counts.Expired++
	case ramp.Cancelled:
		c.counts.Cancelled++
	case ramp.Refunded:
		c.counts.Refunded++
	case ramp.Rejected:
		c.counts.Rejected++
	}
}

func (c *checker) add(kind violation, o outcome, format string, args ...any) {
	v := Violation{
		Kind:      kind,
		Reference: o.plan.id.Direction.WorkflowID(o.plan.id.Reference),
		Reason:    fmt.Sprintf(format, args...),
		Plan:      o.plan.describe(),
		Workflow:  o.describe(),
		Ledger:    c.byReference[o.plan.id],
	}
	if o.order != nil && !slices.ContainsFunc(v.Ledger, func(made ledger.Order) bool { return made.ID == o.order.OrderID }) {
		if made, known := c.byID[o.order.OrderID]; known {
			v.Ledger = append(slices.Clone(v.Ledger), made)
		}
	}
	c.violations = append(c.violations, v)
	switch kind {
	case stuck:
		c.counts.Stuck++
	case duplicate:
		c.counts.Duplicates++
	case lost:
		c.counts.Lost++
	case wrong:
		c.counts.Wrong++
	}
}

func (p plan) describe() string {
	how := "by update"
	if p.bySignal {
		how = "by signal"
	}
	return fmt.Sprintf("%s, proof %s", p.behaviour, how)
}

func (o outcome) describe() string {
	switch {
	case o.order == nil && o.running:
		return "running"
	case o.order == nil:
		return fmt.Sprintf("no result: %v", o.failure)
	}
	text := fmt.Sprintf("%s, order %q, provider status %q, proof accepted: %t; timeline:", o.order.Status, o.order.OrderID,
		o.order.ProviderStatus, o.order.Accepted())
	for _, entry := range o.order.Timeline {
		text += fmt.Sprintf("\n    %s %s %s", entry.At.Format(time.TimeOnly), entry.Status, entry.Note)
	}
	return text
}

// checkOrder checks an order of ours. It adds at most one violation, because others follow from the first.
func (c *checker) checkOrder(o outcome) {
	switch {
	case o.order == nil && (o.running || !o.backend.started):
		c.add(stuck, o, "the order is not closed")
		return
	case o.order == nil:
		c.add(wrong, o, "the workflow failed: %v", o.failure)
		return
	}
	made, known := c.byID[o.order.OrderID]
	if o.order.OrderID != "" && !known {
		c.add(wrong, o, "the provider has no order %s", o.order.OrderID)
		return
	}
	if known && made.Reference != o.plan.id.Reference {
		c.counts.Twins++
	}
	if c.checkProof(o, made) {
		return
	}
	if o.plan.behaviour == cancels && o.order.Status == ramp.Expired && o.tooLate() {
		c.counts.TooLate++
		return
	}
	if reason := c.disagreement(o, made); reason != "" {
		c.add(wrong, o, "%s", reason)
	}
}

// checkProof adds a violation if proofs of an order were submitted and the provider has none of them, or only a mistyped one. It reports
// whether there is nothing else to check.
func (c *checker) checkProof(o outcome, made ledger.Order) bool {
	hasOne := slices.Contains(o.backend.submitted, made.Proof) && !alwaysRefused(made.Proof) && made.Proof != o.plan.mistyped()
	if len(o.backend.submitted) == 0 || hasOne {
		return false
	}
	if o.tooLate() {
		c.counts.TooLate++
		return true
	}
	c.add(lost, o, "%d proofs were submitted, the last one at %s, and the provider has no good one of them",
		len(o.backend.submitted), o.backend.submittedAt.UTC().Format(time.TimeOnly))
	return true
}

// lossTime is how long a call may be delayed by a loss of the database: until the order is taken over again, also if that is interrupted twice.
const lossTime = 3 * time.Minute

// tooLate reports whether the last proof or the cancellation came so late that a crash could delay it beyond the deadline; for a
// cancellation, which calls the provider, two crashes. On the fast clock the deadline is minutes away, while a crash takes as long as
// on the real one.
func (o outcome) tooLate() bool {
	delay := takeover
	if o.plan.behaviour == cancels {
		delay = 2 * takeover
	}
	if o.lossy {
		delay += lossTime
	}
	return o.backend.expiresAt.Sub(o.backend.submittedAt) < delay
}

// disagreement returns how the result of an order differs from the expected one; empty if it does not.
func (c *checker) disagreement(o outcome, made ledger.Order) string {
	if len(o.backend.problems) > 0 {
		return "the backend got: " + o.backend.problems[0]
	}
	if want := o.expected(made); o.order.Status != want {
		return fmt.Sprintf("the order is %s, expected %s", o.order.Status, want)
	}
	if ours, theirs := o.acceptedProofs(), c.proofs[o.order.OrderID]; !slices.Equal(ours, theirs) {
		return fmt.Sprintf("the accepted proofs are %q in the order and %q at the provider", ours, theirs)
	}
	if o.backend.accepted != "" && o.backend.accepted != made.Proof {
		return "the proof that the backend knows as accepted is not the one that the provider has"
	}
	if !slices.Contains(endings(o.order.Status, o.plan.id.Direction), made.Status) && o.order.OrderID != "" {
		return fmt.Sprintf("the order is %s, and %s at the provider", o.order.Status, made.Status)
	}
	paid := 0
	if o.order.Status == ramp.Completed || o.order.Status == ramp.Refunded {
		paid = 1
	}
	if got := c.payouts[o.order.OrderID]; got != paid {
		return fmt.Sprintf("the order is %s, and the provider has paid %d times", o.order.Status, got)
	}
	return ""
}

// acceptedProofs returns the proofs that the order reports as accepted, the oldest first.
func (o outcome) acceptedProofs() []string {
	if !o.order.Accepted() {
		return nil
	}
	var accepted []string
	for _, replaced := range o.order.Proof.Replaced {
		accepted = append(accepted, string(cmp.Or(replaced.UTR, ramp.UTR(replaced.TransactionHash))))
	}
	return append(accepted, o.order.Proof.Reference())
}

// expected returns the status that follows from what the user did and, for a paid order, from its course at the provider.
func (o outcome) expected(made ledger.Order) ramp.Status {
	switch o.plan.behaviour {
	case neverPays:
		return ramp.Expired
	case cancels:
		return ramp.Cancelled
	}
	switch made.Course {
	case "cancelled":
		return ramp.Cancelled
	case "refunded", "older-refund", "other-token":
		return ramp.Refunded
	default:
		return ramp.Completed
	}
}

// endings returns the provider's statuses that agree with a final status of ours. An unpaid on-ramp order stays open at the provider until
// it expires, and an unpaid off-ramp order stays open.
func endings(status ramp.Status, direction ramp.Direction) []string {
	unpaid := []string{"fiatPending", "expired"}
	if direction == ramp.Offramp {
		unpaid = []string{"cryptoInit", "pending"}
	}
	switch status {
	case ramp.Completed:
		return []string{"completed", "PayoutSuccess"}
	case ramp.Refunded:
		return []string{"refunded"}
	case ramp.Cancelled:
		return append(unpaid, "cancelled")
	default:
		return unpaid
	}
}

// checkMade checks an order of the provider: it belongs to one order of ours, or it has no effect.
func (c *checker) checkMade(made ledger.Order) {
	owners := c.owners[made.ID]
	o, ours := c.creator(made)
	switch {
	case !ours:
		c.add(duplicate, o, "the provider's order %s has the reference of no order", made.ID)
	case len(owners) > 1:
		c.add(duplicate, o, "the provider's order %s belongs to several orders: %v", made.ID, owners)
	case c.payouts[made.ID] > 1:
		c.add(duplicate, o, "the provider has paid order %s %d times", made.ID, c.payouts[made.ID])
	case len(owners) == 1, o.order == nil:
		return
	case made.Proof != "" || c.payouts[made.ID] > 0:
		c.add(duplicate, o, "the provider's order %s has a proof and belongs to no order", made.ID)
	case slices.Contains(o.kept, made.ID):
		c.add(duplicate, o, "the provider's order %s was in the store of records when the database was lost, and belongs to no order", made.ID)
	case made.Direction == string(ramp.Offramp):
		c.counts.Orphans++
	case o.order.OrderID == "" && o.order.Status == ramp.Cancelled && len(c.byReference[o.plan.id]) == 1:
		// It was cancelled while it was created, and no user got payment instructions.
	case c.isListed(made):
		c.counts.LostInstructions++
	case c.expiredBefore(made, o.order.OrderID):
		c.counts.Replaced++
	case o.order.Instructions != nil && o.order.Instructions.UPI != nil:
		c.counts.CreatedLate++
	case o.lossy:
		c.counts.MadeAtALoss++
	default:
		c.add(duplicate, o, "the provider's order %s is an additional one", made.ID)
	}
}

// isListed reports whether an order of ours lists an order of the provider as one that it replaced. Of two orders that look the same, one
// may list what was made for the other.
func (c *checker) isListed(made ledger.Order) bool {
	return slices.ContainsFunc(c.outcomes, func(o outcome) bool {
		return o.order != nil && slices.Contains(o.order.LostOrderIDs, made.ID)
	})
}

// expiredBefore reports whether an order of the provider had expired when a later one was made.
func (c *checker) expiredBefore(made ledger.Order, later string) bool {
	last := len(made.Timeline) - 1
	return last >= 0 && made.Timeline[last].Status == "expired" && !c.byID[later].CreatedAt.Before(made.Timeline[last].At)
}

// creator returns the order of ours for which an order of the provider was made.
func (c *checker) creator(made ledger.Order) (outcome, bool) {
	id := idOf(made)
	for _, o := range c.outcomes {
		if o.plan.id == id {
			return o, true
		}
	}
	return outcome{plan: plan{id: id}}, false
}
