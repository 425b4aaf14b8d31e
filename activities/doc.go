// Package activities is everything orders do outside of Temporal: one activity per provider call, user sessions, and
// the rules about which error is retried and which is final.
//
// Each file holds one activity: its request and result, the method a worker runs, and the typed function through
// which workflows call it. Timeouts and retries are in policies.go, error classes in errors.go, the meaning of the
// provider's statuses in statuses.go.
package activities
