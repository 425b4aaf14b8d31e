package records

import (
	"context"
	"errors"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"

	"gocloud.dev/blob"
	"gocloud.dev/blob/fileblob"

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
	prefix, parameters, _ := strings.Cut(strings.TrimSpace(raw), "?")
	if err := ramp.ValidateDossier(prefix); err != nil { // the rules for the URLs of stores
		return nil, err
	}
	parsed, err := url.Parse(prefix)
	switch {
	case err != nil:
		return nil, errors.New("must be a URL")
	case parsed.Scheme == "file" && parameters != "":
		return nil, errors.New("must not have parameters: it is a directory")
	case parsed.Scheme != "file" && !blob.DefaultURLMux().ValidBucketScheme(parsed.Scheme):
		return nil, errors.New("is of a kind that this program was built without")
	}
	parsed.RawQuery = parameters
	return &location{url: parsed}, nil
}

// directory returns the store's directory, or "" for a bucket.
func (l *location) directory() string {
	if l.url.Scheme != "file" {
		return ""
	}
	return filepath.FromSlash(l.url.Path)
}

// open returns the store's bucket, which release gives back.
func (l *location) open(ctx context.Context) (bucket *blob.Bucket, release func(), err error) {
	if directory := l.directory(); directory != "" {
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
	at := url.URL{Scheme: l.url.Scheme, Host: l.url.Host, RawQuery: l.url.RawQuery}
	bucket, err := blob.DefaultURLMux().OpenBucketURL(context.WithoutCancel(ctx), &at)
	if err != nil {
		return nil, StoreError("cannot be opened: check its parameters in RAMP_RECORDS and this program's credentials")
	}
	if prefix := strings.Trim(l.url.Path, "/"); prefix != "" {
		bucket = blob.PrefixedBucket(bucket, prefix+"/")
	}
	return bucket, nil
}

// openDirectory opens a directory, which it never creates: where a file system is not mounted, records would be lost.
func openDirectory(directory string) (*blob.Bucket, func(), error) {
	bucket, err := fileblob.OpenBucket(directory, &fileblob.Options{
		DirFileMode: 0o700, NoTempDir: true, Metadata: fileblob.MetadataDontWrite,
	})
	if err != nil {
		return nil, nil, StoreError("is not a directory that this program can use (RAMP_RECORDS): create it, or mount its file system")
	}
	return bucket, func() { _ = bucket.Close() }, nil // nothing is left to be written
}

// write writes an object durably.
func (l *location) write(ctx context.Context, bucket *blob.Bucket, name string, content []byte) error {
	err := bucket.WriteAll(ctx, name, content, &blob.WriterOptions{ContentType: "application/octet-stream"})
	if directory := l.directory(); err == nil && directory != "" {
		err = syncFile(directory, name)
	}
	return storeError(err)
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
