// Package bench measures what an order costs, next to simpler implementations of the same lifecycle, with the real programs: the
// Temporal server, the worker, and the sandbox over HTTP. Only its own command and the tests import it.
package bench
