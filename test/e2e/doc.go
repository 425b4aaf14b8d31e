// Package e2e holds the end-to-end tests: the real Temporal server, the sandbox over HTTP, worker and starter as
// processes of their own.
package e2e
