package main

import (
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"rampart/gateway/api"
	"rampart/internal/bearer"
	"rampart/internal/bearer/bearertest"
)

const (
	namespace = "payments"
	audience  = "rampart"
)

// opened are the callers of a gateway with a file of one token and an issuer; either may be left out.
func opened(t *testing.T, file string, issuer *bearertest.Issuer) *callers {
	t.Helper()
	c := gatewayConfig{TokensFile: file}
	if issuer != nil {
		c.Issuer, c.Audience = issuer.URL, audience
	}
	a, err := openCallers(t.Context(), c, namespace, zap.NewNop())
	require.NoError(t, err)
	return a
}

func request(authorization ...string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/v1/orders", http.NoBody)
	r.Header["Authorization"] = authorization
	return r
}

func TestCallersAreKnownByTheirTokens(t *testing.T) {
	t.Parallel()
	issuer := bearertest.NewIssuer(t)
	file, token := tokensFile(t, "shop", "read", "write")
	permitted := func(permissions ...string) string {
		return issuer.Token(t, issuer.Claims("desk", audience, permissions...))
	}
	for name, c := range map[string]struct {
		token string
		want  api.Caller
	}{
		"of the file":         {token, api.Caller{Name: "shop", Scopes: []api.Scope{api.Read, api.Write}}},
		"read":                {permitted("payments:read"), api.Caller{Name: "desk", Scopes: []api.Scope{api.Read}}},
		"write includes read": {permitted("payments:write"), api.Caller{Name: "desk", Scopes: []api.Scope{api.Read, api.Write}}},
		"admin includes all":  {permitted("payments:admin"), api.Caller{Name: "desk", Scopes: []api.Scope{api.Read, api.Write, api.Operate}}},
		"in capitals":         {permitted("payments:WRITE"), api.Caller{Name: "desk", Scopes: []api.Scope{api.Read, api.Write}}},
		"all namespaces":      {permitted("temporal-system:admin"), api.Caller{Name: "desk", Scopes: []api.Scope{api.Read, api.Write, api.Operate}}},
		"several":             {permitted("orders:admin", "payments:read", "payments:worker"), api.Caller{Name: "desk", Scopes: []api.Scope{api.Read}}},
		"other namespace":     {permitted("orders:admin"), api.Caller{Name: "desk"}},
		"worker":              {permitted("payments:worker"), api.Caller{Name: "desk"}},
		"none":                {permitted(), api.Caller{Name: "desk"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := opened(t, file, issuer).authenticate(request("bearer " + c.token))

			require.NoError(t, err)
			require.Equal(t, c.want, got)
		})
	}
}

func TestCallersWithoutAValidTokenAreRefused(t *testing.T) {
	t.Parallel()
	issuer, other := bearertest.NewIssuer(t), bearertest.NewIssuer(t)
	file, token := tokensFile(t, "shop", "read")
	unknown, _, err := bearer.NewToken("shop", "read")
	require.NoError(t, err)
	shared := []byte(base64.StdEncoding.EncodeToString(make([]byte, 32)))
	claims := issuer.Claims("desk", audience, "payments:admin")
	changed := func(change map[string]any) string { return issuer.Token(t, bearertest.With(claims, change)) }
	const missing, invalid = bearer.ChallengeMissing, bearer.ChallengeInvalid
	for name, c := range map[string]struct {
		authorization []string
		challenge     string
	}{
		"none":                {nil, missing},
		"empty":               {[]string{""}, missing},
		"no token":            {[]string{"Bearer "}, missing},
		"another scheme":      {[]string{"Basic " + token}, missing},
		"no scheme":           {[]string{token}, missing},
		"two":                 {[]string{"Bearer " + token, "Bearer " + token}, missing},
		"two in one":          {[]string{"Bearer " + token + ", Bearer " + token}, invalid},
		"unknown":             {[]string{"Bearer " + unknown}, invalid},
		"cut off":             {[]string{"Bearer " + token[:len(token)-1]}, invalid},
		"longer":              {[]string{"Bearer " + token + "A"}, invalid},
		"prefix only":         {[]string{"Bearer ramp_"}, invalid},
		"of another issuer":   {[]string{"Bearer " + other.Token(t, other.Claims("desk", audience, "payments:admin"))}, invalid},
		"expired":             {[]string{"Bearer " + changed(map[string]any{"exp": time.Now().Add(-time.Minute).Unix()})}, invalid},
		"never expires":       {[]string{"Bearer " + changed(map[string]any{"exp": nil})}, invalid},
		"wrong audience":      {[]string{"Bearer " + changed(map[string]any{"aud": "payroll"})}, invalid},
		"no subject":          {[]string{"Bearer " + changed(map[string]any{"sub": nil})}, invalid},
		"unsigned":            {[]string{"Bearer " + bearertest.Sign(t, jwt.SigningMethodNone, "first", jwt.UnsafeAllowNoneSignatureType, claims)}, invalid},
		"signed by HMAC":      {[]string{"Bearer " + bearertest.Sign(t, jwt.SigningMethodHS256, "first", shared, claims)}, invalid},
		"signed by other key": {[]string{"Bearer " + bearertest.Sign(t, jwt.SigningMethodES256, "first", bearertest.NewKey(t), claims)}, invalid},
		"not a token":         {[]string{"Bearer " + rand.Text()}, invalid},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := opened(t, file, issuer).authenticate(request(c.authorization...))

			var refusal *bearer.Refusal
			require.ErrorAs(t, err, &refusal)
			require.Equal(t, http.StatusUnauthorized, refusal.Status)
			require.Equal(t, c.challenge, refusal.Challenge)
			require.NotContains(t, refusal.Reason, token)
		})
	}
}

func TestOnlyWhatIsConfiguredAuthenticates(t *testing.T) {
	t.Parallel()
	issuer := bearertest.NewIssuer(t)
	file, token := tokensFile(t, "shop", "read")
	signed := issuer.Token(t, issuer.Claims("desk", audience, "payments:admin"))

	_, err := opened(t, file, nil).authenticate(request("Bearer " + signed))
	require.ErrorContains(t, err, "not known")
	_, err = opened(t, "", issuer).authenticate(request("Bearer " + token))
	require.ErrorContains(t, err, "not a valid token")
	require.Nil(t, opened(t, "", nil))
}

func TestRevokedTokenIsRefusedAtOnceWhileTheGatewayRuns(t *testing.T) {
	t.Parallel()
	file, token := tokensFile(t, "shop", "read")
	a := opened(t, file, nil)
	_, err := a.authenticate(request("Bearer " + token))
	require.NoError(t, err)

	require.NoError(t, os.WriteFile(file, []byte("# nobody\n"), 0o600))

	_, err = a.authenticate(request("Bearer " + token))
	require.ErrorContains(t, err, "revoked")
}

func TestUnavailableIssuerOfTheGatewayIsNotReportedAsAnInvalidToken(t *testing.T) {
	t.Parallel()
	issuer := bearertest.NewIssuer(t)
	a := opened(t, "", issuer)
	issuer.Set(func() { issuer.Down = true })

	_, err := a.authenticate(request("Bearer " + issuer.Token(t, issuer.Claims("desk", audience, "payments:read"))))

	var refusal *bearer.Refusal
	require.ErrorAs(t, err, &refusal)
	require.Equal(t, http.StatusServiceUnavailable, refusal.Status)
	require.Empty(t, refusal.Challenge)
}
