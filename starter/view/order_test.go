package view_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rampart/ramp"
	"rampart/starter/view"
)

func card(order *ramp.Order) string {
	return plain(func(s *view.Screen) { s.Order(order, options()) })
}

func TestOrderHasAllFacts(t *testing.T) {
	t.Parallel()
	shown := card(completed())
	for _, want := range []string{
		"On-ramp order inv-42  ✓ completed",
		"6b03b894, status completed",
		"pays ₹1000.00, receives 10.64 USDC at 93.94; fees: gas ₹0.18",
		"UTR 412345678901, accepted 23 Nov 2026, 11:35:01 IST (06:05:01 UTC)",
		"10.64 USDC",
		"https://explorer.example.test/tx/0xfe7a",
		"http://127.0.0.1:8233/namespaces/default/workflows/onramp%2Finv-42",
		"11:39:00  ✓ completed              The provider says completed.",
	} {
		require.Contains(t, shown, want)
	}
}

func TestDeadlineIsShownInIndianTimeAndUTCWithWhatIsLeft(t *testing.T) {
	t.Parallel()
	require.Contains(t, card(awaitingUPI()), "23 Nov 2026, 14:30:00 IST (09:00:00 UTC), 2h 59m left")
}

func TestDeadlineOfAPaidOrderIsNotShown(t *testing.T) {
	t.Parallel()
	order := awaitingUPI()
	order.Status = ramp.VerifyingPayment
	order.Proof = &ramp.Proof{UTR: "412345678901", SubmittedAt: at(6, 5, 0), AcceptedAt: at(6, 5, 1)}
	require.NotContains(t, card(order), "Deadline")
}

func TestAttentionIsTheSecondLine(t *testing.T) {
	t.Parallel()
	order := awaitingUPI()
	order.Attention = "the provider does not answer"
	lines := strings.Split(card(order), "\n")
	require.Contains(t, lines[1], "the provider does not answer")
}

func TestEveryStatusThatAwaitsTheUserHasInstructions(t *testing.T) {
	t.Parallel()
	bank := awaitingUPI()
	bank.Instructions = &ramp.Instructions{Bank: &ramp.Beneficiary{
		Name: "Beneficiary Pvt Ltd", AccountNumber: "50100000000001", IFSC: "HDFC0001234",
	}}
	quote := awaitingUPI()
	quote.Status = ramp.AwaitingConfirmation
	quote.Quote.ID = "q 1"
	kyc := awaitingUPI()
	kyc.Status = ramp.AwaitingKYC
	account := awaitingUPI()
	account.Status = ramp.AwaitingAccount
	account.Timeline = append(account.Timeline, ramp.TimelineEntry{Status: ramp.AwaitingAccount, At: at(6, 1, 0), Note: "The name differs."})
	over := func(status ramp.Status, providerStatus string, proof *ramp.Proof) *ramp.Order {
		order := awaitingUPI()
		order.Status, order.ProviderStatus, order.Proof = status, providerStatus, proof
		return order
	}
	taken := &ramp.Proof{UTR: "412345678901", SubmittedAt: at(6, 5, 0), AcceptedAt: at(6, 5, 1)}
	reused := over(ramp.Expired, "expired", nil)
	reused.Previous = &ramp.PreviousOrder{Reference: "inv-41", OrderID: "6400f"}
	again := awaitingUPI()
	again.Previous = reused.Previous
	sold := awaitingTokens()
	sold.Status = ramp.Expired
	page := awaitingUPI()
	page.Instructions = &ramp.Instructions{CheckoutURL: "https://checkout.example.test/?orderId=6500a"}
	tests := map[string]struct {
		order *ramp.Order
		want  []string
	}{
		"a payment by UPI": {awaitingUPI(), []string{"The user must pay ₹1,000.", "₹1000.00 by UPI to merchant0001@examplebank", "bin/starter submit-utr onramp/inv-42 UTR", "in Paytm"}},
		"a bank transfer":  {bank, []string{"₹1000.00 by bank transfer", "50100000000001", "HDFC0001234", "submit-utr onramp/inv-42 UTR"}},
		"tokens":           {awaitingTokens(), []string{"100.00 USDC on Polygon", "0x8a212433b9b9967253e5419f09a63ca141013936", "submit-hash offramp/wd-7 TRANSACTION-HASH"}},
		"a confirmation":   {quote, []string{"confirm-quote onramp/inv-42 'q 1'"}},
		"documents":        {kyc, []string{"submit-kyc onramp/inv-42 DOSSIER-URL"}},
		"an account":       {account, []string{"The user must name another account.", "submit-account onramp/inv-42 --file account.json"}},
		"a page":           {page, []string{"₹1000.00 on the provider's page", "https://checkout.example.test/?orderId=6500a", "submit-utr onramp/inv-42 UTR"}},
		"no other UTR":     {over(ramp.VerifyingPayment, "fiatPending", taken), []string{"→ The UTR was mistyped: submit the right one", "bin/starter submit-utr onramp/inv-42 UTR"}},
		"the UTR of an expired order": {over(ramp.Expired, "expired", nil), []string{"another order for the same amount",
			"bin/starter reorder onramp/inv-42 --reference NEW-REFERENCE --utr UTR"}},
		"the amount of a cancelled order": {over(ramp.Cancelled, "Canceled", taken), []string{"for the amount that left the user's account",
			"bin/starter reorder onramp/inv-42 --reference NEW-REFERENCE --amount AMOUNT-PAID\n"}},
		"a question to support":             {over(ramp.Expired, "expired", taken), []string{"ask the provider's support about its order"}},
		"a question to support, about both": {reused, []string{"both of its orders, 6400f and"}},
		"nothing, for it was paid before": {again, []string{"The user has paid and must not pay again.",
			"ask the provider's support about both of its orders, 6400f and", "bin/starter submit-utr onramp/inv-42 UTR"}},
		"a question about tokens": {sold, []string{"The user has sent the tokens: ask the provider's support"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			shown := plain(func(s *view.Screen) { s.Started(test.order, options()) })
			for _, want := range test.want {
				require.Contains(t, shown, want)
			}
		})
	}
}

func TestReorderIsNotOfferedOnceTheProviderHasTheUTR(t *testing.T) {
	t.Parallel()
	order := awaitingUPI()
	order.Status = ramp.Expired
	require.Contains(t, card(order), "reorder")
	order.Proof = &ramp.Proof{UTR: "412345678901", SubmittedAt: at(6, 5, 0), AcceptedAt: at(6, 5, 1)}
	require.NotContains(t, card(order), "reorder")
}

func TestPaymentInstructionsOfAnOrderPaidBeforeAreHidden(t *testing.T) {
	t.Parallel()
	order := awaitingUPI()
	order.Previous = &ramp.PreviousOrder{Reference: "inv-41", OrderID: "6400f"}
	shown := onTerminal(120, func(s *view.Screen) { s.Started(order, options()) })
	require.NotContains(t, shown, "merchant0001@examplebank")
	require.NotContains(t, shown, "█▀▀")
}

func TestReplacedProofsAreShownMasked(t *testing.T) {
	t.Parallel()
	order := awaitingUPI()
	order.Status = ramp.VerifyingPayment
	order.Proof = &ramp.Proof{UTR: "412345678901", SubmittedAt: at(6, 7, 0), AcceptedAt: at(6, 7, 1), Replaced: []ramp.ReplacedProof{
		{UTR: "412345678999", SubmittedAt: at(6, 5, 0), AcceptedAt: at(6, 5, 1), ReplacedAt: at(6, 7, 1)},
	}}
	shown := card(order)
	require.Contains(t, shown, "Proof             UTR 412345678901, accepted")
	require.Contains(t, shown, "in place of       UTR …8999, accepted 23 Nov 2026, 11:35:01 IST (06:05:01 UTC), replaced")
	require.NotContains(t, shown, "412345678999")
}

func TestEstimatedFeeIsMarked(t *testing.T) {
	t.Parallel()
	order := awaitingTokens()
	order.Quote.Fees = []ramp.Fee{{Name: "tds", Amount: ramp.Amount{Amount: "84.45", Currency: ramp.INR}, Estimated: true}}
	require.Contains(t, card(order), "tds ₹84.45 (estimated)")
}

func TestReorderIsNotOfferedForAnOrderThatTheProviderNeverHad(t *testing.T) {
	t.Parallel()
	order := awaitingUPI()
	order.Status, order.OrderID = ramp.Cancelled, ""
	require.NotContains(t, card(order), "reorder")
}

func TestQRCodeIsDrawnOnATerminalOrOnRequest(t *testing.T) {
	t.Parallel()
	start := func(d view.Options) func(*view.Screen) {
		return func(s *view.Screen) { s.Started(awaitingUPI(), d) }
	}
	asked := options()
	asked.QR = true
	require.Contains(t, onTerminal(120, start(options())), "█▀▀")
	require.Contains(t, plain(start(asked)), "█▀▀")
	without := plain(start(options()))
	require.NotContains(t, without, "█")
	require.Contains(t, without, awaitingUPI().Instructions.UPI.QR, "the link itself takes the code's place")
}

func TestQRCodeThatDoesNotFitIsNotDrawn(t *testing.T) {
	t.Parallel()
	shown := onTerminal(30, func(s *view.Screen) { s.Started(awaitingUPI(), options()) })
	require.NotContains(t, shown, "█")
	require.Contains(t, shown, "columns would show the QR code")
}

func TestQRCodeOfAnEmptyOrTooLongTextIsEmpty(t *testing.T) {
	t.Parallel()
	require.Empty(t, view.QR(""))
	require.Empty(t, view.QR(strings.Repeat("x", 3000)))
	lines := view.QR("upi://pay?pa=merchant0001@examplebank")
	require.NotEmpty(t, lines)
	for _, line := range lines {
		require.Len(t, []rune(line), len([]rune(lines[0])), "a code is a rectangle")
	}
}

func TestOrderHasNoControlCharacters(t *testing.T) {
	t.Parallel()
	order := completed()
	hostile := "\x1b]0;owned\x07\x1b[2Jpaid\u202e\r\n"
	order.ProviderReason, order.ProviderStatus, order.OrderID, order.Attention = hostile, hostile, hostile, hostile
	order.Settlement.ExplorerURL = hostile
	order.Quote.Fees[0].Name = hostile
	order.Timeline[0].Note = hostile
	order.Status = ramp.Status(hostile)
	shown := card(order)
	require.Contains(t, shown, "paid")
	require.NotContains(t, shown, "\x1b")
	require.NotContains(t, shown, "\x07")
	require.NotContains(t, shown, "\r")
	require.NotContains(t, shown, "\u202e")
}

func TestColoursAreOnlyUsedOnATerminal(t *testing.T) {
	t.Parallel()
	require.NotContains(t, card(completed()), "\x1b[")
	var out bytes.Buffer
	view.NewTerminal(&out, 120, true).Order(completed(), options())
	require.Contains(t, out.String(), "\x1b[32m✓ completed")
}

func TestLinkIsEscaped(t *testing.T) {
	t.Parallel()
	id := ramp.ID{Direction: ramp.Offramp, Reference: "wd-7"}
	require.Equal(t, "https://ui.example.test/t/namespaces/a%2Fb%20c/workflows/offramp%2Fwd-7",
		view.WebUI{Base: "https://ui.example.test/t/", Namespace: "a/b c"}.Order(id))
	require.Empty(t, view.WebUI{}.Order(id))
}
