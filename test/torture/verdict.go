package torture

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"rampart/ramp"
	"rampart/sandbox/ledger"
)

// fault is what must not be.
type fault string

const (
	// stuck: the order had not ended when the time was up.
	stuck fault = "stuck"
	// doubled: the provider made an order too many, or paid one twice.
	doubled fault = "doubled order"
	// lost: a proof that was handed in never became the provider's.
	lost fault = "lost proof"
	// wrong: the order ended otherwise than its user and the provider say, or told its backend what is not so.
	wrong fault = "wrong ending"
)

// Violation is one thing that must not be, with what each side says of it.
type Violation struct {
	Fault     fault  `json:"fault"`
	Reference string `json:"reference"`
	Reason    string `json:"reason"`
	// Plan is what the user was to do, Workflow how the order ended, and Ledger what the provider has.
	Plan     string         `json:"plan,omitempty"`
	Workflow string         `json:"workflow,omitempty"`
	Ledger   []ledger.Order `json:"ledger,omitempty"`
}

// outcome is what became of one order, as everybody but the provider tells it.
type outcome struct {
	plan plan
	told told
	// order is how the workflow ended; nil while it runs, and when it failed.
	order *ramp.Order
	// failure is why there is no order.
	failure error
	running bool
}

// Counts sum a run up. Orphans are off-ramp orders whose creation lost its answer: nobody was shown where to send tokens to, and
// no proof and no tokens came. Twins are on-ramp orders that were made for one reference and taken by another that
// looks the same. Replaced are on-ramp orders that had expired at the provider, unpaid and shown to nobody, before the attempt
// after the one whose answer was lost could look for them. TooLate are proofs and cancellations that came so near the
// deadline that a crash could delay them beyond it. Corrected are orders whose first proof was taken and replaced by another.
type Counts struct {
	Started   int `json:"started"`
	Completed int `json:"completed"`
	Expired   int `json:"expired"`
	Cancelled int `json:"cancelled"`
	Refunded  int `json:"refunded"`
	Rejected  int `json:"rejected"`
	Stuck     int `json:"stuck"`
	Doubled   int `json:"doubledOrders"`
	Lost      int `json:"lostProofs"`
	Wrong     int `json:"wrongEndings"`
	Orphans   int `json:"orphans"`
	Twins     int `json:"exchangedTwins"`
	Replaced  int `json:"replacedAfterExpiry"`
	TooLate   int `json:"tooLate"`
	Corrected int `json:"correctedProofs"`
}

// Good reports whether nothing is that must not be.
func (c Counts) Good() bool { return c.Stuck+c.Doubled+c.Lost+c.Wrong == 0 }

// judging compares the outcomes with the provider's ledger.
type judging struct {
	outcomes []outcome
	ledger   ledger.Ledger

	byID       map[string]ledger.Order
	made       map[ramp.ID][]ledger.Order
	owners     map[string][]ramp.ID
	payouts    map[string]int
	proofs     map[string][]string
	violations []Violation
	counts     Counts
}

func judge(outcomes []outcome, books ledger.Ledger) (Counts, []Violation) {
	j := &judging{
		outcomes: outcomes, ledger: books,
		byID:    map[string]ledger.Order{},
		made:    map[ramp.ID][]ledger.Order{},
		owners:  map[string][]ramp.ID{},
		payouts: map[string]int{},
		proofs:  map[string][]string{},
	}
	j.index()
	for _, o := range outcomes {
		j.countEnding(o)
		j.judgeOrder(o)
	}
	for _, made := range books.Orders {
		j.judgeMade(made)
	}
	return j.counts, j.violations
}

func (j *judging) index() {
	for _, made := range j.ledger.Orders {
		j.byID[made.ID] = made
		id := idOf(made)
		j.made[id] = append(j.made[id], made)
	}
	for _, paid := range j.ledger.Payouts {
		j.payouts[paid.OrderID]++
	}
	for _, accepted := range j.ledger.Proofs {
		j.proofs[accepted.OrderID] = append(j.proofs[accepted.OrderID], accepted.Proof)
	}
	for _, o := range j.outcomes {
		if o.order != nil && o.order.OrderID != "" {
			j.owners[o.order.OrderID] = append(j.owners[o.order.OrderID], o.plan.id)
		}
	}
}

func idOf(made ledger.Order) ramp.ID {
	return ramp.ID{Direction: ramp.Direction(made.Direction), Reference: made.Reference}
}

func (j *judging) countEnding(o outcome) {
	if o.told.started || o.order != nil || o.running {
		j.counts.Started++
	}
	if o.order == nil {
		return
	}
	if o.order.Accepted() && len(o.order.Proof.Replaced) > 0 {
		j.counts.Corrected++
	}
	switch o.order.Status {
	case ramp.Completed:
		j.counts.Completed++
	case ramp.Expired:
		j.counts.Expired++
	case ramp.Cancelled:
		j.counts.Cancelled++
	case ramp.Refunded:
		j.counts.Refunded++
	case ramp.Rejected:
		j.counts.Rejected++
	}
}

func (j *judging) accuse(f fault, o outcome, format string, args ...any) {
	v := Violation{
		Fault:     f,
		Reference: o.plan.id.Direction.WorkflowID(o.plan.id.Reference),
		Reason:    fmt.Sprintf(format, args...),
		Plan:      o.plan.describe(),
		Workflow:  o.describe(),
		Ledger:    j.made[o.plan.id],
	}
	if o.order != nil && !slices.ContainsFunc(v.Ledger, func(made ledger.Order) bool { return made.ID == o.order.OrderID }) {
		if made, known := j.byID[o.order.OrderID]; known {
			v.Ledger = append(slices.Clone(v.Ledger), made)
		}
	}
	j.violations = append(j.violations, v)
	switch f {
	case stuck:
		j.counts.Stuck++
	case doubled:
		j.counts.Doubled++
	case lost:
		j.counts.Lost++
	case wrong:
		j.counts.Wrong++
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
		return "runs"
	case o.order == nil:
		return fmt.Sprintf("no result: %v", o.failure)
	}
	text := fmt.Sprintf("%s, order %q, the provider's status %q, proof accepted: %t; timeline:", o.order.Status, o.order.OrderID,
		o.order.ProviderStatus, o.order.Accepted())
	for _, entry := range o.order.Timeline {
		text += fmt.Sprintf("\n    %s %s %s", entry.At.Format(time.TimeOnly), entry.Status, entry.Note)
	}
	return text
}

// judgeOrder judges one order of ours by all that is known of it. It is accused once at the most: what follows from the
// first fault tells nothing more.
func (j *judging) judgeOrder(o outcome) {
	switch {
	case o.order == nil && (o.running || !o.told.started):
		j.accuse(stuck, o, "it has not ended")
		return
	case o.order == nil:
		j.accuse(wrong, o, "the workflow failed: %v", o.failure)
		return
	}
	made, known := j.byID[o.order.OrderID]
	if o.order.OrderID != "" && !known {
		j.accuse(wrong, o, "the provider has no order %s", o.order.OrderID)
		return
	}
	if known && made.Reference != o.plan.id.Reference {
		j.counts.Twins++
	}
	if j.lostProof(o, made) {
		return
	}
	if o.plan.behaviour == cancels && o.order.Status == ramp.Expired && o.tooLate() {
		j.counts.TooLate++
		return
	}
	if reason := j.disagreement(o, made); reason != "" {
		j.accuse(wrong, o, "%s", reason)
	}
}

// lostProof accuses an order that a proof was handed in for, if the provider has none of them, or only one that was mistyped.
func (j *judging) lostProof(o outcome, made ledger.Order) bool {
	hasOne := slices.Contains(o.told.handed, made.Proof) && !refusedAlways(made.Proof) && made.Proof != o.plan.mistyped()
	if len(o.told.handed) == 0 || hasOne {
		return false
	}
	if o.tooLate() {
		j.counts.TooLate++
		return true
	}
	j.accuse(lost, o, "%d proofs were handed in, the last one at %s, and the provider has none of them that is right",
		len(o.told.handed), o.told.handedAt.UTC().Format(time.TimeOnly))
	return true
}

// tooLate reports whether the last proof, or the cancellation, came so late that one crash could delay it beyond the
// deadline, or two a cancellation, which asks the provider on its way. On the fast clock the deadline is minutes away,
// while a crash costs as much as ever.
func (o outcome) tooLate() bool {
	delay := takeover
	if o.plan.behaviour == cancels {
		delay = 2 * takeover
	}
	return o.told.expiresAt.Sub(o.told.handedAt) < delay
}

// disagreement says in what an order's end differs from what it must be, if it does.
func (j *judging) disagreement(o outcome, made ledger.Order) string {
	if len(o.told.wrongs) > 0 {
		return "the backend was told: " + o.told.wrongs[0]
	}
	if want := o.wanted(made); o.order.Status != want {
		return fmt.Sprintf("it is %s, but must be %s", o.order.Status, want)
	}
	if told, known := o.acceptedProofs(), j.proofs[o.order.OrderID]; !slices.Equal(told, known) {
		return fmt.Sprintf("the order says that %q were accepted, the provider that %q were", told, known)
	}
	if o.told.taken != "" && o.told.taken != made.Proof {
		return "the backend was told of another proof than the provider has"
	}
	if !slices.Contains(endings(o.order.Status, o.plan.id.Direction), made.Status) && o.order.OrderID != "" {
		return fmt.Sprintf("it is %s, while the provider says %s", o.order.Status, made.Status)
	}
	paid := 0
	if o.order.Status == ramp.Completed || o.order.Status == ramp.Refunded {
		paid = 1
	}
	if got := j.payouts[o.order.OrderID]; got != paid {
		return fmt.Sprintf("it is %s, and the provider has paid %d times", o.order.Status, got)
	}
	return ""
}

// acceptedProofs are all proofs of which the order says that the provider took them, oldest first.
func (o outcome) acceptedProofs() []string {
	if !o.order.Accepted() {
		return nil
	}
	var accepted []string
	for _, replaced := range o.order.Proof.Replaced {
		accepted = append(accepted, cmp.Or(replaced.UTR, replaced.TransactionHash))
	}
	return append(accepted, o.order.Proof.Reference())
}

// wanted is how an order must end: by what its user did and, once it was paid, by its course at the provider.
func (o outcome) wanted(made ledger.Order) ramp.Status {
	switch o.plan.behaviour {
	case forgets:
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

// endings are the provider's statuses that go with an ending of ours. An order that nobody paid goes on at the provider
// until it expires there, and an off-ramp one for ever.
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

// judgeMade judges one order of the provider's: there is one of ours that knows it, or it is of no consequence.
func (j *judging) judgeMade(made ledger.Order) {
	owners := j.owners[made.ID]
	o, ours := j.maker(made)
	switch {
	case !ours:
		j.accuse(doubled, o, "nobody asked for the provider's order %s", made.ID)
	case len(owners) > 1:
		j.accuse(doubled, o, "the provider's order %s is that of several of ours: %v", made.ID, owners)
	case j.payouts[made.ID] > 1:
		j.accuse(doubled, o, "the provider has paid order %s %d times", made.ID, j.payouts[made.ID])
	case len(owners) == 1, o.order == nil:
		return
	case made.Proof != "" || j.payouts[made.ID] > 0:
		j.accuse(doubled, o, "the provider's order %s has a proof, and none of ours knows it", made.ID)
	case made.Direction == string(ramp.Offramp):
		j.counts.Orphans++
	case o.order.OrderID == "" && o.order.Status == ramp.Cancelled && len(j.made[o.plan.id]) == 1:
		// It was cancelled while it was being made, and nobody was told how to pay it.
	case j.expiredBefore(made, o.order.OrderID):
		j.counts.Replaced++
	default:
		j.accuse(doubled, o, "the provider's order %s was made in addition", made.ID)
	}
}

// expiredBefore reports whether an order had expired when a later one was made.
func (j *judging) expiredBefore(made ledger.Order, later string) bool {
	last := len(made.Timeline) - 1
	return last >= 0 && made.Timeline[last].Status == "expired" && !j.byID[later].CreatedAt.Before(made.Timeline[last].At)
}

// maker is the order of ours that had an order made.
func (j *judging) maker(made ledger.Order) (outcome, bool) {
	id := idOf(made)
	for _, o := range j.outcomes {
		if o.plan.id == id {
			return o, true
		}
	}
	return outcome{plan: plan{id: id}}, false
}
