package activities

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"gocloud.dev/blob"

	"rampart/ramp"
)

// OpenDossiers opens a KYC dossier by its URL.
type OpenDossiers func(ctx context.Context, url string) (DossierFiles, error)

// DossierFiles are the files of one dossier, for reading alone.
type DossierFiles interface {
	// Open opens a file by its name. An error that is fs.ErrNotExist, or of the code gcerrors.NotFound, says that there is
	// none; any other that the store does not answer.
	Open(ctx context.Context, name string) (*DossierFile, error)
	Close() error
}

// DossierFile is an open file.
type DossierFile struct {
	io.ReadCloser
	// Size is the file's length in bytes.
	Size int64
	// Type is the media type that the store keeps for the file; empty where it keeps none.
	Type string
}

// DossierStores are the blob stores, and the prefixes in them, that KYC dossiers are taken from. The zero value takes
// none. How a store is reached is told here alone: a dossier's own URL names a place in it and nothing else.
type DossierStores struct{ stores []dossierStore }

type dossierStore struct {
	location *url.URL
	names    []string
}

// NewDossierStores takes the URLs of prefixes: file:///path, s3://bucket/prefix, gs://bucket/prefix or
// azblob://container/prefix, those of buckets with the parameters of their driver, such as ?region=ap-south-1
// (gocloud.dev). The drivers must be linked in; file has none. The error does not repeat the URL, which may hold secrets.
func NewDossierStores(urls ...string) (DossierStores, error) {
	var s DossierStores
	for i, raw := range urls {
		store, err := parseStore(strings.TrimSpace(raw))
		if err != nil {
			return DossierStores{}, fmt.Errorf("store %d %w", i+1, err)
		}
		s.stores = append(s.stores, store)
	}
	return s, nil
}

func parseStore(raw string) (dossierStore, error) {
	prefix, parameters, _ := strings.Cut(raw, "?")
	if err := ramp.ValidateDossier(prefix); err != nil {
		return dossierStore{}, err
	}
	location, err := url.Parse(prefix)
	switch {
	case err != nil:
		return dossierStore{}, errors.New("must be a URL")
	case location.Scheme == "file" && parameters != "":
		return dossierStore{}, errors.New("must not have parameters: it is a directory")
	case location.Scheme != "file" && !blob.DefaultURLMux().ValidBucketScheme(location.Scheme):
		return dossierStore{}, errors.New("is of a kind that this program was built without")
	}
	location.RawQuery = parameters
	return dossierStore{location: location, names: names(location.Path)}, nil
}

// names splits a path.
func names(path string) []string {
	return strings.FieldsFunc(path, func(r rune) bool { return r == '/' })
}

// Open opens the dossier at a URL, unless it is outside the stores.
func (s DossierStores) Open(ctx context.Context, dossier string) (DossierFiles, error) {
	if err := ramp.ValidateDossier(dossier); err != nil {
		return nil, unusable("the dossier's URL " + err.Error())
	}
	location, err := url.Parse(dossier)
	if err != nil {
		return nil, unusable("the dossier's URL cannot be read")
	}
	at := slices.IndexFunc(s.stores, func(store dossierStore) bool { return store.holds(location) })
	if at < 0 {
		return nil, unusable("the dossier is outside the stores that dossiers are taken from: the worker's RAMP_KYC_STORES lists them")
	}
	return s.stores[at].open(ctx, names(location.Path))
}

// holds reports whether a URL is that of the store's prefix or of one below it.
func (s dossierStore) holds(location *url.URL) bool {
	below := names(location.Path)
	return location.Scheme == s.location.Scheme && location.Host == s.location.Host &&
		len(below) >= len(s.names) && slices.Equal(below[:len(s.names)], s.names)
}

func (s dossierStore) open(ctx context.Context, path []string) (DossierFiles, error) {
	if s.location.Scheme == "file" {
		return openDirectory(filepath.FromSlash(s.location.Path), path[len(s.names):])
	}
	location := url.URL{Scheme: s.location.Scheme, Host: s.location.Host, RawQuery: s.location.RawQuery}
	bucket, err := blob.DefaultURLMux().OpenBucketURL(ctx, &location) // drivers ignore a path
	if err != nil {
		return nil, storeFault("cannot be opened: check its parameters in RAMP_KYC_STORES and the worker's credentials")
	}
	if len(path) > 0 {
		bucket = blob.PrefixedBucket(bucket, strings.Join(path, "/")+"/")
	}
	return bucketFiles{bucket}, nil
}

// bucketFiles are the files of a dossier in a bucket.
type bucketFiles struct{ bucket *blob.Bucket }

func (f bucketFiles) Open(ctx context.Context, name string) (*DossierFile, error) {
	reader, err := f.bucket.NewReader(ctx, name, nil)
	if err != nil {
		return nil, err
	}
	return &DossierFile{ReadCloser: reader, Size: reader.Size(), Type: reader.ContentType()}, nil
}

func (f bucketFiles) Close() error { return f.bucket.Close() }
