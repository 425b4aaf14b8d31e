package ramp_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rampart/ramp"
)

const (
	wallet      = "0x1111111111111111111111111111111111111111"
	polygonUSDC = "0x3c499c542cef5e3811e1192ce70d8cc03d5c3359"
	evmHash     = "0xabc0000000000000000000000000000000000000000000000000000000000001"
)

func onrampRequest() ramp.OnrampRequest {
	return ramp.OnrampRequest{
		Reference:     "inv-42",
		Email:         "asha@example.test",
		Fiat:          ramp.Amount{Amount: "1000.00", Currency: ramp.INR},
		Token:         ramp.Token{Symbol: "USDC", Address: polygonUSDC, ChainID: polygon},
		WalletAddress: wallet,
		PaymentMethod: ramp.UPI,
		UPI:           vpa(),
		Bank:          bank(),
		KYC:           &ramp.KYC{Dossier: "file:///var/lib/rampart/kyc/asha"},
		Quote:         &ramp.QuoteTerms{MinReceived: "10.50"},
		Metadata:      map[string]string{"invoice": "42"},
	}
}

func offrampRequest() ramp.OfframpRequest {
	return ramp.OfframpRequest{
		Reference:    "wd-7",
		Email:        "asha@example.test",
		Token:        ramp.Token{Symbol: "USDC", Address: polygonUSDC, ChainID: polygon},
		TokenAmount:  "100.00",
		Fiat:         ramp.Amount{Currency: ramp.INR},
		SenderWallet: wallet,
		RefundWallet: wallet,
		Bank:         bank(),
		KYC:          &ramp.KYC{},
		Quote:        &ramp.QuoteTerms{MinReceived: "8300.00"},
		Metadata:     map[string]string{},
	}
}

func vpa() *ramp.UPIAccount {
	return &ramp.UPIAccount{ID: "asha@okbank", Name: "Asha Rao"}
}

func bank() *ramp.BankAccount {
	return &ramp.BankAccount{AccountName: "Asha Rao", AccountNumber: "50100000004821", IFSC: "HDFC0001234", PAN: "ABCPE1234F"}
}

func TestOnrampRequestIsTaken(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*ramp.OnrampRequest){
		"as documented":               func(*ramp.OnrampRequest) {},
		"without what is optional":    func(r *ramp.OnrampRequest) { r.Bank, r.KYC, r.Quote, r.Metadata = nil, nil, nil, nil },
		"with empty KYC and quote":    func(r *ramp.OnrampRequest) { r.KYC, r.Quote = &ramp.KYC{}, &ramp.QuoteTerms{Confirm: true} },
		"with the most that UPI pays": func(r *ramp.OnrampRequest) { r.Fiat.Amount = "100000.00" },
		"with the most that IMPS pays": func(r *ramp.OnrampRequest) {
			r.PaymentMethod, r.Fiat.Amount = ramp.IMPS, "500000"
		},
		"by NEFT without a VPA or PAN": func(r *ramp.OnrampRequest) {
			r.PaymentMethod, r.UPI, r.Bank.PAN = ramp.NEFT, nil, ""
		},
		"with an earlier UTR":   func(r *ramp.OnrampRequest) { r.UTR = "412345678901\n" },
		"with the native coin":  func(r *ramp.OnrampRequest) { r.Token.Symbol, r.Token.Address = "POL", ramp.NativeToken },
		"with a bridged symbol": func(r *ramp.OnrampRequest) { r.Token.Symbol = "USDC.e" },
		"with a previous order": func(r *ramp.OnrampRequest) {
			r.UTR, r.Previous = "412345678901", &ramp.PreviousOrder{Reference: "inv-41", OrderID: "650000000000000000000001"}
		},
		"with a previous order that was never made": func(r *ramp.OnrampRequest) {
			r.UTR, r.Previous = "412345678901", &ramp.PreviousOrder{Reference: "inv-41"}
		},
		"with the most to be paid": func(r *ramp.OnrampRequest) { r.Quote.MaxPaid = "1000" },
		"on Hedera": func(r *ramp.OnrampRequest) {
			r.Token = ramp.Token{Symbol: "USDC", Address: "0.0.456858", ChainID: hedera}
			r.WalletAddress = "0.0.1234567"
		},
		"with the finest minimum": func(r *ramp.OnrampRequest) { r.Quote.MinReceived = "0.000000000000000001" },
		"on Solana": func(r *ramp.OnrampRequest) {
			r.Token = ramp.Token{Symbol: "USDC", Address: solanaAddress, ChainID: solana}
			r.WalletAddress = "So11111111111111111111111111111111111111112"
		},
		"with the native coin of Solana": func(r *ramp.OnrampRequest) {
			r.Token = ramp.Token{Symbol: "SOL", Address: ramp.NativeToken, ChainID: solana}
			r.WalletAddress = solanaAddress
		},
		"on Tron": func(r *ramp.OnrampRequest) {
			r.Token = ramp.Token{Symbol: "TRX", Address: tronNobody, ChainID: tron}
			r.WalletAddress = tronAddress
		},
		"with a name in Devanagari": func(r *ramp.OnrampRequest) { r.UPI.Name = ramp.Personal(strings.Repeat("आ", 100)) },
		"with the most metadata":    func(r *ramp.OnrampRequest) { r.Metadata = metadata(20, 500) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			request := onrampRequest()
			change(&request)
			require.NoError(t, request.Validate())
		})
	}
}

func TestOfframpRequestIsTaken(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*ramp.OfframpRequest){
		"by token amount":       func(*ramp.OfframpRequest) {},
		"by payout":             func(r *ramp.OfframpRequest) { r.TokenAmount, r.Fiat.Amount = "", "8400.00" },
		"by the largest payout": func(r *ramp.OfframpRequest) { r.TokenAmount, r.Fiat.Amount = "", "500000" },
		"by the finest amount":  func(r *ramp.OfframpRequest) { r.TokenAmount = "0.000000000000000001" },
		"by payout, with the most to be paid": func(r *ramp.OfframpRequest) {
			r.TokenAmount, r.Fiat.Amount, r.Quote.MaxPaid = "", "8400.00", "0.000000000000000001"
		},
		"by token amount, with the most to be paid": func(r *ramp.OfframpRequest) { r.Quote.MaxPaid = "100" },
		"without what is optional":                  func(r *ramp.OfframpRequest) { r.KYC, r.Quote, r.Metadata, r.Bank.PAN = nil, nil, nil, "" },
		"with an earlier transfer":                  func(r *ramp.OfframpRequest) { r.TransactionHash = evmHash },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			request := offrampRequest()
			change(&request)
			require.NoError(t, request.Validate())
		})
	}
}

func TestBadFieldOfOnrampRequestIsNamed(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		field  string
		says   string
		change func(*ramp.OnrampRequest)
	}{
		{"reference", "start with a letter or digit", func(r *ramp.OnrampRequest) { r.Reference = "-x" }},
		{"email", "must be an e-mail address", func(r *ramp.OnrampRequest) { r.Email = "asha" }},
		{"fiat.amount", "must be a decimal number", func(r *ramp.OnrampRequest) { r.Fiat.Amount = "" }},
		{"fiat.amount", "must be more than 0", func(r *ramp.OnrampRequest) { r.Fiat.Amount = "0.00" }},
		{"fiat.amount", "at most 2 decimals", func(r *ramp.OnrampRequest) { r.Fiat.Amount = "10.001" }},
		{"fiat.amount", "at most 2 decimals", func(r *ramp.OnrampRequest) { r.Fiat.Amount = "10.000" }},
		{"fiat.amount", "at most 100000", func(r *ramp.OnrampRequest) { r.Fiat.Amount = "100000.01" }},
		{"fiat.amount", "at most 500000", func(r *ramp.OnrampRequest) { r.PaymentMethod, r.Fiat.Amount = ramp.IMPS, "500000.01" }},
		{"fiat.amount", "at most 500000", func(r *ramp.OnrampRequest) { r.PaymentMethod, r.Fiat.Amount = ramp.NEFT, "500001" }},
		{"fiat.currency", "must be INR", func(r *ramp.OnrampRequest) { r.Fiat.Currency = "PHP" }},
		{"fiat.currency", "must be INR", func(r *ramp.OnrampRequest) { r.Fiat.Currency = "inr" }},
		{"fiat.currency", "must be INR", func(r *ramp.OnrampRequest) { r.Fiat.Currency = "" }},
		{"token.symbol", "1 to 20", func(r *ramp.OnrampRequest) { r.Token.Symbol = "" }},
		{"token.symbol", "1 to 20", func(r *ramp.OnrampRequest) { r.Token.Symbol = strings.Repeat("A", 21) }},
		{"token.symbol", "1 to 20", func(r *ramp.OnrampRequest) { r.Token.Symbol = "US DC" }},
		{"token.symbol", "1 to 20", func(r *ramp.OnrampRequest) { r.Token.Symbol = "<b>" }},
		{"token.address", "0x and 40 hex digits", func(r *ramp.OnrampRequest) { r.Token.Address = "" }},
		{"token.address", "0x and 40 hex digits", func(r *ramp.OnrampRequest) { r.Token.Address = solanaAddress }},
		{"token.address", "EIP-55", func(r *ramp.OnrampRequest) { r.Token.Address = "0x3C499c542cef5e3811e1192ce70d8cc03d5c3359" }},
		{"token.chainId", "number of a chain", func(r *ramp.OnrampRequest) { r.Token.ChainID = 0 }},
		{"token.chainId", "number of a chain", func(r *ramp.OnrampRequest) { r.Token.ChainID = -137 }},
		{"walletAddress", "0x and 40 hex digits", func(r *ramp.OnrampRequest) { r.WalletAddress = "" }},
		{"walletAddress", "0x and 40 hex digits", func(r *ramp.OnrampRequest) { r.WalletAddress = tronAddress }},
		{"walletAddress", "someone holds", func(r *ramp.OnrampRequest) { r.WalletAddress = evmNobody }},
		{"walletAddress", "token's own contract", func(r *ramp.OnrampRequest) {
			r.WalletAddress = "0x" + strings.ToUpper(polygonUSDC[2:])
		}},
		{"paymentMethod", "INR_UPI, INR_IMPS or INR_NEFT", func(r *ramp.OnrampRequest) { r.PaymentMethod = "" }},
		{"paymentMethod", "INR_UPI, INR_IMPS or INR_NEFT", func(r *ramp.OnrampRequest) { r.PaymentMethod = "upi" }},
		{"upi", "must be given", func(r *ramp.OnrampRequest) { r.UPI = nil }},
		{"upi.id", "asha@okbank", func(r *ramp.OnrampRequest) { r.UPI.ID = "asha" }},
		{"upi.id", "asha@okbank", func(r *ramp.OnrampRequest) { r.PaymentMethod, r.UPI.ID = ramp.IMPS, "asha" }},
		{"upi.name", "holder's name", func(r *ramp.OnrampRequest) { r.UPI.Name = "" }},
		{"upi.name", "holder's name", func(r *ramp.OnrampRequest) { r.UPI.Name = " \t" }},
		{"upi.name", "holder's name", func(r *ramp.OnrampRequest) { r.UPI.Name = "Asha\nRao" }},
		{"upi.name", "holder's name", func(r *ramp.OnrampRequest) { r.UPI.Name = "Asha\u202eRao" }},
		{"upi.name", "holder's name", func(r *ramp.OnrampRequest) { r.UPI.Name = "Asha\xff" }},
		{"upi.name", "holder's name", func(r *ramp.OnrampRequest) { r.UPI.Name = "Asha\ufffd" }},
		{"upi.name", "holder's name", func(r *ramp.OnrampRequest) { r.UPI.Name = ramp.Personal(strings.Repeat("आ", 101)) }},
		{"bank", "must be given", func(r *ramp.OnrampRequest) { r.PaymentMethod, r.Bank = ramp.IMPS, nil }},
		{"bank", "must be given", func(r *ramp.OnrampRequest) { r.PaymentMethod, r.Bank = ramp.NEFT, nil }},
		{"bank.accountName", "holder's name", func(r *ramp.OnrampRequest) { r.Bank.AccountName = "\x00" }},
		{"bank.accountNumber", "not masked", func(r *ramp.OnrampRequest) { r.Bank.AccountNumber = "XXXX4821" }},
		{"bank.ifsc", "HDFC0001234", func(r *ramp.OnrampRequest) { r.Bank.IFSC = "HDFC1001234" }},
		{"bank.pan", "ABCPE1234F", func(r *ramp.OnrampRequest) { r.Bank.PAN = "ABCPE1234" }},
		{"kyc.dossier", "blob store", func(r *ramp.OnrampRequest) { r.KYC.Dossier = "/kyc/asha" }},
		{"quote.minReceived", "more than 0", func(r *ramp.OnrampRequest) { r.Quote.MinReceived = "0" }},
		{"quote.minReceived", "decimal number", func(r *ramp.OnrampRequest) { r.Quote.MinReceived = "-1" }},
		{"quote.minReceived", "at most 18 decimals", func(r *ramp.OnrampRequest) { r.Quote.MinReceived = "1.0000000000000000001" }},
		{"quote.maxPaid", "decimal number", func(r *ramp.OnrampRequest) { r.Quote.MaxPaid = "1e3" }},
		{"quote.maxPaid", "at most 2 decimals", func(r *ramp.OnrampRequest) { r.Quote.MaxPaid = "1000.001" }},
		{"quote.maxPaid", "more than 0", func(r *ramp.OnrampRequest) { r.Quote.MaxPaid = "0" }},
		{"quote.maxPaid", "must not be below fiat.amount", func(r *ramp.OnrampRequest) { r.Quote.MaxPaid = "999.99" }},
		{"adopt.orderId", "the provider's id", func(r *ramp.OnrampRequest) { r.Adopt = &ramp.AdoptedOrder{} }},
		{"adopt.orderId", "the provider's id", func(r *ramp.OnrampRequest) { r.Adopt = &ramp.AdoptedOrder{OrderID: "6500 a"} }},
		{"previous", "unless utr is given", func(r *ramp.OnrampRequest) { r.Previous = &ramp.PreviousOrder{Reference: "inv-41"} }},
		{"previous.reference", "start with a letter or digit", func(r *ramp.OnrampRequest) {
			r.UTR, r.Previous = "412345678901", &ramp.PreviousOrder{OrderID: "6500a"}
		}},
		{"previous.reference", "another order's", func(r *ramp.OnrampRequest) {
			r.UTR, r.Previous = "412345678901", &ramp.PreviousOrder{Reference: r.Reference}
		}},
		{"previous.orderId", "provider's id", func(r *ramp.OnrampRequest) {
			r.UTR, r.Previous = "412345678901", &ramp.PreviousOrder{Reference: "inv-41", OrderID: "65 00"}
		}},
		{"utr", "12 digits", func(r *ramp.OnrampRequest) { r.UTR = "41234567890" }},
		{"utr", "12 digits", func(r *ramp.OnrampRequest) { r.UTR = " " }},
		{"utr", "16 to 22", func(r *ramp.OnrampRequest) { r.PaymentMethod, r.UTR = ramp.NEFT, "412345678901" }},
		{"metadata", "at most 20 entries", func(r *ramp.OnrampRequest) { r.Metadata = metadata(21, 1) }},
		{"metadata", "keys of 1 to 40", func(r *ramp.OnrampRequest) { r.Metadata = map[string]string{"": "x"} }},
		{"metadata", "keys of 1 to 40", func(r *ramp.OnrampRequest) { r.Metadata = map[string]string{strings.Repeat("k", 41): "x"} }},
		{"metadata", "keys of 1 to 40", func(r *ramp.OnrampRequest) { r.Metadata = map[string]string{"asha@example.test": "x", "a b": "y"} }},
		{"metadata.k", "at most 500 characters", func(r *ramp.OnrampRequest) { r.Metadata = map[string]string{"k": strings.Repeat("आ", 501)} }},
		{"metadata.k", "at most 500 characters", func(r *ramp.OnrampRequest) { r.Metadata = map[string]string{"k": "\xff"} }},
		{"metadata.reference", "must be left out", func(r *ramp.OnrampRequest) { r.Metadata = map[string]string{"reference": "inv-41"} }},
		{"metadata.ReferenCE", "must be left out", func(r *ramp.OnrampRequest) { r.Metadata = map[string]string{"ReferenCE": "inv-42"} }},
	} {
		t.Run(tt.field+" "+tt.says, func(t *testing.T) {
			t.Parallel()
			request := onrampRequest()
			tt.change(&request)
			requireField(t, request.Validate(), tt.field, tt.says)
		})
	}
}

func TestBadFieldOfOfframpRequestIsNamed(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		field  string
		says   string
		change func(*ramp.OfframpRequest)
	}{
		{"reference", "start with a letter or digit", func(r *ramp.OfframpRequest) { r.Reference = "" }},
		{"email", "must be an e-mail address", func(r *ramp.OfframpRequest) { r.Email = "" }},
		{"token.symbol", "1 to 20", func(r *ramp.OfframpRequest) { r.Token.Symbol = "" }},
		{"token.address", "0x and 40 hex digits", func(r *ramp.OfframpRequest) { r.Token.Address = "0x" }},
		{"token.chainId", "number of a chain", func(r *ramp.OfframpRequest) { r.Token.ChainID = 0 }},
		{"tokenAmount", "must be given, unless fiat.amount is", func(r *ramp.OfframpRequest) { r.TokenAmount = "" }},
		{"tokenAmount", "must be left out when fiat.amount is given", func(r *ramp.OfframpRequest) { r.Fiat.Amount = "8400.00" }},
		{"tokenAmount", "more than 0", func(r *ramp.OfframpRequest) { r.TokenAmount = "0" }},
		{"tokenAmount", "decimal number", func(r *ramp.OfframpRequest) { r.TokenAmount = "1e2" }},
		{"tokenAmount", "at most 18 decimals", func(r *ramp.OfframpRequest) { r.TokenAmount = "0.0000000000000000001" }},
		{"fiat.amount", "more than 0", func(r *ramp.OfframpRequest) { r.TokenAmount, r.Fiat.Amount = "", "0" }},
		{"fiat.amount", "at most 2 decimals", func(r *ramp.OfframpRequest) { r.TokenAmount, r.Fiat.Amount = "", "1.001" }},
		{"fiat.amount", "at most 500000", func(r *ramp.OfframpRequest) { r.TokenAmount, r.Fiat.Amount = "", "500000.01" }},
		{"fiat.currency", "must be INR", func(r *ramp.OfframpRequest) { r.Fiat.Currency = "" }},
		{"senderWallet", "0x and 40 hex digits", func(r *ramp.OfframpRequest) { r.SenderWallet = "" }},
		{"refundWallet", "0x and 40 hex digits", func(r *ramp.OfframpRequest) { r.RefundWallet = "" }},
		{"refundWallet", "token's own contract", func(r *ramp.OfframpRequest) { r.RefundWallet = polygonUSDC }},
		{"bank", "must be given", func(r *ramp.OfframpRequest) { r.Bank = nil }},
		{"bank.ifsc", "HDFC0001234", func(r *ramp.OfframpRequest) { r.Bank.IFSC = "" }},
		{"kyc.dossier", "blob store", func(r *ramp.OfframpRequest) { r.KYC.Dossier = "kyc" }},
		{"quote.minReceived", "at most 2 decimals", func(r *ramp.OfframpRequest) { r.Quote.MinReceived = "8300.001" }},
		{"quote.minReceived", "at most 500000", func(r *ramp.OfframpRequest) { r.Quote.MinReceived = "500001" }},
		{"quote.maxPaid", "at most 18 decimals", func(r *ramp.OfframpRequest) { r.Quote.MaxPaid = "100.0000000000000000001" }},
		{"quote.maxPaid", "more than 0", func(r *ramp.OfframpRequest) { r.Quote.MaxPaid = "0.0" }},
		{"quote.maxPaid", "must not be below tokenAmount", func(r *ramp.OfframpRequest) { r.Quote.MaxPaid = "99.99" }},
		{"transactionHash", "0x and 64 hex digits", func(r *ramp.OfframpRequest) { r.TransactionHash = "0x1" }},
		{"metadata", "at most 20 entries", func(r *ramp.OfframpRequest) { r.Metadata = metadata(21, 1) }},
		{"metadata.REFERENCE", "must be left out", func(r *ramp.OfframpRequest) { r.Metadata = map[string]string{"REFERENCE": "wd-6"} }},
	} {
		t.Run(tt.field+" "+tt.says, func(t *testing.T) {
			t.Parallel()
			request := offrampRequest()
			tt.change(&request)
			requireField(t, request.Validate(), tt.field, tt.says)
		})
	}
}

func TestEveryBadFieldOfOnrampRequestIsNamedAtOnce(t *testing.T) {
	t.Parallel()
	request := hostileOnramp("hunter2 <secret>")
	request.Token.ChainID = polygon
	requireFields(t, request.Validate(),
		"reference", "email", "fiat.amount", "fiat.currency", "token.symbol", "token.address", "walletAddress", "paymentMethod",
		"upi.id", "upi.name", "bank.accountName", "bank.accountNumber", "bank.ifsc", "bank.pan", "kyc.dossier", "quote.minReceived",
		"quote.maxPaid", "previous.reference", "previous.orderId", "metadata", "metadata.a", "metadata.b", "metadata.c")
}

func TestEveryBadFieldOfOfframpRequestIsNamedAtOnce(t *testing.T) {
	t.Parallel()
	request := hostileOfframp("hunter2 <secret>")
	request.Token.ChainID = polygon
	requireFields(t, request.Validate(),
		"reference", "email", "token.symbol", "token.address", "tokenAmount", "fiat.amount", "fiat.currency", "senderWallet", "refundWallet",
		"bank.accountName", "bank.accountNumber", "bank.ifsc", "bank.pan", "kyc.dossier", "quote.minReceived",
		"quote.maxPaid", "transactionHash", "metadata", "metadata.a", "metadata.b", "metadata.c")
}

func TestEmptyRequestNamesAllThatIsMissing(t *testing.T) {
	t.Parallel()
	requireFields(t, new(ramp.OnrampRequest).Validate(),
		"reference", "email", "fiat.amount", "fiat.currency", "token.symbol", "token.address", "token.chainId", "walletAddress", "paymentMethod")
	requireFields(t, new(ramp.OfframpRequest).Validate(),
		"reference", "email", "token.symbol", "token.address", "token.chainId", "tokenAmount", "fiat.currency", "senderWallet", "refundWallet", "bank")
}

func TestMissingWalletIsNotTakenForTheMissingToken(t *testing.T) {
	t.Parallel()
	request := onrampRequest()
	request.WalletAddress, request.Token.Address = "", ""
	var e *ramp.Error
	require.ErrorAs(t, request.Validate(), &e)
	require.Equal(t, []ramp.FieldError{
		{Field: "token.address", Problem: "must be an address of this chain: 0x and 40 hex digits"},
		{Field: "walletAddress", Problem: "must be an address of this chain: 0x and 40 hex digits"},
	}, e.Fields)
}

func TestWithoutChainOnlyTheChainIsAtFault(t *testing.T) {
	t.Parallel()
	request := offrampRequest()
	request.Token.ChainID, request.TransactionHash = 0, solanaSignature
	requireFields(t, request.Validate(), "token.chainId")
}

func TestWithoutPaymentMethodOnlyTheMethodIsAtFault(t *testing.T) {
	t.Parallel()
	request := onrampRequest()
	request.PaymentMethod, request.UPI, request.Bank, request.UTR = "INR_RTGS", nil, nil, "412345678901"
	requireFields(t, request.Validate(), "paymentMethod")
}

func TestRefusalCarriesTypeMessageAndReference(t *testing.T) {
	t.Parallel()
	onramp := onrampRequest()
	onramp.Email = ""
	var e *ramp.Error
	require.ErrorAs(t, onramp.Validate(), &e)
	require.Equal(t, ramp.InvalidRequest, e.Type)
	require.Equal(t, "inv-42", e.Reference)
	require.Equal(t, "the on-ramp request is invalid", e.Message)

	offramp := offrampRequest()
	offramp.Email = ""
	require.EqualError(t, offramp.Validate(), "order wd-7: the off-ramp request is invalid: "+
		"email must be an e-mail address of ASCII characters, without a name or quotes, such as asha@example.test")
}

func TestRefusalNeverRepeatsAValue(t *testing.T) {
	t.Parallel()
	for _, value := range []string{"hunter2", "hunter2@x y", "-hunter2", "hunter2\n", strings.Repeat("hunter2", 200)} {
		onramp, offramp := hostileOnramp(value), hostileOfframp(value)
		upi := ramp.AccountSubmission{UPI: onramp.UPI}
		account := ramp.AccountSubmission{Bank: onramp.Bank}
		utr := ramp.UTRSubmission{UTR: ramp.UTR(value)}
		hash := ramp.HashSubmission{TransactionHash: value}
		kyc := ramp.KYCSubmission{Dossier: ramp.Dossier(value)}
		for _, err := range []error{
			onramp.Validate(), offramp.Validate(), upi.Validate(ramp.AccountUPI), account.Validate(ramp.AccountBank),
			utr.Validate(ramp.UPI), utr.Validate(ramp.PaymentMethod(value)), hash.Validate(polygon), hash.Validate(solana), hash.Validate(tron),
			kyc.Validate(),
		} {
			require.Error(t, err)
			require.NotContains(t, strings.TrimPrefix(err.Error(), "order hunter2: "), "hunter2")
			encoded, marshalErr := json.Marshal(err)
			require.NoError(t, marshalErr)
			require.NotContains(t, strings.Replace(string(encoded), `"reference":"hunter2"`, "", 1), "hunter2")
		}
	}
}

func TestValidatorNeverRepeatsTheValue(t *testing.T) {
	t.Parallel()
	parseAmount := func(text string) error {
		_, err := ramp.ParseAmount(text)
		return err
	}
	for name, validate := range map[string]func(string) error{
		"reference": ramp.ValidateReference, "email": ramp.ValidateEmail, "PAN": ramp.ValidatePAN, "Aadhaar": ramp.ValidateAadhaar,
		"VPA": ramp.ValidateVPA, "IFSC": ramp.ValidateIFSC, "account": ramp.ValidateAccountNumber, "dossier": ramp.ValidateDossier,
		"amount": parseAmount,
	} {
		for _, value := range []string{"?hunter2", "?", "s3://hunter2:hunter2@kyc/", "file:///hunter2/..", "999941057059", "hunter2 "} {
			err := validate(value)
			if err != nil {
				require.NotContains(t, err.Error(), "hunter2", name)
				require.NotContains(t, err.Error(), "999941057059", name)
			}
		}
		require.Error(t, validate("?hunter2"), name)
	}
}

func TestMetadataIsReportedInTheOrderOfItsKeys(t *testing.T) {
	t.Parallel()
	request := onrampRequest()
	request.Metadata = metadata(20, 501)
	want := make([]string, 0, 20)
	for _, key := range slices.Sorted(maps.Keys(request.Metadata)) {
		want = append(want, "metadata."+key)
	}
	for range 20 {
		requireFields(t, request.Validate(), want...)
	}
}

func TestProofSubmissionIsReadAsItsParserDoes(t *testing.T) {
	t.Parallel()
	utr := ramp.UTRSubmission{UTR: " 412345678901 "}
	require.NoError(t, utr.Validate(ramp.UPI))
	requireField(t, utr.Validate(ramp.NEFT), "utr", "16 to 22 letters and digits")

	hash := ramp.HashSubmission{TransactionHash: evmHash}
	require.NoError(t, hash.Validate(polygon))
	requireField(t, hash.Validate(tron), "transactionHash", "without 0x")
}

func TestKYCSubmissionNeedsADossier(t *testing.T) {
	t.Parallel()
	submission := ramp.KYCSubmission{Dossier: "s3://kyc/asha"}
	require.NoError(t, submission.Validate())
	requireField(t, new(ramp.KYCSubmission).Validate(), "dossier", "must be a URL")
}

func TestQuoteConfirmationNeedsAnID(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"1f0c1c0e-6a0e-4d0e-9f55-000000000003", strings.Repeat("q", 128)} {
		confirmation := ramp.QuoteConfirmation{QuoteID: id}
		require.NoError(t, confirmation.Validate())
	}
	for _, id := range []string{"", " ", "a b", "é", "a\n", strings.Repeat("q", 129)} {
		confirmation := ramp.QuoteConfirmation{QuoteID: id}
		requireField(t, confirmation.Validate(), "quoteId", "the id of the quote")
	}
}

func TestAccountSubmissionHoldsTheAccountThatIsNeeded(t *testing.T) {
	t.Parallel()
	upi := ramp.AccountSubmission{UPI: vpa()}
	account := ramp.AccountSubmission{Bank: bank()}
	require.NoError(t, upi.Validate(ramp.AccountUPI))
	require.NoError(t, account.Validate(ramp.AccountBank))

	requireFields(t, upi.Validate(ramp.AccountBank), "upi", "bank")
	requireFields(t, account.Validate(ramp.AccountUPI), "upi", "bank")
	requireFields(t, new(ramp.AccountSubmission).Validate(ramp.AccountUPI), "upi")
	requireFields(t, new(ramp.AccountSubmission).Validate(ramp.AccountBank), "bank")

	both := ramp.AccountSubmission{UPI: vpa(), Bank: bank()}
	requireField(t, both.Validate(ramp.AccountUPI), "bank", "must be left out: the order needs a VPA")
	requireField(t, both.Validate(ramp.AccountBank), "upi", "must be left out: the order needs a bank account")

	bad := ramp.AccountSubmission{Bank: &ramp.BankAccount{PAN: "x"}}
	requireFields(t, bad.Validate(ramp.AccountBank), "bank.accountName", "bank.accountNumber", "bank.ifsc", "bank.pan")
}

// hostileOnramp is a request with this value in every text.
func hostileOnramp(value string) ramp.OnrampRequest {
	return ramp.OnrampRequest{
		Reference:     value,
		Email:         ramp.Email(value),
		Fiat:          ramp.Amount{Amount: value, Currency: value},
		Token:         ramp.Token{Symbol: value, Address: value + "1", ChainID: -1},
		WalletAddress: value,
		PaymentMethod: ramp.PaymentMethod(value),
		UPI:           &ramp.UPIAccount{ID: ramp.VPA(value), Name: ramp.Personal(value + "\x00")},
		Bank:          &ramp.BankAccount{AccountName: ramp.Personal(value + "\x00"), AccountNumber: ramp.AccountNumber(value), IFSC: ramp.Personal(value), PAN: ramp.Personal(value)},
		KYC:           &ramp.KYC{Dossier: ramp.Dossier(value)},
		Quote:         &ramp.QuoteTerms{MinReceived: value, MaxPaid: value},
		UTR:           ramp.UTR(value),
		Previous:      &ramp.PreviousOrder{Reference: value + "@", OrderID: value + " "},
		Metadata:      hostileMetadata(value),
	}
}

// hostileOfframp is a request with this value in every text.
func hostileOfframp(value string) ramp.OfframpRequest {
	return ramp.OfframpRequest{
		Reference:       value,
		Email:           ramp.Email(value),
		Token:           ramp.Token{Symbol: value, Address: value + "1", ChainID: -1},
		TokenAmount:     value,
		Fiat:            ramp.Amount{Amount: value, Currency: value},
		SenderWallet:    value,
		RefundWallet:    value,
		Bank:            &ramp.BankAccount{AccountName: ramp.Personal(value + "\x00"), AccountNumber: ramp.AccountNumber(value), IFSC: ramp.Personal(value), PAN: ramp.Personal(value)},
		KYC:             &ramp.KYC{Dossier: ramp.Dossier(value)},
		Quote:           &ramp.QuoteTerms{MinReceived: value, MaxPaid: value},
		TransactionHash: value,
		Metadata:        hostileMetadata(value),
	}
}

func hostileMetadata(value string) map[string]string {
	long := value + strings.Repeat("x", 501)
	return map[string]string{"c": long, "b": long, "a": long, value + "@": value}
}

// metadata has this many entries, of values this long.
func metadata(entries, length int) map[string]string {
	m := make(map[string]string)
	for i := range entries {
		m[fmt.Sprintf("%02d%s", i, strings.Repeat("k", 38))] = strings.Repeat("v", length)
	}
	return m
}

// requireField demands that exactly this field is refused, and why.
func requireField(t *testing.T, err error, field, says string) {
	t.Helper()
	var e *ramp.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, ramp.InvalidRequest, e.Type)
	require.Len(t, e.Fields, 1, err.Error())
	require.Equal(t, field, e.Fields[0].Field)
	require.Contains(t, e.Fields[0].Problem, says)
}

// requireFields demands that exactly these fields are refused, in this order.
func requireFields(t *testing.T, err error, fields ...string) {
	t.Helper()
	var e *ramp.Error
	require.ErrorAs(t, err, &e)
	got := make([]string, 0, len(e.Fields))
	for _, field := range e.Fields {
		got = append(got, field.Field)
	}
	require.Equal(t, fields, got)
}

func requireTaken(t *testing.T, validate func(string) error, values ...string) {
	t.Helper()
	for _, value := range values {
		require.NoError(t, validate(value), value)
	}
}

func requireAllRefused(t *testing.T, validate func(string) error, says string, values ...string) {
	t.Helper()
	for _, value := range values {
		requireRefused(t, validate(value), value, says)
	}
}

// requireRefused demands an error that says this.
func requireRefused(t *testing.T, err error, value, says string) {
	t.Helper()
	require.Error(t, err, "%.100q was taken", value)
	require.Contains(t, err.Error(), says, "%.100q", value)
}
