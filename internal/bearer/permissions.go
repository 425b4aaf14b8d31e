package bearer

import (
	"encoding/json"
	"strings"
)

// everyNamespace stands for all namespaces in a permission, as in Temporal.
const everyNamespace = "temporal-system"

// Role is what a permission grants in a namespace, as Temporal names it.
type Role string

// The roles of Temporal that Rampart grants something for. Others, such as worker, grant nothing.
const (
	RoleRead  Role = "read"
	RoleWrite Role = "write"
	RoleAdmin Role = "admin"
)

// Subject is the subject of a verified token and its permissions: "namespace:role", as Temporal's default claim mapper reads them, so that a
// token for Temporal is valid here too.
type Subject struct {
	// Name is the claim "sub".
	Name        string
	permissions []string
}

// Has reports whether a subject has one of these roles in a namespace. Roles are compared without regard to case, namespaces exactly, as in
// Temporal.
func (s Subject) Has(namespace string, roles ...Role) bool {
	for _, permission := range s.permissions {
		scope, granted, _ := strings.Cut(permission, ":")
		if scope != namespace && scope != everyNamespace {
			continue
		}
		for _, role := range roles {
			if strings.EqualFold(granted, string(role)) {
				return true
			}
		}
	}
	return false
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
