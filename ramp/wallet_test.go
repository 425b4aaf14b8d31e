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

// Chains whose ids are public and whose addresses are not known here, and one that nobody has.
const (
	hedera   = 295
	bitcoin  = 8332
	nowhere  = 9_999_999_999
	tonGuess = 607
)

func TestWalletOfAChainWhoseFormIsNotKnownIsTakenByLengthAndCharacters(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		chainID int64
		address string
	}{
		{hedera, "0.0.2"},
		{hedera, "0.0.1234567-vfmkw"},
		{hedera, "0x000000000000000000000000000000000012D687"},
		{tonGuess, "EQD4FPq-PRDieyQKkizFTRtSDyucUIqrj0v_zXJmqaDp6_0t"},
		{tonGuess, "0:f814faaaf4faaa1e2b24a92b2a4c4d1b520f2b9c508aab8f4bffcd7266a9a0e9"},
		{bitcoin, "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"},
		{bitcoin, "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"},
		{nowhere, "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"},
		{nowhere, "0x5AAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"}, // its checksum may be another chain's
		{nowhere, strings.Repeat("a", 128)},
	} {
		require.NoError(t, ramp.ValidateWalletAddress(tt.chainID, tt.address), "chain %d %s", tt.chainID, tt.address)
	}
}

func TestWhatCanBeNoWalletOfAnyChainIsRefusedByTheNameOfItsChain(t *testing.T) {
	t.Parallel()
	for _, address := range []string{
		"", "0.0", "a b c d e f", "asha@okbank", "https://tonviewer.com/EQD4FPq", "EQD4\n", "Ѐabcdef", strings.Repeat("a", 129),
		"{\"a\":1}",
	} {
		requireRefused(t, ramp.ValidateWalletAddress(hedera, address), address, "must be an address of chain 295")
	}
	for _, address := range []string{evmNobody, "0.0.0", strings.Repeat("0", 40), ramp.NativeToken} {
		requireRefused(t, ramp.ValidateWalletAddress(nowhere, address), address, "someone holds")
	}
}

func TestWalletOfEveryEVMChainOfTheProviderIsHeldToItsChecksum(t *testing.T) {
	t.Parallel()
	wrong := flipCase(eip55()[4], 5)
	for _, chainID := range []int64{
		1, 137, 56, 43114, 42161, 250, 10, 100, 8453, 13371, 53935, 8217, 1101, 324, 2020, 80001, 80002, 11155111, 97, 421614, 84532,
	} {
		require.NoError(t, ramp.ValidateWalletAddress(chainID, eip55()[4]), "chain %d", chainID)
		requireRefused(t, ramp.ValidateWalletAddress(chainID, wrong), wrong, "EIP-55")
	}
}

func TestWalletOfRoninMayHaveItsOwnPrefix(t *testing.T) {
	t.Parallel()
	const ronin = 2020
	address := "ronin:" + eip55()[4][2:]
	require.NoError(t, ramp.ValidateWalletAddress(ronin, address))
	requireRefused(t, ramp.ValidateWalletAddress(ronin, "ronin:"+eip55()[4][3:]), address, "0x and 40 hex digits")
	requireRefused(t, ramp.ValidateWalletAddress(ronin, flipCase(address, 10)), address, "EIP-55")
	requireRefused(t, ramp.ValidateWalletAddress(ronin, "ronin:"+evmNobody[2:]), address, "someone holds")
	requireRefused(t, ramp.ValidateWalletAddress(ronin, "ronin:"+ramp.NativeToken[2:]), address, "someone holds")
	requireRefused(t, ramp.ValidateWalletAddress(polygon, address), address, "0x and 40 hex digits")

	request := onrampRequest()
	request.Token.ChainID = ronin
	request.WalletAddress = "ronin:" + polygonUSDC[2:]
	requireField(t, request.Validate(), "walletAddress", "token's own contract")
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

func TestSameAddressIsFoundHoweverItsChainWritesIt(t *testing.T) {
	t.Parallel()
	const ronin, solana, ton = 2020, 101, 607
	hexadecimal := "0xabcdefabcdefabcdefabcdefabcdefabcdefabcd"
	require.True(t, ramp.SameAddress(137, hexadecimal, "0x"+strings.ToUpper(hexadecimal[2:])))
	require.True(t, ramp.SameAddress(ronin, hexadecimal, "ronin:"+hexadecimal[2:]))
	require.True(t, ramp.SameAddress(solana, ramp.NativeToken, strings.ToUpper(ramp.NativeToken)))
	require.False(t, ramp.SameAddress(137, hexadecimal, "ronin:"+hexadecimal[2:]))
	for _, chain := range []int64{solana, ton} {
		require.True(t, ramp.SameAddress(chain, "AbC", "AbC"))
		require.False(t, ramp.SameAddress(chain, "AbC", "abc"))
	}
}
