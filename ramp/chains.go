package ramp

import (
	"errors"
	"fmt"
	"strings"

	"github.com/mr-tron/base58"
)

// chainFamily is a group of chains with the same format of addresses and transaction hashes.
type chainFamily int

const (
	// unknown: the format is not checked, such as that of TON, Hedera and Bitcoin.
	unknown chainFamily = iota
	evm
	tron
	solana
)

// familyOf returns a chain's family. The ids of Solana are the provider's own (provider 7). Those of Tron are its public ids, since
// the provider's id of Tron is not known. EVM chains are those that the provider lists (provider 7, provider 13) and others in wide
// use.
func familyOf(chainID int64) chainFamily {
	switch chainID {
	case 101, // production
		102: // staging
		return solana
	case 728126428, // mainnet
		2494104990, // Shasta
		3448148188: // Nile
		return tron
	case 1, 5, 11155111, // Ethereum, Goerli, Sepolia
		137, 80001, 80002, // Polygon, Mumbai, Amoy
		56, 97, 204, // BNB Smart Chain, its test network, opBNB
		43114, 43113, // Avalanche, Fuji
		42161, 42170, 421613, 421614, // Arbitrum, Nova, Goerli, Sepolia
		250, 4002, // Fantom and its test network
		10, 420, 11155420, // Optimism, Goerli, Sepolia
		100, 10200, // Gnosis, Chiado
		8453, 84531, 84532, // Base, Goerli, Sepolia
		13371, 13473, // Immutable and its test network
		53935, 335, // DFK and its test network
		8217, 1001, // Klaytn, Kairos
		1101, 1442, 2442, // zkEVM, its test network, Cardona
		324, 300, // zkSync Era, Sepolia
		ronin, roninSaigon,
		25, 1284, 5000, 42220, 59144, 81457, 534352: // Cronos, Moonbeam, Mantle, Celo, Linea, Blast, Scroll
		return evm
	default:
		return unknown
	}
}

// Ronin's addresses may have a prefix of their own.
const (
	ronin       = 2020
	roninSaigon = 2021
	roninPrefix = "ronin:"
)

const (
	hashHexDigits = 64
	// A Solana transaction is named by its first signature.
	solanaSignatureBytes = 64
	// Hashes and addresses of chains whose form is not known. Hedera's are the shortest, 0.0.2 and 0.0.2@1612345678.0.
	leastUnknownHash    = 16
	leastUnknownAddress = 5
	mostUnknown         = 128
)

// ParseTransactionHash returns the hash of a transaction on this chain without the white space around it. On an EVM chain the hash is 0x
// and 64 hex digits, on Tron 64 hex digits; both are returned in lower case. On Solana (chain ids 101 and 102) it is the base58 text of
// 64 bytes, returned unchanged, since base58 is case-sensitive. On a chain whose format is not known, only length and characters are
// checked, and the hash is returned unchanged.
//
// The error says what is valid and does not contain the hash.
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
	case unknown:
		if !only(trimmed, leastUnknownHash, mostUnknown, isUnknownHashByte) || strings.Contains(trimmed, "://") {
			return "", fmt.Errorf("must be a transaction hash of chain %d: %d to %d letters, digits and . - _ : + / = @",
				chainID, leastUnknownHash, mostUnknown)
		}
		return trimmed, nil
	default:
		if !isPrefixedHex(trimmed, hashHexDigits) {
			return "", errors.New("must be a transaction hash of this chain: 0x and 64 hex digits")
		}
		return strings.ToLower(trimmed), nil
	}
}

// SameTransactionHash reports whether two hashes identify the same transaction on this chain. Hexadecimal hashes are compared
// without regard to case, others exactly.
func SameTransactionHash(chainID int64, a, b string) bool {
	switch familyOf(chainID) {
	case evm, tron:
		return strings.EqualFold(a, b)
	default:
		return a == b
	}
}

// isUnknownAddressByte allows what addresses are written with: hexadecimal, base58, base64, bech32 and numbers with points.
func isUnknownAddressByte(c byte) bool {
	return isNameByte(c) || c == ':' || c == '+' || c == '/' || c == '='
}

// isUnknownHashByte allows what transactions are named by, which on Hedera is an account, an @ and a time.
func isUnknownHashByte(c byte) bool { return isUnknownAddressByte(c) || c == '@' }

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
