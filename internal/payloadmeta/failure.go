package payloadmeta

// UnauthenticatedError replaces a failure that is not authentic: it is unencrypted, belongs to another workflow or activity,
// or was modified. It says nothing about what went wrong, or whether anything did.
type UnauthenticatedError struct {
	// Problem says why the failure is not authentic.
	Problem string
}

// Error implements error.
func (e *UnauthenticatedError) Error() string {
	return "the failure is not authentic and was ignored: " + e.Problem
}
