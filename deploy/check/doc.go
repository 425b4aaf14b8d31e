// Package check holds the tests of what Rampart is deployed with: Dockerfile, compose file and Kubernetes manifests are
// read by the libraries that Docker and Kubernetes read them with, and held against the code and the documentation.
//
// It is a Go module of its own, so that those libraries stay out of the one that workers and backends are built from.
package check
