// Package telemetry collects what a process tells of itself, metrics, traces and health, and serves it over HTTP.
//
// Whatever leaves by it is for whoever runs the process: it holds no personal data, no credential, no word that a provider or
// a user has written, and metrics no id of an order.
package telemetry
