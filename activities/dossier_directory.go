package activities

import (
	"context"
	"io/fs"
	"os"
	"syscall"
)

// notPlain is what is wrong with a path that leads, or led, through anything but plain directories to a plain file.
const notPlain = unusable("the dossier must be a directory of plain files: links and devices are not followed")

// directory is a dossier on disk. The operating system keeps every step inside the store's root, and no link is
// followed, not even to another place below the root, which may be another user's dossier.
type directory struct{ root *os.Root }

// openDirectory opens the directory that the names lead to, one step at a time.
func openDirectory(root string, names []string) (DossierFiles, error) {
	at, err := os.OpenRoot(root)
	if err != nil {
		return nil, storeFault("is not a directory that this worker can read") // an operator's to mend
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

// descend opens a directory in another. What was opened must be what was looked at: a link may have taken its place
// in between.
func descend(at *os.Root, name string) (*os.Root, error) {
	seen, err := at.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !seen.IsDir() {
		return nil, notPlain
	}
	next, err := at.OpenRoot(name)
	if err != nil {
		return nil, err
	}
	opened, err := next.Stat(".")
	if err == nil && !os.SameFile(seen, opened) {
		err = notPlain
	}
	if err != nil {
		_ = next.Close()
		return nil, err
	}
	return next, nil
}

// Open implements DossierFiles. A pipe that took the file's place is not waited for.
func (d directory) Open(_ context.Context, name string) (*DossierFile, error) {
	seen, err := d.root.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !seen.Mode().IsRegular() {
		return nil, notPlain
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
	return &DossierFile{ReadCloser: file, Size: opened.Size()}, nil
}

// sameFile is what is known of an open file, which must be the one seen before.
func sameFile(file *os.File, seen fs.FileInfo) (fs.FileInfo, error) {
	opened, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if !os.SameFile(seen, opened) {
		return nil, notPlain
	}
	return opened, nil
}

// Close implements DossierFiles.
func (d directory) Close() error { return d.root.Close() }
