package records

import (
	"context"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"time"

	"gocloud.dev/blob"

	"rampart/internal/bucket"
	"rampart/ramp"
	"rampart/ramp/situation"
)

// Forget deletes the records of an order, whether they can be read or not, with what KeepOpen wrote of it, and returns how many there were. A
// reference that was used stays so: what is kept of it is no more than the names of the records that were deleted. It may be repeated, also
// after it was cut off. A writer that keeps the order's record meanwhile may keep it again.
func (s *Store) Forget(ctx context.Context, id ramp.ID) (forgotten int, err error) {
	err = s.within(ctx, func(ctx context.Context, from *blob.Bucket) error {
		known, err := s.entry(ctx, from, id)
		if err != nil {
			return err
		}
		for _, name := range append(known.names(), openName(id)) {
			had, err := s.location.remove(ctx, from, name)
			if err != nil {
				return err
			}
			if had {
				forgotten++
			}
		}
		return nil
	})
	return forgotten, err
}

// Delete deletes one record that All or Between has yielded, and reports whether it was there. The reference stays used. It may be
// repeated.
func (s *Store) Delete(ctx context.Context, record *Record) (had bool, err error) {
	err = s.within(ctx, func(ctx context.Context, from *blob.Bucket) (err error) {
		had, err = s.location.remove(ctx, from, record.name())
		return err
	})
	return had, err
}

// All yields every record, as Between does. What was yielded may be deleted meanwhile.
func (s *Store) All(ctx context.Context) iter.Seq2[*Record, error] {
	return func(yield func(*Record, error) bool) {
		from, release, err := s.location.open(ctx)
		if err != nil {
			yield(nil, err)
			return
		}
		defer release()
		for day, err := range days(ctx, from) {
			if err != nil {
				yield(nil, err)
				return
			}
			if !s.day(ctx, from, day, yield) {
				return
			}
		}
	}
}

// days yields the days that have records, in their order.
func days(ctx context.Context, from *blob.Bucket) iter.Seq2[Day, error] {
	return func(yield func(Day, error) bool) {
		token := blob.FirstPageToken
		for {
			page, next, err := listPage(ctx, from, token, &blob.ListOptions{Prefix: dayPrefix, Delimiter: "/"})
			if err != nil {
				yield("", storeError(err))
				return
			}
			for _, object := range page {
				day, err := situation.ParseDay(strings.TrimSuffix(strings.TrimPrefix(object.Key, dayPrefix), "/"))
				if object.IsDir && err == nil && !yield(day, nil) {
					return
				}
			}
			if token = next; len(token) == 0 {
				return
			}
		}
	}
}

// leftOver is the age at which a file that was not completed has no writer any more.
const leftOver = time.Hour

// Sweep deletes what writers that were killed have left in a directory: files that were never completed, may have a part of a record, and are
// read by nobody. It returns how many there were. A bucket has none.
func (s *Store) Sweep(ctx context.Context) (int, error) {
	_, release, err := s.location.open(ctx)
	if err != nil {
		return 0, err
	}
	defer release()
	directory := bucket.Directory(s.location.url)
	if directory == "" {
		return 0, nil
	}
	swept := 0
	err = filepath.WalkDir(directory, func(path string, file fs.DirEntry, err error) error {
		if err != nil || file.IsDir() || !isTemporary(path) {
			return err
		}
		info, err := file.Info()
		if absent(err) || err == nil && time.Since(info.ModTime()) < leftOver {
			return nil
		}
		if err == nil {
			err = os.Remove(path) // #nosec G122 -- in the operator's own directory, under a name of ours
		}
		if absent(err) {
			return nil
		}
		swept++
		return err
	})
	return swept, storeError(err)
}
