package server

import (
	"fmt"
	"net/http"

	"rampart/internal/bearer"
)

// roles returns the roles of which a caller must have one in the payloads' namespace. Decoding requires a role that reads, encoding one that
// writes. As in Temporal, the role worker grants neither.
func (a action) roles() []bearer.Role {
	if a == decode {
		return []bearer.Role{bearer.RoleRead, bearer.RoleWrite, bearer.RoleAdmin}
	}
	return []bearer.Role{bearer.RoleWrite, bearer.RoleAdmin}
}

// authenticate returns the caller of a request, or a *refusal. Without tokens, all callers are this machine's.
func (s *server) authenticate(r *http.Request) (bearer.Subject, error) {
	if s.tokens == nil {
		return bearer.Subject{}, nil
	}
	token, sent := bearer.Token(r)
	if !sent {
		missing := bearer.Missing()
		missing.Reason += "; in the Web UI, enable passing the user access token"
		return bearer.Subject{}, missing
	}
	return s.tokens.Verify(r.Context(), token)
}

func (s *server) authorize(caller bearer.Subject, entry *entry) error {
	if s.tokens == nil || caller.Has(entry.namespace, entry.action.roles()...) {
		return nil
	}
	return &refusal{
		Status:    http.StatusForbidden,
		Reason:    s.missingPermission(entry.action),
		Challenge: bearer.ChallengeScope,
	}
}

func (s *server) missingPermission(action action) string {
	roles := "read, write or admin"
	if action == encode {
		roles = "write or admin"
	}
	return fmt.Sprintf("to %s, the token's claim %q must list namespace:role with the role %s", action, s.tokens.PermissionsClaim(), roles)
}
