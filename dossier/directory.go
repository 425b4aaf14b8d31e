package dossier

import (
	"context"
	"io/fs"
	"os"
	"syscall"
)

// errNotPlain refuses a path that goes through anything but plain directories to a plain file.
const errNotPlain = InvalidError("the dossier must be a directory of plain files: links and devices are not followed")

// directory is a dossier on disk. The operating system confines every step to the store's root, and no link is followed, not even
// to another place below the root, which may be another user's dossier.
type directory struct{ root *os.Root }

// openDirectory opens the directory that the names lead to, one step at a time.
func openDirectory(root string, names []string) (Files, error) {
	at, err := os.OpenRoot(root)
	if err != nil {
		return nil, StoreError("is not a directory that this worker can read")
	}
	for _, name := range names {
		next, err := descend(at, name)
		_ = at.Close() // nothing was written
		if err != nil {
			return nil, err
		}
		at = next
	}
	return directory{at}, nil
}

// descend opens a directory in another. It compares what it opened with what it looked at before, because a link may have taken
// its place in between.
func descend(at *os.Root, name string) (*os.Root, error) {
	seen, err := at.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !seen.IsDir() {
		return nil, errNotPlain
	}
	next, err := at.OpenRoot(name)
	if err != nil {
		return nil, err
	}
	opened, err := next.Stat(".")
	if err == nil && !os.SameFile(seen, opened) {
		err = errNotPlain
	}
	if err != nil {
		_ = next.Close()
		return nil, err
	}
	return next, nil
}

// Open implements Files. It does not block on a pipe that has taken the file's place.
func (d directory) Open(_ context.Context, name string) (*File, error) {
	seen, err := d.root.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !seen.Mode().IsRegular() {
		return nil, errNotPlain
	}
	file, err := d.root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	opened, err := sameFile(file, seen)
	if err != nil {
		_ = file.Close()
		return nil, err
	}
	return &File{ReadCloser: file, Size: opened.Size()}, nil
}

// sameFile returns the state of an open file, which must be the one seen before.
func sameFile(file *os.File, seen fs.FileInfo) (fs.FileInfo, error) {
	opened, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if !os.SameFile(seen, opened) {
		return nil, errNotPlain
	}
	return opened, nil
}

// Close implements Files.
func (d directory) Close() error { return d.root.Close() }
