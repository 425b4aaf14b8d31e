package bearer

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

// defaultPermissionsClaim is the claim that Temporal's default claim mapper reads.
const defaultPermissionsClaim = "permissions"

// Limits of requests to the issuer. A token with an unknown key causes one, so that a rotated key takes effect at once; since
// anybody can send such tokens, the rate is limited.
const (
	issuerTimeout  = 10 * time.Second
	issuerInterval = 2 * time.Second
	issuerBurst    = 10
)

// OIDCOptions define which tokens of an OpenID Connect provider are accepted.
type OIDCOptions struct {
	// Issuer is the URL of an OpenID Connect provider, exactly as in the "iss" claim of its tokens: https, or http on this machine.
	Issuer string
	// Audience must be in the "aud" claim.
	Audience string
	// PermissionsClaim is the claim that lists permissions as "namespace:role"; empty means "permissions", which
	// Temporal's default claim mapper reads.
	PermissionsClaim string
	// Log receives why tokens were refused, at debug level, and warnings when the issuer does not respond.
	Log *zap.Logger
}

// OIDC verifies tokens of an OpenID Connect provider: JWTs that it signed with an asymmetric key, that are for one audience and
// have not expired. The provider's discovery document locates its keys; rotated keys take effect at once. It is safe for concurrent
// use.
type OIDC struct {
	verifier *oidc.IDTokenVerifier
	options  OIDCOptions
}

// CheckIssuer returns an error unless an issuer's URL is https, or on this machine.
func CheckIssuer(issuer string) error {
	if !confidential(issuer) {
		return fmt.Errorf("%q must be an https URL (http only on this machine)", issuer)
	}
	return nil
}

// OpenOIDC fetches the issuer's discovery document. Its error says what the operator must correct.
func OpenOIDC(ctx context.Context, o OIDCOptions) (*OIDC, error) {
	if o.PermissionsClaim == "" {
		o.PermissionsClaim = defaultPermissionsClaim
	}
	if err := CheckIssuer(o.Issuer); err != nil {
		return nil, fmt.Errorf("the OIDC issuer %w", err)
	}
	if o.Audience == "" {
		return nil, errors.New("the OIDC audience is missing; without it, tokens for other services would be accepted")
	}
	ctx = oidc.ClientContext(ctx, issuerClient())
	provider, err := oidc.NewProvider(ctx, o.Issuer)
	if err != nil {
		return nil, fmt.Errorf("fetch the discovery document of the OIDC issuer %s: %w", o.Issuer, err)
	}
	var document struct {
		Keys string `json:"jwks_uri"`
	}
	if err := provider.Claims(&document); err != nil || !confidential(document.Keys) {
		return nil, fmt.Errorf("the discovery document of the OIDC issuer %s has no https URL of its keys (jwks_uri)", o.Issuer)
	}
	return &OIDC{
		verifier: oidc.NewVerifier(o.Issuer, keySet{oidc.NewRemoteKeySet(ctx, document.Keys)}, &oidc.Config{
			ClientID:             o.Audience,
			SupportedSigningAlgs: asymmetric(),
		}),
		options: o,
	}, nil
}

// asymmetric returns the signature algorithms whose verification key cannot sign.
func asymmetric() []string {
	return []string{
		oidc.RS256, oidc.RS384, oidc.RS512,
		oidc.PS256, oidc.PS384, oidc.PS512,
		oidc.ES256, oidc.ES384, oidc.ES512,
		oidc.EdDSA,
	}
}

// confidential reports whether a URL is https, or http on this machine.
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

// limited is an HTTP transport with a rate limit.
type limited struct {
	limit *rate.Limiter
}

// RoundTrip implements http.RoundTripper.
func (l *limited) RoundTrip(r *http.Request) (*http.Response, error) {
	if !l.limit.Allow() {
		return nil, errors.New("the rate limit of requests to the issuer is exceeded; many tokens with unknown keys were sent")
	}
	return http.DefaultTransport.RoundTrip(r)
}

// Verify returns the subject of a token. Its error is a *Refusal.
func (o *OIDC) Verify(ctx context.Context, raw string) (Subject, error) {
	var unreachable error
	token, err := o.verifier.Verify(context.WithValue(ctx, unreachableKey{}, &unreachable), raw)
	if unreachable != nil {
		o.options.Log.Warn("tokens cannot be verified: the OIDC issuer's keys cannot be fetched", zap.Error(unreachable))
		return Subject{}, &Refusal{Status: http.StatusServiceUnavailable, Reason: "the token cannot be verified now: the issuer's keys cannot be fetched"}
	}
	if err != nil {
		o.options.Log.Debug("a token was refused", zap.Error(err))
		return Subject{}, o.invalid(err)
	}
	if token.Subject == "" {
		return Subject{}, o.invalid(nil)
	}
	var claims map[string]json.RawMessage
	if err := token.Claims(&claims); err != nil {
		return Subject{}, o.invalid(err)
	}
	return Subject{Name: token.Subject, permissions: permissionsIn(claims[o.options.PermissionsClaim])}, nil
}

func (o *OIDC) invalid(err error) *Refusal {
	reason := fmt.Sprintf("the token is not a valid token of %s for the audience %s with a subject", o.options.Issuer, o.options.Audience)
	var expired *oidc.TokenExpiredError
	if errors.As(err, &expired) {
		reason = "the token has expired"
	}
	return &Refusal{Status: http.StatusUnauthorized, Reason: reason, Challenge: ChallengeInvalid}
}

// PermissionsClaim returns the name of the claim that lists permissions.
func (o *OIDC) PermissionsClaim() string { return o.options.PermissionsClaim }

// keySet distinguishes tokens that cannot be verified because the issuer's keys cannot be fetched from invalid ones. The verifier keeps
// only the text of the error.
type keySet struct {
	remote oidc.KeySet
}

// unreachableKey is the context key of a *error that receives why the keys could not be fetched.
type unreachableKey struct{}

// VerifySignature implements oidc.KeySet.
func (k keySet) VerifySignature(ctx context.Context, jwt string) ([]byte, error) {
	payload, err := k.remote.VerifySignature(ctx, jwt)
	if unreachable, ok := ctx.Value(unreachableKey{}).(*error); ok && err != nil && strings.HasPrefix(err.Error(), "fetching keys") {
		*unreachable = err
	}
	return payload, err
}
