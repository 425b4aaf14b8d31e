package dossier

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"net/url"
	"path/filepath"
	"strings"

	"gocloud.dev/gcerrors"
)

// deletable are files that can be deleted. It is no error if there is none of that name.
type deletable interface {
	delete(ctx context.Context, name string) error
}

// Belongs reports whether there is a dossier at a URL and it is the user's. The error is as that of Delete.
func (s Stores) Belongs(ctx context.Context, dossier, email string) (bool, error) {
	return s.ofUser(ctx, dossier, email, func(*Dossier, index) error { return nil })
}

// Delete deletes the dossier at a URL if it is the user's: the documents first and dossier.json last, so that a deletion that was cut off
// can be repeated. It reports whether there was one. A dossier of another user stays, and so do files that dossier.json does not name. The
// error is ErrOutside if the URL is outside of the stores, another InvalidError if dossier.json cannot be read, and a StoreError if the
// store failed.
func (s Stores) Delete(ctx context.Context, dossier, email string) (bool, error) {
	had, err := s.ofUser(ctx, dossier, email, func(d *Dossier, index index) error { return d.delete(ctx, index) })
	if err == nil {
		s.removeDirectory(dossier)
	}
	return had, err
}

// ofUser calls a function with the dossier at a URL if there is one and it is the user's, and reports whether it is.
func (s Stores) ofUser(ctx context.Context, dossier, email string, call func(*Dossier, index) error) (bool, error) {
	files, err := s.Files(ctx, dossier)
	switch {
	case isMissing(err):
		return false, nil
	case err != nil:
		return false, err
	}
	d := &Dossier{files: files}
	defer d.Close()
	file, err := files.Open(ctx, indexFile)
	switch {
	case isMissing(err):
		return false, nil
	case err != nil:
		return false, storeError("", err)
	}
	_ = file.Close() // nothing was written
	index, err := d.readIndex(ctx, decodeAny)
	if err != nil || !strings.EqualFold(index.Email, email) {
		return false, err
	}
	return true, call(d, index)
}

// decodeAny takes also an object that is not of the documented form, which no order was served with: it tells whose the documents are.
func decodeAny(contents []byte, into *index) error {
	var mismatch *json.UnmarshalTypeError
	if err := json.Unmarshal(contents, into); !errors.As(err, &mismatch) {
		return err
	}
	return nil
}

// errNotDeleted is the error of a store that does not delete.
const errNotDeleted = StoreError("did not delete a file of the dossier: check that this program may delete there")

// isMissing reports whether an error says that there is no dossier, or no such file.
func isMissing(err error) bool {
	return errors.Is(err, errAbsent) || errors.Is(err, fs.ErrNotExist) || gcerrors.Code(err) == gcerrors.NotFound
}

// delete deletes the files that dossier.json names, and then dossier.json.
func (d *Dossier) delete(ctx context.Context, index index) error {
	from, ok := d.files.(deletable)
	if !ok {
		return errNotDeleted
	}
	for _, entry := range d.entries(index) {
		if !isFileName(entry.name) {
			continue
		}
		if err := from.delete(ctx, entry.name); err != nil {
			return errNotDeleted
		}
	}
	if err := from.delete(ctx, indexFile); err != nil {
		return errNotDeleted
	}
	return nil
}

// removeDirectory removes the directory of a dossier on disk if it is empty: its name may be the user's.
func (s Stores) removeDirectory(dossier string) {
	location, err := url.Parse(dossier)
	if err != nil || location.Scheme != "file" {
		return
	}
	path := split(location.Path)
	for _, store := range s.stores {
		if !store.contains(location) || len(path) == len(store.path) {
			continue
		}
		names := path[len(store.path):]
		files, err := openDirectory(filepath.FromSlash(store.location.Path), names[:len(names)-1])
		if err != nil {
			return // it is not there
		}
		defer files.Close()
		if at, isDirectory := files.(directory); isDirectory {
			_ = at.root.Remove(names[len(names)-1]) // fails where something else is in it
		}
		return
	}
}

func (d directory) delete(_ context.Context, name string) error {
	if err := d.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func (f bucketFiles) delete(ctx context.Context, name string) error {
	if err := f.bucket.Delete(ctx, name); err != nil && gcerrors.Code(err) != gcerrors.NotFound {
		return err
	}
	return nil
}
