package ramp

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
)

// Awaiting is the optional argument of AwaitOrder.
type Awaiting struct {
	// Fingerprint of the caller's request. With it, an order that was started with another request is refused as
	// ReferenceTaken instead of being taken for the caller's own.
	Fingerprint string `json:"fingerprint,omitempty"`
}

// Fingerprint is the same for equal requests and different for different ones.
func (r *OnrampRequest) Fingerprint() (string, error) { return fingerprint(r) }

// Fingerprint is the same for equal requests and different for different ones.
func (r *OfframpRequest) Fingerprint() (string, error) { return fingerprint(r) }

// fingerprint relies on Go's JSON: fields in the struct's order, the keys of maps sorted.
func fingerprint(request any) (string, error) {
	encoded, err := json.Marshal(request)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(encoded)
	return hex.EncodeToString(sum[:]), nil
}

// referenceTaken says that the caller's order is not the one of this reference.
func referenceTaken(reference string) *Error {
	return &Error{
		Type:      ReferenceTaken,
		Reference: reference,
		Message:   "this reference belongs to an order with another request; use a reference of its own for every order",
	}
}

// CheckFingerprint compares what a caller awaits with the request that an order was started with.
func (a Awaiting) CheckFingerprint(reference, started string) error {
	if a.Fingerprint == "" || a.Fingerprint == started {
		return nil
	}
	return referenceTaken(reference)
}
