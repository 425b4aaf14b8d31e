package sandbox

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"rampart/sandbox/ledger"

	"github.com/google/uuid"
)

const (
	// tenantID is the sandbox's only merchant.
	tenantID = "650000000000000000000010"
	// unknownPathCalls counts requests that match no route.
	unknownPathCalls = "unknown path"
)

// store is the sandbox's state.
type store struct {
	random *rand.ChaCha8
	serial int64 // of the last token

	users     map[string]*user // by e-mail, exactly as given
	usersByID map[string]*user
	userOrder []*user

	orders     []*order // oldest first
	ordersByID map[string]*order
	utrs       map[string]*order   // the last order that held the UTR
	payments   map[string]*payment // by UTR
	hashes     map[string]bool     // accepted transaction hashes, in the spelling of hashKey
	proofs     []ledger.AcceptedProof
	quotes     map[quoteKey]issuedQuote

	// What webhooks are still to be sent about.
	announcing []*order
	unverified []*user
	late       []lateMessage

	calls    map[string]int
	refusals map[string]int
}

func newStore(seed int64) *store {
	var key [32]byte
	binary.BigEndian.PutUint64(key[:], uint64(seed))
	return &store{
		random:     rand.NewChaCha8(key),
		users:      map[string]*user{},
		usersByID:  map[string]*user{},
		ordersByID: map[string]*order{},
		utrs:       map[string]*order{},
		payments:   map[string]*payment{},
		hashes:     map[string]bool{},
		quotes:     map[quoteKey]issuedQuote{},
		calls:      map[string]int{},
		refusals:   map[string]int{},
	}
}

// objectID returns an id of 24 hexadecimal digits, the first eight its time, as the provider's database generates.
func (st *store) objectID(now time.Time) string {
	var id [12]byte
	binary.BigEndian.PutUint32(id[:], uint32(now.Unix()))
	binary.BigEndian.PutUint64(id[4:], st.random.Uint64())
	return hex.EncodeToString(id[:])
}

func (st *store) uuid() string {
	id, _ := uuid.NewRandomFromReader(st.random) // the generator never fails
	return id.String()
}

// digits returns a number of ten digits.
func (st *store) digits() string { return fmt.Sprintf("%010d", st.random.Uint64()%1e10) }

// count counts a call and its refusal, if any.
func (st *store) count(pattern string, err error) {
	st.calls[pattern]++
	var refused *refusal
	if errors.As(err, &refused) {
		st.refusals[fmt.Sprintf("%s: %d %s", pattern, refused.status, refused.message)]++
	}
}
