// Package reconcile compares the orders of a day with the provider's: what a reconciliation is asked and finds, where its findings are kept,
// and how it is run and scheduled. Package reconcile/run carries it out, in the worker.
package reconcile

import "rampart/ramp/situation"

// Day is a calendar day in India, such as "2026-11-26".
type Day = situation.Day
