package ramp

import (
	"errors"
	"fmt"
	"strings"
)

// Hasher makes the keyed hashes by which orders are found, as codec.NewHasher does. Hash is that of the key in use, or empty if it cannot
// make any; Hashes are those of every key that an order may have been hashed with.
type Hasher interface {
	Hash(term Personal) string
	Hashes(term Personal) []string
}

// UserTerm returns what is hashed of a user: the e-mail address without regard to case.
func UserTerm(email Email) Personal {
	return "email " + Personal(strings.ToLower(strings.TrimSpace(string(email))))
}

// UTRTerm returns what is hashed of a UTR, without regard to case: a person who reads one from a screenshot may not keep it.
func UTRTerm(utr UTR) Personal {
	return "utr " + Personal(strings.ToUpper(strings.TrimSpace(string(utr))))
}

// TransactionHashTerm returns what is hashed of a transaction hash. Hashes of 64 hex digits, as on EVM chains and on Tron, are compared
// without regard to case, all others exactly, as ParseTransactionHash does.
func TransactionHashTerm(hash string) Personal {
	trimmed := strings.TrimSpace(hash)
	digits := strings.TrimPrefix(strings.TrimPrefix(trimmed, "0x"), "0X")
	if only(digits, hashHexDigits, hashHexDigits, isHexDigit) {
		trimmed = strings.ToLower(trimmed)
	}
	return "hash " + Personal(trimmed)
}

// FindRequest finds the orders of a user, or those that a proof was accepted for. Exactly one of Email, UTR and TransactionHash is set.
type FindRequest struct {
	// Email is the e-mail address of a user. Its case does not matter.
	Email Email `json:"email,omitempty"`
	// UTR is the UTR of a payment. Its case does not matter.
	UTR UTR `json:"utr,omitempty"`
	// TransactionHash is the hash of a transfer of tokens by a user.
	TransactionHash string `json:"transactionHash,omitempty"`
	// Limit is how many orders a page has, 1 to 200; 50 by default.
	Limit int32 `json:"limit,omitempty"`
	// Cursor is nextCursor of the page before, of the same request.
	Cursor string `json:"cursor,omitempty"`
}

// Bounds of a FindRequest.
const (
	defaultFindLimit = 50
	maxFindLimit     = 200
	maxFindCursor    = 2048
)

// Validate checks a request. The error is InvalidRequest and contains no value.
func (r FindRequest) Validate() error {
	var fields []FieldError
	check := func(field string, problem error) {
		if problem != nil {
			fields = append(fields, FieldError{Field: field, Problem: problem.Error()})
		}
	}
	if r.Email != "" {
		check("email", ValidateEmail(strings.TrimSpace(string(r.Email))))
	}
	if r.UTR != "" && !only(strings.TrimSpace(string(r.UTR)), 12, 22, isAlphanumeric) {
		check("utr", errors.New("must be a UTR: 12 to 22 letters and digits"))
	}
	if r.TransactionHash != "" && !only(strings.TrimSpace(r.TransactionHash), leastUnknownHash, mostUnknown, isUnknownHashByte) {
		check("transactionHash", fmt.Errorf("must be a transaction hash: %d to %d letters, digits and . - _ : + / = @", leastUnknownHash, mostUnknown))
	}
	if given(r.Email != "", r.UTR != "", r.TransactionHash != "") != 1 {
		check("email", errors.New("must be given alone, or utr or transactionHash in its place"))
	}
	if r.Limit < 0 || r.Limit > maxFindLimit {
		check("limit", fmt.Errorf("must be 1 to %d", maxFindLimit))
	}
	if len(r.Cursor) > maxFindCursor {
		check("cursor", fmt.Errorf("must have at most %d characters", maxFindCursor))
	}
	if len(fields) > 0 {
		return &Error{Type: InvalidRequest, Message: "the request is invalid", Fields: fields}
	}
	return nil
}

// given counts what is set.
func given(set ...bool) int {
	count := 0
	for _, isSet := range set {
		if isSet {
			count++
		}
	}
	return count
}

// PageSize returns the limit, or its default.
func (r FindRequest) PageSize() int32 {
	if r.Limit == 0 {
		return defaultFindLimit
	}
	return r.Limit
}

// Filter returns the filter that selects the orders, for Client.List and Client.ListPage. The error is InvalidRequest, or says that the
// keyset has no key that makes hashes.
func (r FindRequest) Filter(hasher Hasher) (Filter, error) {
	if err := r.Validate(); err != nil {
		return Filter{}, err
	}
	var filter Filter
	switch {
	case r.Email != "":
		filter.Users = hasher.Hashes(UserTerm(r.Email))
	case r.UTR != "":
		filter.Proofs = hasher.Hashes(UTRTerm(r.UTR))
	default:
		filter.Proofs = hasher.Hashes(TransactionHashTerm(r.TransactionHash))
	}
	if len(filter.Users)+len(filter.Proofs) == 0 { // such a filter would select every order
		return Filter{}, errors.New("the keyset has no key that makes search hashes: orders are found with keys that \"starter keyset\" makes")
	}
	return filter, nil
}
