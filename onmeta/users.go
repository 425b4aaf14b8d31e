package onmeta

import (
	"context"
	"crypto/rand"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"rampart/internal/redact"
)

// Lifetimes of tokens without a lifetime of their own (provider 1.4).
const (
	defaultAccessLifetime  = time.Hour
	defaultRefreshLifetime = 24 * time.Hour
)

// Token is a bearer token of an end user.
type Token struct {
	Value Secret
	// Lifetime is how long the token is valid from its issue, as its own unverified claims say; without
	// them 1 h for access, 24 h for refresh tokens.
	Lifetime time.Duration
}

// Session is the result of a login. Refresh.Value may be empty.
type Session struct {
	Access  Token
	Refresh Token
}

// Login opens a session for the end user with the e-mail. There is no password: the API key authorises it, and an unknown e-mail creates a
// user (provider 3.1).
func (c *Client) Login(ctx context.Context, email redact.Email) (Session, error) {
	if err := require(RouteLogin, field{"email", string(email)}); err != nil {
		return Session{}, err
	}
	wire, answer, err := ask[wireTokens](ctx, c, Call{Route: RouteLogin}, map[string]string{"email": string(email)}, string(email))
	if err != nil {
		return Session{}, err
	}
	if err := wire.check(RouteLogin, answer); err != nil {
		return Session{}, err
	}
	session := Session{Access: newToken(wire.AccessToken, defaultAccessLifetime)}
	if wire.RefreshToken != "" {
		session.Refresh = newToken(wire.RefreshToken, defaultRefreshLifetime)
	}
	return session, nil
}

// RefreshToken returns a new access token for a refresh token. KindUnauthorized means that the refresh token is invalid or expired: log in
// again (provider 3.2).
func (c *Client) RefreshToken(ctx context.Context, refresh Secret) (Token, error) {
	wire, answer, err := ask[wireTokens](ctx, c, Call{Route: RouteRefreshToken, Token: refresh}, nil)
	if err != nil {
		return Token{}, err
	}
	if err := wire.check(RouteRefreshToken, answer); err != nil {
		return Token{}, err
	}
	return newToken(wire.AccessToken, defaultAccessLifetime), nil
}

// maxTokenLength bounds a token, in bytes: servers accept headers of 8 to 16 KiB, and sessions are held in memory.
const maxTokenLength = 8 << 10

type wireTokens struct {
	AccessToken  text `json:"accessToken"`
	RefreshToken text `json:"refreshToken"`
}

func (w wireTokens) check(route Route, answer Answer) error {
	var c checks
	c.text("accessToken", w.AccessToken)
	if !fitsHeader(Secret(w.AccessToken)) || !fitsHeader(Secret(w.RefreshToken)) {
		c.complain("a token holds a space or a character that is not ASCII")
	}
	if max(len(w.AccessToken), len(w.RefreshToken)) > maxTokenLength {
		c.complain("a token is too long for a header")
	}
	return c.err(route, answer)
}

func newToken(value text, defaultLifetime time.Duration) Token {
	token := Token{Value: Secret(value), Lifetime: defaultLifetime}
	var claims jwt.RegisteredClaims
	if _, _, err := jwt.NewParser().ParseUnverified(string(value), &claims); err != nil {
		return token
	}
	if claims.ExpiresAt == nil || claims.IssuedAt == nil {
		return token
	}
	if lifetime := claims.ExpiresAt.Sub(claims.IssuedAt.Time); lifetime > 0 {
		token.Lifetime = lifetime
	}
	return token
}

// KYCStatus is whether a user may link accounts and order. The provider has no "pending" or "rejected": during a manual review, which takes
// up to 24 h, a user is not verified (provider 3.3).
type KYCStatus struct {
	Verified bool
}

// KYCStatus fetches the user's KYC status.
func (c *Client) KYCStatus(ctx context.Context, user User) (KYCStatus, error) {
	type wireStatus struct {
		IsKYCVerified flag `json:"isKycVerified"`
		IsVerified    flag `json:"isVerified"`
	}
	body := map[string]string{"email": string(user.Email)}
	wire, _, err := ask[wireStatus](ctx, c, user.call(RouteKYCStatus), body)
	if err != nil {
		return KYCStatus{}, err
	}
	return KYCStatus{Verified: bool(wire.IsKYCVerified || wire.IsVerified)}, nil
}

// KYCUpload is a user's KYC dossier (provider 3.4). FirstName, LastName, PAN and Aadhaar are sent encrypted.
type KYCUpload struct {
	FirstName Secret
	LastName  Secret
	PAN       Secret
	Aadhaar   Secret
	// IncomeRange is one of <10L, 10L-15L, 15L-20L, 20L-25L, 25L-50L, >50L.
	IncomeRange  Secret
	Profession   Secret
	Selfie       File
	AadhaarFront File
	AadhaarBack  File
	PANFront     File
	PANBack      File
}

// UploadKYC sends a dossier. The files are streamed, one at a time. Success means that the provider
// accepted the dossier, not that the user is verified: poll KYCStatus. It needs WithKYCSecret.
func (c *Client) UploadKYC(ctx context.Context, user User, upload KYCUpload) error {
	if err := upload.check(); err != nil {
		return err
	}
	form, err := upload.form(string(user.Email), c.kycSecret())
	if err != nil {
		return err
	}
	call := user.call(RouteUploadKYC)
	call.Body = form
	_, err = c.send(ctx, call, nil)
	return err
}

func (u KYCUpload) check() error {
	err := require(RouteUploadKYC, append(u.identity(),
		field{"incomeRange", u.IncomeRange.Reveal()}, field{"profession", u.Profession.Reveal()})...)
	if err != nil {
		return err
	}
	for _, document := range u.documents() {
		if document.file.Open == nil {
			return invalid(RouteUploadKYC, "the file %s is missing", document.name)
		}
	}
	return nil
}

// identity returns the fields that are sent encrypted, by their names in the form.
func (u KYCUpload) identity() []field {
	return []field{
		{"firstName", u.FirstName.Reveal()}, {"lastName", u.LastName.Reveal()},
		{"panNumber", u.PAN.Reveal()}, {"aadharNumber", u.Aadhaar.Reveal()},
	}
}

func (u KYCUpload) form(email string, secret Secret) (*form, error) {
	given, profession := u.IncomeRange.Reveal(), u.Profession.Reveal()
	incomeRange := strings.ReplaceAll(given, " ", "")
	body := newForm(given, incomeRange, profession)
	body.addField("email", email)
	for _, f := range u.identity() {
		encrypted, err := EncryptKYCField(secret, f.value, rand.Reader)
		if err != nil {
			return nil, invalid(RouteUploadKYC, "encrypt %s: %v", f.name, err)
		}
		body.addField(f.name, encrypted)
		body.personal = append(body.personal, f.value, encrypted)
	}
	body.addField("incomeRange", incomeRange)
	body.addField("profession", profession)
	for _, document := range u.documents() {
		body.addFile(document.name, document.file)
	}
	return body, nil
}

type document struct {
	name string
	file File
}

// documents returns the files by their names in the form, which spells "aadhar", not "aadhaar".
func (u KYCUpload) documents() []document {
	return []document{
		{"selfie", u.Selfie},
		{"aadharFront", u.AadhaarFront}, {"aadharBack", u.AadhaarBack},
		{"panFront", u.PANFront}, {"panBack", u.PANBack},
	}
}
