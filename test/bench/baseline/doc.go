// Package baseline implements the lifecycle of on-ramp orders paid by UPI in simpler ways, which the benchmarks compare with Rampart. It
// makes the same calls to the provider, with the same client.
package baseline
