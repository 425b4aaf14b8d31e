package sandbox_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"rampart/sandbox"
)

func TestLoginCreatesOneUserPerEmail(t *testing.T) {
	t.Parallel()
	p := start(t)
	p.login("asha@example.test")
	p.login("asha@example.test")
	p.login("Asha@example.test") // e-mails are compared exactly
	require.Equal(t, 2, p.srv.Ledger().Users)
}

func TestLoginRefusesAnInvalidEmail(t *testing.T) {
	t.Parallel()
	p := start(t)
	for _, email := range []string{"", "asha", "Asha <asha@example.test>", strings.Repeat("a", 260) + "@example.test"} {
		p.post("/v1/users/login", object{"email": email}).refused(http.StatusBadRequest, "bad request")
	}
	require.Zero(t, p.srv.Ledger().Users)
}

func TestTokensCarryTheDocumentedClaims(t *testing.T) {
	t.Parallel()
	c := start(t).login(linkedEmail)
	for token, life := range map[string]float64{c.access: 3600, c.refresh: 86400} {
		var claims jwt.MapClaims
		parsed, _, err := jwt.NewParser().ParseUnverified(token, &claims)
		require.NoError(t, err)
		require.Equal(t, "HS256", parsed.Method.Alg())
		require.NotEmpty(t, claims["userId"])
		require.NotEmpty(t, claims["tenantId"])
		require.InDelta(t, float64(testStart().Unix()), claims["iat"], 0)
		require.InDelta(t, life, claims["exp"].(float64)-claims["iat"].(float64), 0)
	}
}

func TestAccessTokenExpiresAfterAnHour(t *testing.T) {
	t.Parallel()
	c := start(t).login(linkedEmail)
	c.clock.Advance(time.Hour - time.Second)
	c.get("/v1/users/bank/fetch").ok()
	c.clock.Advance(time.Second)
	c.get("/v1/users/bank/fetch").refused(http.StatusUnauthorized, "unauthorized to access")
}

func (c *customer) exchangeRefreshToken() reply {
	c.t.Helper()
	headers := withKey()
	headers["Authorization"] = "Bearer " + c.refresh
	return c.send(http.MethodGet, "/v1/users/refresh-token", nil, headers)
}

func TestRefreshTokenExpiresAfterADayAndYieldsOnlyAnAccessToken(t *testing.T) {
	t.Parallel()
	c := start(t).login(linkedEmail)
	c.clock.Advance(24*time.Hour - time.Second)
	renewed := c.exchangeRefreshToken().ok()
	require.Len(t, renewed.at("data"), 1)
	c.access = renewed.str("data.accessToken")
	c.get("/v1/users/bank/fetch").ok()
	c.clock.Advance(time.Second)
	c.exchangeRefreshToken().refused(http.StatusUnauthorized, "unauthorized to access")
}

func TestEveryInvalidCredentialReturnsTheSame401(t *testing.T) {
	t.Parallel()
	c := start(t).login(linkedEmail)
	other := startWith(t, sandbox.Options{Seed: 1, APISecret: "another"}).login(linkedEmail)
	unsigned, err := jwt.New(jwt.SigningMethodNone).SignedString(jwt.UnsafeAllowNoneSignatureType)
	require.NoError(t, err)
	for name, change := range map[string]map[string]string{
		"no API key":             {"x-api-key": ""},
		"wrong API key":          {"x-api-key": "5a9db0c5-0000-4000-8000-000000000002"},
		"no token":               {"Authorization": ""},
		"token without a scheme": {"Authorization": c.access},
		"malformed token":        {"Authorization": "Bearer abc"},
		"unsigned token":         {"Authorization": "Bearer " + unsigned},
		"refresh token":          {"Authorization": "Bearer " + c.refresh},
		"token signed elsewhere": {"Authorization": "Bearer " + other.access},
	} {
		headers := c.headers()
		for header, value := range change {
			headers[header] = value
		}
		t.Run(name, func(t *testing.T) {
			c.send(http.MethodGet, "/v1/users/bank/fetch", nil, headers).refused(http.StatusUnauthorized, "unauthorized to access")
		})
	}
}

func TestAccessTokenIsNotAcceptedAsARefreshToken(t *testing.T) {
	t.Parallel()
	start(t).login("asha@example.test").get("/v1/users/refresh-token").refused(http.StatusUnauthorized, "unauthorized to access")
}

func TestSchemeWordOfAuthorizationIsNotChecked(t *testing.T) {
	t.Parallel()
	c := start(t).login(linkedEmail)
	headers := c.headers()
	headers["Authorization"] = "Token " + c.access
	c.send(http.MethodGet, "/v1/users/bank/fetch", nil, headers).ok()
}

func TestRevokedTokensAreRefusedUntilTheNextLogin(t *testing.T) {
	t.Parallel()
	c := start(t).login(linkedEmail)
	c.control("/sandbox/users", object{"email": c.email, "revokeTokens": true})
	c.get("/v1/users/bank/fetch").refused(http.StatusUnauthorized, "unauthorized to access")
	c.exchangeRefreshToken().refused(http.StatusUnauthorized, "unauthorized to access")
	c.renew()
	c.get("/v1/users/bank/fetch").ok()
}

func TestLoginShowsTheAccountLinkedLast(t *testing.T) {
	t.Parallel()
	p := start(t)
	require.Nil(t, p.post("/v1/users/login", object{"email": "asha@example.test"}).ok().at("data.bankDetails"))
	linked := p.post("/v1/users/login", object{"email": linkedEmail}).ok()
	require.Equal(t, "XXXX4821", linked.str("data.bankDetails.accountNumber"))
	require.Empty(t, linked.str("data.panNumber"))
}

func TestDateHeaderCarriesTheSandboxClock(t *testing.T) {
	t.Parallel()
	p := start(t)
	p.clock.Advance(100 * time.Hour)
	for _, path := range []string{"/v1/tokens", "/sandbox/health", "/nowhere"} {
		require.Equal(t, "Wed, 14 Jan 2026 14:00:00 GMT", p.get(path).header.Get("Date"), path)
	}
}

func TestUnknownPathReturnsNoJSON(t *testing.T) {
	t.Parallel()
	p := start(t)
	for _, path := range []string{"/v1/currencies", "/v1/users/bank-accounts", "/"} {
		r := p.get(path)
		require.Equal(t, http.StatusNotFound, r.status)
		require.Nil(t, r.body)
		require.Contains(t, r.header.Get("Content-Type"), "text/plain")
	}
	require.Equal(t, http.StatusNotFound, p.get("/v1/users/login").status)
	require.Equal(t, 4, p.srv.Ledger().Calls["unknown path"])
}

func TestSameSeedAndRequestsGiveTheSameResponses(t *testing.T) {
	t.Parallel()
	a, b := start(t).login(linkedEmail), start(t).login(linkedEmail)
	require.Equal(t, a.access, b.access)
	require.Equal(t, a.createOnramp(onrampOrder("1000")), b.createOnramp(onrampOrder("1000")))
	other := startWith(t, sandbox.Options{Seed: 2}).login(linkedEmail)
	require.NotEqual(t, a.createOnramp(onrampOrder("1000")), other.createOnramp(onrampOrder("1000")))
}

func TestAPIKeyThatIsNotAValidHeaderIsRefused(t *testing.T) {
	t.Parallel()
	for _, key := range []string{" key", "key\n", "a\r\nb"} {
		_, err := sandbox.New(sandbox.Options{APIKey: key})
		require.ErrorContains(t, err, "API key")
	}
}

func TestMiddlewareWrapsTheProviderButNotTheControlPlane(t *testing.T) {
	t.Parallel()
	p := startWith(t, sandbox.Options{Middleware: func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTooManyRequests) })
	}})
	require.Equal(t, http.StatusTooManyRequests, p.get("/v1/tokens").status)
	require.Equal(t, http.StatusOK, p.get("/sandbox/health").status)
}
