// Package demo shows Rampart at work: it starts a Temporal server, the sandbox and a worker as processes of their own, runs
// an order of each direction side by side, plays their user, and stops all that it has started.
package demo
