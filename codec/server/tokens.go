package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"go.uber.org/zap"
	"golang.org/x/time/rate"

	"rampart/internal/loopback"
)

// DefaultPermissionsClaim is the claim that Temporal's default claim mapper reads.
const DefaultPermissionsClaim = "permissions"

// An issuer is asked for its keys whenever a token comes that none of the known ones signed, so that a rotated key is
// taken at once. That anybody can cause, so it is bounded.
const (
	issuerTimeout  = 10 * time.Second
	issuerInterval = 2 * time.Second
	issuerBurst    = 10
)

// TokenOptions say whose tokens are accepted.
type TokenOptions struct {
	// Issuer is the URL of an OpenID Connect provider, exactly as its tokens name it in "iss": https, or http on this
	// machine.
	Issuer string
	// Audience is what the tokens must be made for, in "aud".
	Audience string
	// PermissionsClaim is the claim that lists "namespace:role"; empty is DefaultPermissionsClaim.
	PermissionsClaim string
	// Log says why tokens were refused, at debug, and when the issuer does not answer.
	Log *zap.Logger
}

// Tokens verifies bearer tokens: JWTs that an OpenID Connect provider signed with an asymmetric key, for one audience
// and within their time. Keys are found through the provider's discovery document and followed as they rotate. It is
// safe for concurrent use.
type Tokens struct {
	verifier *oidc.IDTokenVerifier
	options  TokenOptions
}

// CheckIssuer tells whether an issuer's URL can be trusted to say whose keys they are.
func CheckIssuer(issuer string) error {
	if !confidential(issuer) {
		return fmt.Errorf("%q must be an https URL (http is for this machine alone)", issuer)
	}
	return nil
}

// OpenTokens asks the issuer for its discovery document. Its error says what the operator must mend.
func OpenTokens(ctx context.Context, o TokenOptions) (*Tokens, error) {
	if o.PermissionsClaim == "" {
		o.PermissionsClaim = DefaultPermissionsClaim
	}
	if err := CheckIssuer(o.Issuer); err != nil {
		return nil, fmt.Errorf("the OIDC issuer %w", err)
	}
	if o.Audience == "" {
		return nil, errors.New("the OIDC audience is missing: tokens for other services would be accepted")
	}
	ctx = oidc.ClientContext(ctx, issuerClient())
	provider, err := oidc.NewProvider(ctx, o.Issuer)
	if err != nil {
		return nil, fmt.Errorf("the OIDC issuer %s cannot be used (its discovery document is read at start): %w", o.Issuer, err)
	}
	var document struct {
		Keys string `json:"jwks_uri"`
	}
	if err := provider.Claims(&document); err != nil || !confidential(document.Keys) {
		return nil, fmt.Errorf("the OIDC issuer %s names no https URL for its keys (jwks_uri)", o.Issuer)
	}
	return &Tokens{
		verifier: oidc.NewVerifier(o.Issuer, keySet{oidc.NewRemoteKeySet(ctx, document.Keys)}, &oidc.Config{
			ClientID:             o.Audience,
			SupportedSigningAlgs: asymmetric(),
		}),
		options: o,
	}, nil
}

// asymmetric are the algorithms whose keys a verifier cannot sign with.
func asymmetric() []string {
	return []string{
		oidc.RS256, oidc.RS384, oidc.RS512,
		oidc.PS256, oidc.PS384, oidc.PS512,
		oidc.ES256, oidc.ES384, oidc.ES512,
		oidc.EdDSA,
	}
}

// confidential tells whether what a URL says cannot be changed on its way.
func confidential(address string) bool {
	parsed, err := url.Parse(address)
	if err != nil || parsed.Host == "" {
		return false
	}
	return parsed.Scheme == "https" || parsed.Scheme == "http" && loopback.Host(parsed.Host)
}

func issuerClient() *http.Client {
	return &http.Client{
		Timeout:   issuerTimeout,
		Transport: &limited{limit: rate.NewLimiter(rate.Every(issuerInterval), issuerBurst)},
		CheckRedirect: func(next *http.Request, _ []*http.Request) error {
			if !confidential(next.URL.String()) {
				return errors.New("redirected to a URL that is not https")
			}
			return nil
		},
	}
}

// limited asks no more often than its limit.
type limited struct {
	limit *rate.Limiter
}

// RoundTrip implements http.RoundTripper.
func (l *limited) RoundTrip(r *http.Request) (*http.Response, error) {
	if !l.limit.Allow() {
		return nil, errors.New("the issuer was asked too often; many tokens with unknown keys were sent")
	}
	return http.DefaultTransport.RoundTrip(r)
}

// identify says who asks.
func (t *Tokens) identify(r *http.Request) (caller, error) {
	raw, sent := bearer(r)
	if !sent {
		return caller{}, &refusal{
			status:    http.StatusUnauthorized,
			reason:    "the request needs a header Authorization: Bearer with a token; in the Web UI, let it pass the user access token",
			challenge: "Bearer",
		}
	}
	var unreachable error
	token, err := t.verifier.Verify(context.WithValue(r.Context(), unreachableKey{}, &unreachable), raw)
	if unreachable != nil {
		t.options.Log.Warn("the OIDC issuer's keys cannot be fetched, so that tokens cannot be verified", zap.Error(unreachable))
		return caller{}, &refusal{status: http.StatusServiceUnavailable, reason: "the token cannot be verified now: its issuer's keys cannot be fetched"}
	}
	if err != nil {
		t.options.Log.Debug("a token was refused", zap.Error(err))
		return caller{}, t.invalid(err)
	}
	if token.Subject == "" {
		return caller{}, t.invalid(nil)
	}
	var claims map[string]json.RawMessage
	if err := token.Claims(&claims); err != nil {
		return caller{}, t.invalid(err)
	}
	return caller{subject: token.Subject, permissions: permissionsIn(claims[t.options.PermissionsClaim])}, nil
}

func (t *Tokens) invalid(err error) *refusal {
	reason := fmt.Sprintf("the token is not one that %s made for the audience %s and for a subject", t.options.Issuer, t.options.Audience)
	var expired *oidc.TokenExpiredError
	if errors.As(err, &expired) {
		reason = "the token is expired"
	}
	return &refusal{status: http.StatusUnauthorized, reason: reason, challenge: `Bearer error="invalid_token"`}
}

func (t *Tokens) lacking(action action) string {
	roles := "read, write or admin"
	if action == encode {
		roles = "write or admin"
	}
	return fmt.Sprintf("to %s, the token's claim %q must list namespace:role with the role %s", action, t.options.PermissionsClaim, roles)
}

// bearer is the token of a request that has exactly one.
func bearer(r *http.Request) (string, bool) {
	values := r.Header.Values("Authorization")
	if len(values) != 1 {
		return "", false
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	token = strings.TrimSpace(token)
	return token, strings.EqualFold(scheme, "Bearer") && token != ""
}

// keySet tells a request whose token could not be verified for want of the issuer's keys from one whose token is
// wrong: the verifier keeps an error's text alone.
type keySet struct {
	remote oidc.KeySet
}

// unreachableKey is where a request's context holds a *error for that.
type unreachableKey struct{}

// VerifySignature implements oidc.KeySet.
func (k keySet) VerifySignature(ctx context.Context, jwt string) ([]byte, error) {
	payload, err := k.remote.VerifySignature(ctx, jwt)
	if unreachable, ok := ctx.Value(unreachableKey{}).(*error); ok && err != nil && strings.HasPrefix(err.Error(), "fetching keys") {
		*unreachable = err
	}
	return payload, err
}
