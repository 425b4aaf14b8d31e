package dossier

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"

	"gocloud.dev/blob"

	"rampart/internal/bucket"
	"rampart/ramp"
)

// Files are the files of one dossier, read-only.
type Files interface {
	// Open opens a file by its name. If there is none the error is fs.ErrNotExist or has the code gcerrors.NotFound; any other error
	// says that the store failed.
	Open(ctx context.Context, name string) (*File, error)
	Close() error
}

// File is an open file.
type File struct {
	io.ReadCloser
	// Size is the file's length in bytes.
	Size int64
	// Type is the media type that the store keeps for the file; empty if it keeps none.
	Type string
}

// Stores are the prefixes in blob stores that dossiers are taken from. The zero value has none. A dossier's URL only names a place
// in a store; how the store is reached is configured here.
type Stores struct{ stores []store }

type store struct {
	location *url.URL
	path     []string
}

// NewStores returns the stores at the URLs of prefixes: file:///path, s3://bucket/prefix, gs://bucket/prefix or
// azblob://container/prefix. The URL of a bucket may have its driver's parameters, such as ?region=ap-south-1 (gocloud.dev). The
// driver must be linked into the program; file needs none. The error does not repeat the URL, which may hold secrets.
func NewStores(urls ...string) (Stores, error) {
	var s Stores
	for i, raw := range urls {
		store, err := parseStore(raw)
		if err != nil {
			return Stores{}, fmt.Errorf("store %d %w", i+1, err)
		}
		s.stores = append(s.stores, store)
	}
	return s, nil
}

func parseStore(raw string) (store, error) {
	location, err := bucket.Parse(raw, ramp.ValidateDossier)
	if err != nil {
		return store{}, err
	}
	return store{location: location, path: split(location.Path)}, nil
}

func split(path string) []string {
	return strings.FieldsFunc(path, func(r rune) bool { return r == '/' })
}

// Open opens the dossier at a URL and checks it as Read does. A URL outside of the stores is an InvalidError.
func (s Stores) Open(ctx context.Context, dossier, email string) (*Dossier, error) {
	files, err := s.Files(ctx, dossier)
	if err != nil {
		return nil, err
	}
	return Read(ctx, files, email)
}

// Files opens the files of the dossier at a URL, unchecked. A URL outside of the stores is an InvalidError.
func (s Stores) Files(ctx context.Context, dossier string) (Files, error) {
	if err := ramp.ValidateDossier(dossier); err != nil {
		return nil, InvalidError("the dossier's URL " + err.Error())
	}
	location, err := url.Parse(dossier)
	if err != nil {
		return nil, InvalidError("the dossier's URL cannot be parsed")
	}
	at := slices.IndexFunc(s.stores, func(store store) bool { return store.contains(location) })
	if at < 0 {
		return nil, ErrOutside
	}
	files, err := s.stores[at].open(ctx, split(location.Path))
	if err != nil {
		return nil, storeError(string(errAbsent), err)
	}
	return files, nil
}

// ErrOutside is the error of a URL outside of the stores.
const ErrOutside = InvalidError("the dossier is outside the stores that dossiers are taken from: see the worker's RAMP_KYC_STORES")

// errAbsent is the error of a URL at which there is no dossier.
const errAbsent = InvalidError("there is no dossier at this URL")

// contains reports whether a URL is the store's prefix or below it.
func (s store) contains(location *url.URL) bool {
	path := split(location.Path)
	return location.Scheme == s.location.Scheme && location.Host == s.location.Host &&
		len(path) >= len(s.path) && slices.Equal(path[:len(s.path)], s.path)
}

func (s store) open(ctx context.Context, path []string) (Files, error) {
	if directory := bucket.Directory(s.location); directory != "" {
		return openDirectory(directory, path[len(s.path):])
	}
	location := *s.location
	location.Path = strings.Join(path, "/")
	opened, err := bucket.Open(ctx, &location)
	if err != nil {
		return nil, StoreError("cannot be opened: check its parameters in RAMP_KYC_STORES and the worker's credentials")
	}
	return bucketFiles{opened}, nil
}

// bucketFiles are the files of a dossier in a bucket.
type bucketFiles struct{ bucket *blob.Bucket }

// Open implements Files.
func (f bucketFiles) Open(ctx context.Context, name string) (*File, error) {
	reader, err := f.bucket.NewReader(ctx, name, nil)
	if err != nil {
		return nil, err
	}
	return &File{ReadCloser: reader, Size: reader.Size(), Type: reader.ContentType()}, nil
}

// Close implements Files.
func (f bucketFiles) Close() error { return f.bucket.Close() }
