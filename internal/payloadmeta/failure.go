package payloadmeta

// UnauthenticatedError replaces a failure that is not authentic: it is unencrypted, belongs to another workflow or activity,
// or was modified. Nothing can be concluded from it about the activity or workflow.
type UnauthenticatedError struct {
	// Problem describes why the failure is not authentic.
	Problem string
}

// Error implements error.
func (e *UnauthenticatedError) Error() string {
	return "the failure is not authentic and was ignored: " + e.Problem
}
