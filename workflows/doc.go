// Package workflows runs orders: Onramp and Offramp, and the lifecycle that they share.
//
// A workflow is a short function over an orderRun. setup checks the request and registers every handler before
// anything blocks; run is the business process, top to bottom. What differs between buying and selling is behind the
// flow interface. Everything here is deterministic; what touches the world is in package activities.
package workflows
