package ramp_test

import (
	"strings"
	"testing"

	"github.com/mr-tron/base58"
	"github.com/stretchr/testify/require"

	"rampart/ramp"
)

const (
	polygon       = 137
	solana        = 101
	solanaStaging = 102
	tron          = 728126428
	tronShasta    = 2494104990
	tronNile      = 3448148188
)

// The signature that Solana's own documentation shows.
const solanaSignature = "5VERv8NMvzbJMEkV8xnrLkEaWRtSz9CosKDYjCJjBRnbJLgp8uirBgmQpjKhoR4tjF3ZpRzrFmBV6UjKdiSZkQUW"

func TestTransactionHashIsReadByChain(t *testing.T) {
	t.Parallel()
	hex := strings.Repeat("aB09", 16)
	for _, tt := range []struct {
		chainID int64
		hash    string
		want    string
	}{
		{1, "0x" + hex, "0x" + strings.ToLower(hex)},
		{polygon, "\n0x" + strings.ToUpper(hex) + " ", "0x" + strings.ToLower(hex)},
		{80001, "0x" + strings.Repeat("0", 64), "0x" + strings.Repeat("0", 64)},
		{tron, hex, strings.ToLower(hex)},
		{tronShasta, hex, strings.ToLower(hex)},
		{tronNile, " " + hex, strings.ToLower(hex)},
		{solana, solanaSignature, solanaSignature},
		{solanaStaging, solanaSignature + "\n", solanaSignature},
		{solana, strings.Repeat("1", 64), strings.Repeat("1", 64)},
	} {
		got, err := ramp.ParseTransactionHash(tt.chainID, tt.hash)
		require.NoError(t, err, "chain %d %q", tt.chainID, tt.hash)
		require.Equal(t, tt.want, got)
	}
}

func TestTransactionHashOfAnotherFormIsRefused(t *testing.T) {
	t.Parallel()
	hex := strings.Repeat("ab09", 16)
	for _, tt := range []struct {
		chainID int64
		hash    string
		says    string
	}{
		{polygon, "", "0x and 64 hex digits"},
		{polygon, "0x", "0x and 64 hex digits"},
		{polygon, hex, "0x and 64 hex digits"},
		{polygon, "0X" + hex, "0x and 64 hex digits"},
		{polygon, "0x" + hex[1:], "0x and 64 hex digits"},
		{polygon, "0x" + hex + "0", "0x and 64 hex digits"},
		{polygon, "0x" + hex[:63] + "g", "0x and 64 hex digits"},
		{polygon, "0x" + hex[:32] + " " + hex[32:], "0x and 64 hex digits"},
		{polygon, "https://polygonscan.com/tx/0x" + hex, "0x and 64 hex digits"},
		{polygon, solanaSignature, "0x and 64 hex digits"},
		{tron, "0x" + hex, "64 hex digits, without 0x"},
		{tron, hex[1:], "64 hex digits, without 0x"},
		{tron, hex[:63] + "z", "64 hex digits, without 0x"},
		{solana, "", "64 to 88 characters of base58"},
		{solana, "0x" + hex, "64 to 88 characters of base58"},
		{solana, solanaSignature[3:], "64 to 88 characters of base58"},
		{solana, solanaSignature + "1", "64 to 88 characters of base58"},
		{solana, "0" + solanaSignature[1:], "64 to 88 characters of base58"},
		{solana, "é" + solanaSignature[2:], "64 to 88 characters of base58"},
		{solana, strings.Repeat("1", 63), "64 to 88 characters of base58"},
		{solana, strings.Repeat("z", 1<<20), "64 to 88 characters of base58"},
	} {
		got, err := ramp.ParseTransactionHash(tt.chainID, tt.hash)
		require.Empty(t, got)
		requireRefused(t, err, tt.hash, tt.says)
	}
}

func TestTransactionHashOfAChainWhoseFormIsNotKnownIsKeptAsItIs(t *testing.T) {
	t.Parallel()
	hex := strings.Repeat("aB09", 16)
	for _, tt := range []struct {
		chainID int64
		hash    string
	}{
		{hedera, "0.0.1234567@1612345678.123456789"},
		{hedera, "0x" + hex + hex[:32]},
		{bitcoin, hex},
		{tonGuess, "nJ3+aP/kz5vUYy0Gb1xqoEwLQX2f9u3cP1bVgdYzv4E="},
		{nowhere, strings.Repeat("a", 128)},
	} {
		got, err := ramp.ParseTransactionHash(tt.chainID, " "+tt.hash+"\n")
		require.NoError(t, err, "chain %d %q", tt.chainID, tt.hash)
		require.Equal(t, tt.hash, got)
	}
	for _, hash := range []string{"", "0x1", strings.Repeat("a", 129), "https://tonviewer.com/transaction/" + hex, hex + " " + hex, "é" + hex} {
		got, err := ramp.ParseTransactionHash(tonGuess, hash)
		require.Empty(t, got)
		requireRefused(t, err, hash, "must be a transaction hash of chain 607")
	}
}

func TestEverySignatureOfSolanaFitsTheLengthsThatAreRead(t *testing.T) {
	t.Parallel()
	for _, signature := range [][]byte{make([]byte, 64), repeated(0xff, 64), repeated(0x01, 64)} {
		text := base58.Encode(signature)
		got, err := ramp.ParseTransactionHash(solana, text)
		require.NoError(t, err, "%d characters", len(text))
		require.Equal(t, text, got)
	}
}

func repeated(b byte, size int) []byte {
	bytes := make([]byte, size)
	for i := range bytes {
		bytes[i] = b
	}
	return bytes
}

func TestSameTransactionIsFoundWhateverItsCase(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		chain int64
		a, b  string
		same  bool
	}{
		"EVM":           {polygon, "0xABC1", "0xabc1", true},
		"EVM, another":  {polygon, "0xabc1", "0xabc2", false},
		"Tron":          {tron, "ABC1", "abc1", true},
		"Solana":        {solana, "5VERv8", "5VERV8", false},
		"Solana, equal": {solana, "5VERv8", "5VERv8", true},
		"not known":     {tonGuess, "0xABC1", "0xabc1", false},
	} {
		require.Equal(t, c.same, ramp.SameTransactionHash(c.chain, c.a, c.b), name)
	}
}
