// Package ramp is the contract of Rampart: everything a backend needs to run INR on-ramp and off-ramp orders, and
// nothing of how they are run.
//
// A backend starts one workflow per order, named by its own reference, and signals it when its user submits a proof
// of payment. Client does both from Go. Any other Temporal SDK can do the same with the names, task queues and JSON
// shapes found here: payloads are plain JSON in lower camel case, amounts are decimal strings, times are RFC 3339
// in UTC.
package ramp
