// Package ramp is the contract of Rampart: what a backend imports to run INR on-ramp and off-ramp orders.
//
// A backend starts one workflow per order, identified by its own reference, and sends it the user's proof of payment.
// Client does both from Go. Any other Temporal SDK can use the names, task queues and JSON shapes of this package:
// payloads are JSON in lower camel case, amounts are decimal strings in whole units, and times are RFC 3339 in UTC.
//
// Requests and submissions are strict: Decode rejects unknown fields. Orders and errors are open: readers ignore fields
// and accept values that a later version adds.
package ramp
