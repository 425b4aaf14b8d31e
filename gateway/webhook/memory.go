package webhook

import (
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"rampart/onmeta"
)

const (
	// remembered is how many orders, or users, a memory holds: some 2 MB.
	remembered = 20_000
	// window is how long a phase that was reported counts as a repeat.
	window = 10 * time.Minute
	// unknownWindow is how long an order counts as unknown. It is short, because a webhook may be faster than the answer to the order's
	// creation.
	unknownWindow = 5 * time.Second
)

// memory has what was reported lately, so that repeats cost nothing: of an order each phase once in a window, which bounds the hints
// of an order to a handful in ten minutes. It is safe for concurrent use.
type memory struct {
	mu      *sync.Mutex
	entries *lru.Cache[string, *entry]
}

// entry is what was reported of one order.
type entry struct {
	phases map[onmeta.Phase]bool
	until  time.Time
	closed bool
}

func newMemory() memory {
	entries, _ := lru.New[string, *entry](remembered) // fails for no size of a constant above zero
	return memory{mu: new(sync.Mutex), entries: entries}
}

// first reports whether a phase is news, and remembers it. A status that no document names is news only if it is the first of its order.
func (m memory) first(key string, phase onmeta.Phase) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	e, ok := m.entries.Get(key)
	if !ok || !e.closed && time.Now().After(e.until) {
		e = &entry{phases: map[onmeta.Phase]bool{}, until: time.Now().Add(window)}
		m.entries.Add(key, e)
	}
	if e.closed || e.phases[phase] || phase == onmeta.PhaseUnknown && len(e.phases) > 0 {
		return false
	}
	e.phases[phase] = true
	return true
}

// forget makes a phase news again.
func (m memory) forget(key string, phase onmeta.Phase) {
	m.change(key, func(e *entry) { delete(e.phases, phase) })
}

// shorten makes everything of an order news again in a moment.
func (m memory) shorten(key string) {
	m.change(key, func(e *entry) { e.until = time.Now().Add(unknownWindow) })
}

// close makes nothing of an order news any more.
func (m memory) close(key string) {
	m.change(key, func(e *entry) { e.closed = true })
}

func (m memory) change(key string, change func(*entry)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if e, ok := m.entries.Get(key); ok {
		change(e)
	}
}
