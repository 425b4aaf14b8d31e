// Package bucket opens prefixes in blob stores by their URLs: directories, and buckets whose drivers are linked into the program.
package bucket

import (
	"context"
	"errors"
	"net/url"
	"path/filepath"
	"strings"

	"gocloud.dev/blob"
	"gocloud.dev/blob/fileblob"
)

// Parse reads the URL of a prefix in a blob store, such as file:///path or s3://bucket/prefix, with the parameters of the bucket's driver
// (gocloud.dev); a directory has none. check holds the rules for the URL without its parameters. The error does not repeat the URL, which
// may hold secrets.
func Parse(raw string, check func(string) error) (*url.URL, error) {
	prefix, parameters, _ := strings.Cut(strings.TrimSpace(raw), "?")
	if err := check(prefix); err != nil {
		return nil, err
	}
	location, err := url.Parse(prefix)
	switch {
	case err != nil:
		return nil, errors.New("must be a URL")
	case location.Scheme == fileblob.Scheme && parameters != "":
		return nil, errors.New("must not have parameters: it is a directory")
	case location.Scheme != fileblob.Scheme && !blob.DefaultURLMux().ValidBucketScheme(location.Scheme):
		return nil, errors.New("is of a kind that this program was built without")
	}
	location.RawQuery = parameters
	return location, nil
}

// Directory returns the directory that a URL names, or "" for one that names a bucket.
func Directory(location *url.URL) string {
	if location.Scheme != fileblob.Scheme {
		return ""
	}
	return filepath.FromSlash(location.Path)
}

// OpenDirectory opens a directory, and creates it only on request: where a file system is not mounted, what is written would be lost. Files
// appear whole or not at all.
func OpenDirectory(directory string, create bool) (*blob.Bucket, error) {
	return fileblob.OpenBucket(directory, &fileblob.Options{
		CreateDir: create, DirFileMode: 0o700, NoTempDir: true, Metadata: fileblob.MetadataDontWrite,
	})
}

// Open opens the prefix in a bucket that a URL names. Its error may repeat the parameters, which may be secret.
func Open(ctx context.Context, location *url.URL) (*blob.Bucket, error) {
	place := url.URL{Scheme: location.Scheme, Host: location.Host, RawQuery: location.RawQuery} // drivers ignore a path
	opened, err := blob.DefaultURLMux().OpenBucketURL(ctx, &place)
	if err != nil {
		return nil, err
	}
	if prefix := strings.Trim(location.Path, "/"); prefix != "" {
		opened = blob.PrefixedBucket(opened, prefix+"/")
	}
	return opened, nil
}
