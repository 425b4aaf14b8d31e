package records

import (
	"errors"
	"fmt"
	"io/fs"

	"gocloud.dev/gcerrors"
)

// StoreError says that the store failed, which an operator must correct or wait out.
type StoreError string

// Error returns the message.
func (e StoreError) Error() string { return "the store of records " + string(e) }

// BadError is the error of an object that cannot be read: it was cut off or changed, belongs to another name, or its key is missing.
type BadError struct {
	// Name is the object's.
	Name string
	// Problem says what is wrong, as a predicate of the object.
	Problem string
}

// Error returns the message.
func (e *BadError) Error() string { return "the record " + e.Name + " cannot be read: " + e.Problem }

// storeError turns a store's error into a StoreError. The store's own text is dropped: it may hold credentials.
func storeError(err error) error {
	var store StoreError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &store):
		return store
	case errors.Is(err, fs.ErrPermission), gcerrors.Code(err) == gcerrors.PermissionDenied:
		return StoreError("does not permit this program to use it (RAMP_RECORDS)")
	default:
		return StoreError(fmt.Sprintf("does not answer (%s)", gcerrors.Code(err)))
	}
}

// absent reports whether an error says that there is no such object.
func absent(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || gcerrors.Code(err) == gcerrors.NotFound
}
