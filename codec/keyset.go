package codec

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"
	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"
)

// Key is what may be known of a key.
type Key struct {
	ID uint32
	// Primary is whether the key encrypts. All decrypt.
	Primary bool
	// Type is Tink's name of the algorithm.
	Type string
}

// CreateKeyset makes a keyset with one key in a file that only its user can read, and returns the file's path. It is an
// error (fs.ErrExist) if there is a file already: what was encrypted with its keys would be lost.
func CreateKeyset(ctx context.Context, source KeysetSource) (string, error) {
	path, err := source.file()
	if err != nil {
		return "", err
	}
	handle, err := newHandle()
	if err != nil {
		return "", err
	}
	written, err := source.write(ctx, path, handle)
	if err != nil {
		return "", err
	}
	defer func() { _ = os.Remove(written) }() // the link below is what stays
	if err := os.Link(written, path); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return "", fmt.Errorf("%w: there is a keyset at %s already; \"starter keyset rotate\" gives it a new key", fs.ErrExist, path)
		}
		return "", err
	}
	return path, nil
}

// AddKey adds a key to a keyset in a file, and returns its id. The key decrypts; it encrypts only once it is promoted,
// when every process has the keyset that holds it.
func AddKey(ctx context.Context, source KeysetSource) (uint32, error) {
	var id uint32
	err := source.change(ctx, func(handle *keyset.Handle) (*keyset.Handle, error) {
		manager := keyset.NewManagerFromHandle(handle)
		var err error
		if id, err = manager.Add(aead.XAES256GCM192BitNonceKeyTemplate()); err != nil {
			return nil, err
		}
		return manager.Handle()
	})
	return id, err
}

// PromoteKey makes the newest key of a keyset in a file the one that encrypts, and returns its id.
func PromoteKey(ctx context.Context, source KeysetSource) (uint32, error) {
	var id uint32
	err := source.change(ctx, func(handle *keyset.Handle) (*keyset.Handle, error) {
		keys := handle.KeysetInfo().GetKeyInfo()
		id = keys[len(keys)-1].GetKeyId()
		if id == handle.KeysetInfo().GetPrimaryKeyId() {
			return nil, fmt.Errorf("the newest key, %d, encrypts already; add another with \"starter keyset rotate\" first", id)
		}
		manager := keyset.NewManagerFromHandle(handle)
		if err := manager.SetPrimary(id); err != nil {
			return nil, err
		}
		return manager.Handle()
	})
	return id, err
}

// ListKeys returns the keys of a keyset, the oldest first.
func ListKeys(ctx context.Context, source KeysetSource) ([]Key, error) {
	stored, err := source.read()
	if err != nil {
		return nil, err
	}
	handle, err := source.unwrap(ctx, stored)
	if err != nil {
		return nil, err
	}
	info := handle.KeysetInfo()
	var keys []Key
	for _, key := range info.GetKeyInfo() {
		keys = append(keys, Key{
			ID:      key.GetKeyId(),
			Primary: key.GetKeyId() == info.GetPrimaryKeyId(),
			Type:    key.GetTypeUrl()[strings.LastIndex(key.GetTypeUrl(), ".")+1:],
		})
	}
	return keys, nil
}

// file is the path of a keyset that can be written.
func (s KeysetSource) file() (string, error) {
	path, err := s.Path()
	if err == nil && path == "" {
		err = errors.New("a keyset in RAMP_KEYSET cannot be changed in place: unset it, and work on the file it came from")
	}
	return path, err
}

// change replaces a keyset in a file by a changed one. Of several who do so at once, one comes after the other. Who may read the
// file stays as it is.
func (s KeysetSource) change(ctx context.Context, change func(*keyset.Handle) (*keyset.Handle, error)) error {
	path, err := s.file()
	if err != nil {
		return err
	}
	if real, err := filepath.EvalSymlinks(path); err == nil { // a link to the keyset stays one
		path = real
	}
	unlock, err := lock(ctx, path)
	if err != nil {
		return err
	}
	defer unlock()
	stored, err := s.read()
	if err != nil {
		return err
	}
	handle, err := s.unwrap(ctx, stored)
	if err != nil {
		return err
	}
	changed, err := change(handle)
	if err != nil {
		return err
	}
	written, err := s.write(ctx, path, changed)
	if err != nil {
		return err
	}
	if err := errors.Join(likeBefore(path, written), os.Rename(written, path)); err != nil {
		_ = os.Remove(written) // unless it has its new name already
		return err
	}
	return syncDirectory(path)
}

// lockWait is the pause between two attempts at a lock that another process has.
const lockWait = 20 * time.Millisecond

// lock keeps others from changing a keyset, until the returned function is called or the process ends. Its file stays: who waits
// for one that is removed has a lock of nothing.
func lock(ctx context.Context, path string) (unlock func(), err error) {
	if _, err := os.Stat(path); err != nil {
		return func() {}, nil // reading it will tell
	}
	file := flock.New(path + ".lock")
	if _, err := file.TryLockContext(ctx, lockWait); err != nil {
		return nil, fmt.Errorf("the keyset at %s cannot be locked for a change: %w", path, err)
	}
	return func() { _ = file.Close() }, nil
}

// likeBefore gives a new keyset the mode and the owner of the one that it replaces.
func likeBefore(path, written string) error {
	before, err := os.Stat(path)
	if err != nil {
		return err
	}
	if err := keepOwner(before, written); err != nil {
		return fmt.Errorf("the keyset at %s is another user's, and would not be theirs any more; change it as that user: %w", path, err)
	}
	return os.Chmod(written, before.Mode().Perm())
}

// syncDirectory makes a rename survive a crash of the machine.
func syncDirectory(path string) error {
	directory, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(directory.Sync(), directory.Close())
}

// write stores a keyset beside the path it is for, so that nobody ever reads half of one, and returns where.
func (s KeysetSource) write(ctx context.Context, path string, handle *keyset.Handle) (string, error) {
	stored, err := s.wrap(ctx, handle)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", err
	}
	file, err := os.CreateTemp(filepath.Dir(path), ".keyset-*") // owner-only
	if err != nil {
		return "", err
	}
	_, err = file.Write(append(stored, '\n'))
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		_ = os.Remove(file.Name())
		return "", err
	}
	return file.Name(), nil
}
