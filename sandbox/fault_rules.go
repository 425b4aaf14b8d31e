package sandbox

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
)

// Scope chooses the calls that a rule is about. What is empty matches every call.
type Scope struct {
	// Route is a route as Ledger.Routes names it: "POST /v1/orders/create".
	Route string `json:"route,omitempty"`
	// Order is the id of the order that the call names.
	Order string `json:"order,omitempty"`
	// Reference is the metadata of that name, of the order that the call names or makes.
	Reference string `json:"reference,omitempty"`
	// Email is of the user that the call is about.
	Email string `json:"email,omitempty"`
}

// FaultRule says which calls a fault befalls.
type FaultRule struct {
	// ID is given by the sandbox.
	ID string `json:"id"`
	Fault
	Scope
	// Skip is how many matching calls of each route are spared first.
	Skip int `json:"skip,omitempty"`
	// Times is how often it strikes; 0: without end.
	Times int `json:"times,omitempty"`
	// Share is the part of the matching calls that it strikes, above 0 and at most 1; 0 stands for 1, but FaultMix must
	// have one.
	Share float64 `json:"share,omitempty"`
	// Seed decides, with the route and the number of the matching call on it, which calls a Share strikes and what
	// FaultMix draws; 0 stands for Options.Seed.
	Seed int64 `json:"seed,omitempty"`
	// Struck is how often it has struck.
	Struck int `json:"struck"`
}

// Mix is the rule that befalls a share of all calls, above 0 and at most 1, with the default mix of faults.
func Mix(share float64) FaultRule {
	return FaultRule{Fault: Fault{Kind: FaultMix}, Share: share}
}

var errNoRule = errors.New("there is no fault rule with this id")

// rulebook holds the rules. It is safe for concurrent use.
type rulebook struct {
	seed   int64
	routes []route
	kinds  map[FaultKind]faultKind
	start  []FaultRule

	mu     sync.Mutex
	lastID int
	rules  []*rule // those of the start come last
	added  int     // how many come before them
}

// rule is a FaultRule at work.
type rule struct {
	FaultRule
	seen map[string]int // matching calls, by route
}

func newRule(r FaultRule) *rule { return &rule{FaultRule: r, seen: map[string]int{}} }

// newRulebook checks the rules of the start and begins with them.
func newRulebook(seed int64, routes []route, start []FaultRule) (*rulebook, error) {
	b := &rulebook{seed: seed, routes: routes, kinds: faultKindsByName()}
	for i, r := range start {
		checked, err := b.check(r)
		if err != nil {
			return nil, fmt.Errorf("fault rule %d: %w", i+1, err)
		}
		checked.ID = strconv.Itoa(i + 1)
		b.start = append(b.start, checked)
	}
	b.reset()
	return b, nil
}

// add keeps a rule behind those that were added before it, and before those of the start.
func (b *rulebook) add(given FaultRule) (FaultRule, error) {
	checked, err := b.check(given)
	if err != nil {
		return FaultRule{}, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lastID++
	checked.ID = strconv.Itoa(b.lastID)
	b.rules = slices.Insert(b.rules, b.added, newRule(checked))
	b.added++
	return checked, nil
}

func (b *rulebook) check(r FaultRule) (FaultRule, error) {
	fault, err := r.Fault.filled()
	if err != nil {
		return FaultRule{}, err
	}
	if r.Skip < 0 || r.Times < 0 {
		return FaultRule{}, errors.New("skip and times must not be negative")
	}
	if !(r.Share >= 0 && r.Share <= 1) || (r.Share == 0 && fault.Kind == FaultMix) {
		return FaultRule{}, errors.New("share must be above 0 and at most 1")
	}
	if err := b.checkRoute(r.Route, fault.Kind); err != nil {
		return FaultRule{}, err
	}
	setDefault(&r.Share, 1)
	setDefault(&r.Seed, b.seed)
	r.Fault, r.Struck = fault, 0
	return r, nil
}

// checkRoute refuses a route that does not exist, or that the fault cannot befall: its rule would never strike.
func (b *rulebook) checkRoute(pattern string, kind FaultKind) error {
	if pattern == "" {
		return nil
	}
	for _, r := range b.routes {
		if r.pattern != pattern {
			continue
		}
		if !b.kinds[kind].suitsRoute(r) {
			return fmt.Errorf("%s cannot befall %s", kind, pattern)
		}
		return nil
	}
	return fmt.Errorf("route %q does not exist: name one as %s", pattern, onrampStatusRoute)
}

// list tells the rules, in the order in which they are tried.
func (b *rulebook) list() []FaultRule {
	b.mu.Lock()
	defer b.mu.Unlock()
	rules := []FaultRule{}
	for _, r := range b.rules {
		rules = append(rules, r.FaultRule)
	}
	return rules
}

// remove forgets the rule of an id.
func (b *rulebook) remove(id string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	at := slices.IndexFunc(b.rules, func(r *rule) bool { return r.ID == id })
	if at < 0 {
		return errNoRule
	}
	b.rules = slices.Delete(b.rules, at, at+1)
	if at < b.added {
		b.added--
	}
	return nil
}

// clear forgets every rule.
func (b *rulebook) clear() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.rules, b.added = nil, 0
}

// reset begins anew with the rules of the start.
func (b *rulebook) reset() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.rules, b.added = nil, 0
	for _, r := range b.start {
		b.rules = append(b.rules, newRule(r))
	}
	b.lastID = len(b.rules)
}

func (b *rulebook) empty() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.rules) == 0
}

// choose finds the fault that befalls a call. Every rule counts every call that matches, whichever strikes, so that
// no rule depends on another.
func (b *rulebook) choose(r route, s subject) (*rule, Fault) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var chosen *rule
	var fault Fault
	for _, candidate := range b.rules {
		if !b.kinds[candidate.Kind].suitsRoute(r) || !candidate.matches(r, s) {
			continue
		}
		drawn, strikes := b.draw(candidate, r)
		if strikes && chosen == nil {
			chosen, fault = candidate, drawn
		}
	}
	if chosen != nil {
		chosen.Struck++
	}
	return chosen, fault
}

// takeBack is for a fault that found nothing to change.
func (b *rulebook) takeBack(r *rule) {
	b.mu.Lock()
	defer b.mu.Unlock()
	r.Struck--
}

func (c Scope) matches(r route, s subject) bool {
	return (c.Route == "" || c.Route == r.pattern) && (c.Order == "" || c.Order == s.order) &&
		(c.Reference == "" || c.Reference == s.reference) && (c.Email == "" || c.Email == s.email)
}

// draw decides about the next call of a route that a rule matches.
func (b *rulebook) draw(r *rule, to route) (Fault, bool) {
	r.seen[to.pattern]++
	number := r.seen[to.pattern]
	if number <= r.Skip || (r.Times > 0 && r.Struck >= r.Times) {
		return Fault{}, false
	}
	random := r.random(to.pattern, number)
	if random.Float64() >= r.Share {
		return Fault{}, false
	}
	if r.Kind == FaultMix {
		return b.drawFromMix(to, random), true
	}
	return r.Fault, true
}

// drawFromMix draws one of the faults of the mix that suit a route.
func (b *rulebook) drawFromMix(r route, random *rand.Rand) Fault {
	var suiting []weighted
	sum := 0
	for _, w := range mixture() {
		if b.kinds[w.fault.Kind].suitsRoute(r) {
			suiting = append(suiting, w)
			sum += w.weight
		}
	}
	at := random.IntN(sum)
	i := slices.IndexFunc(suiting, func(w weighted) bool { at -= w.weight; return at < 0 })
	return suiting[i].fault.withDefaults(b.kinds[suiting[i].fault.Kind].defaults)
}

// random follows from the seed, the kind, the route and the number of the call alone.
func (r *rule) random(pattern string, number int) *rand.Rand {
	return seeded("%d/%s/%s/%d", r.Seed, r.Fault, pattern, number)
}

// seeded is a generator that follows from a text.
func seeded(format string, args ...any) *rand.Rand {
	sum := sha256.Sum256(fmt.Appendf(nil, format, args...))
	return rand.New(rand.NewPCG(binary.BigEndian.Uint64(sum[:8]), binary.BigEndian.Uint64(sum[8:16])))
}
