package server_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"rampart/codec/server"
)

const audience = "rampart-codec"

// issuer is an OpenID Connect provider: a discovery document and its keys, over HTTP.
type issuer struct {
	*httptest.Server
	// key is named "first".
	key *ecdsa.PrivateKey

	mu        sync.Mutex
	published []map[string]string
	down      bool
	fetched   int
	// document changes the discovery document.
	document map[string]any
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	i := &issuer{key: newECKey(t)}
	i.published = []map[string]string{webKey(t, "first", i.key.Public())}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", i.discovery)
	mux.HandleFunc("GET /keys", i.keySet)
	mux.Handle("GET /moved/", http.RedirectHandler("http://login.example.test/", http.StatusFound))
	i.Server = httptest.NewServer(mux)
	t.Cleanup(i.Close)
	return i
}

func newECKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	return key
}

func (i *issuer) discovery(w http.ResponseWriter, _ *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	document := map[string]any{
		"issuer":                                i.URL,
		"jwks_uri":                              i.URL + "/keys",
		"id_token_signing_alg_values_supported": []string{"RS256", "HS256", "none"},
	}
	maps.Copy(document, i.document)
	_ = json.NewEncoder(w).Encode(document)
}

func (i *issuer) keySet(w http.ResponseWriter, _ *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.fetched++
	if i.down {
		http.Error(w, "down", http.StatusBadGateway)
		return
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"keys": i.published})
}

func webKey(t *testing.T, id string, public crypto.PublicKey) map[string]string {
	t.Helper()
	encoded := base64.RawURLEncoding.EncodeToString
	if key, ok := public.(*rsa.PublicKey); ok {
		return map[string]string{
			"kid": id, "kty": "RSA", "use": "sig", "n": encoded(key.N.Bytes()), "e": encoded(big.NewInt(int64(key.E)).Bytes()),
		}
	}
	point, err := public.(*ecdsa.PublicKey).Bytes() // 4, then X and Y
	require.NoError(t, err)
	return map[string]string{"kid": id, "kty": "EC", "crv": "P-256", "use": "sig", "x": encoded(point[1:33]), "y": encoded(point[33:])}
}

func (i *issuer) set(change func()) {
	i.mu.Lock()
	defer i.mu.Unlock()
	change()
}

// asha returns the claims of an operator with read permission.
func (i *issuer) asha(change map[string]any) jwt.MapClaims {
	claims := jwt.MapClaims{
		"iss": i.URL, "aud": audience, "sub": "asha", "email": "asha@example.test",
		"iat": time.Now().Add(-time.Minute).Unix(), "exp": time.Now().Add(time.Hour).Unix(),
		"permissions": []string{namespace + ":read"},
	}
	maps.Copy(claims, change)
	for name, value := range change {
		if value == nil {
			delete(claims, name)
		}
	}
	return claims
}

// token signs claims with the issuer's key.
func (i *issuer) token(t *testing.T, claims jwt.MapClaims) string {
	t.Helper()
	return sign(t, jwt.SigningMethodES256, "first", i.key, claims)
}

func sign(t *testing.T, method jwt.SigningMethod, id string, key any, claims jwt.MapClaims) string {
	t.Helper()
	token := jwt.NewWithClaims(method, claims)
	token.Header["kid"] = id
	signed, err := token.SignedString(key)
	require.NoError(t, err)
	return signed
}

// guarded returns a codec server that accepts an issuer's tokens.
func guarded(t *testing.T, i *issuer, change func(*server.Options, *server.TokenOptions)) *service {
	t.Helper()
	var refused journal
	s := start(t, func(o *server.Options) {
		tokenOptions := server.TokenOptions{Issuer: i.URL, Audience: audience, Log: refused.logger()}
		if change != nil {
			change(o, &tokenOptions)
		}
		tokens, err := server.OpenTokens(t.Context(), tokenOptions)
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
	i := newIssuer(t)
	s := guarded(t, i, nil)

	require.Equal(t, []string{secret}, s.as(t, "/decode", i.token(t, i.asha(nil)), nil).texts(t))

	audited := s.log.last(t)
	require.Equal(t, "asha", audited.Subject)
	require.Equal(t, []string{workflowID}, audited.Workflows)
	require.NotContains(t, s.log.String(), "asha@example.test")
}

func TestWithTokensOtherNamesOfTheServerAreServed(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	s := guarded(t, i, nil)
	headers := map[string]string{"Host": "codec.example.test", "X-Forwarded-For": "10.0.0.7"}

	require.Equal(t, http.StatusOK, s.as(t, "/decode", i.token(t, i.asha(nil)), headers).status)
}

func TestTokenThatIsNotForThisServerIsRefused(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	other := newIssuer(t)
	s := guarded(t, i, nil)
	public, err := x509.MarshalPKIXPublicKey(i.key.Public())
	require.NoError(t, err)
	publicPEM := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})
	good := i.token(t, i.asha(nil))
	parts := strings.Split(good, ".")

	for name, token := range map[string]string{
		"issuer's name, other key":       sign(t, jwt.SigningMethodES256, "first", newECKey(t), i.asha(nil)),
		"key unknown":                    sign(t, jwt.SigningMethodES256, "second", newECKey(t), i.asha(nil)),
		"other issuer":                   other.token(t, other.asha(nil)),
		"other issuer's name":            i.token(t, i.asha(map[string]any{"iss": other.URL})),
		"issuer with a slash":            i.token(t, i.asha(map[string]any{"iss": i.URL + "/"})),
		"other audience":                 i.token(t, i.asha(map[string]any{"aud": "payroll"})),
		"no audience":                    i.token(t, i.asha(map[string]any{"aud": nil})),
		"expired":                        i.token(t, i.asha(map[string]any{"exp": time.Now().Add(-time.Second).Unix()})),
		"never expires":                  i.token(t, i.asha(map[string]any{"exp": nil})),
		"not yet valid":                  i.token(t, i.asha(map[string]any{"nbf": time.Now().Add(time.Hour).Unix()})),
		"no subject":                     i.token(t, i.asha(map[string]any{"sub": nil})),
		"unsigned":                       sign(t, jwt.SigningMethodNone, "first", jwt.UnsafeAllowNoneSignatureType, i.asha(nil)),
		"HMAC with the public key":       sign(t, jwt.SigningMethodHS256, "first", publicPEM, i.asha(nil)),
		"HMAC with the public key's DER": sign(t, jwt.SigningMethodHS256, "first", public, i.asha(nil)),
		"signature cut off":              parts[0] + "." + parts[1] + ".",
		"claims of another token":        parts[0] + "." + strings.Split(i.token(t, i.asha(map[string]any{"sub": "mallory"})), ".")[1] + "." + parts[2],
		"no token":                       secret,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mine := guarded(t, i, func(o *server.Options, _ *server.TokenOptions) { o.Keyring = s.keyring })

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
	i := newIssuer(t)
	s := guarded(t, i, nil)
	shared := []byte("a secret of thirty-two characters")
	i.set(func() {
		i.published = append(i.published, map[string]string{
			"kid": "shared", "kty": "oct", "alg": "HS256", "k": base64.RawURLEncoding.EncodeToString(shared),
		}, map[string]string{
			"kid": "shared", "kty": "oct", "k": base64.RawURLEncoding.EncodeToString(shared),
		})
	})

	refused := s.as(t, "/decode", sign(t, jwt.SigningMethodHS256, "shared", shared, i.asha(nil)), nil)

	require.Equal(t, http.StatusUnauthorized, refused.status)
}

func TestRequestWithTwoTokensIsRefused(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	s := guarded(t, i, nil)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/decode", strings.NewReader(`{}`))
	require.NoError(t, err)
	request.Header.Set(server.NamespaceHeader, namespace)
	good := "Bearer " + i.token(t, i.asha(nil))
	request.Header["Authorization"] = []string{good, good}

	require.Equal(t, http.StatusUnauthorized, s.do(t, request).status)
}

func TestErrorOfAnExpiredTokenSaysExpired(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	s := guarded(t, i, nil)

	refused := s.as(t, "/decode", i.token(t, i.asha(map[string]any{"exp": time.Now().Add(-time.Minute).Unix()})), nil)

	require.Contains(t, refused.body, "expired")
}

func TestRequestWithoutATokenIsRefusedWithTheRemedy(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	s := guarded(t, i, nil)

	for _, authorization := range []string{"", "Bearer", "Bearer ", "Basic YXNoYTpwYXNz", i.token(t, i.asha(nil))} {
		refused := s.post(t, "/decode", `{}`, map[string]string{"Authorization": authorization})
		require.Equal(t, http.StatusUnauthorized, refused.status)
		require.Equal(t, "Bearer", refused.header.Get("WWW-Authenticate"))
		require.Contains(t, refused.body, "Authorization: Bearer")
		require.Equal(t, uiOrigin, refused.header.Get("Access-Control-Allow-Origin"))
	}
}

func TestPreflightRequiresNoToken(t *testing.T) {
	t.Parallel()
	s := guarded(t, newIssuer(t), nil)

	require.Equal(t, http.StatusNoContent, s.send(t, http.MethodOptions, "/decode", "", preflight(uiOrigin, "authorization,content-type")).status)
}

func TestForeignPageIsRefusedEvenWithAToken(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	s := guarded(t, i, nil)

	refused := s.as(t, "/decode", i.token(t, i.asha(nil)), map[string]string{"Origin": "https://evil.example.test"})

	require.Equal(t, http.StatusForbidden, refused.status)
}

func TestPermissionsAreThoseOfTemporal(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	s := guarded(t, i, func(o *server.Options, _ *server.TokenOptions) { o.Encode = true })
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
			token := i.token(t, i.asha(map[string]any{"permissions": c.permissions}))

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
	i := newIssuer(t)
	s := guarded(t, i, nil)

	s.as(t, "/decode", i.token(t, i.asha(nil)), map[string]string{server.NamespaceHeader: "payroll"})

	audited := s.log.last(t)
	require.Equal(t, http.StatusForbidden, audited.Status)
	require.Equal(t, "asha", audited.Subject)
	require.Equal(t, "payroll", audited.Namespace)
	require.Zero(t, audited.Decrypted)
}

func TestPermissionsClaimIsConfigurable(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	const claim = "https://example.test/permissions"
	s := guarded(t, i, func(_ *server.Options, o *server.TokenOptions) { o.PermissionsClaim = claim })

	named := i.token(t, i.asha(map[string]any{"permissions": nil, claim: []string{namespace + ":read"}}))
	require.Equal(t, http.StatusOK, s.as(t, "/decode", named, nil).status)
	require.Equal(t, http.StatusForbidden, s.as(t, "/decode", i.token(t, i.asha(nil)), nil).status)
}

func TestRotatedSigningKeyIsAcceptedAtOnce(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	s := guarded(t, i, nil)
	old := i.token(t, i.asha(nil))
	require.Equal(t, http.StatusOK, s.as(t, "/decode", old, nil).status)

	next, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	i.set(func() { i.published = []map[string]string{webKey(t, "second", next.Public())} })

	require.Equal(t, http.StatusOK, s.as(t, "/decode", sign(t, jwt.SigningMethodRS256, "second", next, i.asha(nil)), nil).status)
	require.Equal(t, http.StatusUnauthorized, s.as(t, "/decode", old, nil).status, "a key that the issuer withdrew still counts")
}

func TestUnavailableIssuerIsNotReportedAsAnInvalidToken(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	s := guarded(t, i, nil)
	i.set(func() { i.down = true })

	refused := s.as(t, "/decode", i.token(t, i.asha(nil)), nil)

	require.Equal(t, http.StatusServiceUnavailable, refused.status)
	require.NotEmpty(t, refused.header.Get("Retry-After"))
	i.set(func() { i.down = false })
	require.Equal(t, http.StatusOK, s.as(t, "/decode", i.token(t, i.asha(nil)), nil).status)
}

func TestUnknownKeysDoNotFloodTheIssuer(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	s := guarded(t, i, nil)
	good := i.token(t, i.asha(nil))
	require.Equal(t, http.StatusOK, s.as(t, "/decode", good, nil).status)

	forged := sign(t, jwt.SigningMethodES256, "second", newECKey(t), i.asha(nil))
	for range 100 {
		require.NotEqual(t, http.StatusOK, s.as(t, "/decode", forged, nil).status)
	}

	i.set(func() { require.Less(t, i.fetched, 50) })
	require.Equal(t, http.StatusOK, s.as(t, "/decode", good, nil).status)
}

func TestUntrustedIssuerIsRefusedAtStart(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		document map[string]any
		options  func(*server.TokenOptions)
		message  string
	}{
		"another issuer":          {document: map[string]any{"issuer": "https://login.example.test"}, message: "did not match"},
		"keys over plain HTTP":    {document: map[string]any{"jwks_uri": "http://login.example.test/keys"}, message: "jwks_uri"},
		"names no keys":           {document: map[string]any{"jwks_uri": ""}, message: "jwks_uri"},
		"plain HTTP":              {options: func(o *server.TokenOptions) { o.Issuer = "http://login.example.test" }, message: "https"},
		"not a URL":               {options: func(o *server.TokenOptions) { o.Issuer = "login.example.test" }, message: "https"},
		"no discovery document":   {options: func(o *server.TokenOptions) { o.Issuer += "/tenant" }, message: "discovery document"},
		"redirects to plain HTTP": {options: func(o *server.TokenOptions) { o.Issuer += "/moved" }, message: "not https"},
		"unreachable":             {options: func(o *server.TokenOptions) { o.Issuer = "http://127.0.0.1:1" }, message: "discovery document"},
		"audience is not set":     {options: func(o *server.TokenOptions) { o.Audience = "" }, message: "audience"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := newIssuer(t)
			i.set(func() { i.document = c.document })
			options := server.TokenOptions{Issuer: i.URL, Audience: audience, Log: (&journal{}).logger()}
			if c.options != nil {
				c.options(&options)
			}

			_, err := server.OpenTokens(t.Context(), options)

			require.ErrorContains(t, err, c.message)
		})
	}
}
