package server_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"rampart/codec/server"
	"rampart/internal/bearer"
	"rampart/internal/bearer/bearertest"
)

const audience = "rampart-codec"

// asha returns the claims of an operator with read permission.
func asha(i *bearertest.Issuer, change map[string]any) jwt.MapClaims {
	claims := i.Claims("asha", audience, namespace+":read")
	claims["email"] = "asha@example.test"
	return bearertest.With(claims, change)
}

// guarded returns a codec server that accepts an issuer's tokens.
func guarded(t *testing.T, i *bearertest.Issuer, change func(*server.Options, *bearer.OIDCOptions)) *service {
	t.Helper()
	var refused journal
	s := start(t, func(o *server.Options) {
		tokenOptions := bearer.OIDCOptions{Issuer: i.URL, Audience: audience, Log: refused.logger()}
		if change != nil {
			change(o, &tokenOptions)
		}
		tokens, err := bearer.OpenOIDC(t.Context(), tokenOptions)
		require.NoError(t, err)
		o.Tokens = tokens
	})
	t.Cleanup(func() {
		for _, part := range []string{secret, "eyJ"} {
			require.NotContains(t, refused.String(), part, "a token or payload is in the log")
			require.NotContains(t, s.log.String(), part, "a token or payload is in the audit")
		}
	})
	return s
}

func (s *service) as(t *testing.T, path, token string, headers map[string]string) answer {
	t.Helper()
	sent := map[string]string{"Authorization": "Bearer " + token}
	maps.Copy(sent, headers)
	payload := encrypted(t, s.keyring, namespace, workflowID, secret)
	if path == "/encode" {
		payload = inClear(t, secret)
	}
	return s.post(t, path, body(t, payload), sent)
}

func TestOperatorWithATokenDecodesAndIsNamedInTheAudit(t *testing.T) {
	t.Parallel()
	i := bearertest.NewIssuer(t)
	s := guarded(t, i, nil)

	require.Equal(t, []string{secret}, s.as(t, "/decode", i.Token(t, asha(i, nil)), nil).texts(t))

	audited := s.log.last(t)
	require.Equal(t, "asha", audited.Subject)
	require.Equal(t, []string{workflowID}, audited.Workflows)
	require.NotContains(t, s.log.String(), "asha@example.test")
}

func TestWithTokensOtherNamesOfTheServerAreServed(t *testing.T) {
	t.Parallel()
	i := bearertest.NewIssuer(t)
	s := guarded(t, i, nil)
	headers := map[string]string{"Host": "codec.example.test", "X-Forwarded-For": "10.0.0.7"}

	require.Equal(t, http.StatusOK, s.as(t, "/decode", i.Token(t, asha(i, nil)), headers).status)
}

func TestTokenThatIsNotForThisServerIsRefused(t *testing.T) {
	t.Parallel()
	i := bearertest.NewIssuer(t)
	other := bearertest.NewIssuer(t)
	s := guarded(t, i, nil)
	public, err := x509.MarshalPKIXPublicKey(i.Key.Public())
	require.NoError(t, err)
	publicPEM := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})
	good := i.Token(t, asha(i, nil))
	parts := strings.Split(good, ".")

	for name, token := range map[string]string{
		"issuer's name, other key":       bearertest.Sign(t, jwt.SigningMethodES256, "first", bearertest.NewKey(t), asha(i, nil)),
		"key unknown":                    bearertest.Sign(t, jwt.SigningMethodES256, "second", bearertest.NewKey(t), asha(i, nil)),
		"other issuer":                   other.Token(t, asha(other, nil)),
		"other issuer's name":            i.Token(t, asha(i, map[string]any{"iss": other.URL})),
		"issuer with a slash":            i.Token(t, asha(i, map[string]any{"iss": i.URL + "/"})),
		"other audience":                 i.Token(t, asha(i, map[string]any{"aud": "payroll"})),
		"no audience":                    i.Token(t, asha(i, map[string]any{"aud": nil})),
		"expired":                        i.Token(t, asha(i, map[string]any{"exp": time.Now().Add(-time.Second).Unix()})),
		"never expires":                  i.Token(t, asha(i, map[string]any{"exp": nil})),
		"not yet valid":                  i.Token(t, asha(i, map[string]any{"nbf": time.Now().Add(time.Hour).Unix()})),
		"no subject":                     i.Token(t, asha(i, map[string]any{"sub": nil})),
		"unsigned":                       bearertest.Sign(t, jwt.SigningMethodNone, "first", jwt.UnsafeAllowNoneSignatureType, asha(i, nil)),
		"HMAC with the public key":       bearertest.Sign(t, jwt.SigningMethodHS256, "first", publicPEM, asha(i, nil)),
		"HMAC with the public key's DER": bearertest.Sign(t, jwt.SigningMethodHS256, "first", public, asha(i, nil)),
		"signature cut off":              parts[0] + "." + parts[1] + ".",
		"claims of another token":        parts[0] + "." + strings.Split(i.Token(t, asha(i, map[string]any{"sub": "mallory"})), ".")[1] + "." + parts[2],
		"no token":                       secret,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mine := guarded(t, i, func(o *server.Options, _ *bearer.OIDCOptions) { o.Keyring = s.keyring })

			refused := mine.as(t, "/decode", token, nil)

			require.Equal(t, http.StatusUnauthorized, refused.status, refused.body)
			require.Equal(t, `Bearer error="invalid_token"`, refused.header.Get("WWW-Authenticate"))
			require.NotContains(t, refused.body, secret)
			require.Equal(t, "refused", mine.log.last(t).Outcome)
			require.Empty(t, mine.log.last(t).Subject)
		})
	}
}

func TestTokenSignedWithASymmetricKeyIsRefused(t *testing.T) {
	t.Parallel()
	i := bearertest.NewIssuer(t)
	s := guarded(t, i, nil)
	shared := []byte("a secret of thirty-two characters")
	i.Set(func() {
		i.Published = append(i.Published, map[string]string{
			"kid": "shared", "kty": "oct", "alg": "HS256", "k": base64.RawURLEncoding.EncodeToString(shared),
		}, map[string]string{
			"kid": "shared", "kty": "oct", "k": base64.RawURLEncoding.EncodeToString(shared),
		})
	})

	refused := s.as(t, "/decode", bearertest.Sign(t, jwt.SigningMethodHS256, "shared", shared, asha(i, nil)), nil)

	require.Equal(t, http.StatusUnauthorized, refused.status)
}

func TestRequestWithTwoTokensIsRefused(t *testing.T) {
	t.Parallel()
	i := bearertest.NewIssuer(t)
	s := guarded(t, i, nil)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/decode", strings.NewReader(`{}`))
	require.NoError(t, err)
	request.Header.Set(server.NamespaceHeader, namespace)
	good := "Bearer " + i.Token(t, asha(i, nil))
	request.Header["Authorization"] = []string{good, good}

	require.Equal(t, http.StatusUnauthorized, s.do(t, request).status)
}

func TestErrorOfAnExpiredTokenSaysExpired(t *testing.T) {
	t.Parallel()
	i := bearertest.NewIssuer(t)
	s := guarded(t, i, nil)

	refused := s.as(t, "/decode", i.Token(t, asha(i, map[string]any{"exp": time.Now().Add(-time.Minute).Unix()})), nil)

	require.Contains(t, refused.body, "expired")
}

func TestRequestWithoutATokenIsRefusedWithTheRemedy(t *testing.T) {
	t.Parallel()
	i := bearertest.NewIssuer(t)
	s := guarded(t, i, nil)

	for _, authorization := range []string{"", "Bearer", "Bearer ", "Basic YXNoYTpwYXNz", i.Token(t, asha(i, nil))} {
		refused := s.post(t, "/decode", `{}`, map[string]string{"Authorization": authorization})
		require.Equal(t, http.StatusUnauthorized, refused.status)
		require.Equal(t, "Bearer", refused.header.Get("WWW-Authenticate"))
		require.Contains(t, refused.body, "Authorization: Bearer")
		require.Equal(t, uiOrigin, refused.header.Get("Access-Control-Allow-Origin"))
	}
}

func TestPreflightRequiresNoToken(t *testing.T) {
	t.Parallel()
	s := guarded(t, bearertest.NewIssuer(t), nil)

	require.Equal(t, http.StatusNoContent, s.send(t, http.MethodOptions, "/decode", "", preflight(uiOrigin, "authorization,content-type")).status)
}

func TestForeignPageIsRefusedEvenWithAToken(t *testing.T) {
	t.Parallel()
	i := bearertest.NewIssuer(t)
	s := guarded(t, i, nil)

	refused := s.as(t, "/decode", i.Token(t, asha(i, nil)), map[string]string{"Origin": "https://evil.example.test"})

	require.Equal(t, http.StatusForbidden, refused.status)
}

func TestPermissionsAreThoseOfTemporal(t *testing.T) {
	t.Parallel()
	i := bearertest.NewIssuer(t)
	s := guarded(t, i, func(o *server.Options, _ *bearer.OIDCOptions) { o.Encode = true })
	for name, c := range map[string]struct {
		permissions    any
		decode, encode bool
	}{
		"read":                      {[]string{"orders:read"}, true, false},
		"write":                     {[]string{"orders:write"}, true, true},
		"admin":                     {[]string{"orders:admin"}, true, true},
		"role in capitals":          {[]string{"orders:READ"}, true, false},
		"worker":                    {[]string{"orders:worker"}, false, false},
		"several":                   {[]string{"payroll:admin", "orders:worker", "orders:read"}, true, false},
		"system read":               {[]string{"temporal-system:read"}, true, false},
		"system admin":              {[]string{"temporal-system:admin"}, true, true},
		"system worker":             {[]string{"temporal-system:worker"}, false, false},
		"other namespace":           {[]string{"payroll:admin"}, false, false},
		"namespace in capitals":     {[]string{"ORDERS:admin"}, false, false},
		"longer namespace":          {[]string{"orders-eu:admin"}, false, false},
		"shorter namespace":         {[]string{"order:admin"}, false, false},
		"pattern":                   {[]string{"*:admin", "orders*:admin"}, false, false},
		"unknown role":              {[]string{"orders:owner", "orders", "orders:", ":read", "orders:read:more"}, false, false},
		"none":                      {[]string{}, false, false},
		"claim missing":             {nil, false, false},
		"claim is text":             {"orders:admin", false, false},
		"claim is an object":        {map[string]string{"orders": "admin"}, false, false},
		"elements of another shape": {[]any{7, nil, []string{"orders:admin"}, "orders:read"}, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			token := i.Token(t, asha(i, map[string]any{"permissions": c.permissions}))

			for path, allowed := range map[string]bool{"/decode": c.decode, "/encode": c.encode} {
				got := s.as(t, path, token, map[string]string{server.WorkflowHeader: workflowID})
				if allowed {
					require.Equal(t, http.StatusOK, got.status, got.body)
					continue
				}
				require.Equal(t, http.StatusForbidden, got.status)
				require.Equal(t, `Bearer error="insufficient_scope"`, got.header.Get("WWW-Authenticate"))
				require.Contains(t, got.body, `"permissions"`)
			}
		})
	}
}

func TestAuditNamesTheSubjectThatLacksPermission(t *testing.T) {
	t.Parallel()
	i := bearertest.NewIssuer(t)
	s := guarded(t, i, nil)

	s.as(t, "/decode", i.Token(t, asha(i, nil)), map[string]string{server.NamespaceHeader: "payroll"})

	audited := s.log.last(t)
	require.Equal(t, http.StatusForbidden, audited.Status)
	require.Equal(t, "asha", audited.Subject)
	require.Equal(t, "payroll", audited.Namespace)
	require.Zero(t, audited.Decrypted)
}

func TestPermissionsClaimIsConfigurable(t *testing.T) {
	t.Parallel()
	i := bearertest.NewIssuer(t)
	const claim = "https://example.test/permissions"
	s := guarded(t, i, func(_ *server.Options, o *bearer.OIDCOptions) { o.PermissionsClaim = claim })

	named := i.Token(t, asha(i, map[string]any{"permissions": nil, claim: []string{namespace + ":read"}}))
	require.Equal(t, http.StatusOK, s.as(t, "/decode", named, nil).status)
	require.Equal(t, http.StatusForbidden, s.as(t, "/decode", i.Token(t, asha(i, nil)), nil).status)
}

func TestRotatedSigningKeyIsAcceptedAtOnce(t *testing.T) {
	t.Parallel()
	i := bearertest.NewIssuer(t)
	s := guarded(t, i, nil)
	old := i.Token(t, asha(i, nil))
	require.Equal(t, http.StatusOK, s.as(t, "/decode", old, nil).status)

	next, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	i.Set(func() { i.Published = []map[string]string{bearertest.WebKey(t, "second", next.Public())} })

	require.Equal(t, http.StatusOK, s.as(t, "/decode", bearertest.Sign(t, jwt.SigningMethodRS256, "second", next, asha(i, nil)), nil).status)
	require.Equal(t, http.StatusUnauthorized, s.as(t, "/decode", old, nil).status, "a key that the issuer withdrew still counts")
}

func TestUnavailableIssuerIsNotReportedAsAnInvalidToken(t *testing.T) {
	t.Parallel()
	i := bearertest.NewIssuer(t)
	s := guarded(t, i, nil)
	i.Set(func() { i.Down = true })

	refused := s.as(t, "/decode", i.Token(t, asha(i, nil)), nil)

	require.Equal(t, http.StatusServiceUnavailable, refused.status)
	require.NotEmpty(t, refused.header.Get("Retry-After"))
	i.Set(func() { i.Down = false })
	require.Equal(t, http.StatusOK, s.as(t, "/decode", i.Token(t, asha(i, nil)), nil).status)
}

func TestUnknownKeysDoNotFloodTheIssuer(t *testing.T) {
	t.Parallel()
	i := bearertest.NewIssuer(t)
	s := guarded(t, i, nil)
	good := i.Token(t, asha(i, nil))
	require.Equal(t, http.StatusOK, s.as(t, "/decode", good, nil).status)

	forged := bearertest.Sign(t, jwt.SigningMethodES256, "second", bearertest.NewKey(t), asha(i, nil))
	for range 100 {
		require.NotEqual(t, http.StatusOK, s.as(t, "/decode", forged, nil).status)
	}

	i.Set(func() { require.Less(t, i.Fetched, 50) })
	require.Equal(t, http.StatusOK, s.as(t, "/decode", good, nil).status)
}

func TestUntrustedIssuerIsRefusedAtStart(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		document map[string]any
		options  func(*bearer.OIDCOptions)
		message  string
	}{
		"another issuer":          {document: map[string]any{"issuer": "https://login.example.test"}, message: "did not match"},
		"keys over plain HTTP":    {document: map[string]any{"jwks_uri": "http://login.example.test/keys"}, message: "jwks_uri"},
		"names no keys":           {document: map[string]any{"jwks_uri": ""}, message: "jwks_uri"},
		"plain HTTP":              {options: func(o *bearer.OIDCOptions) { o.Issuer = "http://login.example.test" }, message: "https"},
		"not a URL":               {options: func(o *bearer.OIDCOptions) { o.Issuer = "login.example.test" }, message: "https"},
		"no discovery document":   {options: func(o *bearer.OIDCOptions) { o.Issuer += "/tenant" }, message: "discovery document"},
		"redirects to plain HTTP": {options: func(o *bearer.OIDCOptions) { o.Issuer += "/moved" }, message: "not https"},
		"unreachable":             {options: func(o *bearer.OIDCOptions) { o.Issuer = "http://127.0.0.1:1" }, message: "discovery document"},
		"audience is not set":     {options: func(o *bearer.OIDCOptions) { o.Audience = "" }, message: "audience"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := bearertest.NewIssuer(t)
			i.Set(func() { i.Document = c.document })
			options := bearer.OIDCOptions{Issuer: i.URL, Audience: audience, Log: (&journal{}).logger()}
			if c.options != nil {
				c.options(&options)
			}

			_, err := bearer.OpenOIDC(t.Context(), options)

			require.ErrorContains(t, err, c.message)
		})
	}
}
