package activities_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"rampart/activities"
	"rampart/onmeta"
	"rampart/ramp"
	"rampart/sandbox"
)

// offramped answers the creation of a sale with this deposit wallet.
func offramped(wallet string) fault {
	encoded, _ := json.Marshal(wallet) // a string always has a form
	return answers(http.StatusOK, `{"success":true,"data":{"orderId":"650000000000000000000002","receiverWalletAddress":`+string(encoded)+
		`,"quote":"100","fiatAmount":8535.48}}`)
}

// quotedSale is an order at the price that offramped answers with.
func quotedSale() activities.CreateOfframpOrderRequest {
	request := offrampRequest()
	request.Quote.Pay = ramp.Amount{Amount: "100", Currency: "USDC"}
	request.Quote.Receive = rupees("8535.48")
	return request
}

func TestDepositWalletThatCannotBeTrustedIsShownToNobody(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ wallet, says string }{
		"zero address":         {"0x0000000000000000000000000000000000000000", "someone holds"},
		"native coin":          {ramp.NativeToken, "someone holds"},
		"token's own contract": {usdc().Address, "not the token's own contract"},
		"contract in capitals": {"0x3C499C542CEF5E3811E1192CE70D8CC03D5C3359", "not the token's own contract"},
		"user's own wallet":    {sender, "not the user's own"},
		"Tron on Polygon":      {"TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t", "0x and 40 hex digits"},
		"Solana on Polygon":    {"EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v", "0x and 40 hex digits"},
		"bad checksum":         {"0x5aAeb6053f3e94c9b9A09f33669435E7Ef1BeAed", "wrong checksum"},
		"too short":            {"0x2", "0x and 40 hex digits"},
		"control characters":   {"0x222222222222222222222222222222222222222\u0007", "0x and 40 hex digits"},
		"right to left":        {"\u202e0x2222222222222222222222222222222222222222", "0x and 40 hex digits"},
		"link":                 {"[0x22](https://evil.test/pay)", "0x and 40 hex digits"},
		"very long":            {strings.Repeat("2", 500_000), "0x and 40 hex digits"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.network.on(onmeta.RouteCreateOfframp, offramped(tc.wallet))
			created, err := run(w, w.calls.CreateOfframpOrder, quotedSale())
			require.NoError(t, err, "the order exists: another must not be made for it")
			require.Equal(t, "650000000000000000000002", created.OrderID)
			require.Empty(t, created.Instructions)
			require.Contains(t, created.Withheld, "the deposit wallet")
			require.Contains(t, created.Withheld, tc.says)
			require.NotContains(t, fmt.Sprint(toJSON(t, created)), tc.wallet)
			require.Len(t, w.network.sent(onmeta.RouteCreateOfframp), 1)
		})
	}
}

func TestDepositWalletOfTheTokensChainIsShown(t *testing.T) {
	t.Parallel()
	for wallet, chainID := range map[string]int64{
		"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed":   137,
		"0x2222222222222222222222222222222222222222":   137,
		"TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t":           728126428,
		"EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v": 101,
	} {
		w := newWorld(t)
		w.network.on(onmeta.RouteCreateOfframp, offramped(wallet))
		request := quotedSale()
		request.Token.ChainID = chainID
		request.Token.Address = ramp.NativeToken
		created, err := run(w, w.calls.CreateOfframpOrder, request)
		require.NoError(t, err)
		require.Empty(t, created.Withheld)
		require.Equal(t, &ramp.Deposit{WalletAddress: wallet, Amount: "100", Symbol: "USDC", ChainID: chainID}, created.Instructions.Deposit)
	}
}

// paidByUPI answers the creation of a purchase with what tells how to pay.
func paidByUPI(t *testing.T, qr, vpa string, links ...string) fault {
	type link map[string]string
	var list []link
	for _, url := range links {
		list = append(list, link{"name": "Paytm", "url": url})
	}
	return answers(http.StatusOK, toJSON(t, map[string]any{"success": true, "data": map[string]any{
		"orderId": "650000000000000000000001", "paymentDetails": map[string]string{"upiCode": vpa},
		"redirect_actions": map[string]any{"qr_checkout_string": qr, "deepLinks": list},
	}}))
}

func toJSON(t *testing.T, value any) string {
	t.Helper()
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	require.NoError(t, encoder.Encode(value))
	return b.String()
}

func TestOnlyUPIInstructionsThatPayOneAccountAreShown(t *testing.T) {
	t.Parallel()
	const vpa = "desk0042@examplebank"
	qr := "upi://pay?pa=" + vpa + "&am=1000.00&cu=INR&tn=650000000000000001&pn=desk%20pvt"
	paytm := "paytmmp://pay?pa=" + vpa + "&am=1000.00&cu=INR"
	for name, tc := range map[string]struct {
		qr, vpa string
		links   []string
		want    ramp.UPIInstructions
		says    string
	}{
		"all of it":             {qr, vpa, []string{paytm}, ramp.UPIInstructions{QR: qr, VPA: vpa, DeepLinks: []ramp.DeepLink{{Name: "Paytm", URL: paytm}}}, ""},
		"VPA in capitals":       {qr, strings.ToUpper(vpa), nil, ramp.UPIInstructions{QR: qr, VPA: ramp.VPA(strings.ToUpper(vpa))}, ""},
		"QR alone":              {qr, "", nil, ramp.UPIInstructions{QR: qr}, ""},
		"QR with spaces":        {qr + " (India) Ltd", "", nil, ramp.UPIInstructions{QR: qr + " (India) Ltd"}, ""},
		"VPA alone":             {"", vpa, nil, ramp.UPIInstructions{VPA: vpa}, ""},
		"links alone":           {"", "", []string{paytm}, ramp.UPIInstructions{DeepLinks: []ramp.DeepLink{{Name: "Paytm", URL: paytm}}}, ""},
		"two accounts":          {qr, "thief@evilbank", []string{paytm}, ramp.UPIInstructions{}, "different accounts"},
		"link to a thief":       {qr, vpa, []string{"tez://upi/pay?pa=thief@evilbank"}, ramp.UPIInstructions{QR: qr, VPA: vpa}, "a link pays another account"},
		"links to two accounts": {"", "", []string{paytm, "tez://upi/pay?pa=thief@evilbank"}, ramp.UPIInstructions{DeepLinks: []ramp.DeepLink{{Name: "Paytm", URL: paytm}}}, "a link pays another account"},
		"QR is a page":          {"https://evil.test/pay?pa=" + vpa, vpa, nil, ramp.UPIInstructions{VPA: vpa}, "the QR code does not open a UPI app"},
		"QR of an app":          {"paytmmp://pay?pa=" + vpa, vpa, nil, ramp.UPIInstructions{VPA: vpa}, "the QR code does not open a UPI app"},
		"QR of a mandate":       {"upi://mandate?pa=" + vpa, vpa, nil, ramp.UPIInstructions{VPA: vpa}, "not a upi://pay link"},
		"QR without an account": {"upi://pay?am=1", vpa, nil, ramp.UPIInstructions{VPA: vpa}, "names no account"},
		"QR of two accounts":    {qr + "&pa=thief@evilbank", vpa, nil, ramp.UPIInstructions{VPA: vpa}, "names no account, or more than one"},
		"QR of two spellings":   {qr + "&PA=thief@evilbank", vpa, nil, ramp.UPIInstructions{VPA: vpa}, "names no account, or more than one"},
		"QR with a user":        {"upi://a:b@pay?pa=" + vpa, vpa, nil, ramp.UPIInstructions{VPA: vpa}, "does not open a UPI app"},
		"hidden direction":      {qr + "&tn=%E2%80%AE", vpa, nil, ramp.UPIInstructions{VPA: vpa}, "cannot be parsed"},
		"script":                {qr, vpa, []string{"javascript:alert(1)", "JavaScript://pay?pa=" + vpa}, ramp.UPIInstructions{QR: qr, VPA: vpa}, "a link does not open a UPI app"},
		"page":                  {qr, vpa, []string{"https://evil.test/?pa=" + vpa}, ramp.UPIInstructions{QR: qr, VPA: vpa}, "a link does not open a UPI app"},
		"intent":                {qr, vpa, []string{"intent://pay?pa=" + vpa + "#Intent;package=evil;end"}, ramp.UPIInstructions{QR: qr, VPA: vpa}, "a link does not open a UPI app"},
		"bell":                  {qr, vpa, []string{paytm + "\u0007"}, ramp.UPIInstructions{QR: qr, VPA: vpa}, "a link does not open a UPI app"},
		"no VPA":                {"", "pay us at https://evil.test", nil, ramp.UPIInstructions{}, "the VPA is invalid"},
		"long":                  {qr + "&tn=" + strings.Repeat("x", 100_000), vpa, nil, ramp.UPIInstructions{VPA: vpa}, "does not open a UPI app"},
		"many links":            {qr, vpa, slices.Repeat([]string{paytm}, 1000), ramp.UPIInstructions{QR: qr, VPA: vpa, DeepLinks: slices.Repeat([]ramp.DeepLink{{Name: "Paytm", URL: paytm}}, 20)}, "too many links"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.network.on(onmeta.RouteCreateOnramp, paidByUPI(t, tc.qr, tc.vpa, tc.links...))
			created, err := run(w, w.calls.CreateOnrampOrder, onrampRequest())
			require.NoError(t, err)
			if tc.want.QR == "" && tc.want.VPA == "" && tc.want.DeepLinks == nil {
				require.Empty(t, created.Instructions)
				require.Contains(t, created.Withheld, tc.says)
				return
			}
			require.Equal(t, ramp.Instructions{UPI: &tc.want}, created.Instructions)
			require.Empty(t, created.Withheld)
			require.Contains(t, created.Note, tc.says)
			require.Equal(t, tc.says == "", created.Note == "")
		})
	}
}

func TestOrderWithoutTrustworthyInstructionsIsPaidOnTheConfiguredPageOfTheProvider(t *testing.T) {
	t.Parallel()
	page, err := url.Parse("https://pay.example.test/checkout")
	require.NoError(t, err)
	w := newWorldWith(t, sandbox.DefaultAPIKey, activities.Options{Checkout: page})
	w.network.on(onmeta.RouteCreateOnramp, paidByUPI(t, "upi://pay?pa=asha@bank", "thief@evilbank"))
	created, err := run(w, w.calls.CreateOnrampOrder, onrampRequest())
	require.NoError(t, err)
	require.Equal(t, ramp.Instructions{CheckoutURL: "https://pay.example.test/checkout?orderId=650000000000000000000001"}, created.Instructions)
	require.Contains(t, created.Note, "different accounts")
	require.Empty(t, created.Withheld)
}

func TestAccountForATransferThatIsNoneIsShownToNobody(t *testing.T) {
	t.Parallel()
	good := map[string]string{"accountName": "Payments\u202e Desk", "accountNumber": "VIRT917000000042", "ifsc": "utib0000099"}
	for field, bad := range map[string]string{
		"": "", "accountNumber": "9170 [now here](https://evil.test)", "ifsc": "![x](https://evil.test)",
	} {
		t.Run(field, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			details := map[string]string{}
			for name, value := range good {
				details[name] = value
			}
			if field != "" {
				details[field] = bad
			}
			w.network.on(onmeta.RouteCreateOnramp, answers(http.StatusOK, toJSON(t, map[string]any{"success": true, "data": map[string]any{
				"orderId": "650000000000000000000001", "paymentDetails": details,
			}})))
			created, err := run(w, w.calls.CreateOnrampOrder, byBankTransfer(ramp.IMPS))
			require.NoError(t, err)
			if field == "" {
				require.Equal(t, &ramp.Beneficiary{Name: "Payments Desk", AccountNumber: "VIRT917000000042", IFSC: "UTIB0000099"}, created.Instructions.Bank)
				return
			}
			require.Empty(t, created.Instructions, "the listed account is not what this answer says")
			require.Contains(t, created.Withheld, "is invalid)")
		})
	}
}

// delivered answers a look at an order with what was sent where.
func deliveredAs(t *testing.T, fields map[string]any) fault {
	return answers(http.StatusOK, toJSON(t, map[string]any{"success": true, "data": fields}))
}

func TestSettlementIsInTheOrdersOwnCurrency(t *testing.T) {
	t.Parallel()
	const hash = "0xabc1"
	for name, tc := range map[string]struct {
		direction ramp.Direction
		own, told string
		want      ramp.Amount
		attention bool
	}{
		"ours":                    {ramp.Onramp, "USDC", "USDC", ramp.Amount{Amount: "10.5", Currency: "USDC"}, false},
		"in small letters":        {ramp.Onramp, "USDC", "usdc", ramp.Amount{Amount: "10.5", Currency: "USDC"}, false},
		"not told":                {ramp.Onramp, "USDC", "", ramp.Amount{Amount: "10.5", Currency: "USDC"}, false},
		"another token":           {ramp.Onramp, "USDC", "SHIB", ramp.Amount{}, true},
		"picture":                 {ramp.Onramp, "USDC", "![x](https://evil.test/p.png)", ramp.Amount{}, true},
		"picture, earlier order":  {ramp.Onramp, "", "![x](https://evil.test/p.png)", ramp.Amount{}, true},
		"symbol, earlier order":   {ramp.Onramp, "", "USDC.e", ramp.Amount{Amount: "10.5", Currency: "USDC.e"}, false},
		"rupees":                  {ramp.Offramp, "INR", "inr", ramp.Amount{Amount: "10.50", Currency: "INR"}, false},
		"dollars for rupees":      {ramp.Offramp, "INR", "usd", ramp.Amount{}, true},
		"link for rupees":         {ramp.Offramp, "INR", "[INR](javascript:alert(1))", ramp.Amount{}, true},
		"rupees, an earlier sale": {ramp.Offramp, "", "INR", ramp.Amount{Amount: "10.50", Currency: "INR"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			fields := map[string]any{"status": "completed", "transactionHash": hash, "transferredAmount": "10.5", "buyTokenSymbol": tc.told}
			route := onmeta.RouteOnrampStatus
			if tc.direction == ramp.Offramp {
				fields, route = map[string]any{"status": "completed", "fiat": 10.5, "currency": tc.told}, onmeta.RouteOfframpStatus
			}
			w.network.on(route, deliveredAs(t, fields))
			state, err := run(w, w.calls.OrderStatus, activities.OrderRequest{Email: linked, Direction: tc.direction, OrderID: "1", Currency: tc.own})
			require.NoError(t, err)
			require.Equal(t, ramp.Completed, state.Status)
			require.Equal(t, tc.want, state.Settlement.Amount)
			require.Equal(t, tc.attention, state.Attention != "", state.Attention)
			require.Equal(t, tc.attention, state.Concern == ramp.ConcernUnclearDelivery, state.Concern)
		})
	}
}

func TestExplorerLinkIsAPlainPageOrNone(t *testing.T) {
	t.Parallel()
	for link, shown := range map[string]bool{
		"https://polygonscan.com/tx/0xabc":                            true,
		"https://tronscan.org/#/transaction/abc":                      true,
		"https://explorer.example.test/tx?id=1&net=main%20net":        true,
		"http://polygonscan.com/tx/0xabc":                             false,
		"javascript:alert(1)":                                         false,
		"javascript://polygonscan.com/%0aalert(1)":                    false,
		"data:text/html,<script>":                                     false,
		"https://polygonscan.com@evil.test/tx":                        false,
		"https://polygonscan.com:evil@evil.test/":                     false,
		"https://127.0.0.1/tx":                                        false,
		"https://localhost/tx":                                        false,
		"https://[::1]/tx":                                            false,
		"https://polygonscan.com:8443/tx":                             false,
		"https:polygonscan.com/tx":                                    false,
		"//polygonscan.com/tx":                                        false,
		"https://polygonscan.com/tx/0xabc\u202e":                      false,
		"https://polygonscan.com/tx/0xabc\u009b":                      false,
		"https://polygonsc\u0430n.com/tx/0xabc":                       false,
		"https://polygonscan.com/tx/) [x](https://evil.test":          false,
		"https://polygonscan.com/" + strings.Repeat("x", 5000):        false,
		"https://polygonscan.com/tx/`<img src=x onerror=alert(1)>`":   false,
		"https://polygonscan.com/tx/0xabc\r\nSet-Cookie:%20a=b":       false,
		"ftp://polygonscan.com/tx":                                    false,
		"https://.com/":                                               true, // harmless, and of no use
		"https:///tx":                                                 false,
		"https://polygonscan.com\\@evil.test/":                        false,
		"https://polygonscan.com/tx/0xabc?\"onmouseover=\"alert(1)\"": false,
	} {
		w := newWorld(t)
		w.network.on(onmeta.RouteOnrampStatus, deliveredAs(t, map[string]any{"status": "completed", "transactionHash": "0xabc", "explorerUrl": link}))
		state, err := run(w, w.calls.OrderStatus, activities.OrderRequest{Email: linked, Direction: ramp.Onramp, OrderID: "1"})
		require.NoError(t, err)
		if !shown {
			link = ""
		}
		require.Equal(t, link, state.Settlement.ExplorerURL)
	}
}

func TestTransactionHashThatIsNoneIsNotShown(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"![x](https://evil.test)", "https://evil.test/0xabc", "0xabc\u202e", "javascript:alert(1)", strings.Repeat("a", 129), "0x ab"} {
		w := newWorld(t)
		w.network.on(onmeta.RouteOnrampStatus, deliveredAs(t, map[string]any{"status": "completed", "transactionHash": bad, "transferredAmount": 5}))
		state, err := run(w, w.calls.OrderStatus, activities.OrderRequest{Email: linked, Direction: ramp.Onramp, OrderID: "1", Currency: "USDC"})
		require.NoError(t, err)
		require.Equal(t, ramp.Completed, state.Status, "the order has ended all the same")
		require.Equal(t, &ramp.Settlement{Amount: ramp.Amount{Amount: "5", Currency: "USDC"}}, state.Settlement)
		require.Contains(t, state.Attention, "hash that is none")
		require.Equal(t, ramp.ConcernUnclearDelivery, state.Concern)
	}
}

func TestPriceInAnotherCurrencyIsNoPrice(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.network.on(onmeta.RouteQuoteSell, answers(http.StatusOK,
		`{"success":true,"data":{"sellTokens":"100","conversionRate":"84","fiatAmount":"8400","fiatCurrency":"usd"}}`))
	_, err := run(w, w.calls.QuoteSell, activities.QuoteSellRequest{Token: usdc(), TokenAmount: "100", Fiat: ramp.Amount{Currency: ramp.INR}})
	requireRetried(t, activities.ErrUnavailable, err)
	require.ErrorContains(t, err, "another currency")
	for told, want := range map[string]string{"inr": "INR", "": "INR", "usdc": "USDC", "matic": "MATIC", "![x](https://evil.test)": ""} {
		w.network.on(onmeta.RouteQuoteBuy, answers(http.StatusOK, toJSON(t, map[string]any{"success": true, "data": map[string]any{
			"receivedTokens": "10", "conversionRate": "92", "desiredOrder": map[string]any{"base": map[string]any{
				"gasCharge": map[string]any{"currency": told, "value": "0.5"}}}}})))
		quote, err := run(w, w.calls.QuoteBuy, activities.QuoteBuyRequest{Fiat: rupees("1000.00"), Token: usdc()})
		if want == "" {
			requireRetried(t, activities.ErrUnavailable, err)
			require.ErrorContains(t, err, "a fee in an invalid currency")
			continue
		}
		require.NoError(t, err)
		require.Equal(t, want, quote.Quote.Fees[0].Currency)
	}
}

// hostile are texts that a provider may put in place of any of its own.
func hostile() []string {
	return []string{
		"![x](https://evil.test/p.png)", "[pay here](javascript:alert(1))", "javascript:alert(1)", "https://evil.test/pay",
		"\u202efdp.exe", "a\u0085b\u009b31mred", "\x1b[31mred\x07", "<script>alert(1)</script>", "`code` <b>", "upi://pay?pa=thief@evilbank",
		"thief@evilbank", "0x0000000000000000000000000000000000000000", "1e999999999", strings.Repeat("9", 5000), strings.Repeat("é", 5000),
	}
}

// looks are all the ways in which an order comes to know what the provider says.
func looks() map[string]func(*testing.T, *world) (any, error) {
	status := func(direction ramp.Direction, make func(*world, *testing.T) string, force string) func(*testing.T, *world) (any, error) {
		return func(t *testing.T, w *world) (any, error) {
			id := make(w, t)
			w.force(t, id, force)
			w.network.spoil()
			return run(w, w.calls.OrderStatus, activities.OrderRequest{Email: linked, Direction: direction, OrderID: id, Currency: map[ramp.Direction]string{
				ramp.Onramp: "USDC", ramp.Offramp: ramp.INR}[direction]})
		}
	}
	return map[string]func(*testing.T, *world) (any, error){
		"buy by UPI": func(_ *testing.T, w *world) (any, error) {
			w.network.spoil()
			return run(w, w.calls.CreateOnrampOrder, onrampRequest())
		},
		"buy by IMPS": func(_ *testing.T, w *world) (any, error) {
			w.network.spoil()
			return run(w, w.calls.CreateOnrampOrder, byBankTransfer(ramp.IMPS))
		},
		"sell": func(_ *testing.T, w *world) (any, error) {
			w.network.spoil()
			return run(w, w.calls.CreateOfframpOrder, offrampRequest())
		},
		"quote to buy": func(_ *testing.T, w *world) (any, error) {
			w.network.spoil()
			return run(w, w.calls.QuoteBuy, activities.QuoteBuyRequest{Fiat: rupees("1000.00"), Token: usdc()})
		},
		"quote to sell": func(_ *testing.T, w *world) (any, error) {
			w.network.spoil()
			return run(w, w.calls.QuoteSell, activities.QuoteSellRequest{Token: usdc(), TokenAmount: "100", Fiat: ramp.Amount{Currency: ramp.INR}})
		},
		"status of a purchase": status(ramp.Onramp, (*world).settledOrder, "completed"),
		"status of a sale":     status(ramp.Offramp, (*world).offrampOrder, "PayoutSuccess"),
		"UPI accounts": func(_ *testing.T, w *world) (any, error) {
			w.network.spoil()
			return run(w, w.calls.LinkedAccounts, activities.AccountRequest{Email: linked, UPI: linkedUPI()})
		},
		"bank accounts": func(_ *testing.T, w *world) (any, error) {
			w.network.spoil()
			return run(w, w.calls.LinkedAccounts, activities.AccountRequest{Email: linked, Bank: linkedBank()})
		},
		"link": func(_ *testing.T, w *world) (any, error) {
			w.network.spoil()
			return run(w, w.calls.LinkAccount, activities.AccountRequest{Email: linked, UPI: &ramp.UPIAccount{ID: "other@okbank", Name: "Asha Rao"}})
		},
		"refused UTR": func(t *testing.T, w *world) (any, error) {
			id := w.onrampOrder(t)
			w.network.on(onmeta.RouteSubmitUTR, refuses(http.StatusForbidden, "no such payment"))
			w.network.spoil()
			return run(w, w.calls.SubmitUTR, utr(id, goodUTR))
		},
	}
}

// settledOrder is a purchase whose tokens were sent.
func (w *world) settledOrder(t *testing.T) string {
	t.Helper()
	id := w.onrampOrder(t)
	require.NoError(t, w.submitUTR(id, goodUTR))
	w.clock.Advance(10 * time.Minute)
	return id
}

// Whatever the provider puts in place of any text or number of any answer, nothing of it leads anybody astray, breaks a line, or is so long that a
// limit of Temporal's would end the order.
func TestNothingThatTheProviderPutsInAnyFieldReachesAnOrderUnharmed(t *testing.T) {
	t.Parallel()
	for name, look := range looks() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fields := 1
			for field := 0; field < fields; field++ {
				for _, text := range hostile() {
					controlled(t, func(t *testing.T, w *world) {
						spoilt := w.network.spoilField(field, text)
						result, err := look(t, w)
						fields = max(fields, spoilt.seen())
						requireHarmlessResult(t, result, err)
					})
				}
			}
			require.Greater(t, fields, 1, "something was spoilt")
		})
	}
}

func requireHarmlessResult(t *testing.T, result any, err error) {
	t.Helper()
	if err != nil {
		requireHarmlessValue(t, "error", reflect.ValueOf(failure(t, err).Message()))
		requireHarmlessDetails(t, err)
		return
	}
	requireHarmlessValue(t, "", reflect.ValueOf(result))
	require.Less(t, len(toJSON(t, result)), 50_000)
}

func requireHarmlessDetails(t *testing.T, err error) {
	t.Helper()
	if refused, yes := activities.Refused(err); yes {
		requireHarmlessValue(t, "refusal", reflect.ValueOf(refused))
	}
	if stale, yes := activities.QuoteExpired(err); yes {
		requireHarmlessValue(t, "stale", reflect.ValueOf(stale))
	}
}

// requireHarmlessValue walks all texts of a value.
func requireHarmlessValue(t *testing.T, path string, v reflect.Value) {
	t.Helper()
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			requireHarmlessValue(t, path, v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if field := v.Type().Field(i); field.IsExported() {
				requireHarmlessValue(t, path+"."+field.Name, v.Field(i))
			}
		}
	case reflect.Slice:
		require.LessOrEqual(t, v.Len(), 100, path)
		for i := range v.Len() {
			requireHarmlessValue(t, path+"[]", v.Index(i))
		}
	case reflect.String:
		requireHarmlessText(t, path, v.String())
	}
}

func requireHarmlessText(t *testing.T, path, text string) {
	t.Helper()
	require.True(t, utf8.ValidString(text), path)
	require.False(t, strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }), "%s: %q", path, text)
	require.LessOrEqual(t, len(text), 2048, path)
	for _, sign := range []string{"](", "![", "<", "`", "\\", "evil.test/"} {
		if sign == "evil.test/" && (strings.Contains(text, ": //evil.test/") || strings.HasSuffix(path, ".ExplorerURL")) {
			continue // a text, and no link; or the page of an explorer that we do not know
		}
		require.NotContains(t, text, sign, path)
	}
	if strings.Contains(text, "://") {
		parsed, err := url.Parse(text)
		require.NoError(t, err)
		require.Contains(t, []string{"https", "upi", "phonepe", "tez", "paytmmp"}, parsed.Scheme, "%s: %s", path, text)
	}
	require.NotContains(t, text, "thief@", path)
	if strings.HasSuffix(path, ".CheckoutURL") || strings.HasSuffix(path, "s[].URL") || strings.HasSuffix(path, "QR") || strings.HasSuffix(path, "VPA") {
		require.NotContains(t, text, "evil", path)
	}
}

// Each text of an order is the provider's, made harmless by one of the functions above, or not the provider's at all. A new one must be looked at.
func TestWhoseEachTextOfAnOrderIsIsKnown(t *testing.T) {
	t.Parallel()
	provider, ours := map[string]string{}, map[string]string{}
	for text, how := range map[string]string{
		"orderId": "checked where it is decoded", "lostOrderIds": "checked where it is decoded", "providerStatus": "cleaned where it is decoded", "providerReason": "cleaned where it is decoded",
		"quote.id": "quoteID", "quote.rate": "a decimal", "quote.pay.amount": "a decimal", "quote.receive.amount": "a decimal", "quote.fees.amount": "a decimal",
		"quote.fees.currency": "feeCurrency", "instructions.upi.qr": "upiInstructions", "instructions.upi.vpa": "upiInstructions",
		"instructions.upi.deepLinks.name": "name", "instructions.upi.deepLinks.url": "deepLinks", "instructions.bank.name": "name",
		"instructions.bank.accountNumber": "bankInstructions", "instructions.bank.ifsc": "bankInstructions", "instructions.checkoutUrl": "configured, and an order id",
		"instructions.deposit.walletAddress": "deposit", "instructions.deposit.amount": "a decimal", "settlement.transactionHash": "hash",
		"settlement.explorerUrl": "explorerURL", "settlement.amount.amount": "a decimal", "settlement.amount.currency": "deliver",
		"settlement.payoutReference": "ramp.Hint's", "settlement.tds.amount": "a decimal", "settlement.tokensDeducted.amount": "a decimal",
		"timeline.note": "tells reasons and statuses, which are clean", "attention": "tells problems, which are clean",
		"concerns.reason": "tells problems, which are clean",
	} {
		provider[text] = how
	}
	for _, text := range []string{
		"reference", "direction", "status", "quote.pay.currency", "quote.receive.currency", "quote.fees.name", "instructions.deposit.symbol", "proof.utr",
		"proof.transactionHash", "proof.replaced.utr", "proof.replaced.transactionHash", "previous.reference", "previous.orderId", "cancelledBy", "timeline.status",
		"timeline.concern", "concerns.type", "wait.for", "wait.from", "actions", "accountKind",
		"settlement.tds.currency", "settlement.tokensDeducted.currency",
	} {
		ours[text] = "of the request, of a message, or our own"
	}
	for _, text := range texts(reflect.TypeFor[ramp.Order](), "") {
		require.True(t, provider[text] != "" || ours[text] != "", "whose is %s? The provider's must pass through untrusted.go", text)
		delete(provider, text)
		delete(ours, text)
	}
	require.Empty(t, provider)
	require.Empty(t, ours)
}

// texts are the JSON paths of all strings in a type.
func texts(of reflect.Type, path string) []string {
	switch of.Kind() {
	case reflect.Pointer, reflect.Slice:
		return texts(of.Elem(), path)
	case reflect.String:
		return []string{strings.TrimPrefix(path, ".")}
	case reflect.Struct:
		var all []string
		for i := range of.NumField() {
			field := of.Field(i)
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			if field.Anonymous {
				all = append(all, texts(field.Type, path)...)
			} else if field.IsExported() {
				all = append(all, texts(field.Type, path+"."+name)...)
			}
		}
		return all
	default:
		return nil
	}
}
