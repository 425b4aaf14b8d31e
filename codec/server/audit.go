package server

import (
	"net/http"
	"slices"

	"go.uber.org/zap"
)

// action is what a request asks for.
type action string

const (
	decode action = "decode"
	encode action = "encode"
)

// longestName bounds what an audit line takes over from a request. Temporal's own limit for an id is 1000.
const longestName = 1000

// entry is a request as the audit shows it: who asked for what and what came of it, and nothing of the payloads.
type entry struct {
	action    action
	subject   string
	namespace string
	origin    string
	remote    string

	decrypted, encrypted, passed, undecryptable, unknownKeys int
	// workflows are those that decrypting proved, or that encoding was asked for: no mere claim of a payload.
	workflows []string
}

func newEntry(action action, r *http.Request) *entry {
	return &entry{
		action:    action,
		namespace: r.Header.Get(NamespaceHeader),
		origin:    r.Header.Get("Origin"),
		remote:    r.RemoteAddr,
	}
}

func (e *entry) seen(workflowID string) {
	if workflowID == "" || slices.Contains(e.workflows, workflowID) {
		return
	}
	e.workflows = append(e.workflows, workflowID)
}

func (e *entry) write(log *zap.Logger, status int, reason string) {
	outcome := "answered"
	if status != http.StatusOK {
		outcome = "refused"
	}
	log.Info("codec request",
		zap.String("action", string(e.action)),
		zap.String("outcome", outcome),
		zap.Int("status", status),
		zap.String("reason", reason),
		zap.String("subject", clipped(e.subject)),
		zap.String("namespace", clipped(e.namespace)),
		zap.Strings("workflows", clippedAll(e.workflows)),
		zap.Int("decrypted", e.decrypted),
		zap.Int("encrypted", e.encrypted),
		zap.Int("passed", e.passed),
		zap.Int("undecryptable", e.undecryptable),
		zap.Int("unknownKeys", e.unknownKeys),
		zap.String("origin", clipped(e.origin)),
		zap.String("remote", e.remote),
	)
}

func clipped(name string) string {
	if len(name) <= longestName {
		return name
	}
	return name[:longestName] + "…"
}

func clippedAll(names []string) []string {
	all := make([]string, len(names))
	for i, name := range names {
		all[i] = clipped(name)
	}
	return all
}
