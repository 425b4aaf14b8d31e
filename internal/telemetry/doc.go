// Package telemetry exports a process's metrics, traces and health.
//
// The data is for operators. It contains no personal data, no credentials and no text that a provider or a user wrote;
// metrics contain no order ids either, since each would be a series of its own.
package telemetry
