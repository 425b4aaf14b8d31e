package codec_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"

	tinkpb "github.com/tink-crypto/tink-go/v2/proto/tink_go_proto"

	"rampart/codec"
	"rampart/internal/redact"
)

const term = redact.Personal("utr 412345678901")

func TestSearchHashIsTheSameInEveryProcessWithTheKeyset(t *testing.T) {
	t.Parallel()
	source := newSource(t)
	one, other := codec.NewHasher(open(t, source), "orders"), codec.NewHasher(open(t, source), "orders")
	require.Regexp(t, "^[0-9a-f]{32}$", one.Hash(term))
	require.Equal(t, one.Hash(term), other.Hash(term))
	require.Equal(t, []string{one.Hash(term)}, other.Hashes(term))
	require.NotEqual(t, one.Hash(term), one.Hash("hash 412345678901"))
	require.NotEqual(t, one.Hash(term), codec.NewHasher(open(t, source), "staging").Hash(term), "namespaces cannot be joined")
	require.NotEqual(t, codec.NewHasher(open(t, source), "a").Hash("b c"), codec.NewHasher(open(t, source), "a b").Hash("c"))
}

// TestGuessesWithoutTheKeyMatchNothing tries what somebody can do who reads the search attributes and guesses the value: every hash that
// needs no key, and keys that are not the keyset's.
func TestGuessesWithoutTheKeyMatchNothing(t *testing.T) {
	t.Parallel()
	source := newSource(t)
	hashed := codec.NewHasher(open(t, source), "orders").Hash(term)
	value := "412345678901"
	var guesses []string
	for _, text := range []string{value, string(term), "orders" + value, "orders " + string(term), "rampart search hash 1" + string(term)} {
		plain := sha256.Sum256([]byte(text))
		guesses = append(guesses, hex.EncodeToString(plain[:])[:32])
		for _, key := range []string{"", "orders", "rampart search hash 1", value, string(make([]byte, 32))} {
			mac := hmac.New(sha256.New, []byte(key))
			mac.Write([]byte(text))
			guesses = append(guesses, hex.EncodeToString(mac.Sum(nil))[:32])
		}
	}
	for range 20 { // other keysets, and the ids of this one's keys, which payloads show
		guesses = append(guesses, codec.NewHasher(open(t, newSource(t)), "orders").Hash(term))
	}
	require.NotContains(t, guesses, hashed)
	stored, err := os.ReadFile(source.File)
	require.NoError(t, err)
	require.NotContains(t, string(stored), hashed)
}

// TestSearchHashOfAKnownKeyIsKnown fails if the derivation changes, after which no order could be found. The key must not be used for
// anything else.
func TestSearchHashOfAKnownKeyIsKnown(t *testing.T) {
	t.Parallel()
	stored := `{"primaryKeyId":1,"key":[{"keyData":{"typeUrl":"type.googleapis.com/google.crypto.tink.XAesGcmKey",` +
		`"value":"EgIIDBogAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=","keyMaterialType":"SYMMETRIC"},` +
		`"status":"ENABLED","keyId":1,"outputPrefixType":"TINK"}]}`
	hasher := codec.NewHasher(open(t, codec.KeysetSource{Keyset: stored}), "default")
	require.Equal(t, "bffcfdb1b79a5d70db4ac87d8cf4f077", hasher.Hash(term))
}

func TestOrdersOfBeforeARotationAreFoundAfterIt(t *testing.T) {
	t.Parallel()
	source := newSource(t)
	keyring := open(t, source)
	hasher := codec.NewHasher(keyring, "orders")
	old := hasher.Hash(term)

	changes := make(chan error)
	go keyring.Follow(t.Context(), time.Millisecond, func(err error) { changes <- err })
	second, err := codec.AddKey(t.Context(), source)
	require.NoError(t, err)
	require.NoError(t, <-changes)
	require.Equal(t, old, hasher.Hash(term), "a key that only decrypts makes no hash")
	require.Len(t, hasher.Hashes(term), 2, "another process may have promoted it")

	_, err = codec.PromoteKey(t.Context(), source)
	require.NoError(t, err)
	require.NoError(t, <-changes)
	require.NotEqual(t, old, hasher.Hash(term))
	require.ElementsMatch(t, []string{old, hasher.Hash(term)}, hasher.Hashes(term))

	stored, err := os.ReadFile(source.File)
	require.NoError(t, err)
	keys, err := codec.ListKeys(t.Context(), source)
	require.NoError(t, err)
	require.Equal(t, fmt.Sprint(second), keyring.Primary())
	without := codec.NewHasher(open(t, codec.KeysetSource{Keyset: string(disabled(t, stored, keys[0].ID))}), "orders")
	require.Equal(t, []string{hasher.Hash(term)}, without.Hashes(term), "a disabled key makes no hash")
}

// TestKeysOfEveryTypeMakeHashesOrSaySo has keysets that operators made themselves.
func TestKeysOfEveryTypeMakeHashesOrSaySo(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		template *tinkpb.KeyTemplate
		makes    bool
	}{
		"AES-128-GCM":              {aead.AES128GCMKeyTemplate(), true},
		"AES-256-GCM":              {aead.AES256GCMKeyTemplate(), true},
		"XChaCha20-Poly1305":       {aead.XChaCha20Poly1305KeyTemplate(), true},
		"two secrets, as one only": {aead.AES256CTRHMACSHA256KeyTemplate(), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			handle, err := keyset.NewHandle(test.template)
			require.NoError(t, err)
			file := t.TempDir() + "/keyset.json"
			writer, err := os.OpenFile(file, os.O_CREATE|os.O_WRONLY, 0o600)
			require.NoError(t, err)
			require.NoError(t, insecurecleartextkeyset.Write(handle, keyset.NewJSONWriter(writer)))
			require.NoError(t, writer.Close())
			hasher := codec.NewHasher(open(t, codec.KeysetSource{File: file}), "orders")
			require.Equal(t, test.makes, hasher.Hash(term) != "")
			require.Equal(t, test.makes, len(hasher.Hashes(term)) == 1)
		})
	}
}
