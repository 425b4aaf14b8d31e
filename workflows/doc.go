// Package workflows runs orders: the workflows Onramp and Offramp, and the steps that they share.
//
// run.go has the steps: setup validates the request and registers every handler before anything blocks, and steps runs the order from
// top to bottom. Each step has a file: kyc.go, account.go, create_order.go (with price.go), collect_payment.go (with proof.go) and
// follow_order.go. flow.go has what differs between buying and selling. payment.go and admission.go have the states that decide; messages.go
// handles signals and updates, message_checks.go decides which of them count, and submissions.go holds them until the order has decided on
// them. What others see of an order is in snapshot.go (queries and results), timeline.go (statuses and notes), visibility.go (search
// attributes), metrics.go and current_details.go (the Web UI).
//
// Everything here is deterministic. Calls to the provider are in package activities.
package workflows
