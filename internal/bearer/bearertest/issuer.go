// Package bearertest is an OpenID Connect provider for tests: a discovery document and its keys over HTTP, and tokens that it signs.
package bearertest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"
)

// Issuer is an OpenID Connect provider. It runs until its test ends.
type Issuer struct {
	*httptest.Server
	// Key signs tokens. It is published with the id "first".
	Key *ecdsa.PrivateKey

	mu sync.Mutex
	// The fields below are read and written by Set only.

	// Published are the keys that the issuer publishes.
	Published []map[string]string
	// Down makes requests for keys fail.
	Down bool
	// Fetched counts the requests for keys.
	Fetched int
	// Document changes the discovery document.
	Document map[string]any
}

// NewIssuer starts an issuer. It redirects requests below /moved/ to plain HTTP on another machine.
func NewIssuer(t testing.TB) *Issuer {
	t.Helper()
	i := &Issuer{Key: NewKey(t)}
	i.Published = []map[string]string{WebKey(t, "first", i.Key.Public())}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", i.discovery)
	mux.HandleFunc("GET /keys", i.keySet)
	mux.Handle("GET /moved/", http.RedirectHandler("http://login.example.test/", http.StatusFound))
	i.Server = httptest.NewServer(mux)
	t.Cleanup(i.Close)
	return i
}

// Set changes fields of the issuer while it serves requests.
func (i *Issuer) Set(change func()) {
	i.mu.Lock()
	defer i.mu.Unlock()
	change()
}

func (i *Issuer) discovery(w http.ResponseWriter, _ *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	document := map[string]any{
		"issuer":                                i.URL,
		"jwks_uri":                              i.URL + "/keys",
		"id_token_signing_alg_values_supported": []string{"RS256", "HS256", "none"},
	}
	maps.Copy(document, i.Document)
	_ = json.NewEncoder(w).Encode(document)
}

func (i *Issuer) keySet(w http.ResponseWriter, _ *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.Fetched++
	if i.Down {
		http.Error(w, "down", http.StatusBadGateway)
		return
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"keys": i.Published})
}

// Claims returns the claims of a token that is valid for an hour.
func (i *Issuer) Claims(subject, audience string, permissions ...string) jwt.MapClaims {
	return jwt.MapClaims{
		"iss": i.URL, "aud": audience, "sub": subject,
		"iat": time.Now().Add(-time.Minute).Unix(), "exp": time.Now().Add(time.Hour).Unix(),
		"permissions": permissions,
	}
}

// With returns claims with changes. A nil removes a claim.
func With(claims jwt.MapClaims, changes map[string]any) jwt.MapClaims {
	changed := maps.Clone(claims)
	for name, value := range changes {
		if value == nil {
			delete(changed, name)
			continue
		}
		changed[name] = value
	}
	return changed
}

// Token signs claims with the issuer's key.
func (i *Issuer) Token(t testing.TB, claims jwt.MapClaims) string {
	t.Helper()
	return Sign(t, jwt.SigningMethodES256, "first", i.Key, claims)
}

// Sign signs claims with any key, and names it by an id.
func Sign(t testing.TB, method jwt.SigningMethod, id string, key any, claims jwt.MapClaims) string {
	t.Helper()
	token := jwt.NewWithClaims(method, claims)
	token.Header["kid"] = id
	signed, err := token.SignedString(key)
	require.NoError(t, err)
	return signed
}

// NewKey returns a new key for ES256.
func NewKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	return key
}

// WebKey returns a public key as issuers publish it.
func WebKey(t testing.TB, id string, public crypto.PublicKey) map[string]string {
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
