package onmeta_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"rampart/onmeta"
)

func signedToken(t *testing.T, claims jwt.MapClaims) string {
	t.Helper()
	signed, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte("any key"))
	require.NoError(t, err)
	return signed
}

func TestLoginReturnsTokenLifetimes(t *testing.T) {
	t.Parallel()
	issued := time.Date(2026, 1, 10, 10, 0, 0, 0, time.UTC).Unix()
	access := signedToken(t, jwt.MapClaims{"userId": "1", "iat": issued, "exp": issued + 1800})
	refresh := signedToken(t, jwt.MapClaims{"iat": issued, "exp": issued + 7200})
	client := success(t, `{"accessToken":"`+access+`","refreshToken":"`+refresh+`",
		"bankDetails":{"accountNumber":"XXXX4821"},"panNumber":""}`)

	session, err := client.Login(t.Context(), email)
	require.NoError(t, err)
	require.Equal(t, access, session.Access.Value.Reveal())
	require.Equal(t, 30*time.Minute, session.Access.Lifetime)
	require.Equal(t, refresh, session.Refresh.Value.Reveal())
	require.Equal(t, 2*time.Hour, session.Refresh.Lifetime)
}

func TestTokensWithoutALifetimeHaveTheDefault(t *testing.T) {
	t.Parallel()
	issued := time.Now().Unix()
	for name, value := range map[string]string{
		"not a JWT":     "opaque",
		"no issue time": signedToken(t, jwt.MapClaims{"exp": issued}),
		"backwards":     signedToken(t, jwt.MapClaims{"iat": issued, "exp": issued - 1}),
	} {
		client := success(t, `{"accessToken":"`+value+`","refreshToken":"`+value+`"}`)
		session, err := client.Login(t.Context(), email)
		require.NoError(t, err, name)
		require.Equal(t, time.Hour, session.Access.Lifetime, name)
		require.Equal(t, 24*time.Hour, session.Refresh.Lifetime, name)
	}
}

func TestLoginWithoutARefreshTokenSucceeds(t *testing.T) {
	t.Parallel()
	session, err := success(t, `{"accessToken":"opaque"}`).Login(t.Context(), email)
	require.NoError(t, err)
	require.Equal(t, onmeta.Token{}, session.Refresh)
}

func TestRefreshGivesANewAccessToken(t *testing.T) {
	t.Parallel()
	fresh, err := success(t, `{"accessToken":"opaque"}`).RefreshToken(t.Context(), "old")
	require.NoError(t, err)
	require.Equal(t, onmeta.Token{Value: "opaque", Lifetime: time.Hour}, fresh)
}

func TestInvalidTokenIsMalformed(t *testing.T) {
	t.Parallel()
	for data, problem := range map[string]string{
		`{}`:                     "accessToken is missing",
		`{"accessToken":null}`:   "accessToken is missing",
		`{"accessToken":{}}`:     "accessToken is missing",
		`{"accessToken":"a\nb"}`: "holds a space",
		`[]`:                     "unexpected shape",
		`"opaque"`:               "unexpected shape",
	} {
		_, err := success(t, data).Login(t.Context(), email)
		requireMalformed(t, err, problem)
		_, err = success(t, data).RefreshToken(t.Context(), "old")
		requireMalformed(t, err, problem)
	}
}

func TestABadRefreshTokenIsUnauthorized(t *testing.T) {
	t.Parallel()
	p := answering(t, http.StatusUnauthorized, `{"success":false,"error":{"code":401,"message":"unauthorized to access"}}`)
	_, err := p.client(t).RefreshToken(t.Context(), "old")
	require.True(t, onmeta.IsKind(err, onmeta.KindUnauthorized))
}

func TestKYCStatusReadsEverySpelling(t *testing.T) {
	t.Parallel()
	for body, verified := range map[string]bool{
		`{"success":true,"data":{"isKycVerified":"true"},"error":{}}`:  true,
		`{"success":true,"data":{"isKycVerified":"TRUE"}}`:             true,
		`{"success":true,"data":{"isKycVerified":true}}`:               true,
		`{"success":true,"data":{"isKycVerified":"false"}}`:            false,
		`{"success":true,"data":{"isKycVerified":false}}`:              false,
		`{"success":true,"data":{"isKycVerified":"pending"}}`:          false,
		`{"success":true,"data":{"isKycVerified":null}}`:               false,
		`{"success":true,"data":{}}`:                                   false,
		`{"success":true,"isVerified":false}`:                          false,
		`{"success":true,"isVerified":true}`:                           true,
		`{"success":true,"isVerified":"true","data":null}`:             true,
		`{"success":true,"data":{"isKycVerified":["true"]},"error":0}`: false,
	} {
		status, err := answering(t, http.StatusOK, body).client(t).KYCStatus(t.Context(), asha)
		require.NoError(t, err, body)
		require.Equal(t, verified, status.Verified, body)
	}
}

func TestKYCStatusOfAnotherShapeIsMalformed(t *testing.T) {
	t.Parallel()
	_, err := success(t, `[1]`).KYCStatus(t.Context(), asha)
	requireMalformed(t, err, "unexpected shape")
}

func TestARefusedKYCUploadIsAnError(t *testing.T) {
	t.Parallel()
	p := answering(t, http.StatusBadRequest, `{"success":false,"error":{"message":"Invalid request"}}`)
	err := p.client(t).UploadKYC(t.Context(), asha, kycUpload())
	require.EqualError(t, err, "onmeta users/upload/kyc: refused (HTTP 400): Invalid request")
}
