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

// Key describes a key of a keyset without its secret.
type Key struct {
	ID uint32
	// Primary reports whether the key encrypts. Every key decrypts.
	Primary bool
	// Type is Tink's name of the key's type, such as XAesGcmKey.
	Type string
}

// CreateKeyset creates a keyset with one key in a file that only its owner can read, and returns the file's path. It never
// overwrites a file, since payloads encrypted with its keys would be lost; the error is then fs.ErrExist.
func CreateKeyset(ctx context.Context, source KeysetSource) (string, error) {
	path, err := source.writablePath()
	if err != nil {
		return "", err
	}
	handle, err := newHandle()
	if err != nil {
		return "", err
	}
	temporary, err := source.writeTemporary(ctx, path, handle)
	if err != nil {
		return "", err
	}
	defer func() { _ = os.Remove(temporary) }()
	if err := os.Link(temporary, path); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return "", fmt.Errorf("%w: a keyset exists at %s; \"starter keyset rotate\" adds a new key to it", fs.ErrExist, path)
		}
		return "", err
	}
	return path, nil
}

// AddKey adds a key to a keyset in a file and returns its id. The new key decrypts only. Promote it with PromoteKey once every
// process has the new keyset.
func AddKey(ctx context.Context, source KeysetSource) (uint32, error) {
	var id uint32
	err := source.update(ctx, func(handle *keyset.Handle) (*keyset.Handle, error) {
		manager := keyset.NewManagerFromHandle(handle)
		var err error
		if id, err = manager.Add(aead.XAES256GCM192BitNonceKeyTemplate()); err != nil {
			return nil, err
		}
		return manager.Handle()
	})
	return id, err
}

// PromoteKey makes the newest key of a keyset in a file the primary key, which encrypts, and returns its id.
func PromoteKey(ctx context.Context, source KeysetSource) (uint32, error) {
	var id uint32
	err := source.update(ctx, func(handle *keyset.Handle) (*keyset.Handle, error) {
		keys := handle.KeysetInfo().GetKeyInfo()
		id = keys[len(keys)-1].GetKeyId()
		if id == handle.KeysetInfo().GetPrimaryKeyId() {
			return nil, fmt.Errorf("the newest key, %d, is already the primary key; add another one with \"starter keyset rotate\" first", id)
		}
		manager := keyset.NewManagerFromHandle(handle)
		if err := manager.SetPrimary(id); err != nil {
			return nil, err
		}
		return manager.Handle()
	})
	return id, err
}

// ListKeys returns the keys of a keyset, oldest first.
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

// writablePath returns the path of a keyset in a file.
func (s KeysetSource) writablePath() (string, error) {
	path, err := s.Path()
	if err == nil && path == "" {
		err = errors.New("a keyset in RAMP_KEYSET cannot be changed: unset it, and change the file that it came from")
	}
	return path, err
}

// update replaces a keyset in a file atomically and keeps the file's mode and owner. Concurrent updates run one after another.
func (s KeysetSource) update(ctx context.Context, change func(*keyset.Handle) (*keyset.Handle, error)) error {
	path, err := s.writablePath()
	if err != nil {
		return err
	}
	if target, err := filepath.EvalSymlinks(path); err == nil { // a symbolic link is kept
		path = target
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
	temporary, err := s.writeTemporary(ctx, path, changed)
	if err != nil {
		return err
	}
	if err := errors.Join(copyModeAndOwner(path, temporary), os.Rename(temporary, path)); err != nil {
		_ = os.Remove(temporary) // unless it was renamed
		return err
	}
	return syncDirectory(path)
}

// lockRetryInterval is the pause between two attempts to lock a keyset.
const lockRetryInterval = 20 * time.Millisecond

// lock prevents concurrent updates of a keyset until unlock is called or the process ends. The lock file is not removed, since a
// process that waits for a removed file would lock nothing.
func lock(ctx context.Context, path string) (unlock func(), err error) {
	if _, err := os.Stat(path); err != nil {
		return func() {}, nil // reading the keyset returns the error
	}
	file := flock.New(path + ".lock")
	if _, err := file.TryLockContext(ctx, lockRetryInterval); err != nil {
		return nil, fmt.Errorf("lock the keyset at %s for an update: %w", path, err)
	}
	return func() { _ = file.Close() }, nil
}

// copyModeAndOwner gives a new file the mode and the owner of the keyset that it replaces.
func copyModeAndOwner(path, temporary string) error {
	replaced, err := os.Stat(path)
	if err != nil {
		return err
	}
	if err := copyOwner(replaced, temporary); err != nil {
		return fmt.Errorf("the keyset at %s belongs to another user; change it as that user: %w", path, err)
	}
	return os.Chmod(temporary, replaced.Mode().Perm())
}

// syncDirectory makes a rename durable.
func syncDirectory(path string) error {
	directory, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(directory.Sync(), directory.Close())
}

// writeTemporary writes a keyset to a temporary file in the directory of path, for an atomic rename, and returns its name.
func (s KeysetSource) writeTemporary(ctx context.Context, path string, handle *keyset.Handle) (string, error) {
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
