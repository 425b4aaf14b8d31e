package dossier

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"gocloud.dev/gcerrors"
)

// InvalidError says what the user must correct in a dossier. It names fields of dossier.json, never a file, a value or a place.
type InvalidError string

// Error returns the message.
func (e InvalidError) Error() string { return string(e) }

// StoreError says that a store of dossiers failed, which an operator must correct or wait out.
type StoreError string

// Error returns the message.
func (e StoreError) Error() string { return "the dossier store " + string(e) }

// storeError turns a store's error into an InvalidError with the message missing, if the file does not exist, and into a StoreError
// otherwise. The store's own text is dropped: it may name the user.
func storeError(missing string, err error) error {
	var invalid InvalidError
	var store StoreError
	switch {
	case errors.As(err, &invalid):
		return invalid
	case errors.As(err, &store):
		return store
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENAMETOOLONG), gcerrors.Code(err) == gcerrors.NotFound:
		return InvalidError(missing)
	case errors.Is(err, fs.ErrPermission), gcerrors.Code(err) == gcerrors.PermissionDenied:
		return StoreError("does not permit this worker to read the dossier")
	default:
		return StoreError(fmt.Sprintf("does not answer (%s)", gcerrors.Code(err)))
	}
}
