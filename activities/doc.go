// Package activities is everything that orders do outside of Temporal: one activity per provider call, and the rules about which
// error is final and which is retried.
//
// A file named after a call holds its request and result, the method that a worker runs, and the typed function through which
// workflows call it. The decisions that all share have a file each:
//
//   - errors.go: which error is final, which is retried, and how workflows tell them apart;
//   - policies.go: timeouts, attempts, pauses and priorities;
//   - statuses.go: what a status of the provider means for an order;
//   - untrusted.go: which values of the provider reach an order, and in which form;
//   - poller.go: how a watch polls;
//   - admission.go, runs.go, claims.go: whether an order may begin, and which provider's order is whose.
package activities
