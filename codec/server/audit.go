package server

import (
	"net/http"
	"slices"

	"go.uber.org/zap"
)

// action is what a request does.
type action string

const (
	decode action = "decode"
	encode action = "encode"
)

// maxNameLength bounds each name that an audit line copies from a request. Temporal limits ids to 1000 bytes.
const maxNameLength = 1000

// entry is the audit log's record of one request. It contains nothing of the payloads.
type entry struct {
	action    action
	subject   string
	namespace string
	origin    string
	remote    string

	decrypted, encrypted, passed, undecryptable, unknownKeys int
	// workflows are those of decrypted payloads, which decryption authenticates, or the one that payloads were encoded for.
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

func (e *entry) addWorkflow(workflowID string) {
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
		zap.String("subject", truncate(e.subject)),
		zap.String("namespace", truncate(e.namespace)),
		zap.Strings("workflows", truncateAll(e.workflows)),
		zap.Int("decrypted", e.decrypted),
		zap.Int("encrypted", e.encrypted),
		zap.Int("passed", e.passed),
		zap.Int("undecryptable", e.undecryptable),
		zap.Int("unknownKeys", e.unknownKeys),
		zap.String("origin", truncate(e.origin)),
		zap.String("remote", e.remote),
	)
}

func truncate(name string) string {
	if len(name) <= maxNameLength {
		return name
	}
	return name[:maxNameLength] + "…"
}

func truncateAll(names []string) []string {
	all := make([]string, len(names))
	for i, name := range names {
		all[i] = truncate(name)
	}
	return all
}
