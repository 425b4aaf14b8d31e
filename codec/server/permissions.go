package server

import (
	"encoding/json"
	"strings"
)

// everyNamespace stands for all namespaces in a permission, as in Temporal.
const everyNamespace = "temporal-system"

// caller is the subject of a token and its permissions: "namespace:role", as Temporal's default claim mapper reads them, so that a
// token for Temporal is valid here too.
type caller struct {
	subject     string
	permissions []string
}

// may reports whether a caller may decode or encode in a namespace. Decoding requires a role that reads, encoding one that writes.
// As in Temporal, the role worker grants neither.
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

// permissionsIn returns the permissions in a claim. A claim that is not a list has none; elements that are not strings are ignored.
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
