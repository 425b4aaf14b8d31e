package ramp

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/sha3"
)

// NativeToken is the provider's token address for a chain's native coin (provider 3.13).
const NativeToken = "0xeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee"

const (
	evmAddressDigits = 40
	// A Tron address is a version byte and the 20 bytes of the account, then 4 bytes of checksum.
	tronVersion        = 0x41
	tronPayloadBytes   = 21
	tronAddressBytes   = tronPayloadBytes + 4
	solanaAddressBytes = 32
)

// ValidateWalletAddress checks the address of a wallet on this chain. On an EVM chain it is 0x and 40 hex digits,
// with the checksum of EIP-55 when capitals and small letters are mixed; on Tron it starts with T and has a right
// base58check checksum; on Solana (chain ids 101 and 102) it is the base58 text of 32 bytes. On Ronin, 0x may be written
// ronin:. On a chain whose format is not known, such as TON, Hedera or Bitcoin, only length and characters are checked (provider
// 13). The zero address and NativeToken are invalid, since nobody holds them and what is sent there is lost.
//
// The error says what is valid and does not contain the address.
func ValidateWalletAddress(chainID int64, address string) error {
	account, err := decodeAddress(chainID, address)
	if err != nil {
		return err
	}
	if isZero(account) || isNativeToken(withoutRonin(chainID, address)) {
		return errors.New("must be a wallet that someone holds, not the zero address or that of a native coin")
	}
	return nil
}

// ValidateDeposit checks a wallet that receives a token: it must be valid by ValidateWalletAddress and must not be the token's own
// contract, where what is sent is lost.
//
// The error says what is valid and does not contain the wallet.
func ValidateDeposit(token Token, wallet string) error {
	if wallet != "" && sameButForCase(token.ChainID, wallet, token.Address) {
		return errors.New("must be a wallet, not the token's own contract")
	}
	return ValidateWalletAddress(token.ChainID, wallet)
}

// validateTokenAddress checks the address of a token's contract, or NativeToken.
func validateTokenAddress(chainID int64, address string) error {
	if isNativeToken(address) {
		return nil
	}
	_, err := decodeAddress(chainID, address)
	return err
}

func isNativeToken(address string) bool {
	return strings.EqualFold(address, NativeToken)
}

// SameAddress reports whether two addresses on this chain are the same. Hexadecimal addresses are compared without regard to case
// and to Ronin's prefix, others exactly.
func SameAddress(chainID int64, a, b string) bool {
	if familyOf(chainID) == evm || isNativeToken(a) {
		return sameButForCase(chainID, a, b)
	}
	return a == b
}

// sameButForCase reports whether two addresses differ in nothing but case and Ronin's prefix. Where case matters too, it is used to find
// a mistake: nobody has two addresses that differ only in case.
func sameButForCase(chainID int64, a, b string) bool {
	return strings.EqualFold(withoutRonin(chainID, a), withoutRonin(chainID, b))
}

// decodeAddress returns the account, without version and checksum, that an address on this chain names.
func decodeAddress(chainID int64, address string) ([]byte, error) {
	switch familyOf(chainID) {
	case solana:
		return decodeSolanaAddress(address)
	case tron:
		return decodeTronAddress(address)
	case evm:
		return decodeEVMAddress(withoutRonin(chainID, address))
	default:
		return decodeUnknownAddress(chainID, address)
	}
}

// withoutRonin writes an address of Ronin as other chains do.
func withoutRonin(chainID int64, address string) string {
	digits, found := strings.CutPrefix(address, roninPrefix)
	if found && (chainID == ronin || chainID == roninSaigon) {
		return "0x" + digits
	}
	return address
}

// decodeUnknownAddress returns an address whose form is not known as it is, or as nobody's if it is all zeros.
func decodeUnknownAddress(chainID int64, address string) ([]byte, error) {
	if !only(address, leastUnknownAddress, mostUnknown, isUnknownAddressByte) || strings.Contains(address, "://") {
		return nil, fmt.Errorf("must be an address of chain %d: %d to %d letters, digits and . - _ : + / =",
			chainID, leastUnknownAddress, mostUnknown)
	}
	return []byte(strings.Trim(address, "0x.:")), nil
}

func decodeSolanaAddress(address string) ([]byte, error) {
	account := decodeBase58(address, solanaAddressBytes)
	if account == nil {
		return nil, errors.New("must be a Solana address: 32 to 44 characters of base58")
	}
	return account, nil
}

func decodeTronAddress(address string) ([]byte, error) {
	decoded := decodeBase58(address, tronAddressBytes)
	if decoded == nil || decoded[0] != tronVersion {
		return nil, errors.New("must be a Tron address: T and 33 more characters of base58")
	}
	payload, checksum := decoded[:tronPayloadBytes], decoded[tronPayloadBytes:]
	first := sha256.Sum256(payload)
	second := sha256.Sum256(first[:])
	if !bytes.Equal(checksum, second[:len(checksum)]) {
		return nil, errors.New("has a wrong checksum: it must be copied again, in full")
	}
	return payload[1:], nil
}

func decodeEVMAddress(address string) ([]byte, error) {
	if !isPrefixedHex(address, evmAddressDigits) {
		return nil, errors.New("must be an address of this chain: 0x and 40 hex digits")
	}
	digits := address[len("0x"):]
	if !isChecksummed(digits) {
		return nil, errors.New("has a wrong checksum in its capital letters (EIP-55): it must be copied again, in full")
	}
	return hex.DecodeString(digits)
}

// isChecksummed reports whether the letters of an address carry no checksum, being all capitals or all small, or the
// right one: by EIP-55 a letter is a capital when the same digit of the Keccak-256 hash of the address in lower case
// is 8 or more.
func isChecksummed(digits string) bool {
	lower := strings.ToLower(digits)
	if digits == lower || digits == strings.ToUpper(digits) {
		return true
	}
	keccak := sha3.NewLegacyKeccak256()
	keccak.Write([]byte(lower))
	hash := hex.EncodeToString(keccak.Sum(nil))
	for i := range len(digits) {
		if !isDigit(digits[i]) && isCapital(digits[i]) != (hash[i] >= '8') {
			return false
		}
	}
	return true
}

func isZero(account []byte) bool {
	return bytes.Count(account, []byte{0}) == len(account)
}
