package onmeta

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/shopspring/decimal"

	"rampart/internal/redact"
)

// Client has a typed method for each call of the provider. It is safe for concurrent use. Every error that a method returns is an *Error.
type Client struct {
	caller    Caller
	kycSecret func() Secret
}

// Option configures a Client.
type Option func(*Client)

// WithKYCSecret sets the secret that Onmeta issues for the field encryption of KYC uploads. Only UploadKYC needs it.
func WithKYCSecret(secret Secret) Option {
	return WithCurrentKYCSecret(func() Secret { return secret })
}

// WithCurrentKYCSecret is WithKYCSecret with a secret that can be replaced: current is asked for it at each upload.
func WithCurrentKYCSecret(current func() Secret) Option {
	return func(c *Client) { c.kycSecret = current }
}

// New returns a client that makes its calls by caller.
func New(caller Caller, options ...Option) *Client {
	c := &Client{caller: caller, kycSecret: func() Secret { return "" }}
	for _, option := range options {
		option(c)
	}
	return c
}

// Format writes the type's name alone, for every verb.
func (c *Client) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, "onmeta.Client") }

// User is the end user on whose behalf a call is made.
type User struct {
	// Email identifies the user. It is case-sensitive at the provider, so pass it as the user signed up (provider 3.1).
	Email redact.Email
	// Name is the user's name, if known. It is never sent, and hidden in texts of the provider.
	Name redact.Personal
	// Token is the user's access token; empty when a session decorator supplies it.
	Token Secret
}

// call returns a user-scoped call.
func (u User) call(route Route) Call {
	return Call{Route: route, User: u.Email, Name: u.Name, Token: u.Token}
}

// personal lists the values that must be hidden in texts of the provider, besides those in the call itself.
func (u User) personal(more ...text) []string {
	values := []string{string(u.Email), string(u.Name)}
	for _, value := range more {
		values = append(values, string(value))
	}
	return values
}

// send performs a call with an optional JSON body. personal lists the values in the body, besides the user's e-mail, that must not
// appear in an error.
func (c *Client) send(ctx context.Context, call Call, body any, personal ...string) (Answer, error) {
	if call.Route.Auth() == AuthUser && call.User == "" {
		return Answer{}, invalid(call.Route, "the user's e-mail is missing")
	}
	if body != nil {
		encoded, err := JSON(body, personal...)
		if err != nil {
			return Answer{}, invalid(call.Route, "%v", err)
		}
		call.Body = encoded
	}
	return c.caller.Call(ctx, call)
}

// ask performs a call and decodes its answer's data.
func ask[T any](ctx context.Context, c *Client, call Call, body any, personal ...string) (T, Answer, error) {
	var wire T
	answer, err := c.send(ctx, call, body, personal...)
	if err != nil {
		return wire, Answer{}, err
	}
	if err := json.Unmarshal(answer.Data, &wire); err != nil {
		return wire, Answer{}, malformed(call.Route, answer, shapeProblem(err))
	}
	return wire, answer, nil
}

// shapeProblem names the field, never its value.
func shapeProblem(err error) string {
	var typeError *json.UnmarshalTypeError
	if errors.As(err, &typeError) && typeError.Field != "" {
		return typeError.Field + " has an unexpected shape"
	}
	return "the data has an unexpected shape"
}

// field is a value that a request must hold.
type field struct{ name, value string }

func require(route Route, fields ...field) error {
	for _, f := range fields {
		if f.value == "" {
			return invalid(route, "%s is missing", f.name)
		}
	}
	return nil
}

// number returns a positive amount as an exact JSON number, without converting it to a float.
func number(route Route, name string, d decimal.Decimal) (json.Number, error) {
	if !d.IsPositive() {
		return "", invalid(route, "%s must be more than zero", name)
	}
	if !boundedDecimal(d) {
		return "", invalid(route, "%s is out of bounds", name)
	}
	return json.Number(d.String()), nil
}
