// Package e2e contains the end-to-end tests. They run the real Temporal server, the sandbox, the worker and the starter as processes.
package e2e
