package codec

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/core/cryptofmt"
	"github.com/tink-crypto/tink-go/v2/keyset"
	tinkpb "github.com/tink-crypto/tink-go/v2/proto/tink_go_proto"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// Keyring is a keyset in the memory of a process: the primary key encrypts, all keys decrypt. Follow keeps it up to date
// with its source. It is safe for concurrent use.
type Keyring struct {
	source  KeysetSource
	current atomic.Pointer[keys]
}

// keys is one version of a keyset.
type keys struct {
	stored  []byte
	aead    tink.AEAD
	primary string
	ids     []string // sorted
	search  searchKeys
}

// OpenKeyring reads a keyset. The error of a keyset that is missing or unusable says what the operator must do.
func OpenKeyring(ctx context.Context, source KeysetSource) (*Keyring, error) {
	k := &Keyring{source: source}
	if _, err := k.reload(ctx); err != nil {
		return nil, err
	}
	return k, nil
}

// NewKeyring returns a keyring with one new key that exists only in memory.
func NewKeyring() (*Keyring, error) {
	handle, err := newHandle()
	if err != nil {
		return nil, err
	}
	created, err := newKeys(handle, nil)
	if err != nil {
		return nil, err
	}
	k := &Keyring{}
	k.current.Store(created)
	return k, nil
}

// Follow reads the keyset again at the interval until ctx ends, so that a rotated keyset takes effect without a restart. It
// calls report with nil after each change, and with an error when the keyset cannot be used; the previous keys then stay in
// use. A keyset that lacks a key in use is an error, since payloads encrypted with that key would become unreadable: restart
// the process to remove a key.
func (k *Keyring) Follow(ctx context.Context, interval time.Duration, report func(error)) {
	ticks := time.NewTicker(interval)
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
		if changed, err := k.reload(ctx); changed || err != nil && ctx.Err() == nil {
			report(err)
		}
	}
}

// Primary returns the id of the key that encrypts.
func (k *Keyring) Primary() string { return k.current.Load().primary }

// IDs returns the ids of all keys that decrypt, sorted as strings.
func (k *Keyring) IDs() []string { return slices.Clone(k.current.Load().ids) }

// reload reads the keyset and reports whether it changed. An unchanged one is not unwrapped again.
func (k *Keyring) reload(ctx context.Context) (bool, error) {
	stored, err := k.source.read()
	if err != nil {
		return false, err
	}
	current := k.current.Load()
	if current != nil && bytes.Equal(current.stored, stored) {
		return false, nil
	}
	handle, err := k.source.unwrap(ctx, stored)
	if err != nil {
		return false, err
	}
	next, err := newKeys(handle, stored)
	if err != nil {
		return false, err
	}
	if missing := next.missing(current); len(missing) > 0 {
		return false, fmt.Errorf("the keyset in %s lacks keys that this process uses (%s), so that payloads encrypted with them would become unreadable: "+
			"restore these keys, or restart the process to do without them", k.source.location(), strings.Join(missing, ", "))
	}
	k.current.Store(next)
	return true, nil
}

func newKeys(handle *keyset.Handle, stored []byte) (*keys, error) {
	primitive, err := aead.New(handle)
	if err != nil {
		return nil, fmt.Errorf("the keyset is not one for authenticated encryption (Tink AEAD): %w", err)
	}
	search, err := newSearchKeys(handle)
	if err != nil {
		return nil, fmt.Errorf("derive the keys of search hashes: %w", err)
	}
	info := handle.KeysetInfo()
	all := &keys{stored: stored, aead: primitive, primary: keyID(info.GetPrimaryKeyId()), search: search}
	for _, key := range info.GetKeyInfo() {
		if key.GetStatus() == tinkpb.KeyStatusType_ENABLED { // Tink does not decrypt with a disabled key
			all.ids = append(all.ids, keyID(key.GetKeyId()))
		}
	}
	slices.Sort(all.ids)
	return all, nil
}

func keyID(id uint32) string { return strconv.FormatUint(uint64(id), 10) }

// missing returns the keys of the previous version, if any, that this one lacks.
func (k *keys) missing(previous *keys) []string {
	if previous == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(previous.ids), k.contains)
}

func (k *keys) contains(id string) bool {
	_, found := slices.BinarySearch(k.ids, id)
	return found
}

func (k *Keyring) encrypt(plaintext, associated []byte) (ciphertext []byte, keyID string, err error) {
	current := k.current.Load()
	ciphertext, err = current.aead.Encrypt(plaintext, associated)
	return ciphertext, current.primary, err
}

func (k *Keyring) decrypt(ciphertext, associated []byte) ([]byte, error) {
	current := k.current.Load()
	plaintext, err := current.aead.Decrypt(ciphertext, associated)
	if err == nil {
		return plaintext, nil
	}
	if id, found := keyOf(ciphertext); found && !current.contains(keyID(id)) {
		return nil, &UnknownKeyError{KeyID: id}
	}
	return nil, ErrUndecryptable
}

// sealed begins the associated data of what Seal encrypts, which therefore never decrypts as a payload, nor a payload as it.
const sealed = "rampart sealed 1"

// ErrUnsealable is the error of what was not sealed in this context with a key of the keyset, or was modified.
var ErrUnsealable = errors.New("it was cut off or modified, or was not written under this name with a key of ours")

// Seal encrypts what is kept outside of Temporal. It is bound to the context, such as the name that it is kept under.
func (k *Keyring) Seal(context string, plaintext []byte) ([]byte, error) {
	ciphertext, _, err := k.encrypt(plaintext, associatedData(sealed, context))
	return ciphertext, err
}

// Unseal decrypts what Seal encrypted in the same context. The error is ErrUnsealable; it names a key that the keyset lacks.
func (k *Keyring) Unseal(context string, ciphertext []byte) ([]byte, error) {
	plaintext, err := k.decrypt(ciphertext, associatedData(sealed, context))
	var unknown *UnknownKeyError
	switch {
	case errors.As(err, &unknown):
		return nil, fmt.Errorf("%w: the keyset of this process lacks its key, %d", ErrUnsealable, unknown.KeyID)
	case err != nil:
		return nil, ErrUnsealable
	}
	return plaintext, nil
}

// keyOf returns the key id in the prefix that Tink gives a ciphertext.
func keyOf(ciphertext []byte) (id uint32, found bool) {
	if len(ciphertext) <= cryptofmt.TinkPrefixSize || ciphertext[0] != cryptofmt.TinkStartByte {
		return 0, false
	}
	return binary.BigEndian.Uint32(ciphertext[1:cryptofmt.TinkPrefixSize]), true
}
