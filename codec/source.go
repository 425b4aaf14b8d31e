package codec

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// wrapping is what a wrapped keyset is bound to, so that a KMS key which wraps other things too cannot be made to
// unwrap them as one.
const wrapping = "rampart keyset"

// ErrNoKeyset says that there is no keyset where there should be one.
var ErrNoKeyset = errors.New("there is no keyset")

// KeysetSource says where a keyset is: in the environment, or in a file. One that is wrapped by a KMS is unwrapped with it
// and never stored in clear.
type KeysetSource struct {
	// Keyset is the keyset itself, in Tink's JSON, instead of a file. Default: none.
	Keyset string `env:"KEYSET,unset"`
	// File is the keyset's file. Default: rampart/keyset.json in the user's configuration directory.
	File string `env:"KEYSET_FILE"`
	// KMS is the URI of the KMS key that wraps the keyset, such as aws-kms://…, gcp-kms://… or hcvault://…. Default: none; the keyset is
	// not wrapped.
	KMS string `env:"KEYSET_KMS"`
	// OpenKMS finds the key that KMS names, as kms.Open does. It is not needed for a keyset in clear.
	OpenKMS func(ctx context.Context, uri string) (tink.AEADWithContext, error) `env:"-"`
}

// Format implements fmt.Formatter: a keyset is never printed.
func (s KeysetSource) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, s.place()) }

// DefaultFile is where a user's keyset is unless told otherwise: rampart/keyset.json in the directory for
// configuration that the operating system gives a user.
func DefaultFile() (string, error) {
	directory, err := os.UserConfigDir()
	if err != nil {
		return "", fmt.Errorf("no directory for the keyset (set RAMP_KEYSET_FILE): %w", err)
	}
	return filepath.Join(directory, "rampart", "keyset.json"), nil
}

// Path is the file that a keyset is in, and is empty for one in the environment.
func (s KeysetSource) Path() (string, error) {
	if s.Keyset != "" {
		if s.File != "" {
			return "", errors.New("set RAMP_KEYSET or RAMP_KEYSET_FILE, not both")
		}
		return "", nil
	}
	if s.File != "" {
		return s.File, nil
	}
	return DefaultFile()
}

// place names the source for a person.
func (s KeysetSource) place() string {
	path, err := s.Path()
	switch {
	case err != nil:
		return err.Error()
	case path == "":
		return "RAMP_KEYSET"
	default:
		return path
	}
}

func (s KeysetSource) read() ([]byte, error) {
	path, err := s.Path()
	if err != nil {
		return nil, err
	}
	if path == "" {
		return []byte(s.Keyset), nil
	}
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w at %s: without its keys nothing can be encrypted or read; set RAMP_KEYSET_FILE to the "+
			"keyset that the other workers use, or make the first one with \"starter keyset create\"", ErrNoKeyset, path)
	}
	if err != nil {
		return nil, fmt.Errorf("the keyset cannot be read: %w", err)
	}
	if err := s.confined(path, info.Mode().Perm()); err != nil {
		return nil, err
	}
	stored, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("the keyset cannot be read: %w", err)
	}
	return stored, nil
}

// confined says who else may read or change a keyset than should. A group may read it, as a container's does.
func (s KeysetSource) confined(path string, mode fs.FileMode) error {
	switch {
	case mode&0o022 != 0:
		return fmt.Errorf("the keyset at %s can be changed by other users of this machine, who could have payloads encrypted with "+
			"a key of theirs: chmod 600 it (640 for one that a group reads)", path)
	case s.KMS == "" && mode&0o007 != 0:
		return fmt.Errorf("the keyset at %s can be read by every user of this machine: chmod 600 it, or wrap it with a KMS", path)
	default:
		return nil
	}
}

// unwrap reads a stored keyset. Tink's errors say nothing of what is in it.
func (s KeysetSource) unwrap(ctx context.Context, stored []byte) (*keyset.Handle, error) {
	reader := keyset.NewJSONReader(bytes.NewReader(stored))
	if s.KMS == "" {
		handle, err := insecurecleartextkeyset.Read(reader)
		if err != nil {
			return nil, fmt.Errorf("the keyset in %s is not Tink's JSON in clear; if a KMS wraps it, set RAMP_KEYSET_KMS to its key: %w", s.place(), err)
		}
		return handle, nil
	}
	key, err := s.openKMS(ctx)
	if err != nil {
		return nil, err
	}
	handle, err := keyset.ReadWithContext(ctx, reader, key, []byte(wrapping))
	if err != nil {
		return nil, fmt.Errorf("the keyset in %s cannot be unwrapped with %s: %w", s.place(), s.KMS, err)
	}
	return handle, nil
}

func (s KeysetSource) openKMS(ctx context.Context) (tink.AEADWithContext, error) {
	if s.OpenKMS == nil {
		return nil, errors.New("this program knows no KMS: set codec.KeysetSource.OpenKMS")
	}
	return s.OpenKMS(ctx, s.KMS)
}

func (s KeysetSource) wrap(ctx context.Context, handle *keyset.Handle) ([]byte, error) {
	var stored bytes.Buffer
	writer := keyset.NewJSONWriter(&stored)
	if s.KMS == "" {
		if err := insecurecleartextkeyset.Write(handle, writer); err != nil {
			return nil, err
		}
		return stored.Bytes(), nil
	}
	key, err := s.openKMS(ctx)
	if err != nil {
		return nil, err
	}
	if err := handle.WriteWithContext(ctx, writer, key, []byte(wrapping)); err != nil {
		return nil, fmt.Errorf("the keyset cannot be wrapped with %s: %w", s.KMS, err)
	}
	return stored.Bytes(), nil
}

// newHandle makes a keyset with one key. XAES-256-GCM has nonces so long that random ones never meet, however many
// payloads a key encrypts; those of plain AES-GCM allow some four billion.
func newHandle() (*keyset.Handle, error) {
	return keyset.NewHandle(aead.XAES256GCM192BitNonceKeyTemplate())
}
