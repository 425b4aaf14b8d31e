package main

import (
	"context"
	"net/http"
	"strings"

	"go.uber.org/zap"

	"rampart/gateway/api"
	"rampart/internal/bearer"
)

// callers authenticates the callers of the API: by tokens of a file, by tokens of an OpenID Connect provider, or by both.
type callers struct {
	file      *bearer.File // nil without a file of tokens
	oidc      *bearer.OIDC // nil without an OpenID Connect provider
	namespace string
}

// openCallers returns nil if neither is configured; only requests from this machine are served then.
func openCallers(ctx context.Context, c gatewayConfig, namespace string, log *zap.Logger) (*callers, error) {
	if !c.authenticates() {
		return nil, nil
	}
	a := &callers{namespace: namespace}
	var err error
	if c.TokensFile != "" {
		if a.file, err = bearer.OpenFile(c.TokensFile, log); err != nil {
			return nil, err
		}
	}
	if c.Issuer != "" {
		ctx, cancel := context.WithTimeout(ctx, startTimeout)
		defer cancel()
		a.oidc, err = bearer.OpenOIDC(ctx, bearer.OIDCOptions{
			Issuer: c.Issuer, Audience: c.Audience, PermissionsClaim: c.PermissionsClaim, Log: log,
		})
	}
	return a, err
}

// authenticate returns the caller of a request. Its error is a *bearer.Refusal.
func (a *callers) authenticate(r *http.Request) (api.Caller, error) {
	token, sent := bearer.Token(r)
	if !sent {
		return api.Caller{}, bearer.Missing()
	}
	if a.file != nil && (strings.HasPrefix(token, bearer.Prefix) || a.oidc == nil) {
		entry, found := a.file.Find(token)
		if !found {
			return api.Caller{}, &bearer.Refusal{
				Status: http.StatusUnauthorized, Reason: "the token is not known, or was revoked", Challenge: bearer.ChallengeInvalid,
			}
		}
		return api.Caller{Name: entry.Name, Scopes: scopesOfEntry(entry)}, nil
	}
	subject, err := a.oidc.Verify(r.Context(), token)
	if err != nil {
		return api.Caller{}, err
	}
	return api.Caller{Name: subject.Name, Scopes: scopesOf(subject, a.namespace)}, nil
}

func scopesOfEntry(entry bearer.Entry) []api.Scope {
	var scopes []api.Scope
	for _, scope := range entry.Scopes {
		scopes = append(scopes, api.Scope(scope))
	}
	return scopes
}

// scopesOf returns the scopes that a subject's roles in the namespace grant. As in Temporal, a role includes the lesser ones.
func scopesOf(subject bearer.Subject, namespace string) []api.Scope {
	switch {
	case subject.Has(namespace, bearer.RoleAdmin):
		return api.Scopes()
	case subject.Has(namespace, bearer.RoleWrite):
		return []api.Scope{api.Read, api.Write}
	case subject.Has(namespace, bearer.RoleRead):
		return []api.Scope{api.Read}
	default:
		return nil
	}
}
