package run

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"slices"

	"rampart/ramp"
	"rampart/reconcile"
)

// stage is a step of a reconciliation.
type stage string

// Stages, in the order in which a reconciliation passes them.
const (
	// stageOrders: the orders that Temporal has.
	stageOrders stage = ""
	// stageBooks: the orders that Temporal has deleted.
	stageBooks stage = "books"
	// stageUnowned: what the provider has and no order of the day owns.
	stageUnowned stage = "unowned"
	// stageWrite: the findings are written.
	stageWrite stage = "write"
)

// progress is how far a reconciliation has come. The activity heartbeats it, and the next attempt continues from it: what was found before
// is in the parts, whose number it has.
type progress struct {
	// Run identifies the parts in the store, and Key is the key of the digests in them.
	Run string `json:"run"`
	Key []byte `json:"key"`
	// Stage is the stage that it is in, and Cursor and Skip where in that stage.
	Stage  stage  `json:"stage,omitempty"`
	Cursor string `json:"cursor,omitempty"`
	Skip   int    `json:"skip,omitempty"`
	// Parts is how many parts there are, Orders how many orders were compared, and Findings how many differences were found.
	Parts    int `json:"parts"`
	Orders   int `json:"orders"`
	Findings int `json:"findings"`
}

// newProgress is the progress of a reconciliation that begins.
func newProgress() progress {
	key := make([]byte, sha256.Size)
	_, _ = rand.Read(key) // never fails
	return progress{Run: rand.Text(), Key: key}
}

// digest is what stands for a UTR or an e-mail in the parts, which hold neither.
type digest [16]byte

// digest returns the digest of a value. Only this reconciliation can compute it.
func (p *progress) digest(kind, value string) digest {
	sum := hmac.New(sha256.New, p.Key)
	sum.Write([]byte(kind + "\x00" + value))
	return digest(sum.Sum(nil)[:16])
}

// MarshalText implements encoding.TextMarshaler.
func (d digest) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, d[:]), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *digest) UnmarshalText(text []byte) error {
	if hex.DecodedLen(len(text)) != len(d) {
		return errors.New("not a digest")
	}
	_, err := hex.Decode(d[:], text)
	return err
}

// part is what a page of orders has added to a reconciliation.
type part struct {
	Findings []noted `json:"findings,omitempty"`
	// Owned are the provider's ids of the orders here.
	Owned []string `json:"owned,omitempty"`
	// Users are the users whose histories were read.
	Users []digest `json:"users,omitempty"`
	// Proofs are the UTRs of paid orders.
	Proofs []paidBy `json:"proofs,omitempty"`
	// Unowned are orders of the provider that may belong to nobody.
	Unowned []unowned `json:"unowned,omitempty"`
}

// noted is a finding in a part.
type noted struct {
	reconcile.Finding
	// Fact is which fact of its kind it is about.
	Fact fact `json:"fact,omitempty"`
}

// paidBy is the UTR by which an order was paid.
type paidBy struct {
	UTR       digest `json:"utr"`
	Reference string `json:"reference"`
	OrderID   string `json:"orderId"`
	Shown     string `json:"shown"`
}

// unowned is an order of the provider of which the orders that were compared so far own none.
type unowned struct {
	OrderID   string           `json:"orderId"`
	Direction ramp.Direction   `json:"direction,omitempty"`
	Source    reconcile.Source `json:"source"`
	Status    string           `json:"status"`
	There     ramp.Status      `json:"there,omitempty"`
}

// memory is what a reconciliation has to remember of the parts: some dozens of bytes an order.
type memory struct {
	owned   map[string]bool
	users   map[digest]bool
	proofs  map[digest]paidBy
	unowned map[string]unowned
}

func newMemory() *memory {
	return &memory{owned: map[string]bool{}, users: map[digest]bool{}, proofs: map[digest]paidBy{}, unowned: map[string]unowned{}}
}

// add remembers a part, and returns what it has to add to its findings: UTRs that an earlier order was paid by.
func (m *memory) add(p *part) (again [][2]paidBy) {
	for _, orderID := range p.Owned {
		m.owned[orderID] = true
	}
	for _, user := range p.Users {
		m.users[user] = true
	}
	for _, proof := range p.Proofs {
		first, known := m.proofs[proof.UTR]
		if known && first.OrderID != proof.OrderID {
			again = append(again, [2]paidBy{first, proof})
		} else {
			m.proofs[proof.UTR] = proof
		}
	}
	for _, candidate := range p.Unowned {
		if _, known := m.unowned[candidate.OrderID]; !known {
			m.unowned[candidate.OrderID] = candidate
		}
	}
	return again
}

// rest returns the ids of the provider's orders that no order which was compared owns, sorted.
func (m *memory) rest() []string {
	var ids []string
	for orderID := range m.unowned {
		if !m.owned[orderID] {
			ids = append(ids, orderID)
		}
	}
	slices.Sort(ids)
	return ids
}

// parts are the parts of one reconciliation in the store.
type parts struct {
	store *reconcile.Store
	day   reconcile.Day
}

func (p parts) put(ctx context.Context, run string, number int, content *part) error {
	return p.store.PutPart(ctx, p.day, run, number, func(w io.Writer) error { return json.NewEncoder(w).Encode(content) })
}

func (p parts) get(ctx context.Context, run string, number int) (*part, error) {
	file, err := p.store.Part(ctx, p.day, run, number)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	content := new(part)
	return content, json.NewDecoder(file).Decode(content)
}

// errPartsLost says that the store has not the parts that were written to it.
var errPartsLost = errors.New("the store has lost what was found so far")

// recall reads what was found before.
func (p parts) recall(ctx context.Context, at *progress, into *memory) error {
	for number := range at.Parts {
		content, err := p.get(ctx, at.Run, number)
		if errors.Is(err, reconcile.ErrAbsent) {
			return errPartsLost
		}
		if err != nil {
			return err
		}
		into.add(content)
	}
	return nil
}
