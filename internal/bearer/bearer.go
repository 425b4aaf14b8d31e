// Package bearer verifies bearer tokens: those that an OpenID Connect provider signed, and random ones whose hashes a file lists.
package bearer

import (
	"net/http"
	"strings"
)

// Challenges are values of the header WWW-Authenticate (RFC 6750, section 3).
const (
	// ChallengeMissing is for a request without a token.
	ChallengeMissing = "Bearer"
	// ChallengeInvalid is for a token that is not valid, or no longer.
	ChallengeInvalid = `Bearer error="invalid_token"`
	// ChallengeScope is for a valid token that does not permit the request.
	ChallengeScope = `Bearer error="insufficient_scope"`
)

// Refusal is the error of a refused request. The reason is for the caller, and contains nothing of the token.
type Refusal struct {
	// Status is the status of the response: 401 without a valid token, 403 without the permission, 503 if the token cannot be verified now.
	Status int
	Reason string
	// Challenge is the header WWW-Authenticate of the response, or empty.
	Challenge string
}

// Error implements error.
func (r *Refusal) Error() string { return r.Reason }

// Missing returns the refusal of a request that has no token, or more than one.
func Missing() *Refusal {
	return &Refusal{
		Status:    http.StatusUnauthorized,
		Reason:    "the request must have one header Authorization: Bearer with a token",
		Challenge: ChallengeMissing,
	}
}

// Token returns the token of a request that has exactly one: proxies and servers could choose different ones.
func Token(r *http.Request) (token string, sent bool) {
	values := r.Header.Values("Authorization")
	if len(values) != 1 {
		return "", false
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	token = strings.TrimSpace(token)
	return token, strings.EqualFold(scheme, "Bearer") && token != ""
}
