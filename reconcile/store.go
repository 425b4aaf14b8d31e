package reconcile

import (
	"context"
	"errors"
	"fmt"
	"io"

	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"

	"rampart/internal/bucket"
	"rampart/ramp"
)

// Store keeps findings, and the exports that they are compared with, in a blob store.
type Store struct{ bucket *blob.Bucket }

// CheckStore returns what is wrong with the URL of a store; nil if nothing is.
func CheckStore(location string) error {
	_, err := bucket.Parse(location, ramp.ValidateDossier) // whose rules are those for the URLs of stores
	return err
}

// OpenStore opens the store at a URL: file:///directory/, s3://bucket/prefix/, gs://bucket/prefix/ or azblob://container/prefix/, with the
// parameters of its driver (gocloud.dev), which must be linked into the program. The error does not repeat the URL: its parameters may be
// secret.
func OpenStore(ctx context.Context, raw string) (*Store, error) {
	location, err := bucket.Parse(raw, ramp.ValidateDossier)
	if err != nil {
		return nil, fmt.Errorf("the store of reconciliations %w", err)
	}
	if directory := bucket.Directory(location); directory != "" {
		opened, err := bucket.OpenDirectory(directory, true)
		if err != nil {
			return nil, fmt.Errorf("the directory of reconciliations cannot be opened: %w", err)
		}
		return NewStore(opened), nil
	}
	opened, err := bucket.Open(ctx, location)
	if err != nil {
		return nil, errors.New("the store of reconciliations cannot be opened: check its parameters in RAMP_RECONCILE_STORE and the credentials")
	}
	return NewStore(opened), nil
}

// NewStore returns the store in a bucket, which Close closes.
func NewStore(bucket *blob.Bucket) *Store { return &Store{bucket} }

// Close closes the store.
func (s *Store) Close() error { return s.bucket.Close() }

// Names of what a store has of a day.
func csvName(day Day) string     { return string(day) + "/findings.csv" }
func jsonName(day Day) string    { return string(day) + "/findings.json" }
func exportName(day Day) string  { return string(day) + "/export.csv" }
func partsPrefix(day Day) string { return string(day) + "/parts/" }

// CSVName returns the name of a day's findings as CSV.
func CSVName(day Day) string { return csvName(day) }

// JSONName returns the name of a day's findings as JSON.
func JSONName(day Day) string { return jsonName(day) }

// Write writes what a function writes under a name, all of it or nothing.
func (s *Store) Write(ctx context.Context, name string, write func(io.Writer) error) error {
	writing, cancel := context.WithCancel(ctx)
	defer cancel() // a writer whose context has ended writes nothing
	w, err := s.bucket.NewWriter(writing, name, nil)
	if err != nil {
		return storeError(err)
	}
	if err := write(w); err != nil {
		cancel()
		_ = w.Close()
		return err
	}
	return storeError(w.Close())
}

// Open opens what is under a name. The error is ErrAbsent if nothing is.
func (s *Store) Open(ctx context.Context, name string) (io.ReadCloser, error) {
	reader, err := s.bucket.NewReader(ctx, name, nil)
	if gcerrors.Code(err) == gcerrors.NotFound {
		return nil, ErrAbsent
	}
	if err != nil {
		return nil, storeError(err)
	}
	return storeReader{reader}, nil
}

// storeReader is a reader whose failures are the store's.
type storeReader struct{ io.ReadCloser }

// Read implements io.Reader.
func (r storeReader) Read(into []byte) (int, error) {
	n, err := r.ReadCloser.Read(into)
	if err != nil && !errors.Is(err, io.EOF) {
		err = storeError(err)
	}
	return n, err
}

// ErrAbsent says that a store has nothing under a name.
var ErrAbsent = errors.New("the store has no such file")

// StoreError is a failure of the store.
type StoreError struct{ Cause error }

// Error implements error.
func (e *StoreError) Error() string {
	return "the store of reconciliations does not answer: " + e.Cause.Error()
}

// Unwrap returns the store's error.
func (e *StoreError) Unwrap() error { return e.Cause }

func storeError(err error) error {
	if err == nil {
		return nil
	}
	return &StoreError{err}
}

// PutExport stores the export of the provider's dashboard of a day. Only what is compared is kept of it.
func (s *Store) PutExport(ctx context.Context, day Day, export io.Reader) (rows int, err error) {
	err = s.Write(ctx, exportName(day), func(w io.Writer) error {
		rows, err = reduceExport(w, export)
		return err
	})
	return rows, err
}

// Export reads the export of a day. The error is ErrAbsent if there is none.
func (s *Store) Export(ctx context.Context, day Day, each func(ExportRow) error) error {
	file, err := s.Open(ctx, exportName(day))
	if err != nil {
		return err
	}
	defer file.Close()
	return ReadExport(file, each)
}

// PutPart writes a part of what a reconciliation has found so far. A run is identified by its id.
func (s *Store) PutPart(ctx context.Context, day Day, run string, number int, write func(io.Writer) error) error {
	return s.Write(ctx, partName(day, run, number), write)
}

// Part opens a part.
func (s *Store) Part(ctx context.Context, day Day, run string, number int) (io.ReadCloser, error) {
	return s.Open(ctx, partName(day, run, number))
}

func partName(day Day, run string, number int) string {
	return fmt.Sprintf("%s%s/%06d.json", partsPrefix(day), run, number)
}

// DropParts deletes the parts of a day, of all of its runs.
func (s *Store) DropParts(ctx context.Context, day Day) error {
	parts := s.bucket.List(&blob.ListOptions{Prefix: partsPrefix(day)})
	for {
		part, err := parts.Next(ctx)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return storeError(err)
		}
		if err := s.bucket.Delete(ctx, part.Key); err != nil && gcerrors.Code(err) != gcerrors.NotFound {
			return storeError(err)
		}
	}
}
