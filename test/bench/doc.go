// Package bench measures what an order costs, beside what a user would otherwise write, on the real programs: the Temporal
// server, the worker, and the provider's sandbox over HTTP. It is not shipped: nothing imports it but its own command.
package bench
