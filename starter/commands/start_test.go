package commands_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rampart/ramp"
)

const (
	usdc   = "0x3c499c542cef5e3811e1192ce70d8cc03d5c3359"
	buyer  = "0x1111111111111111111111111111111111111111"
	seller = "0x3333333333333333333333333333333333333333"
)

func onrampFlags() []string {
	return []string{
		"onramp", "--reference", "inv-42", "--email", "asha@example.test", "--amount", "1000.00",
		"--token", "USDC", "--token-address", usdc, "--chain-id", "137", "--wallet", buyer,
		"--method", "INR_UPI", "--upi-id", "asha@okbank", "--upi-name", "Asha Rao",
	}
}

func offrampFlags() []string {
	return []string{
		"offramp", "--reference", "wd-7", "--email", "asha@example.test", "--amount", "100.00",
		"--token", "USDC", "--token-address", usdc, "--chain-id", "137", "--sender-wallet", seller, "--refund-wallet", seller,
		"--account-name", "Asha Rao", "--account-number", "50100000004821", "--ifsc", "HDFC0001234", "--pan", "ABCPE1234F",
	}
}

const onrampFile = `{ "reference": "inv-42", "email": "asha@example.test",
  "fiat": { "currency": "INR", "amount": "1000.00" },
  "token": { "symbol": "USDC", "address": "` + usdc + `", "chainId": 137 },
  "walletAddress": "` + buyer + `", "paymentMethod": "INR_UPI",
  "upi": { "id": "asha@okbank", "name": "Asha Rao" } }`

func onramp() ramp.OnrampRequest {
	return ramp.OnrampRequest{
		Reference: "inv-42", Email: "asha@example.test",
		Fiat:          ramp.Amount{Amount: "1000.00", Currency: "INR"},
		Token:         ramp.Token{Symbol: "USDC", Address: usdc, ChainID: 137},
		WalletAddress: buyer, PaymentMethod: ramp.UPI,
		UPI: &ramp.UPIAccount{ID: "asha@okbank", Name: "Asha Rao"},
	}
}

func TestOnrampFlagsMakeTheRequest(t *testing.T) {
	t.Parallel()
	x := with(order(ramp.Onramp, "inv-42", ramp.AwaitingPayment))
	got := x.run(t, append(onrampFlags(), "--account-name", "Asha Rao", "--account-number", "50100000004821", "--ifsc", "HDFC0001234",
		"--dossier", "file:///kyc/asha", "--confirm", "--min-received", "10.50", "--utr", "412345678901",
		"--metadata", "invoice=42", "--metadata", "note=a, b=c")...)
	require.Zero(t, got.code, got.stderr)
	want := onramp()
	want.Bank = &ramp.BankAccount{AccountName: "Asha Rao", AccountNumber: "50100000004821", IFSC: "HDFC0001234"}
	want.KYC = &ramp.KYC{Dossier: "file:///kyc/asha"}
	want.Quote = &ramp.QuoteTerms{Confirm: true, MinReceived: "10.50"}
	want.UTR = "412345678901"
	want.Metadata = map[string]string{"invoice": "42", "note": "a, b=c"}
	require.Equal(t, &want, x.fake.onramp)
}

func TestOnrampOmitsPartsWithoutFlags(t *testing.T) {
	t.Parallel()
	x := with(order(ramp.Onramp, "inv-42", ramp.AwaitingPayment))
	require.Zero(t, x.run(t, onrampFlags()...).code)
	want := onramp()
	require.Equal(t, &want, x.fake.onramp)
}

func TestOfframpFlagsMakeTheRequest(t *testing.T) {
	t.Parallel()
	x := with(order(ramp.Offramp, "wd-7", ramp.AwaitingPayment))
	got := x.run(t, append(offrampFlags(), "--min-received", "8300.00", "--hash", "0x"+strings.Repeat("ab", 32))...)
	require.Zero(t, got.code, got.stderr)
	require.Equal(t, &ramp.OfframpRequest{
		Reference: "wd-7", Email: "asha@example.test", TokenAmount: "100.00", Fiat: ramp.Amount{Currency: "INR"},
		Token:        ramp.Token{Symbol: "USDC", Address: usdc, ChainID: 137},
		SenderWallet: seller, RefundWallet: seller,
		Bank:            &ramp.BankAccount{AccountName: "Asha Rao", AccountNumber: "50100000004821", IFSC: "HDFC0001234", PAN: "ABCPE1234F"},
		Quote:           &ramp.QuoteTerms{MinReceived: "8300.00"},
		TransactionHash: "0x" + strings.Repeat("ab", 32),
	}, x.fake.offramp)
}

func TestOfframpByPayoutHasNoTokenAmount(t *testing.T) {
	t.Parallel()
	x := with(order(ramp.Offramp, "wd-7", ramp.AwaitingPayment))
	arguments := offrampFlags()
	for i, argument := range arguments {
		if argument == "--amount" {
			arguments[i], arguments[i+1] = "--payout", "8400.00"
		}
	}
	require.Zero(t, x.run(t, arguments...).code)
	require.Equal(t, ramp.Amount{Amount: "8400.00", Currency: "INR"}, x.fake.offramp.Fiat)
	require.Empty(t, x.fake.offramp.TokenAmount)
}

func TestRequestComesFromAFileOrStandardInput(t *testing.T) {
	t.Parallel()
	x := with(order(ramp.Onramp, "inv-42", ramp.AwaitingPayment))
	want := onramp()
	require.Zero(t, x.run(t, "onramp", "--file", file(t, onrampFile)).code)
	require.Equal(t, &want, x.fake.onramp)

	x.fake.onramp, x.stdin = nil, onrampFile
	require.Zero(t, x.run(t, "onramp", "--file", "-").code)
	require.Equal(t, &want, x.fake.onramp)
}

func TestFileIsReadStrictly(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ content, want string }{
		"unknown field":    {`{"reference": "inv-42", "emial": "asha@example.test"}`, `unknown field "emial"`},
		"wrong type":       {`{"fiat": {"amount": 1000}}`, `a JSON number in the field "fiat.amount", which takes a string`},
		"not an object":    {`["asha@example.test"]`, "a JSON array, not an object"},
		"two objects":      {onrampFile + onrampFile, "more than one JSON object"},
		"not JSON":         {`reference: inv-42`, "is not JSON, from byte 1 on"},
		"empty":            {``, "is empty"},
		"cut off":          {onrampFile[:60], "ends in the middle of a JSON object"},
		"much too large":   {`{"reference": "` + strings.Repeat("x", 2<<20) + `"}`, "larger than 1 MiB"},
		"invalid contents": {strings.Replace(onrampFile, "1000.00", "a lot", 1), "fiat.amount"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := with()
			got := x.run(t, "onramp", "--file", file(t, test.content))
			require.Equal(t, 2, got.code)
			require.Contains(t, got.stderr, test.want)
			require.NotContains(t, got.stderr, "asha@")
			require.Empty(t, x.fake.calls)
		})
	}
}

func TestMissingFileIsAUsageError(t *testing.T) {
	t.Parallel()
	got := with().run(t, "offramp", "--file", "/nowhere/order.json")
	require.Equal(t, 2, got.code)
	require.Contains(t, got.stderr, "/nowhere/order.json")
}

func TestFileAndFlagsCannotBeCombined(t *testing.T) {
	t.Parallel()
	for _, flag := range []string{"--amount=1.00", "--ifsc=HDFC0001234", "--confirm", "--metadata=a=b", "--min-received=1", "--reference=inv-43"} {
		x := with()
		got := x.run(t, "onramp", "--file", file(t, onrampFile), flag)
		require.Equal(t, 2, got.code, flag)
		require.Contains(t, got.stderr, "cannot be combined")
		require.Empty(t, x.fake.calls)
	}
}

func TestEveryInvalidFieldIsReportedByItsFlagOnALineOfItsOwn(t *testing.T) {
	t.Parallel()
	x := with()
	got := x.run(t, "onramp", "--reference", "inv-42", "--email", "nobody", "--amount", "-5", "--token", "USDC", "--token-address", usdc,
		"--chain-id", "137", "--wallet", "0x12", "--method", "INR_IMPS", "--ifsc", "bad", "--dossier", "ftp://x", "--metadata", "bad key=1")
	require.Equal(t, 2, got.code)
	lines := strings.Split(got.stderr, "\n")
	for _, flag := range []string{"--email", "--amount", "--wallet", "--account-name", "--account-number", "--ifsc", "--dossier", "--metadata"} {
		var named int
		for _, line := range lines {
			if strings.HasPrefix(line, "  "+flag+" ") {
				named++
			}
		}
		require.Equal(t, 1, named, "%s in\n%s", flag, got.stderr)
	}
	require.Empty(t, x.fake.calls, "nothing was started")
}

func TestEveryFieldOfARequestHasAFlag(t *testing.T) {
	t.Parallel()
	for _, command := range []string{"onramp", "offramp"} {
		got := with().run(t, command, "--method=x", "--upi-id=x", "--account-name=x")
		if command == "offramp" {
			got = with().run(t, command, "--account-name= ", "--account-number=x", "--ifsc=x", "--pan=x", "--hash=x", "--chain-id=1")
		}
		require.Equal(t, 2, got.code)
		for line := range strings.SplitSeq(strings.TrimSpace(got.stderr), "\n") {
			if strings.HasPrefix(line, "  ") {
				require.True(t, strings.HasPrefix(line, "  --"), "%q names no flag", line)
			}
		}
	}
}

func TestMissingReferenceIsExplained(t *testing.T) {
	t.Parallel()
	x := with()
	got := x.run(t, "onramp", "--email", "asha@example.test")
	require.Equal(t, 2, got.code)
	require.Contains(t, got.stderr, "The reference is your own id for the order, such as inv-42")
	require.Empty(t, x.fake.calls)

	got = x.run(t, "reorder", "inv-42")
	require.Equal(t, 2, got.code)
	require.Contains(t, got.stderr, "The reference is your own id for the order")
}

func TestInvalidRequestInJSONNamesFieldsAsTheContractDoes(t *testing.T) {
	t.Parallel()
	got := with().run(t, "onramp", "-o", "json", "--reference", "inv-42")
	require.Equal(t, 2, got.code)
	require.Empty(t, got.stdout)
	problem := decoded[ramp.Error](t, got.stderr)
	require.Equal(t, ramp.InvalidRequest, problem.Type)
	require.Equal(t, "inv-42", problem.Reference)
	require.Equal(t, "email", problem.Fields[0].Field, "programs get the contract's names")
}

func TestStartedOrderIsPrintedWithTheNextStep(t *testing.T) {
	t.Parallel()
	got := with(order(ramp.Onramp, "inv-42", ramp.AwaitingPayment)).run(t, onrampFlags()...)
	require.Zero(t, got.code)
	for _, want := range []string{
		"On-ramp order inv-42  ◆ awaiting payment", "₹1000.00 by UPI to merchant0001@examplebank",
		"14:30:00 IST (09:00:00 UTC)", "bin/starter submit-utr onramp/inv-42 UTR",
		"http://127.0.0.1:8233/namespaces/default/workflows/onramp%2Finv-42",
	} {
		require.Contains(t, got.stdout, want)
	}
}

func TestExistingOrderIsShownAsExisting(t *testing.T) {
	t.Parallel()
	started := order(ramp.Onramp, "inv-42", ramp.AwaitingPayment)
	require.NotContains(t, with(started).run(t, onrampFlags()...).stdout, "No new order was started")
	started.CreatedAt = at(5, 0, 0)
	got := with(started).run(t, onrampFlags()...)
	require.Zero(t, got.code)
	require.Contains(t, got.stdout, "No new order was started: this order exists since 23 Nov 2026, 10:30:00 IST")
}

func TestStartedOrderIsOneJSONDocument(t *testing.T) {
	t.Parallel()
	started := order(ramp.Onramp, "inv-42", ramp.AwaitingPayment)
	got := with(started).run(t, append(onrampFlags(), "-o", "json")...)
	require.Zero(t, got.code)
	require.Equal(t, *started, decoded[ramp.Order](t, got.stdout))
	require.Contains(t, got.stdout, "&am=1000.00", "links stay as they are")
}

func TestQRCodeIsDrawnOnRequest(t *testing.T) {
	t.Parallel()
	x := with(order(ramp.Onramp, "inv-42", ramp.AwaitingPayment))
	require.NotContains(t, x.run(t, onrampFlags()...).stdout, "█")
	require.Contains(t, x.run(t, append(onrampFlags(), "--qr")...).stdout, "█")
}

func TestWebUIIsConfiguredByFlagOrEnvironment(t *testing.T) {
	t.Parallel()
	x := with(order(ramp.Onramp, "inv-42", ramp.AwaitingPayment))
	x.environment = environment{"RAMP_UI_URL": "https://ui.example.test"}
	require.Contains(t, x.run(t, "status", "inv-42").stdout, "https://ui.example.test/namespaces/default/")
	require.Contains(t, x.run(t, "status", "inv-42", "--ui-url", "https://other.example.test").stdout, "https://other.example.test/")
	got := x.run(t, "status", "inv-42", "--ui-url", "ui.example.test")
	require.Equal(t, 2, got.code)
	x.environment = environment{"RAMP_UI_URL": ""}
	require.NotContains(t, x.run(t, "status", "inv-42").stdout, "Web UI")
}

func TestOrderThatEndedUncompletedExitsWithThree(t *testing.T) {
	t.Parallel()
	for _, status := range []ramp.Status{ramp.Expired, ramp.Cancelled, ramp.Refunded, ramp.Rejected} {
		got := with(order(ramp.Onramp, "inv-42", status)).run(t, onrampFlags()...)
		require.Equal(t, 3, got.code)
		require.Contains(t, got.stderr, "ended as "+string(status))
	}
	require.Zero(t, with(order(ramp.Onramp, "inv-42", ramp.Completed)).run(t, onrampFlags()...).code)
}

func TestReorderPassesTheUTR(t *testing.T) {
	t.Parallel()
	x := with(order(ramp.Onramp, "inv-42-b", ramp.VerifyingPayment))
	got := x.run(t, "reorder", "onramp/inv-42", "--reference", "inv-42-b", "--utr", "412345678901")
	require.Zero(t, got.code, got.stderr)
	require.Equal(t, &ramp.ReorderRequest{Reference: "inv-42", NewReference: "inv-42-b", UTR: "412345678901"}, x.fake.reorder)
}

func TestReorderPassesTheAmount(t *testing.T) {
	t.Parallel()
	x := with(order(ramp.Onramp, "inv-42-b", ramp.VerifyingPayment))
	got := x.run(t, "reorder", "inv-42", "--reference", "inv-42-b", "--amount", "900.00")
	require.Zero(t, got.code, got.stderr)
	require.Equal(t, &ramp.ReorderRequest{Reference: "inv-42", NewReference: "inv-42-b", Amount: "900.00"}, x.fake.reorder)
}

func TestReorderReportsTheAmountByItsFlag(t *testing.T) {
	t.Parallel()
	x := with()
	x.fake.err = &ramp.Error{Type: ramp.InvalidRequest, Reference: "inv-42", Message: "the reorder request is invalid",
		Fields: []ramp.FieldError{{Field: "amount", Problem: "must be the amount that was paid"}}}
	got := x.run(t, "reorder", "inv-42", "--reference", "inv-42-b")
	require.Equal(t, 2, got.code)
	require.Contains(t, got.stderr, "  --amount  must be the amount that was paid")
}

func TestMaxPaidIsPassedInBothDirections(t *testing.T) {
	t.Parallel()
	x := with(order(ramp.Onramp, "inv-42", ramp.AwaitingPayment), order(ramp.Offramp, "wd-7", ramp.AwaitingPayment))
	require.Zero(t, x.run(t, append(onrampFlags(), "--max-paid", "1000.00")...).code)
	require.Equal(t, "1000.00", x.fake.onramp.Quote.MaxPaid)
	require.Zero(t, x.run(t, append(offrampFlags(), "--max-paid", "100.00")...).code)
	require.Equal(t, "100.00", x.fake.offramp.Quote.MaxPaid)
	require.Contains(t, x.run(t, append(onrampFlags(), "--max-paid", "1")...).stderr, "--max-paid  must not be below fiat.amount")
}

func TestPersonalDataIsNeverPrinted(t *testing.T) {
	t.Parallel()
	personal := []string{"asha@", "Asha Rao", "Asha", "50100000004821", "ABCPE1234F", "okbank", "HDFC0001234"}
	x := with(order(ramp.Onramp, "inv-42", ramp.AwaitingPayment), order(ramp.Offramp, "wd-7", ramp.AwaitingPayment))
	lines := [][]string{
		onrampFlags(),
		offrampFlags(),
		append(onrampFlags(), "--watch", "--timeout", "bad"),
		append(onrampFlags(), "--wallet", "bad"),
		append(offrampFlags(), "--sender-wallet", "bad", "-o", "json"),
		append(offrampFlags(), "--unknown"),
		{"onramp", "asha@example.test"},
		{"asha@example.test"},
		{"status", "asha@example.test"},
		{"submit-utr", "asha@example.test", "1"},
		{"submit-account", "inv-42", "--upi-id", "asha@okbank"},
		{"submit-account", "inv-42", "Asha Rao", "--upi-id", "asha@okbank"},
		{"submit-account", "inv-42", "--account-number", "50100000004821", "--pan", "ABCPE1234F"},
		append(onrampFlags(), "--metadata", "Asha Rao"),
		{"onramp", "--chain-id", "50100000004821x"},
		{"onramp", "-asha@okbank"},
		{"onramp", "--=Asha Rao"},
		{"list", "--status", "Asha Rao"},
	}
	example := regexp.MustCompile(`such as \S+`) // the contract's problems have examples
	for _, line := range lines {
		got := x.run(t, line...)
		printed := example.ReplaceAllString(got.stdout+got.stderr, "")
		for _, secret := range personal {
			require.NotContains(t, printed, secret, "%v", line)
		}
	}
}
