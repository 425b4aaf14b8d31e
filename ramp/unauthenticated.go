package ramp

// UnauthenticatedError is in place of a failure that no worker with the keys has written, or not for this: it is in clear, of
// another order or another activity, or was changed. Nothing can be told by it, neither what went wrong nor whether
// anything did.
type UnauthenticatedError struct {
	// Problem says what is wrong with the failure.
	Problem string
}

// Error implements error.
func (e *UnauthenticatedError) Error() string {
	return "what came as a failure cannot be told from a forged one, and decides nothing: " + e.Problem
}
