package schema_test

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"rampart/ramp"
	"rampart/ramp/schema"
)

// compiled are the schemas by name, such as onramp-request.
func compiled(t *testing.T) map[string]*jsonschema.Schema {
	t.Helper()
	names, err := fs.Glob(schema.Files(), "*.schema.json")
	require.NoError(t, err)
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	all := make(map[string]*jsonschema.Schema)
	for _, name := range names {
		content, err := fs.ReadFile(schema.Files(), name)
		require.NoError(t, err)
		document, err := jsonschema.UnmarshalJSON(bytes.NewReader(content))
		require.NoError(t, err)
		require.NoError(t, compiler.AddResource("urn:rampart:"+strings.TrimSuffix(name, ".schema.json"), document))
	}
	for _, name := range names {
		id := strings.TrimSuffix(name, ".schema.json")
		all[id], err = compiler.Compile("urn:rampart:" + id)
		require.NoError(t, err, name)
	}
	return all
}

// jsonOf is a value as JSON has it.
func jsonOf(t require.TestingT, value any) any {
	encoded, err := json.Marshal(value)
	require.NoError(t, err)
	decoded, err := jsonschema.UnmarshalJSON(bytes.NewReader(encoded))
	require.NoError(t, err)
	return decoded
}

// What the schemas of requests cannot say, or not readably: what an address or a hash looks like on its chain, checksums, limits
// that fields put on each other, blanks, and the last details of URLs.
var checkedByValidateAlone = []string{
	"token.address", "walletAddress", "senderWallet", "refundWallet", "transactionHash", "quote.maxPaid", "previous.reference",
	"kyc.dossier", "upi.name", "bank.accountName",
}

// TestASchemaTakesWhatValidateTakes holds both ways: what Validate takes, the schema takes; what it refuses, the schema refuses but
// for the fields above.
func TestASchemaTakesWhatValidateTakes(t *testing.T) {
	t.Parallel()
	schemas := compiled(t)
	for name, draw := range map[string]func(*rapid.T) interface{ Validate() error }{
		"onramp-request":  func(t *rapid.T) interface{ Validate() error } { return drawOnramp(t) },
		"offramp-request": func(t *rapid.T) interface{ Validate() error } { return drawOfframp(t) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			taken, refused := 0, 0
			rapid.Check(t, func(t *rapid.T) {
				request := draw(t)
				err := request.Validate()
				if err == nil {
					taken++
				} else {
					refused++
				}
				requireAgreement(t, schemas[name].Validate(jsonOf(t, request)), err, request)
			})
			require.Positive(t, taken, "nothing drawn was valid")
			require.Positive(t, refused, "nothing drawn was invalid")
		})
	}
}

func requireAgreement(t require.TestingT, bySchema, byValidate error, value any) {
	if byValidate == nil {
		require.NoError(t, bySchema, "%#v", jsonOf(t, value))
		return
	}
	var invalid *ramp.Error
	require.ErrorAs(t, byValidate, &invalid)
	if bySchema != nil {
		return
	}
	for _, field := range invalid.Fields {
		require.Contains(t, checkedByValidateAlone, field.Field, "the schema takes %#v", jsonOf(t, value))
	}
}

const (
	wallet  = "0x1111111111111111111111111111111111111111"
	usdc    = "0x3c499c542cef5e3811e1192ce70d8cc03d5c3359"
	evmHash = "0xabc0000000000000000000000000000000000000000000000000000000000001"
)

// mostly is the first value as a rule, so that most requests are wrong in one field at the most.
func mostly[T any](t *rapid.T, label string, usual T, others ...T) T {
	if rapid.IntRange(0, 15).Draw(t, label+"?") < 14 {
		return usual
	}
	return rapid.SampledFrom(others).Draw(t, label)
}

func drawOnramp(t *rapid.T) *ramp.OnrampRequest {
	method := rapid.SampledFrom([]ramp.PaymentMethod{ramp.UPI, ramp.IMPS, ramp.NEFT, "INR_CASH", ""}).Draw(t, "method")
	r := &ramp.OnrampRequest{
		Reference:     drawReference(t),
		Email:         ramp.Email(drawEmail(t)),
		Fiat:          ramp.Amount{Amount: drawRupees(t, "fiat"), Currency: mostly(t, "currency", "INR", "inr", "USD", "")},
		Token:         drawToken(t),
		WalletAddress: mostly(t, "wallet", wallet, "", "0x12", usdc, "not a wallet"),
		PaymentMethod: method,
		Bank:          drawBank(t),
		KYC:           drawKYC(t),
		Metadata:      drawMetadata(t),
		UTR: ramp.UTR(mostly(t, "utr", "", "412345678901", " 412345678901\n", "41234567890", "4123456789012345", "HDFCR52026112712345678",
			"HDFCR5202611271234567890")),
	}
	if rapid.IntRange(0, 9).Draw(t, "upi") > 0 {
		r.UPI = &ramp.UPIAccount{
			ID:   ramp.VPA(mostly(t, "vpa", "asha@okbank", "", "a@okbank", "asha@1bank", "asha", "asha rao@okbank", strings.Repeat("a", 190)+"@"+strings.Repeat("b", 64))),
			Name: ramp.Personal(drawName(t)),
		}
	}
	if rapid.Bool().Draw(t, "quote") {
		r.Quote = &ramp.QuoteTerms{Confirm: rapid.Bool().Draw(t, "confirm"), MinReceived: drawTokens(t, "min"), MaxPaid: drawRupees(t, "max")}
	}
	if rapid.IntRange(0, 4).Draw(t, "previous") == 0 {
		r.Previous = &ramp.PreviousOrder{Reference: drawReference(t), OrderID: drawOrderID(t)}
	}
	if rapid.IntRange(0, 4).Draw(t, "adopt") == 0 {
		r.Adopt = &ramp.AdoptedOrder{OrderID: drawOrderID(t)}
	}
	return r
}

func drawOfframp(t *rapid.T) *ramp.OfframpRequest {
	r := &ramp.OfframpRequest{
		Reference:       drawReference(t),
		Email:           ramp.Email(drawEmail(t)),
		Token:           drawToken(t),
		Fiat:            ramp.Amount{Currency: mostly(t, "currency", "INR", "", "EUR")},
		SenderWallet:    mostly(t, "sender", wallet, "", usdc, "0x12"),
		RefundWallet:    mostly(t, "refund", wallet, "", usdc, "0x12"),
		Bank:            drawBank(t),
		KYC:             drawKYC(t),
		Metadata:        drawMetadata(t),
		TransactionHash: mostly(t, "hash", "", evmHash, " "+evmHash+"\n", "0xabc", "?", strings.Repeat("a", 129)),
	}
	switch rapid.IntRange(0, 9).Draw(t, "by") {
	case 0: // neither
	case 1:
		r.TokenAmount, r.Fiat.Amount = drawTokens(t, "tokens"), drawRupees(t, "payout")
	case 2, 3, 4:
		r.Fiat.Amount = drawRupees(t, "payout")
	default:
		r.TokenAmount = drawTokens(t, "tokens")
	}
	if rapid.Bool().Draw(t, "quote") {
		r.Quote = &ramp.QuoteTerms{MinReceived: drawRupees(t, "min"), MaxPaid: drawTokens(t, "max")}
	}
	return r
}

func drawReference(t *rapid.T) string {
	return mostly(t, "reference", "inv-"+rapid.StringMatching(`[A-Za-z0-9._-]{0,3}`).Draw(t, "n"), "", "-inv", "inv/42",
		strings.Repeat("r", 128), strings.Repeat("r", 129), "inv 42", "inv-42\n")
}

func drawOrderID(t *rapid.T) string {
	return mostly(t, "orderId", "", "650000000000000000000001", strings.Repeat("o", 129), "a b")
}

func drawEmail(t *rapid.T) string {
	return mostly(t, "email", "asha@example.test", "", "asha", "Asha <asha@example.test>", "a..b@example.test", "asha@example.1",
		"asha@localhost", "a'b+c@sub.example.test", "asha@-a.test", "asha@a-.test", "é@example.test", "asha@example.t",
		strings.Repeat("a", 64)+"@example.test", strings.Repeat("a", 65)+"@example.test", "a@"+strings.Repeat("b.", 126)+"test",
		"a@"+strings.Repeat("b", 64)+".test")
}

func drawRupees(t *rapid.T, label string) string {
	return mostly(t, label, rapid.SampledFrom([]string{"1000.00", "100000.00", "0.01", "1"}).Draw(t, label+" of"), "", "0", "0.00", "0.001",
		"0.10", "01", "1000.000", "500000", "500000.00", "499999.99", "500000.01", "500001", "600000", "1e3", "-1", "+1", "1,000", " 1",
		"100000.01", "99999.9", "1000000", "1.", ".5", strings.Repeat("1", 41))
}

func drawTokens(t *rapid.T, label string) string {
	return mostly(t, label, rapid.SampledFrom([]string{"100.00", "0.000000000000000001", "7"}).Draw(t, label+" of"), "", "0", "0.0",
		"0.0000000000000000001", "1.0000000000000000000", "00.1", "1e3", "-1", strings.Repeat("9", 40), strings.Repeat("9", 41),
		strings.Repeat("9", 21)+"."+strings.Repeat("9", 18), strings.Repeat("9", 22)+"."+strings.Repeat("9", 18))
}

func drawToken(t *rapid.T) ramp.Token {
	return ramp.Token{
		Symbol:  mostly(t, "symbol", "USDC", "", "USDC.e", "$WIF", "US DC", strings.Repeat("S", 21)),
		Address: mostly(t, "address", usdc, "", ramp.NativeToken, "0x12", "a b", strings.Repeat("a", 129)),
		ChainID: mostly[int64](t, "chain", 137, 0, -1, 1, 101, 999999),
	}
}

func drawBank(t *rapid.T) *ramp.BankAccount {
	if rapid.IntRange(0, 9).Draw(t, "bank") == 0 {
		return nil
	}
	return &ramp.BankAccount{
		AccountName:   ramp.Personal(drawName(t)),
		AccountNumber: ramp.AccountNumber(mostly(t, "number", "50100000004821", "", "123", "XXXX4821", "1234", strings.Repeat("1", 36))),
		IFSC:          ramp.Personal(mostly(t, "ifsc", "HDFC0001234", "", "hdfc0001234", "HDFCO001234", "HDFC000123", "HDFC00012345")),
		PAN:           ramp.Personal(mostly(t, "pan", "ABCPE1234F", "", "ABCPE1234", "abcpe1234f", "ABCPE12345")),
	}
}

func drawName(t *rapid.T) string {
	return mostly(t, "name", "Asha Rao", "", " ", "आशा", strings.Repeat("आ", 100), strings.Repeat("आ", 101), "Asha\nRao", "Asha\x00", "Asha\u202eRao")
}

func drawKYC(t *rapid.T) *ramp.KYC {
	if rapid.Bool().Draw(t, "kyc") {
		return nil
	}
	return &ramp.KYC{Dossier: ramp.Dossier(drawDossier(t))}
}

func drawDossier(t *rapid.T) string {
	return mostly(t, "dossier", "file:///var/lib/rampart/kyc/asha", "", "s3://kyc/asha", "gs://kyc", "azblob://kyc/users/", "http://kyc/asha",
		"file://host/asha", "/var/lib", "s3://kyc/../asha", "s3://key@kyc/asha", "s3://kyc/asha?region=x", "file:///", "S3://kyc/a", "s3://k y",
		"s3://kyc/"+strings.Repeat("a", 1024))
}

func drawMetadata(t *rapid.T) map[string]string {
	many := make(map[string]string)
	for i := range 21 {
		many[strings.Repeat("k", i+1)] = ""
	}
	return mostly(t, "metadata", map[string]string{"invoice": "42"}, nil, map[string]string{"": ""}, map[string]string{"a b": ""},
		map[string]string{"reference": "inv-41"}, map[string]string{"Reference": ""}, map[string]string{"references": ""},
		map[string]string{strings.Repeat("k", 41): ""}, map[string]string{"k": strings.Repeat("आ", 500)},
		map[string]string{"k": strings.Repeat("आ", 501)}, many)
}

func TestASchemaOfAMessageTakesWhatItsValidateTakes(t *testing.T) {
	t.Parallel()
	schemas := compiled(t)
	utrs := []string{"", "412345678901", " 412345678901\n", "41234567890", "HDFCR52026112712345678", "HDFCR520261127123456789", "4123 5678901"}
	for _, utr := range utrs {
		message := &ramp.UTRSubmission{UTR: ramp.UTR(utr)}
		taken := slices.ContainsFunc([]ramp.PaymentMethod{ramp.UPI, ramp.IMPS, ramp.NEFT}, func(method ramp.PaymentMethod) bool {
			return message.Validate(method) == nil
		})
		require.Equal(t, taken, schemas["utr-submission"].Validate(jsonOf(t, message)) == nil, utr)
	}
	for _, hash := range []string{"", evmHash, " " + evmHash, "0xabc", strings.Repeat("a", 64), "0.0.2@1612345678.0", strings.Repeat("a", 129)} {
		message := &ramp.HashSubmission{TransactionHash: hash}
		taken := message.Validate(137) == nil || message.Validate(999999) == nil
		require.Equal(t, taken, schemas["hash-submission"].Validate(jsonOf(t, message)) == nil, hash)
	}
	for _, id := range []string{"", "q-1", strings.Repeat("q", 128), strings.Repeat("q", 129), "q 1", "q\n"} {
		message := &ramp.QuoteConfirmation{QuoteID: id}
		require.Equal(t, message.Validate() == nil, schemas["quote-confirmation"].Validate(jsonOf(t, message)) == nil, id)
	}
	rapid.Check(t, func(t *rapid.T) {
		message := &ramp.KYCSubmission{Dossier: ramp.Dossier(drawDossier(t))}
		bySchema, byValidate := schemas["kyc-submission"].Validate(jsonOf(t, message)), message.Validate()
		if message.Dossier == "" {
			require.Error(t, bySchema)
		}
		if byValidate == nil {
			require.NoError(t, bySchema, message.Dossier)
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		request := drawOnramp(t)
		message := &ramp.AccountSubmission{UPI: request.UPI, Bank: request.Bank}
		bySchema := schemas["account-submission"].Validate(jsonOf(t, message))
		kind := ramp.AccountBank
		if message.UPI != nil {
			kind = ramp.AccountUPI
		}
		byValidate := message.Validate(kind)
		requireAgreement(t, bySchema, byValidate, message)
	})
}

func TestRequestsAreStrictAndAnswersAreOpen(t *testing.T) {
	t.Parallel()
	schemas := compiled(t)
	for name, value := range map[string]any{
		"onramp-request":     onramp(),
		"offramp-request":    offramp(),
		"utr-submission":     ramp.UTRSubmission{UTR: "412345678901"},
		"hash-submission":    ramp.HashSubmission{TransactionHash: evmHash},
		"kyc-submission":     ramp.KYCSubmission{Dossier: "s3://kyc/asha"},
		"account-submission": ramp.AccountSubmission{UPI: &ramp.UPIAccount{ID: "asha@okbank", Name: "Asha Rao"}},
		"quote-confirmation": ramp.QuoteConfirmation{QuoteID: "q-1"},
		"awaiting":           ramp.Awaiting{},
		"reorder-request":    ramp.ReorderRequest{NewReference: "inv-42-b", UTR: "412345678901"},
		"find-request":       ramp.FindRequest{UTR: "412345678901", Limit: 7},
		"page":               ramp.Page{Orders: []ramp.Summary{{Direction: ramp.Onramp, Status: ramp.Quoting}}},
		"order":              ramp.Order{Reference: "inv-42", Direction: ramp.Onramp, Status: ramp.Quoting, Timeline: []ramp.TimelineEntry{}},
		"error":              ramp.Error{Type: ramp.NotAwaited, Message: "the order does not wait for this now"},
	} {
		sent := jsonOf(t, value).(map[string]any)
		require.NoError(t, schemas[name].Validate(sent), name)
		sent["later"] = "of the next version"
		refused := schemas[name].Validate(sent)
		if name == "order" || name == "page" || name == "error" {
			require.NoError(t, refused, name)
		} else {
			require.ErrorContains(t, refused, "later", name)
		}
	}
	names := slices.Collect(maps.Keys(schemas))
	require.Len(t, names, 13, "a schema is in the table above")
}

func TestAnswersTakeTheWordsOfALaterVersion(t *testing.T) {
	t.Parallel()
	schemas := compiled(t)
	order := ramp.Order{Reference: "inv-42", Direction: ramp.Onramp, Status: "reviewing", Timeline: []ramp.TimelineEntry{}}
	require.NoError(t, schemas["order"].Validate(jsonOf(t, order)))
	require.NoError(t, schemas["error"].Validate(jsonOf(t, ramp.Error{Type: "TooSoon", Message: "too soon"})))
	order.Status = "no status"
	require.Error(t, schemas["order"].Validate(jsonOf(t, order)))
}

func onramp() *ramp.OnrampRequest {
	return &ramp.OnrampRequest{
		Reference: "inv-42", Email: "asha@example.test", Fiat: ramp.Amount{Amount: "1000.00", Currency: "INR"},
		Token: ramp.Token{Symbol: "USDC", Address: usdc, ChainID: 137}, WalletAddress: wallet, PaymentMethod: ramp.UPI,
		UPI: &ramp.UPIAccount{ID: "asha@okbank", Name: "Asha Rao"},
	}
}

func offramp() *ramp.OfframpRequest {
	return &ramp.OfframpRequest{
		Reference: "wd-7", Email: "asha@example.test", Token: ramp.Token{Symbol: "USDC", Address: usdc, ChainID: 137},
		TokenAmount: "100.00", Fiat: ramp.Amount{Currency: "INR"}, SenderWallet: wallet, RefundWallet: wallet,
		Bank: &ramp.BankAccount{AccountName: "Asha Rao", AccountNumber: "50100000004821", IFSC: "HDFC0001234"},
	}
}

// TestWhatTheFuzzersFoundValidTheSchemasTake goes through what the fuzzers of package ramp keep.
func TestWhatTheFuzzersFoundValidTheSchemasTake(t *testing.T) {
	t.Parallel()
	schemas := compiled(t)
	for target, name := range map[string]string{"FuzzOnrampRequest": "onramp-request", "FuzzOfframpRequest": "offramp-request"} {
		kept, err := filepath.Glob("../testdata/fuzz/" + target + "/*")
		require.NoError(t, err)
		require.NotEmpty(t, kept, target)
		for _, path := range kept {
			var request interface{ Validate() error } = new(ramp.OnrampRequest)
			if name == "offramp-request" {
				request = new(ramp.OfframpRequest)
			}
			if ramp.Decode(corpus(t, path), request) == nil {
				requireAgreement(t, schemas[name].Validate(jsonOf(t, request)), request.Validate(), request)
			}
		}
	}
}

// corpus is the []byte that a file of a fuzzer's holds.
func corpus(t *testing.T, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	_, quoted, found := strings.Cut(string(content), "[]byte(")
	require.True(t, found, path)
	text, err := strconv.Unquote(strings.TrimSuffix(strings.TrimSpace(quoted), ")"))
	require.NoError(t, err, path)
	return []byte(text)
}
