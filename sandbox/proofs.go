package sandbox

import (
	"net/http"
	"strings"
	"time"

	"rampart/onmeta"
	"rampart/sandbox/ledger"
)

// readProof reads a body with an orderId and a proof, and returns the order.
func (s *Server) readProof(c *call, want direction, field string) (*order, string, error) {
	var id, proof string
	err := c.read(func(o *object) { id, proof = o.text("orderId"), o.text(field) })
	if err != nil {
		return nil, "", err
	}
	o, err := s.findOrder(c, id, want)
	return o, proof, err
}

// submitUTR accepts the UTR of a payment (provider 3.17). A well-formed one is stored whether or not there is such a payment
// (provider 13: FAQ 31). While none is found, another UTR replaces it (FAQ 32); the same one again changes nothing.
func (s *Server) submitUTR(c *call) (any, error) {
	o, utr, err := s.readProof(c, onramp, "utr")
	if err != nil {
		return nil, err
	}
	if err := s.checkUTR(o, utr, c.now); err != nil {
		s.noteUnaccepted(o, utr == o.proof, err.Error(), c.now)
		return nil, err
	}
	if utr == o.proof {
		s.noteUnaccepted(o, true, "", c.now)
		return received(), nil
	}
	s.acceptUTR(o, utr, c.now)
	return received(), nil
}

func (s *Server) checkUTR(o *order, utr string, now time.Time) error {
	if err := checkAwaitsPayment(o.phase(now)); err != nil {
		return err
	}
	if !validUTR(o.paymentMode, utr) || refusedUTR(utr) {
		return invalidUTR("the UTR is not well-formed for the payment mode, or chosen to be refused")
	}
	if holder, ok := s.store.utrs[utr]; ok && holder != o && !holder.givesBack(utr, now) {
		return invalidUTR("another order holds this UTR")
	}
	if o.refuses(utr) {
		return invalidUTR("the order's course refuses its first UTR")
	}
	return nil
}

// checkAwaitsPayment refuses a UTR for an order that is past payment. The provider's answer for an expired or cancelled order is not
// documented.
func checkAwaitsPayment(phase onmeta.Phase) error {
	switch phase {
	case onmeta.PhaseUnpaid:
		return nil
	case onmeta.PhaseExpired:
		return invalidUTR("the order is expired; use a new order")
	case onmeta.PhaseCancelled:
		return invalidUTR("the order is cancelled; use a new order")
	default:
		return refuse(http.StatusBadRequest, "Order already success, can't update UTR", "the order is past payment")
	}
}

func invalidUTR(why string) error { return refuse(http.StatusForbidden, "Invalid UTR", why) }

// givesBack reports whether the order's accepted UTR may be used for another order: if the order is cancelled (provider 13: FAQ 29),
// or has expired and the UTR's magic value says so.
func (o *order) givesBack(utr string, now time.Time) bool {
	switch o.phase(now) {
	case onmeta.PhaseCancelled:
		return true
	case onmeta.PhaseExpired:
		return strings.HasPrefix(utr, secondUTR)
	default:
		return false
	}
}

func (s *Server) acceptUTR(o *order, utr string, now time.Time) {
	found := s.paymentOf(o, utr)
	if s.store.utrs[o.proof] == o {
		delete(s.store.utrs, o.proof)
	}
	s.store.utrs[utr] = o
	s.noteProof(o, utr, now)
	if s.take(o, found); found == nil {
		o.steps = append(o.steps.replan(now, nil), o.expiry())
		return
	}
	o.steps = o.steps.replan(now, s.paidPath(o, now))
}

// submitHash accepts the hash of a token transfer, each hash once (provider 3.23). Until the tokens arrive, another hash replaces it.
func (s *Server) submitHash(c *call) (any, error) {
	o, hash, err := s.readProof(c, offramp, "txnHash")
	if err != nil {
		return nil, err
	}
	if err := s.checkHash(o, hash, c.now); err != nil {
		key := o.token.chain.family.hashKey
		s.noteUnaccepted(o, key(hash) == key(o.proof), err.Error(), c.now)
		return nil, err
	}
	s.acceptHash(o, hash, c.now)
	return received(), nil
}

func (s *Server) checkHash(o *order, hash string, now time.Time) error {
	chain := o.token.chain.family
	if !chain.validHash(hash) || refusedHash(hash) {
		return refuse(http.StatusBadRequest, "Invalid transaction hash",
			"the hash is not one of the chain, or chosen to be refused")
	}
	if s.store.hashes[chain.hashKey(hash)] {
		return refuse(http.StatusConflict, "Duplicate transaction hash",
			"the hash was accepted before, for this order or another")
	}
	if o.phase(now) != onmeta.PhaseUnpaid {
		return refuse(http.StatusBadRequest, "Order is already in process, can't update transaction hash",
			"the order no longer awaits a hash")
	}
	if o.refuses(chain.hashKey(hash)) {
		return refuse(http.StatusBadRequest, "Invalid transaction hash", "the order's course refuses its first hash")
	}
	return nil
}

// hashKey returns a hash in the spelling in which equal hashes are equal texts: hexadecimal ignores case.
func (f family) hashKey(hash string) string {
	if f == solana {
		return hash
	}
	return strings.ToLower(hash)
}

func (s *Server) acceptHash(o *order, hash string, now time.Time) {
	s.store.hashes[o.token.chain.family.hashKey(hash)] = true
	s.noteProof(o, hash, now)
	s.take(o, &payment{proof: hash, amount: o.tokens})
	var path []hop
	if o.steps.current(now).status != statusPending {
		path = append(path, hop{status: statusPending})
	}
	if !strings.HasSuffix(strings.ToLower(hash), unseenHash) {
		path = append(path, o.path(now)...)
	}
	o.steps = o.steps.replan(now, path)
}

func (s *Server) noteProof(o *order, proof string, now time.Time) {
	if n := len(o.accepted); n > 0 {
		o.accepted[n-1].ReplacedAt = now
		o.proofs.replaced++
		s.journal.Add(o.event(ledger.EventProofReplaced, o.proof, now))
	}
	o.proof, o.proofAt = proof, now
	o.accepted = append(o.accepted, ledger.Proof{Proof: proof, At: now})
	o.proofs.accepted++
	s.store.proofs = append(s.store.proofs, ledger.AcceptedProof{OrderID: o.id, Proof: proof, At: now})
	s.journal.Add(o.event(ledger.EventProof, proof, now))
}

// submissions counts the outcomes of the proofs submitted for an order.
type submissions struct {
	accepted int
	repeated int // the accepted one once more, whatever the answer
	refused  int
	replaced int // accepted ones in whose place another one was accepted
	// bad is the first proof, if the order's course refuses it.
	bad string
}

// noteUnaccepted counts a proof that changed nothing: the accepted one again, or a refused one.
func (s *Server) noteUnaccepted(o *order, own bool, why string, now time.Time) {
	if own {
		o.proofs.repeated++
		s.journal.Add(o.event(ledger.EventProofAgain, why, now))
		return
	}
	o.proofs.refused++
	s.journal.Add(o.event(ledger.EventProofRefused, why, now))
}

// refuses reports whether the order's course refuses a well-formed proof, which it does for the first one.
func (o *order) refuses(proof string) bool {
	if !o.course.refusesFirst {
		return false
	}
	setDefault(&o.proofs.bad, proof)
	return o.proofs.bad == proof
}
