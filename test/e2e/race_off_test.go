//go:build !race

package e2e_test

// raceFlags builds the programs with the race detector when the tests have it.
func raceFlags() []string { return nil }
