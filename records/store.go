package records

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"gocloud.dev/blob"
	"golang.org/x/sync/errgroup"

	"rampart/ramp"
)

// Keys encrypt and authenticate the objects of a store: codec.Keyring.
type Keys interface {
	// Seal encrypts. What it returns is unsealed only in the same context.
	Seal(context string, plaintext []byte) ([]byte, error)
	// Unseal decrypts what Seal returned. The error says what is wrong, without data.
	Unseal(context string, sealed []byte) ([]byte, error)
}

const (
	// callTimeout bounds what keeps or finds one record.
	callTimeout = 20 * time.Second
	// pageSize is how many names a list holds, and readers how many records it reads at the same time.
	pageSize = 1000
	readers  = 32
)

// Store is a store of records. It is safe for concurrent use.
type Store struct {
	location *location
	keys     Keys
}

// Open returns the store at a URL: file:///path, s3://bucket/prefix, gs://bucket/prefix or azblob://container/prefix, with the parameters
// of the bucket's driver (gocloud.dev), which must be linked into the program; a directory needs none. It does not look whether the store
// is there. The error does not repeat the URL, which may hold secrets.
func Open(url string, keys Keys) (*Store, error) {
	location, err := parseLocation(url)
	if err != nil {
		return nil, err
	}
	return &Store{location: location, keys: keys}, nil
}

// CheckURL returns an error if a URL is not that of a store.
func CheckURL(url string) error {
	_, err := parseLocation(url)
	return err
}

// Keep writes the record of an order durably, and deletes what KeepOpen wrote of it. It may be repeated, also after it was cut off, and with
// another time of the end: a workflow task that is repeated ends its order later. Of several records of an order the latest is kept.
func (s *Store) Keep(ctx context.Context, record Record) error {
	if err := record.Validate(); err != nil {
		return err
	}
	return s.within(ctx, func(ctx context.Context, bucket *blob.Bucket) error {
		if err := s.keep(ctx, bucket, record); err != nil {
			return err
		}
		return s.remove(ctx, bucket, openName(record.ID()))
	})
}

// within makes a call with the store's bucket, in the time of one.
func (s *Store) within(ctx context.Context, call func(context.Context, *blob.Bucket) error) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	bucket, release, err := s.location.open(ctx)
	if err != nil {
		return err
	}
	defer release()
	return call(ctx, bucket)
}

func (s *Store) keep(ctx context.Context, bucket *blob.Bucket, record Record) error {
	name := record.name()
	known, err := s.entry(ctx, bucket, record.ID())
	var bad *BadError
	if err != nil && !errors.As(err, &bad) { // what cannot be read is written anew
		return err
	}
	if known.Record > name { // the names of one order's records differ in their times only
		return nil
	}
	next := known.with(name)
	if err := s.write(ctx, bucket, referenceName(record.ID()), next); err != nil {
		return err
	}
	if err := s.write(ctx, bucket, name, record); err != nil || len(next.Replaces) == 0 {
		return err
	}
	for _, replaced := range next.Replaces {
		if err := s.remove(ctx, bucket, replaced); err != nil {
			return err
		}
	}
	return s.write(ctx, bucket, referenceName(record.ID()), entry{Record: name})
}

// Find returns the record of an order, and whether the reference was used by an order that has ended. The record of a reference that was
// used is nil if it is missing or cannot be read. The error is a *BadError if what is there under the reference was not written with the
// keys.
func (s *Store) Find(ctx context.Context, id ramp.ID) (record *Record, used bool, err error) {
	err = s.within(ctx, func(ctx context.Context, bucket *blob.Bucket) error {
		known, err := s.entry(ctx, bucket, id)
		if err != nil {
			return err
		}
		for _, name := range known.names() {
			found, err := s.record(ctx, bucket, name)
			var bad *BadError
			if !errors.As(err, &bad) {
				record, used = found, err == nil
				return err
			}
		}
		used = known.Record != ""
		return nil
	})
	return record, used, err
}

// entry returns what is known of an order's record, which is nothing if it has none.
func (s *Store) entry(ctx context.Context, bucket *blob.Bucket, id ramp.ID) (entry, error) {
	name := referenceName(id)
	var found entry
	if err := s.read(ctx, bucket, name, &found); absent(err) {
		return entry{}, nil
	} else if err != nil {
		return entry{}, err
	}
	if found.Record == "" || slices.ContainsFunc(found.names(), func(record string) bool { return !recordName.MatchString(record) }) {
		return entry{}, &BadError{Name: name, Problem: "it names no record"}
	}
	return found, nil
}

// record reads a record. One that is missing is a *BadError.
func (s *Store) record(ctx context.Context, bucket *blob.Bucket, name string) (*Record, error) {
	var record Record
	if err := s.read(ctx, bucket, name, &record); absent(err) {
		return nil, &BadError{Name: name, Problem: "it is missing"}
	} else if err != nil {
		return nil, err
	}
	if record.Validate() != nil || record.name() != name {
		return nil, &BadError{Name: name, Problem: "it is the record of something else"}
	}
	return &record, nil
}

func (s *Store) write(ctx context.Context, bucket *blob.Bucket, name string, value any) error {
	plaintext, err := json.Marshal(value)
	if err != nil {
		return err
	}
	sealed, err := s.keys.Seal(sealContext(name), plaintext)
	if err != nil {
		return fmt.Errorf("encrypt a record: %w", err)
	}
	return s.location.write(ctx, bucket, name, sealed)
}

// read reads and decrypts an object. If there is none, absent reports so of the error.
func (s *Store) read(ctx context.Context, bucket *blob.Bucket, name string, into any) error {
	sealed, err := bucket.ReadAll(ctx, name)
	if absent(err) {
		return err
	}
	if err != nil {
		return storeError(err)
	}
	plaintext, err := s.keys.Unseal(sealContext(name), sealed)
	if err == nil {
		err = decode(plaintext, into)
	}
	if err != nil {
		return &BadError{Name: name, Problem: err.Error()}
	}
	return nil
}

// sealContext binds an object to its use and its name.
func sealContext(name string) string { return "record " + name }

// Between yields the records of orders that ended from one day in India to another, both included, from the oldest to the newest. It
// yields a *BadError for each object that cannot be read, and continues; after any other error it ends. However many records there are, it
// holds few in memory.
func (s *Store) Between(ctx context.Context, from, to Day) iter.Seq2[*Record, error] {
	return func(yield func(*Record, error) bool) {
		bucket, release, err := s.location.open(ctx)
		if err != nil {
			yield(nil, err)
			return
		}
		defer release()
		for day := from; day != "" && day <= to; day = day.Add(1) {
			if !s.day(ctx, bucket, day, yield) {
				return
			}
		}
	}
}

// day yields the records of a day. It reports whether to continue.
func (s *Store) day(ctx context.Context, bucket *blob.Bucket, day Day, yield func(*Record, error) bool) bool {
	return list(ctx, bucket, prefix(day), func(ctx context.Context, name string) (*Record, error) { return s.record(ctx, bucket, name) }, yield)
}

// list reads and yields the objects whose names have a prefix. It reports whether to continue.
func list[T any](
	ctx context.Context, bucket *blob.Bucket, prefix string, read func(ctx context.Context, name string) (*T, error), yield func(*T, error) bool,
) bool {
	token := blob.FirstPageToken
	for {
		found, next, err := listPage(ctx, bucket, token, &blob.ListOptions{Prefix: prefix})
		if err != nil {
			yield(nil, storeError(err))
			return false
		}
		if !page(ctx, found, read, yield) {
			return false
		}
		if token = next; len(token) == 0 {
			return true
		}
	}
}

// listAttempts is how often a page is listed at most.
const listAttempts = 20

// listPage lists again what a writer has changed meanwhile: a directory is walked file by file, and files that are not complete are renamed.
func listPage(ctx context.Context, bucket *blob.Bucket, token []byte, options *blob.ListOptions) (page []*blob.ListObject, next []byte, err error) {
	for range listAttempts {
		if page, next, err = bucket.ListPage(ctx, token, pageSize, options); !absent(err) {
			break
		}
	}
	return page, next, err
}

// page reads the objects of a page at the same time, and yields them in their order. Those that are gone meanwhile are nil without an error.
func page[T any](
	ctx context.Context, page []*blob.ListObject, read func(ctx context.Context, name string) (*T, error), yield func(*T, error) bool,
) bool {
	found := make([]*T, len(page))
	errs := make([]error, len(page))
	var reading errgroup.Group
	reading.SetLimit(readers)
	for i, object := range page {
		if isTemporary(object.Key) || strings.HasSuffix(object.Key, "/") {
			continue
		}
		reading.Go(func() error {
			found[i], errs[i] = read(ctx, object.Key)
			return nil
		})
	}
	_ = reading.Wait() // the errors are in errs
	for i := range page {
		var bad *BadError
		switch {
		case found[i] == nil && errs[i] == nil:
			continue
		case !yield(found[i], errs[i]):
			return false
		case errs[i] != nil && !errors.As(errs[i], &bad):
			return false
		}
	}
	return true
}
