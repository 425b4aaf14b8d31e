package records

import (
	"context"
	"errors"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"sync"

	"gocloud.dev/blob"

	"rampart/internal/bucket"
	"rampart/ramp"
)

// location is where a store is. A bucket is opened once, a directory for every use, so that one that is not mounted is noticed.
type location struct {
	url *url.URL

	mu     sync.Mutex
	bucket *blob.Bucket
}

// parseLocation checks the URL of a store: file:///path, s3://bucket/prefix, gs://bucket/prefix or azblob://container/prefix, with the
// parameters of the bucket's driver. The error does not repeat the URL, which may hold secrets.
func parseLocation(raw string) (*location, error) {
	parsed, err := bucket.Parse(raw, ramp.ValidateDossier) // whose rules are those for the URLs of stores
	if err != nil {
		return nil, err
	}
	return &location{url: parsed}, nil
}

// open returns the store's bucket, which release gives back.
func (l *location) open(ctx context.Context) (opened *blob.Bucket, release func(), err error) {
	if directory := bucket.Directory(l.url); directory != "" {
		return openDirectory(directory)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.bucket == nil {
		if l.bucket, err = l.openBucket(ctx); err != nil {
			return nil, nil, err
		}
	}
	return l.bucket, func() {}, nil
}

func (l *location) openBucket(ctx context.Context) (*blob.Bucket, error) {
	opened, err := bucket.Open(context.WithoutCancel(ctx), l.url)
	if err != nil {
		return nil, StoreError("cannot be opened: check its parameters in RAMP_RECORDS and this program's credentials")
	}
	return opened, nil
}

// openDirectory opens a directory, which it never creates: where a file system is not mounted, records would be lost.
func openDirectory(directory string) (*blob.Bucket, func(), error) {
	opened, err := bucket.OpenDirectory(directory, false)
	if err != nil {
		return nil, nil, StoreError("is not a directory that this program can use (RAMP_RECORDS): create it, or mount its file system")
	}
	return opened, func() { _ = opened.Close() }, nil // nothing is left to be written
}

// write writes an object durably.
func (l *location) write(ctx context.Context, to *blob.Bucket, name string, content []byte) error {
	err := to.WriteAll(ctx, name, content, &blob.WriterOptions{ContentType: "application/octet-stream"})
	if directory := bucket.Directory(l.url); err == nil && directory != "" {
		err = syncFile(directory, name)
	}
	return storeError(err)
}

// remove deletes an object durably, and reports whether there was one.
func (l *location) remove(ctx context.Context, from *blob.Bucket, name string) (bool, error) {
	err := from.Delete(ctx, name)
	if absent(err) {
		return false, nil
	}
	if directory := bucket.Directory(l.url); err == nil && directory != "" {
		err = syncPath(filepath.Join(directory, filepath.FromSlash(path.Dir(name))))
	}
	return err == nil, storeError(err)
}

// syncFile makes a file durable, with the directories that lead to it.
func syncFile(directory, name string) error {
	for ; ; name = path.Dir(name) {
		if err := syncPath(filepath.Join(directory, filepath.FromSlash(name))); err != nil || name == "." {
			return err
		}
	}
}

func syncPath(path string) error {
	file, err := os.Open(path) // #nosec G304 -- in the operator's own directory, under a name of ours
	if err != nil {
		return err
	}
	return errors.Join(file.Sync(), file.Close())
}
