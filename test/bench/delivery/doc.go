// Package delivery implements several designs of the delivery of an order's events, which the benchmarks compare. Its orders only have the
// shape of an on-ramp order: they call no provider.
package delivery
