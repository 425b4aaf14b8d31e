// Package demo runs an order of each direction from start to end: it starts a Temporal server, the sandbox and a worker, each a process
// of its own, acts as the user of the orders, and stops everything that it has started.
package demo
