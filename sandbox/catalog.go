package sandbox

import (
	"net/http"
	"strings"

	"github.com/shopspring/decimal"
)

// family is the format of a chain's addresses and transaction hashes.
type family int

const (
	evm family = iota
	solana
	tron
)

// nativeAddress stands for a chain's own coin (provider 3.13).
const nativeAddress = "0xeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee"

// chain is a supported chain with its limits in INR (provider 7). An off-ramp minimum that the documents do not list is the on-ramp
// one.
type chain struct {
	name       string
	id         int64
	family     family
	minOnramp  int64
	minOfframp int64
	gasINR     string // the gas charge of one order
	gasWei     string // empty where the chain knows no gas price
	explorer   string // the address of a transaction is explorer + hash
}

// tronChainID is not documented; public chain lists give this id to Tron's main net.
const tronChainID = 728126428

func chains() []chain {
	return []chain{
		{"Ethereum", 1, evm, 2000, 5000, "96.4", "21850000000", "https://etherscan.io/tx/"},
		{"Optimism", 10, evm, 100, 100, "0.31", "1000253", "https://optimistic.etherscan.io/tx/"},
		{"BNB Smart Chain", 56, evm, 500, 500, "4.2", "1000000000", "https://bscscan.com/tx/"},
		{"Polygon", 137, evm, 50, 100, "0.18", "30139505131", "https://polygonscan.com/tx/"},
		{"Base", 8453, evm, 100, 100, "0.27", "8120443", "https://basescan.org/tx/"},
		{"Arbitrum", 42161, evm, 100, 100, "0.44", "10000000", "https://arbiscan.io/tx/"},
		{"Avalanche", 43114, evm, 100, 100, "1.1", "26500000000", "https://snowtrace.io/tx/"},
		{"Solana", 101, solana, 100, 100, "0.12", "", "https://solscan.io/tx/"},
		{"Solana Staging", 102, solana, 100, 100, "0.12", "", "https://solscan.io/tx/"},
		{"Tron", tronChainID, tron, 500, 200, "24.5", "", "https://tronscan.org/#/transaction/"},
	}
}

func chainByID(id int64) (chain, bool) {
	for _, c := range chains() {
		if c.id == id {
			return c, true
		}
	}
	return chain{}, false
}

// token is a token on one chain.
type token struct {
	symbol   string
	name     string
	address  string
	decimals int32
	chain    chain
	priceINR decimal.Decimal // the middle price around which quotes move
}

func (t token) native() bool { return t.address == nativeAddress }

func tokens() []token {
	usd, btc, eth := decimal.RequireFromString("92.4"), decimal.NewFromInt(8_350_000), decimal.NewFromInt(311_500)
	on := func(id int64) chain { c, _ := chainByID(id); return c }
	return []token{
		{"USDC", "native USD Coin", "0x3c499c542cef5e3811e1192ce70d8cc03d5c3359", 6, on(137), usd},
		{"USDT", "Tether USD", "0xc2132d05d31c914a87c6611c10748aeb04b58e8f", 6, on(137), usd},
		{"WETH", "Wrapped Ether", "0x7ceb23fd6bc0add59e62ac25578270cff1b9f619", 18, on(137), eth},
		{"WBTC", "Wrapped BTC", "0x1bfd67037b42cf73acf2047067bd4f2c47d9bfd6", 8, on(137), btc},
		{"MATIC", "Matic", nativeAddress, 18, on(137), decimal.RequireFromString("21.4")},
		{"USDC", "USD Coin", "0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48", 6, on(1), usd},
		{"ETH", "Ether", nativeAddress, 18, on(1), eth},
		{"USDC", "USD Coin", "0x0b2c639c533813f4aa9d7837caf62653d097ff85", 6, on(10), usd},
		{"USDT", "Tether USD", "0x55d398326f99059ff775485246999027b3197955", 18, on(56), usd},
		{"BNB", "BNB", nativeAddress, 18, on(56), decimal.RequireFromString("81200")},
		{"USDC", "USD Coin", "0x833589fcd6edb6e08f4c7c32d4f71b54bda02913", 6, on(8453), usd},
		{"USDC", "USD Coin", "0xaf88d065e77c8cc2239327c5edb3a432268e5831", 6, on(42161), usd},
		{"USDC", "USD Coin", "0xb97ef9ef8734c71904d8002f8b6bc66dd9c48a6e", 6, on(43114), usd},
		{"USDC", "USD Coin", "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v", 6, on(101), usd},
		{"USDC", "USD Coin", "4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU", 6, on(102), usd},
		{"USDT", "Tether USD", "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t", 6, on(tronChainID), usd},
	}
}

// findToken returns the token with the symbol, address and chain. An empty address is not compared.
func findToken(symbol, address string, chainID int64) (token, error) {
	for _, t := range tokens() {
		if t.chain.id == chainID && t.symbol == symbol && (address == "" || t.hasAddress(address)) {
			return t, nil
		}
	}
	return token{}, refuse(http.StatusBadRequest, "Token is not supported",
		"no supported token has this symbol, address and chainId")
}

// hasAddress compares addresses as the chain does: hexadecimal regardless of case, base58 exactly.
func (t token) hasAddress(address string) bool {
	if t.chain.family == evm {
		return strings.EqualFold(t.address, address)
	}
	return t.address == address
}

type tokenItem struct {
	Address  string `json:"address"`
	ChainID  int64  `json:"chainId"`
	Decimals int32  `json:"decimals"`
	Name     string `json:"name"`
	Symbol   string `json:"symbol"`
	LogoURI  string `json:"logoURI"`
}

// listTokens answers with a bare array, without the envelope (provider 3.13).
func (s *Server) listTokens(*call) (any, error) {
	var items []tokenItem
	for _, t := range tokens() {
		logo := "https://example.test/" + t.symbol + ".png"
		items = append(items, tokenItem{t.address, t.chain.id, t.decimals, t.name, t.symbol, logo})
	}
	return items, nil
}
