package sandbox

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"strconv"
	"strings"
	"time"

	"rampart/sandbox/ledger"

	"github.com/golang-jwt/jwt/v5"
)

// tokenKind is a kind of token. The kinds are signed with different keys, so neither passes for the other.
type tokenKind string

const (
	accessToken  tokenKind = "access"
	refreshToken tokenKind = "refresh"
)

// life returns how long a token of the kind is valid (provider 1.4).
func (k tokenKind) life() time.Duration {
	if k == refreshToken {
		return 24 * time.Hour
	}
	return time.Hour
}

// claims are the members of the provider's tokens (provider 1.4) and a serial number, by which they are revoked.
type claims struct {
	UserID   string `json:"userId"`
	TenantID string `json:"tenantId"`
	jwt.RegisteredClaims
}

// mint returns a new token of the user.
func (s *Server) mint(u *user, kind tokenKind, now time.Time) (string, error) {
	s.store.serial++
	token := jwt.NewWithClaims(jwt.SigningMethodHS256, claims{
		UserID: u.id, TenantID: tenantID,
		RegisteredClaims: jwt.RegisteredClaims{
			ID:        strconv.FormatInt(s.store.serial, 10),
			IssuedAt:  jwt.NewNumericDate(now),
			ExpiresAt: jwt.NewNumericDate(now.Truncate(time.Second).Add(kind.life())),
		},
	})
	signed, err := token.SignedString(s.tokenKey(kind))
	if err != nil {
		return "", fmt.Errorf("sign the %s token: %w", kind, err)
	}
	return signed, nil
}

// refreshToken exchanges a refresh token for an access token; the refresh token stays valid (provider 3.2).
func (s *Server) refreshToken(c *call) (any, error) {
	token, err := s.mint(c.user, accessToken, c.now)
	if err != nil {
		return nil, err
	}
	s.journal.Add(ledger.Event{At: c.now, Kind: ledger.EventRefresh, Email: c.user.email})
	return answer(map[string]string{"accessToken": token}), nil
}

// authorize checks the API key and the token. Every failure has the same answer (provider 1.4).
func (s *Server) authorize(need access, c *call) error {
	if !hmac.Equal([]byte(c.request.Header.Get("x-api-key")), []byte(s.options.APIKey)) {
		return unauthorized("x-api-key is missing or wrong")
	}
	switch need {
	case withToken:
		return s.authorizeToken(accessToken, c)
	case withRefresh:
		return s.authorizeToken(refreshToken, c)
	default:
		return nil
	}
}

func (s *Server) authorizeToken(kind tokenKind, c *call) error {
	// The provider reads the second word and ignores the first (provider 1.3).
	_, signed, _ := strings.Cut(c.request.Header.Get("Authorization"), " ")
	parsed, err := s.parse(signed, kind, c.now)
	if err != nil {
		return unauthorized("the " + string(kind) + " token is missing, expired or not ours")
	}
	u, known := s.store.usersByID[parsed.UserID]
	serial, err := strconv.ParseInt(parsed.ID, 10, 64)
	if !known || err != nil || serial <= u.revoked {
		return unauthorized("the " + string(kind) + " token was revoked or its user is unknown")
	}
	c.user = u
	return nil
}

func (s *Server) parse(signed string, kind tokenKind, now time.Time) (claims, error) {
	var read claims
	_, err := jwt.ParseWithClaims(signed, &read,
		func(*jwt.Token) (any, error) { return s.tokenKey(kind), nil },
		jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}),
		jwt.WithExpirationRequired(), jwt.WithIssuedAt(),
		jwt.WithTimeFunc(func() time.Time { return now }))
	return read, err
}

func (s *Server) tokenKey(kind tokenKind) []byte {
	mac := hmac.New(sha256.New, []byte(s.options.APISecret))
	_, _ = fmt.Fprintf(mac, "%s token/%d", kind, s.options.Seed)
	return mac.Sum(nil)
}

// revokeTokens invalidates all tokens of the user.
func (s *Server) revokeTokens(u *user, now time.Time) {
	u.revoked = s.store.serial
	s.journal.Add(ledger.Event{At: now, Kind: ledger.EventTokensRevoked, Email: u.email})
}
