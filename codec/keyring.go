package codec

import (
	"bytes"
	"context"
	"encoding/binary"
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

// Keyring is the keys of a process: the primary one encrypts, all decrypt. It follows its keyset's rotation. It is safe
// for concurrent use.
type Keyring struct {
	source  KeysetSource
	current atomic.Pointer[keys]
}

// keys are a keyset as it was read.
type keys struct {
	stored  []byte
	aead    tink.AEAD
	primary string
	known   map[uint32]struct{}
}

// OpenKeyring reads a keyset. Its error says what to do for one that is missing or cannot be used.
func OpenKeyring(ctx context.Context, source KeysetSource) (*Keyring, error) {
	k := &Keyring{source: source}
	if _, err := k.reload(ctx); err != nil {
		return nil, err
	}
	return k, nil
}

// NewKeyring returns a keyring with one new key, which exists in memory alone.
func NewKeyring() (*Keyring, error) {
	k := &Keyring{}
	handle, err := newHandle()
	if err != nil {
		return nil, err
	}
	next, err := newKeys(handle, nil)
	if err != nil {
		return nil, err
	}
	k.current.Store(next)
	return k, nil
}

// Follow reads the keyset again every so often until ctx ends, so that a rotated one is taken without a restart. It
// reports every change (nil) and what kept it from taking the keyset; the keys it had go on being used then. A keyset that lacks
// one of them is not taken: what is encrypted with it could not be read any more. A process that is to do without a
// key is restarted.
func (k *Keyring) Follow(ctx context.Context, every time.Duration, report func(error)) {
	ticks := time.NewTicker(every)
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

// Primary is the id of the key that encrypts.
func (k *Keyring) Primary() string { return k.current.Load().primary }

// IDs are the ids of all keys that decrypt, sorted as texts.
func (k *Keyring) IDs() []string { return k.current.Load().ids() }

// reload takes a keyset that was changed. One that is the same is not unwrapped again.
func (k *Keyring) reload(ctx context.Context) (bool, error) {
	stored, err := k.source.read()
	if err != nil {
		return false, err
	}
	if current := k.current.Load(); current != nil && bytes.Equal(current.stored, stored) {
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
	if err := next.replaces(k.current.Load()); err != nil {
		return false, fmt.Errorf("the keyset in %s %w", k.source.place(), err)
	}
	k.current.Store(next)
	return true, nil
}

func newKeys(handle *keyset.Handle, stored []byte) (*keys, error) {
	primitive, err := aead.New(handle)
	if err != nil {
		return nil, fmt.Errorf("the keyset is not one for authenticated encryption (Tink AEAD): %w", err)
	}
	info := handle.KeysetInfo()
	all := &keys{
		stored:  stored,
		aead:    primitive,
		primary: strconv.FormatUint(uint64(info.GetPrimaryKeyId()), 10),
		known:   make(map[uint32]struct{}),
	}
	for _, key := range info.GetKeyInfo() {
		if key.GetStatus() == tinkpb.KeyStatusType_ENABLED { // a disabled one does not decrypt
			all.known[key.GetKeyId()] = struct{}{}
		}
	}
	return all, nil
}

func (k *keys) ids() []string {
	ids := make([]string, 0, len(k.known))
	for id := range k.known {
		ids = append(ids, strconv.FormatUint(uint64(id), 10))
	}
	slices.Sort(ids)
	return ids
}

// replaces says why keys cannot take the place of those in use, if they cannot.
func (k *keys) replaces(inUse *keys) error {
	if inUse == nil {
		return nil
	}
	had := k.ids()
	missing := slices.DeleteFunc(inUse.ids(), func(id string) bool { return slices.Contains(had, id) })
	if len(missing) == 0 {
		return nil
	}
	return fmt.Errorf("lacks keys that this process uses, so that what they encrypted could not be read any more: %s; "+
		"put them back, or restart the process if it is to do without them", strings.Join(missing, ", "))
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
	if id, told := keyOf(ciphertext); told {
		if _, known := current.known[id]; !known {
			return nil, &UnknownKeyError{KeyID: id}
		}
	}
	return nil, ErrUndecryptable
}

// keyOf reads the key's id from the prefix that Tink gives a ciphertext.
func keyOf(ciphertext []byte) (uint32, bool) {
	if len(ciphertext) <= cryptofmt.TinkPrefixSize || ciphertext[0] != cryptofmt.TinkStartByte {
		return 0, false
	}
	return binary.BigEndian.Uint32(ciphertext[1:cryptofmt.TinkPrefixSize]), true
}
