package activities

import (
	"context"

	"go.temporal.io/sdk/workflow"
)

// LoginRequest names the user to log in.
type LoginRequest struct {
	Email string `json:"email"`
}

// LoginResult is empty: tokens stay in the worker's memory.
type LoginResult struct{}

// Login opens the user's session at the provider (wire 3.1), or finds it open. Every later call does the same for
// itself, on whichever worker it runs; logging in first tells early whether the provider knows our key and the user.
func (c *Calls) Login(ctx context.Context, req LoginRequest) (LoginResult, error) {
	return LoginResult{}, classify(ctx, c.sessions.Open(ctx, req.Email))
}

// Login runs the activity.
func Login(ctx workflow.Context, req LoginRequest) (LoginResult, error) {
	return call[LoginResult](ctx, "Log the user in", (*Calls)(nil).Login, req)
}
