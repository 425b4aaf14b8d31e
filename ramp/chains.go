package ramp

import (
	"errors"
	"strings"

	"github.com/mr-tron/base58"
)

// chainFamily is the group of chains that write addresses and transaction hashes alike.
type chainFamily int

const (
	evm chainFamily = iota
	tron
	solana
)

// familyOf tells a chain's family. The ids of Solana are the provider's own (wire 7). Those of Tron are its public
// ids, for the provider's id of Tron is not known. Every other chain is taken for an EVM chain.
func familyOf(chainID int64) chainFamily {
	switch chainID {
	case 101, // production
		102: // staging
		return solana
	case 728126428, // mainnet
		2494104990, // Shasta
		3448148188: // Nile
		return tron
	default:
		return evm
	}
}

const (
	hashHexDigits = 64
	// A Solana transaction is named by its first signature.
	solanaSignatureBytes = 64
)

// ParseTransactionHash reads the hash of a transaction on this chain, as its user copied it: white space around it
// is dropped. It is 0x and 64 hex digits on an EVM chain, 64 hex digits on Tron, both returned in lower case, and the
// base58 text of 64 bytes on Solana (chain ids 101 and 102), returned as it is, for base58 is case-sensitive.
//
// The error says what the hash must be and does not repeat it.
func ParseTransactionHash(chainID int64, hash string) (string, error) {
	trimmed := strings.TrimSpace(hash)
	switch familyOf(chainID) {
	case solana:
		if decodeBase58(trimmed, solanaSignatureBytes) == nil {
			return "", errors.New("must be a Solana transaction signature: 64 to 88 characters of base58")
		}
		return trimmed, nil
	case tron:
		if !only(trimmed, hashHexDigits, hashHexDigits, isHexDigit) {
			return "", errors.New("must be a Tron transaction hash: 64 hex digits, without 0x")
		}
		return strings.ToLower(trimmed), nil
	default:
		if !isPrefixedHex(trimmed, hashHexDigits) {
			return "", errors.New("must be a transaction hash of this chain: 0x and 64 hex digits")
		}
		return strings.ToLower(trimmed), nil
	}
}

// SameTransactionHash reports whether two hashes name the same transaction on this chain: without regard to case where a hash
// is hexadecimal, exactly elsewhere.
func SameTransactionHash(chainID int64, a, b string) bool {
	switch familyOf(chainID) {
	case evm, tron:
		return strings.EqualFold(a, b)
	default:
		return a == b
	}
}

// isPrefixedHex reports whether text is 0x and this many hex digits.
func isPrefixedHex(text string, digits int) bool {
	rest, found := strings.CutPrefix(text, "0x")
	return found && only(rest, digits, digits, isHexDigit)
}

// decodeBase58 returns the bytes that text stands for in base58, or nil unless they are exactly this many. Two
// characters for each byte are more than base58 ever takes; longer texts are not decoded, for that is quadratic work.
func decodeBase58(text string, size int) []byte {
	if len(text) > 2*size {
		return nil
	}
	decoded, err := base58.Decode(text)
	if err != nil || len(decoded) != size {
		return nil
	}
	return decoded
}
