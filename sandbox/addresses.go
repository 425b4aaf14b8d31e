package sandbox

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"regexp"

	"github.com/mr-tron/base58"
)

// Lengths of the parts of addresses and hashes, in bytes.
const (
	evmAddressLength   = 20
	hashLength         = 32
	solanaKeyLength    = 32
	solanaSigLength    = 64
	tronPayloadLength  = 21
	tronChecksumLength = 4
	tronAddressPrefix  = 0x41
	tronDecodedLength  = tronPayloadLength + tronChecksumLength
)

var (
	evmAddress = regexp.MustCompile(`^0x[0-9a-fA-F]{40}$`)
	evmHash    = regexp.MustCompile(`^0x[0-9a-fA-F]{64}$`)
	tronHash   = regexp.MustCompile(`^[0-9a-fA-F]{64}$`)
)

// validAddress reports whether a wallet address is well-formed for the chain.
func (f family) validAddress(address string) bool {
	switch f {
	case solana:
		key, err := base58.Decode(address)
		return err == nil && len(key) == solanaKeyLength
	case tron:
		return validTronAddress(address)
	default:
		return evmAddress.MatchString(address)
	}
}

// validHash reports whether a transaction hash is well-formed for the chain: 0x and 64 hexadecimal digits on EVM
// chains, a base58 signature on Solana, 64 hexadecimal digits on Tron.
func (f family) validHash(hash string) bool {
	switch f {
	case solana:
		signature, err := base58.Decode(hash)
		return err == nil && len(signature) == solanaSigLength
	case tron:
		return tronHash.MatchString(hash)
	default:
		return evmHash.MatchString(hash)
	}
}

// walletRefusal returns the refusal of a wallet address that is not valid on the chain.
func walletRefusal(name string) error {
	return refuse(http.StatusBadRequest, "Invalid wallet address", name+" is not an address of the chain")
}

// deriveAddress returns an address of the chain that depends on the name alone.
func (f family) deriveAddress(name string) string {
	sum := sha256.Sum256([]byte("address/" + name))
	switch f {
	case solana:
		return base58.Encode(sum[:])
	case tron:
		return tronAddress(sum[:tronPayloadLength-1])
	default:
		return "0x" + hex.EncodeToString(sum[:evmAddressLength])
	}
}

// deriveHash returns a transaction hash of the chain that depends on the name alone.
func (f family) deriveHash(name string) string {
	sum := sha256.Sum256([]byte("hash/" + name))
	switch f {
	case solana:
		second := sha256.Sum256(sum[:])
		return base58.Encode(append(sum[:], second[:]...))
	case tron:
		return hex.EncodeToString(sum[:])
	default:
		return "0x" + hex.EncodeToString(sum[:])
	}
}

// validTronAddress checks base58check: the prefix, 20 bytes, and the first bytes of their double SHA-256.
func validTronAddress(address string) bool {
	decoded, err := base58.Decode(address)
	if err != nil || len(decoded) != tronDecodedLength || decoded[0] != tronAddressPrefix {
		return false
	}
	return bytes.Equal(tronChecksum(decoded[:tronPayloadLength]), decoded[tronPayloadLength:])
}

func tronAddress(key []byte) string {
	payload := append([]byte{tronAddressPrefix}, key...)
	return base58.Encode(append(payload, tronChecksum(payload)...))
}

func tronChecksum(payload []byte) []byte {
	first := sha256.Sum256(payload)
	second := sha256.Sum256(first[:])
	return second[:tronChecksumLength]
}
