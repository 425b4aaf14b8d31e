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

// wrapContext is the associated data of a wrapped keyset. Other data that the same KMS key wraps does not unwrap as a keyset.
const wrapContext = "rampart keyset"

// ErrNoKeyset is the error of a keyset file that does not exist.
var ErrNoKeyset = errors.New("there is no keyset")

// KeysetSource locates a keyset: in the environment, or in a file. A keyset that a KMS wraps is unwrapped in memory only.
type KeysetSource struct {
	// Keyset is the keyset itself, in Tink's JSON, instead of a file. Default: none.
	Keyset string `env:"KEYSET,unset"`
	// File is the keyset's file. Default: rampart/keyset.json in the user's configuration directory.
	File string `env:"KEYSET_FILE"`
	// KMS is the URI of the KMS key that wraps the keyset, such as aws-kms://…, gcp-kms://… or hcvault://…. Default: none; the keyset is
	// not wrapped.
	KMS string `env:"KEYSET_KMS"`
	// OpenKMS returns the key that KMS names; kms.Open supports AWS, Google Cloud and Vault. It is not needed without a KMS.
	OpenKMS func(ctx context.Context, uri string) (tink.AEADWithContext, error) `env:"-"`
}

// Format implements fmt.Formatter. It prints the keyset's location and never the keyset.
func (s KeysetSource) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, s.location()) }

// DefaultFile returns the path of a user's keyset if none is configured: rampart/keyset.json in the user's configuration
// directory, such as ~/.config on Linux.
func DefaultFile() (string, error) {
	directory, err := os.UserConfigDir()
	if err != nil {
		return "", fmt.Errorf("there is no default directory for the keyset; set RAMP_KEYSET_FILE: %w", err)
	}
	return filepath.Join(directory, "rampart", "keyset.json"), nil
}

// Path returns the keyset's file, or "" for a keyset in the environment.
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

// location describes the source in messages.
func (s KeysetSource) location() string {
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
		return nil, fmt.Errorf("%w at %s, so that payloads can be neither encrypted nor decrypted: set RAMP_KEYSET_FILE to the "+
			"keyset that the other workers use, or create the first one with \"starter keyset create\"", ErrNoKeyset, path)
	}
	if err != nil {
		return nil, fmt.Errorf("read the keyset: %w", err)
	}
	if err := s.checkMode(path, info.Mode().Perm()); err != nil {
		return nil, err
	}
	stored, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the keyset: %w", err)
	}
	return stored, nil
}

// checkMode returns an error if other users can change the file, or read it unwrapped. A group may read it, as in a container.
func (s KeysetSource) checkMode(path string, mode fs.FileMode) error {
	switch {
	case mode&0o022 != 0:
		return fmt.Errorf("the keyset at %s can be changed by other users of this machine, who could replace its keys: "+
			"run chmod 600 (or 640 if a group reads it)", path)
	case s.KMS == "" && mode&0o007 != 0:
		return fmt.Errorf("the keyset at %s can be read by every user of this machine: run chmod 600, or wrap it with a KMS", path)
	default:
		return nil
	}
}

// unwrap decodes a stored keyset. Tink's errors do not quote it.
func (s KeysetSource) unwrap(ctx context.Context, stored []byte) (*keyset.Handle, error) {
	reader := keyset.NewJSONReader(bytes.NewReader(stored))
	if s.KMS == "" {
		handle, err := insecurecleartextkeyset.Read(reader)
		if err != nil {
			return nil, fmt.Errorf("the keyset in %s is not Tink's JSON in clear; if a KMS wraps it, set RAMP_KEYSET_KMS: %w", s.location(), err)
		}
		return handle, nil
	}
	key, err := s.openKMS(ctx)
	if err != nil {
		return nil, err
	}
	handle, err := keyset.ReadWithContext(ctx, reader, key, []byte(wrapContext))
	if err != nil {
		return nil, fmt.Errorf("the keyset in %s cannot be unwrapped with %s: %w", s.location(), s.KMS, err)
	}
	return handle, nil
}

func (s KeysetSource) openKMS(ctx context.Context) (tink.AEADWithContext, error) {
	if s.OpenKMS == nil {
		return nil, errors.New("this program does not support a KMS: set codec.KeysetSource.OpenKMS")
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
	if err := handle.WriteWithContext(ctx, writer, key, []byte(wrapContext)); err != nil {
		return nil, fmt.Errorf("the keyset cannot be wrapped with %s: %w", s.KMS, err)
	}
	return stored.Bytes(), nil
}

// newHandle returns a keyset with one new key. The random 192-bit nonces of XAES-256-GCM do not collide however many payloads a key
// encrypts; those of AES-GCM are safe for about four billion.
func newHandle() (*keyset.Handle, error) {
	return keyset.NewHandle(aead.XAES256GCM192BitNonceKeyTemplate())
}
