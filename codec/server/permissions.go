package server

import (
	"encoding/json"
	"strings"
)

// everyNamespace is what Temporal writes in place of a namespace for a permission on all of them.
const everyNamespace = "temporal-system"

// caller is who a token says asks, and the permissions it carries: "namespace:role", as Temporal's default claim
// mapper reads them, so that a token for Temporal itself serves here too.
type caller struct {
	subject     string
	permissions []string
}

// may tells whether a caller may do something in a namespace: whoever may read there may decode, whoever may write may
// encode. As with Temporal, worker is the right to neither.
func (c caller) may(action action, namespace string) bool {
	for _, permission := range c.permissions {
		scope, role, _ := strings.Cut(permission, ":")
		if (scope == namespace || scope == everyNamespace) && grants(role, action) {
			return true
		}
	}
	return false
}

func grants(role string, action action) bool {
	switch strings.ToLower(role) {
	case "read":
		return action == decode
	case "write", "admin":
		return true
	default:
		return false
	}
}

// permissionsIn reads a claim. One of another shape, or an element that is not text, grants nothing.
func permissionsIn(claim json.RawMessage) []string {
	var values []any
	if json.Unmarshal(claim, &values) != nil {
		return nil
	}
	var permissions []string
	for _, value := range values {
		if permission, ok := value.(string); ok {
			permissions = append(permissions, permission)
		}
	}
	return permissions
}
