package ramp_test

import (
	"strings"
	"testing"

	"github.com/mr-tron/base58"
	"github.com/stretchr/testify/require"

	"rampart/ramp"
)

// The test cases of EIP-55: all capitals, all small letters, mixed.
func eip55() []string {
	return []string{
		"0x52908400098527886E0F7030069857D2E4169EE7",
		"0x8617E340B3D01FA5F11F306F4090FD50E238070D",
		"0xde709f2102306220921060314715629080e2fb77",
		"0x27b1fdb04752bbc536007a920d24acb045561c26",
		"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
		"0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
		"0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
		"0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
	}
}

const (
	tronAddress   = "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t"
	tronNobody    = "T9yD14Nj9j7xAB4dbGeiX9h8unkKHxuWwb"
	solanaAddress = "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v"
	solanaNobody  = "11111111111111111111111111111111"
	evmNobody     = "0x0000000000000000000000000000000000000000"
)

func TestWalletOfTheChainIsTaken(t *testing.T) {
	t.Parallel()
	for _, address := range eip55() {
		require.NoError(t, ramp.ValidateWalletAddress(1, address), address)
		require.NoError(t, ramp.ValidateWalletAddress(polygon, strings.ToLower(address)), address)
		require.NoError(t, ramp.ValidateWalletAddress(polygon, "0x"+strings.ToUpper(address[2:])), address)
	}
	for _, chainID := range []int64{tron, tronShasta, tronNile} {
		require.NoError(t, ramp.ValidateWalletAddress(chainID, tronAddress))
	}
	for _, chainID := range []int64{solana, solanaStaging} {
		require.NoError(t, ramp.ValidateWalletAddress(chainID, solanaAddress))
		require.NoError(t, ramp.ValidateWalletAddress(chainID, "So11111111111111111111111111111111111111112"))
	}
}

func TestWalletOfAnotherFormIsRefused(t *testing.T) {
	t.Parallel()
	const digits = "1111111111111111111111111111111111111111"
	for _, tt := range []struct {
		chainID int64
		address string
		says    string
	}{
		{polygon, "", "0x and 40 hex digits"},
		{polygon, digits, "0x and 40 hex digits"},
		{polygon, "0X" + digits, "0x and 40 hex digits"},
		{polygon, "0x" + digits[1:], "0x and 40 hex digits"},
		{polygon, "0x" + digits + "1", "0x and 40 hex digits"},
		{polygon, "0x" + digits[1:] + "g", "0x and 40 hex digits"},
		{polygon, " 0x" + digits, "0x and 40 hex digits"},
		{polygon, "asha.eth", "0x and 40 hex digits"},
		{polygon, tronAddress, "0x and 40 hex digits"},
		{polygon, solanaAddress, "0x and 40 hex digits"},
		{tron, "", "T and 33 more characters"},
		{tron, "0x" + digits, "T and 33 more characters"},
		{tron, solanaAddress, "T and 33 more characters"},
		{tron, tronAddress[:33], "T and 33 more characters"},
		{tron, tronAddress + "1", "T and 33 more characters"},
		{tron, "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "T and 33 more characters"},
		{tron, "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj60", "T and 33 more characters"},
		{solana, "", "base58"},
		{solana, "0x" + digits, "base58"},
		{solana, solanaAddress[3:], "base58"},
		{solana, solanaAddress + "z", "base58"},
		{solana, "0" + solanaAddress[1:], "base58"},
		{solana, strings.Repeat("z", 1<<20), "base58"},
	} {
		requireRefused(t, ramp.ValidateWalletAddress(tt.chainID, tt.address), tt.address, tt.says)
	}
}

func TestMiscopiedEVMAddressIsRefused(t *testing.T) {
	t.Parallel()
	for _, address := range eip55()[4:] {
		for i := len("0x"); i < len(address); i++ {
			flipped := flipCase(address, i)
			if flipped != address {
				requireRefused(t, ramp.ValidateWalletAddress(1, flipped), flipped, "EIP-55")
			}
		}
	}
}

func TestMiscopiedTronAddressIsRefused(t *testing.T) {
	t.Parallel()
	const alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
	for i := range tronAddress {
		for _, c := range alphabet {
			wrong := tronAddress[:i] + string(c) + tronAddress[i+1:]
			if wrong != tronAddress {
				require.Error(t, ramp.ValidateWalletAddress(tron, wrong), wrong)
			}
		}
	}
	requireRefused(t, ramp.ValidateWalletAddress(tron, tronAddress[:33]+"u"), tronAddress[:33]+"u", "wrong checksum")
}

func TestTronAddressWithoutChecksumIsRefused(t *testing.T) {
	t.Parallel()
	payload, err := base58.Decode(tronAddress)
	require.NoError(t, err)
	requireRefused(t, ramp.ValidateWalletAddress(tron, base58.Encode(payload[:21])), base58.Encode(payload[:21]), "Tron")
}

func TestWalletThatNobodyHoldsIsRefused(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		chainID int64
		address string
	}{
		{polygon, evmNobody},
		{polygon, ramp.NativeToken},
		{polygon, "0xEeeeeEeeeEeEeeEeEeEeeEEEeeeeEeeeeeeeEEeE"},
		{tron, tronNobody},
		{solana, solanaNobody},
	} {
		requireRefused(t, ramp.ValidateWalletAddress(tt.chainID, tt.address), tt.address, "someone holds")
	}
}

func flipCase(text string, at int) string {
	c := text[at : at+1]
	flipped := strings.ToUpper(c)
	if flipped == c {
		flipped = strings.ToLower(c)
	}
	return text[:at] + flipped + text[at+1:]
}
