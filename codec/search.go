package codec

import (
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/hex"

	"github.com/tink-crypto/tink-go/v2/insecuresecretdataaccess"
	"github.com/tink-crypto/tink-go/v2/keyset"
	prf "github.com/tink-crypto/tink-go/v2/prf/subtle"
	"github.com/tink-crypto/tink-go/v2/secretdata"

	"rampart/internal/redact"
)

const (
	// searchKeyInfo is HKDF's info for the key that makes search hashes. What is derived with it serves nothing else.
	searchKeyInfo = "rampart search hash 1"
	searchKeySize = 32
	// searchHashSize is the length of a search hash in bytes, before its hexadecimal encoding.
	searchHashSize = 16
)

// Hasher makes the hashes by which the orders of one namespace are found, such as of a user's e-mail address: a pseudorandom function
// (HMAC-SHA256 of Tink) under keys that are derived from those of the keyset. Without the keyset a hash can be neither made nor checked
// against a guess. The same term has other hashes in another namespace. It is safe for concurrent use, and follows its keyring.
type Hasher struct {
	keyring   *Keyring
	namespace string
}

// NewHasher returns the hasher of a namespace.
func NewHasher(keyring *Keyring, namespace string) *Hasher {
	return &Hasher{keyring: keyring, namespace: namespace}
}

// Hash returns the hash of a term under the key that encrypts. It is empty if no hash can be made with a key of its type.
func (h *Hasher) Hash(term redact.Personal) string {
	return h.keyring.current.Load().search.primary.hash(h.namespace, term)
}

// Hashes returns the hashes of a term under every key that decrypts, as orders of before a rotation have them.
func (h *Hasher) Hashes(term redact.Personal) []string {
	var hashes []string
	for _, key := range h.keyring.current.Load().search.all {
		hashes = append(hashes, key.hash(h.namespace, term))
	}
	return hashes
}

// searchKeys are the keys of search hashes that a keyset has.
type searchKeys struct {
	primary *searchKey // nil if its type has none
	all     []*searchKey
}

type searchKey struct{ prf *prf.HMACPRF }

// hash returns the hash in hexadecimal, which no visibility store folds or splits.
func (k *searchKey) hash(namespace string, term redact.Personal) string {
	if k == nil {
		return ""
	}
	sum, err := k.prf.ComputePRF(associatedData(searchKeyInfo, namespace, string(term)), searchHashSize)
	if err != nil { // for no size of a constant below that of SHA-256
		return ""
	}
	return hex.EncodeToString(sum)
}

// newSearchKeys derives a key of search hashes from each key that decrypts.
func newSearchKeys(handle *keyset.Handle) (searchKeys, error) {
	var found searchKeys
	for i := range handle.Len() {
		entry, err := handle.Entry(i)
		if err != nil {
			return searchKeys{}, err
		}
		if entry.KeyStatus() != keyset.Enabled {
			continue
		}
		key, err := newSearchKey(entry)
		if err != nil {
			return searchKeys{}, err
		}
		if key == nil {
			continue
		}
		found.all = append(found.all, key)
		if entry.IsPrimary() {
			found.primary = key
		}
	}
	return found, nil
}

// symmetric is a key that is one secret, as all are that starter keyset makes.
type symmetric interface{ KeyBytes() secretdata.Bytes }

// newSearchKey derives the key of search hashes from a key of the keyset. It is nil for a type of key that is not one secret, such as one
// that is in a KMS.
func newSearchKey(entry *keyset.Entry) (*searchKey, error) {
	key, isSymmetric := entry.Key().(symmetric)
	if !isSymmetric {
		return nil, nil
	}
	bytes := key.KeyBytes()
	derived, err := hkdf.Key(sha256.New, bytes.Data(insecuresecretdataaccess.Token{}), nil, searchKeyInfo, searchKeySize)
	if err != nil {
		return nil, err
	}
	function, err := prf.NewHMACPRF("SHA256", derived)
	if err != nil {
		return nil, err
	}
	return &searchKey{prf: function}, nil
}
