package fault

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
)

// Scope selects calls. An empty field matches every call.
type Scope struct {
	// Route is the call's pattern, as "POST /v1/orders/create".
	Route string `json:"route,omitempty"`
	// Order is the provider's id of the order that the call names.
	Order string `json:"order,omitempty"`
	// Reference is the metadata "reference" of the order that the call names or creates.
	Reference string `json:"reference,omitempty"`
	// Email is that of the user whom the call concerns.
	Email string `json:"email,omitempty"`
}

// Rule says which calls get which fault.
type Rule struct {
	// ID is assigned when the rule is added.
	ID string `json:"id"`
	Fault
	Scope
	// Skip is how many matching calls of each route are let through first.
	Skip int `json:"skip,omitempty"`
	// Times is how many calls get the fault; 0 means no limit.
	Times int `json:"times,omitempty"`
	// Share is the share of matching calls that get the fault, above 0 and at most 1. 0 means 1; a rule of Mix must have a share.
	Share float64 `json:"share,omitempty"`
	// Seed decides, with the route and the number of the matching call on it, which calls a Share selects and what Mix draws; 0
	// means the book's seed.
	Seed int64 `json:"seed,omitempty"`
	// Injected is how many calls got the fault so far.
	Injected int `json:"injected"`
}

// MixOf returns the rule that gives a share of all calls, above 0 and at most 1, a fault of the mix.
func MixOf(share float64) Rule {
	return Rule{Fault: Fault{Kind: Mix}, Share: share}
}

// Route is a call of the provider, as rules see it.
type Route struct {
	Pattern string
	// Traits are what faults can affect about it.
	Traits Trait
}

// Subject is what a call concerns, as far as it says so.
type Subject struct {
	Order     string
	Reference string
	Email     string
}

// ErrNoRule is returned by Book.Remove for an id that no rule has.
var ErrNoRule = errors.New("there is no fault rule with this id")

// Book holds the rules. It is safe for concurrent use.
type Book struct {
	seed    int64
	routes  []Route
	kinds   map[Kind]kind
	initial []Rule

	mu     sync.Mutex
	lastID int
	rules  []*activeRule // the initial ones come last
	added  int           // how many come before the initial ones
}

// activeRule is a rule and how many calls it has matched.
type activeRule struct {
	Rule
	matched map[string]int // by route
}

func activate(r Rule) *activeRule { return &activeRule{Rule: r, matched: map[string]int{}} }

// NewBook returns a book that begins with the initial rules. It fails on a rule that is invalid or could never apply to any of the
// routes.
func NewBook(seed int64, routes []Route, initial []Rule) (*Book, error) {
	b := &Book{seed: seed, routes: routes, kinds: kindsByName()}
	for i, r := range initial {
		checked, err := b.check(r)
		if err != nil {
			return nil, fmt.Errorf("fault rule %d: %w", i+1, err)
		}
		checked.ID = strconv.Itoa(i + 1)
		b.initial = append(b.initial, checked)
	}
	b.Reset()
	return b, nil
}

// Add appends a rule to those added before, in front of the initial ones, and returns it with its id and defaults. It fails on a
// rule that is invalid or could never apply.
func (b *Book) Add(given Rule) (Rule, error) {
	checked, err := b.check(given)
	if err != nil {
		return Rule{}, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lastID++
	checked.ID = strconv.Itoa(b.lastID)
	b.rules = slices.Insert(b.rules, b.added, activate(checked))
	b.added++
	return checked, nil
}

func (b *Book) check(r Rule) (Rule, error) {
	fault, err := r.Fault.complete()
	if err != nil {
		return Rule{}, err
	}
	if r.Skip < 0 || r.Times < 0 {
		return Rule{}, errors.New("skip and times must not be negative")
	}
	if !(r.Share >= 0 && r.Share <= 1) || (r.Share == 0 && fault.Kind == Mix) {
		return Rule{}, errors.New("share must be above 0 and at most 1")
	}
	if err := b.checkRoute(r.Route, fault.Kind); err != nil {
		return Rule{}, err
	}
	r.Share, r.Seed = cmp.Or(r.Share, 1), cmp.Or(r.Seed, b.seed)
	r.Fault, r.Injected = fault, 0
	return r, nil
}

// checkRoute refuses a route that does not exist or that the kind cannot affect: the rule would never apply.
func (b *Book) checkRoute(pattern string, kind Kind) error {
	if pattern == "" {
		return nil
	}
	i := slices.IndexFunc(b.routes, func(r Route) bool { return r.Pattern == pattern })
	switch {
	case i < 0:
		return fmt.Errorf("route %q does not exist: name one as %s", pattern, b.routes[0].Pattern)
	case !b.kinds[kind].affects(b.routes[i]):
		return fmt.Errorf("%s cannot affect %s", kind, pattern)
	}
	return nil
}

// List returns the rules in the order in which they are tried: the first that selects a call wins.
func (b *Book) List() []Rule {
	b.mu.Lock()
	defer b.mu.Unlock()
	rules := []Rule{}
	for _, r := range b.rules {
		rules = append(rules, r.Rule)
	}
	return rules
}

// Remove removes the rule with the id; it fails if there is none.
func (b *Book) Remove(id string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	i := slices.IndexFunc(b.rules, func(r *activeRule) bool { return r.ID == id })
	if i < 0 {
		return ErrNoRule
	}
	b.rules = slices.Delete(b.rules, i, i+1)
	if i < b.added {
		b.added--
	}
	return nil
}

// Clear removes every rule, the initial ones included.
func (b *Book) Clear() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.rules, b.added = nil, 0
}

// Reset restores the initial rules.
func (b *Book) Reset() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.rules, b.added = nil, 0
	for _, r := range b.initial {
		b.rules = append(b.rules, activate(r))
	}
	b.lastID = len(b.rules)
}

// Empty reports whether there are no rules.
func (b *Book) Empty() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.rules) == 0
}

// Choice is the fault chosen for a call.
type Choice struct {
	Fault Fault
	rule  *activeRule
}

// Choose returns the fault for a call and counts it as injected; nil means none. Every rule counts every call that it matches,
// whichever rule wins, so that rules do not affect each other's draws.
func (b *Book) Choose(r Route, s Subject) *Choice {
	b.mu.Lock()
	defer b.mu.Unlock()
	var chosen *Choice
	for _, candidate := range b.rules {
		if !b.kinds[candidate.Kind].affects(r) || !candidate.matches(r, s) {
			continue
		}
		drawn, selected := b.draw(candidate, r)
		if selected && chosen == nil {
			chosen = &Choice{Fault: drawn, rule: candidate}
		}
	}
	if chosen != nil {
		chosen.rule.Injected++
	}
	return chosen
}

// Withdraw uncounts a choice whose fault found nothing to affect.
func (b *Book) Withdraw(c *Choice) {
	b.mu.Lock()
	defer b.mu.Unlock()
	c.rule.Injected--
}

func (c Scope) matches(r Route, s Subject) bool {
	return (c.Route == "" || c.Route == r.Pattern) && (c.Order == "" || c.Order == s.Order) &&
		(c.Reference == "" || c.Reference == s.Reference) && (c.Email == "" || c.Email == s.Email)
}

// draw decides on the next call of a route that a rule matches.
func (b *Book) draw(r *activeRule, to Route) (Fault, bool) {
	r.matched[to.Pattern]++
	number := r.matched[to.Pattern]
	if number <= r.Skip || (r.Times > 0 && r.Injected >= r.Times) {
		return Fault{}, false
	}
	random := Random("%d/%s/%s/%d", r.Seed, r.Fault, to.Pattern, number)
	if random.Float64() >= r.Share {
		return Fault{}, false
	}
	if r.Kind == Mix {
		return b.drawFromMix(to, random), true
	}
	return r.Fault, true
}

// drawFromMix draws one of the faults of the mix that can affect a route.
func (b *Book) drawFromMix(r Route, random *rand.Rand) Fault {
	var candidates []weighted
	sum := 0
	for _, w := range mixture() {
		if b.kinds[w.fault.Kind].affects(r) {
			candidates = append(candidates, w)
			sum += w.weight
		}
	}
	at := random.IntN(sum)
	i := slices.IndexFunc(candidates, func(w weighted) bool { at -= w.weight; return at < 0 })
	return candidates[i].fault.withDefaults(b.kinds[candidates[i].fault.Kind].defaults)
}

// Random returns a generator whose numbers depend on the formatted text alone.
func Random(format string, args ...any) *rand.Rand {
	sum := sha256.Sum256(fmt.Appendf(nil, format, args...))
	return rand.New(rand.NewPCG(binary.BigEndian.Uint64(sum[:8]), binary.BigEndian.Uint64(sum[8:16])))
}
