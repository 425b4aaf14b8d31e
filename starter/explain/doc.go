// Package explain tells an order's story: what has happened to it, in order and in words, what it waits for and from whom,
// what is wrong with it, and what to do.
//
// It reads what Temporal keeps of the order, its history above all, so that it can tell the story also while no worker runs,
// of an order whose worker fails, and of one that ended without a result. Payloads it decodes only to print what is meant
// for people: the summaries of calls and timers, errors, the heartbeats of watches and the order itself.
package explain
