// Package explain explains an order: what has happened to it, in order, what it waits for and from whom, what is wrong, and what to do.
//
// Where the order stands and what helps comes from package situation. This package adds what only Temporal knows: the history with its
// calls, messages and timers, the workers, and the other runs of the reference. It therefore also explains an order while no worker
// runs, an order that workers fail to continue, and a run that ended without a result. It decodes payloads only to show what is meant
// for people: the summaries of calls and timers, errors, the heartbeats of watches, and the order itself.
package explain
