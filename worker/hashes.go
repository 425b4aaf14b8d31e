package main

import (
	"context"
	"errors"
	"sync"
	"time"

	"rampart/codec"
	"rampart/ramp"
)

// findCheckTimeout bounds the question whether the namespace has the search attributes of hashes, which an order waits for.
const findCheckTimeout = 5 * time.Second

// findHashes makes the hashes by which orders are found, once the namespace has their search attributes: an order that upserted one that is
// unknown there could not continue.
type findHashes struct {
	hasher   *codec.Hasher
	temporal ramp.Visibility
	name     string

	mu      sync.Mutex
	ready   bool
	checked time.Time
}

// Hash returns the hash of a term, or empty while the namespace lacks the search attributes.
func (h *findHashes) Hash(ctx context.Context, term ramp.Personal) string {
	if h.check(ctx) != nil {
		return ""
	}
	return h.hasher.Hash(term)
}

// Hashes returns the hashes of a term under every key; none while the namespace lacks the search attributes.
func (h *findHashes) Hashes(ctx context.Context, term ramp.Personal) []string {
	if h.check(ctx) != nil {
		return nil
	}
	return h.hasher.Hashes(term)
}

// check returns why orders get no hashes, as far as that is known. It asks once in namespaceCheckInterval until the namespace has the
// search attributes.
func (h *findHashes) check(ctx context.Context) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.ready {
		return nil
	}
	if time.Since(h.checked) < namespaceCheckInterval {
		return errNoHashes
	}
	within, cancel := context.WithTimeout(ctx, findCheckTimeout)
	defer cancel()
	err := ramp.CheckFind(within, h.temporal, h.name)
	h.ready, h.checked = err == nil, time.Now()
	return err
}

// report calls unready if the namespace lacks the search attributes.
func (h *findHashes) report(ctx context.Context, unready func(error)) {
	var lacking *ramp.NamespaceError
	if err := h.check(ctx); errors.As(err, &lacking) && lacking.OnlyFind() {
		unready(lacking)
	}
}

// errNoHashes is the error of a namespace that lacked the search attributes moments ago.
var errNoHashes = errors.New("orders of this namespace have no hashes to be found by")
