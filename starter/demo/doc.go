// Package demo runs an order of each direction from start to end: it starts the stack, acts as the user of the orders, and stops
// everything that it has started.
package demo
