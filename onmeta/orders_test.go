package onmeta_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"rampart/onmeta"
)

var tenOClock = time.Date(2026, 1, 10, 10, 0, 0, 0, time.UTC)

func nullDecimal(text string) decimal.NullDecimal {
	return decimal.NewNullDecimal(decimal.RequireFromString(text))
}

func TestCreateOnrampReturnsPaymentInstructions(t *testing.T) {
	t.Parallel()
	client := success(t, `{ "orderId": "`+orderID+`", "pgOrderId": "", "upiCode": "",
		"redirect_actions": {
			"qr_checkout_string": "upi://pay?pa=merchant0001@examplebank&am=1000.00&tn=650000000000000001&pn=merchant&cu=INR",
			"deepLinks": [ { "name": "Phonepe", "url": "phonepe://pay?pa=merchant0001@examplebank", "imageUrl": "https://example.test/phonepe.svg" } ] },
		"paymentDetails": { "upiCode": "merchant0001@examplebank" } }`)
	created, err := client.CreateOnramp(t.Context(), asha, onrampRequest())
	require.NoError(t, err)
	require.WithinDuration(t, time.Now(), created.At, time.Minute)
	created.At = time.Time{}
	require.Equal(t, onmeta.OnrampCreated{
		OrderID: orderID,
		QR:      "upi://pay?pa=merchant0001@examplebank&am=1000.00&tn=650000000000000001&pn=merchant&cu=INR",
		DeepLinks: []onmeta.DeepLink{{
			Name: "Phonepe", URL: "phonepe://pay?pa=merchant0001@examplebank", ImageURL: "https://example.test/phonepe.svg",
		}},
		VPA: "merchant0001@examplebank",
	}, created)
}

func TestCreateOnrampReturnsPartialPaymentInstructions(t *testing.T) {
	t.Parallel()
	const qr, vpa = "upi://pay?pa=merchant0001@examplebank", "merchant0001@examplebank"
	link := onmeta.DeepLink{Name: "Paytm", URL: "paytm://pay"}
	for data, want := range map[string]onmeta.OnrampCreated{
		`"upiCode":"","redirect_actions":{"qr_checkout_string":"` + qr + `"}`:                    {QR: qr},
		`"upiCode":"","redirect_actions":{"qr_checkout_string":"` + qr + `","deepLinks":"none"}`: {QR: qr},
		`"upiCode":"","redirect_actions":null,"paymentDetails":{"upiCode":"` + vpa + `"}`:        {VPA: vpa},
		`"upiCode":"` + vpa + `"`:                                                              {VPA: vpa},
		`"upiCode":"` + vpa + `","paymentDetails":{"upiCode":""}`:                              {VPA: vpa},
		`"upiCode":"","redirect_actions":{"deepLinks":[{"name":"Paytm","url":"paytm://pay"}]}`: {DeepLinks: []onmeta.DeepLink{link}},
		`"redirect_actions":{"qr_checkout_string":"","deepLinks":[7,{"name":"Paytm","url":"paytm://pay"},null,{"name":"QR"}]}`: {
			DeepLinks: []onmeta.DeepLink{link},
		},
		`"upiCode":"","redirect_actions":{"qr_checkout_string":"","deepLinks":[{"name":"QR","url":""}]},"paymentDetails":{"upiCode":""}`: {},
		`"upiCode":null,"redirect_actions":[],"paymentDetails":[]`:                                                                       {},
	} {
		created, err := success(t, `{"orderId":"`+orderID+`",`+data+`}`).CreateOnramp(t.Context(), asha, onrampRequest())
		require.NoError(t, err, data)
		want.OrderID, want.At = orderID, created.At
		require.Equal(t, want, created, data)
	}
}

func TestCreateOnrampByBankNamesTheBeneficiaryWhereGiven(t *testing.T) {
	t.Parallel()
	for data, want := range map[string]*onmeta.Beneficiary{
		`{"orderId":"1","redirect_actions":"","paymentDetails":""}`:                           nil,
		`{"orderId":"1","redirect_actions":{"deepLinks":null},"paymentDetails":{}}`:           nil,
		`{"orderId":"1","paymentDetails":{"accountName":"B","accountNumber":"1","ifsc":"I"}}`: {Name: "B", AccountNumber: "1", IFSC: "I"},
		`{"orderId":"1","paymentDetails":{"name":"B","account":"1","ifsc":"I"}}`:              {Name: "B", AccountNumber: "1", IFSC: "I"},
	} {
		created, err := success(t, data).CreateOnramp(t.Context(), asha, bankOnrampRequest())
		require.NoError(t, err, data)
		require.Equal(t, want, created.Beneficiary, data)
		require.Empty(t, created.QR)
		require.Empty(t, created.DeepLinks)
	}
}

func TestACreatedOrderWithoutAnIDIsMalformed(t *testing.T) {
	t.Parallel()
	_, err := success(t, `{"upiCode":"x"}`).CreateOnramp(t.Context(), asha, onrampRequest())
	requireMalformed(t, err, "orderId is missing")
	_, err = answering(t, http.StatusOK, `{"success":true}`).client(t).CreateOnramp(t.Context(), asha, onrampRequest())
	requireMalformed(t, err, "orderId is missing")
}

func TestCreateOfframpReturnsTheDepositWallet(t *testing.T) {
	t.Parallel()
	client := success(t, `{ "orderId": "`+orderID+`", "receiverWalletAddress": "0x2222222222222222222222222222222222222222",
		"gasPriceWei": "28600000000", "gasUseEstimate": "70000", "quote": "5",
		"fiatCurrency": "inr", "fiatAmount": 445.4, "sellTokenSymbol": "USDC", "chainId": 137, "paymentMode": "NEFT" }`)
	created, err := client.CreateOfframp(t.Context(), asha, offrampRequest())
	require.NoError(t, err)
	require.Equal(t, orderID, created.OrderID)
	require.Equal(t, "0x2222222222222222222222222222222222222222", created.ReceiverWallet)
	requireDecimal(t, "5", created.TokenAmount)
	requireDecimal(t, "445.4", created.FiatAmount)
	require.Equal(t, "NEFT", created.PaymentMode)
	require.False(t, created.At.IsZero())
}

func TestAMalformedOfframpAnswerKeepsTheOrderID(t *testing.T) {
	t.Parallel()
	for data, problem := range map[string]string{
		`{"orderId":"1","quote":"5","fiatAmount":1}`:                                 "receiverWalletAddress is missing",
		`{"orderId":"1","receiverWalletAddress":"0x2","fiatAmount":1}`:               "quote is missing",
		`{"orderId":"1","receiverWalletAddress":"0x2","quote":"5"}`:                  "fiatAmount is missing",
		`{"orderId":"1","receiverWalletAddress":"0x2","quote":"5","fiatAmount":"?"}`: "fiatAmount is not a number",
		`{"orderId":"1","receiverWalletAddress":"0x2","quote":"0.0","fiatAmount":1}`: "quote is zero",
		`{"orderId":"1","receiverWalletAddress":"0x2","quote":"5","fiatAmount":0}`:   "fiatAmount is zero",
	} {
		created, err := success(t, data).CreateOfframp(t.Context(), asha, offrampRequest())
		requireMalformed(t, err, problem)
		require.Equal(t, onmeta.OfframpCreated{OrderID: "1"}, created)
	}
}

func TestProofIsAcceptedByAnAnswerWithoutData(t *testing.T) {
	t.Parallel()
	client := answering(t, http.StatusOK, `{"success":true,"error":{}}`).client(t)
	require.NoError(t, client.SubmitUTR(t.Context(), asha, orderID, "412345678901"))
	require.NoError(t, client.SubmitTransactionHash(t.Context(), asha, orderID, "0xabc"))
}

func TestRefusedProofHasAReason(t *testing.T) {
	t.Parallel()
	client := answering(t, http.StatusForbidden, `{"success":false,"error":{"code":403,"message":"Invalid UTR"}}`).client(t)
	require.EqualError(t, client.SubmitUTR(t.Context(), asha, orderID, "1"), "onmeta orders/utr: refused (HTTP 403): Invalid UTR")
	client = answering(t, http.StatusConflict, `{"success":false,"error":{"code":409,"message":"Duplicate transaction hash"}}`).client(t)
	err := client.SubmitTransactionHash(t.Context(), asha, orderID, "0xabc")
	require.Equal(t, http.StatusConflict, failureOf(t, err).Status)
}

func TestOnrampStatusReadsTheDocumentedAnswer(t *testing.T) {
	t.Parallel()
	client := success(t, `{ "orderId": "`+orderID+`", "status": "completed", "reason": "",
		"transactionHash": "0xabc", "explorerUrl": "https://example.test/tx/0xabc", "transferredAmount": "10.63", "transferredAmountWei": "10630000",
		"fiat": 1000, "currency": "INR", "chainId": 137, "receiverWalletAddress": "`+wallet+`",
		"buyTokenSymbol": "USDC", "buyTokenAddress": "`+usdc+`",
		"created_at": "2026-01-10T10:00:00.000Z", "updated_at": "2026-01-10T15:30:00+05:30",
		"customer": { "email": "asha@example.test", "phone": { "countryCode": "+91", "number": "9000000000" } } }`)
	status, err := client.OnrampStatus(t.Context(), asha, orderID)
	require.NoError(t, err)
	require.WithinDuration(t, time.Now(), status.At, time.Minute)
	status.At = time.Time{}
	require.Equal(t, onmeta.OnrampStatus{
		OrderID: orderID, Status: onmeta.OnrampCompleted, TransactionHash: "0xabc", ExplorerURL: "https://example.test/tx/0xabc",
		TransferredAmount: nullDecimal("10.63"), TransferredAmountWei: "10630000",
		Fiat: nullDecimal("1000"), Currency: "INR", TokenSymbol: "USDC", TokenAddress: usdc, ChainID: 137, ReceiverWallet: wallet,
		CreatedAt: tenOClock, UpdatedAt: tenOClock,
	}, status)
}

func TestStatusAnswerRequiresOnlyAStatus(t *testing.T) {
	t.Parallel()
	client := success(t, `{"status":"somethingNew","fiat":"?","transferredAmount":"","reason":"account of asha@EXAMPLE.test\nunknown"}`)
	onramp, err := client.OnrampStatus(t.Context(), asha, orderID)
	require.NoError(t, err)
	require.Equal(t, onmeta.Status("somethingNew"), onramp.Status)
	require.Equal(t, orderID, onramp.OrderID)
	require.False(t, onramp.Fiat.Valid, "an unreadable amount is not zero")
	require.False(t, onramp.TransferredAmount.Valid)
	require.Equal(t, "account of [redacted] unknown", onramp.Reason)

	offramp, err := client.OfframpStatus(t.Context(), asha, orderID)
	require.NoError(t, err)
	require.Equal(t, onmeta.Status("somethingNew"), offramp.Status)
}

func TestAStatusOfAnotherOrderIsMalformed(t *testing.T) {
	t.Parallel()
	client := success(t, `{"orderId":"650000000000000000000009","status":"completed"}`)
	_, err := client.OnrampStatus(t.Context(), asha, orderID)
	requireMalformed(t, err, "another order")
	_, err = client.OfframpStatus(t.Context(), asha, orderID)
	requireMalformed(t, err, "another order")
}

func TestAStatusAnswerWithoutAStatusIsMalformed(t *testing.T) {
	t.Parallel()
	for _, data := range []string{`{}`, `{"status":""}`, `{"status":{}}`} {
		_, err := success(t, data).OnrampStatus(t.Context(), asha, orderID)
		requireMalformed(t, err, "status is missing")
	}
	_, err := success(t, `[]`).OfframpStatus(t.Context(), asha, orderID)
	requireMalformed(t, err, "unexpected shape")
}

func TestOfframpStatusReadsTheDocumentedAnswer(t *testing.T) {
	t.Parallel()
	client := success(t, `{ "orderId": "`+orderID+`", "status": "pending", "reason": "", "fiat": 445.4, "currency": "inr", "chainId": "137",
		"senderWalletAddress": "`+wallet+`", "receiverWalletAddress": "0x2222222222222222222222222222222222222222",
		"sellTokenSymbol": "USDC", "sellTokenAddress": "`+usdc+`", "txnHash": "0xabc", "transactionId": "TRAREF0000000001",
		"bankDetails": { "accountNumber": "XXXX4821", "accountName": "Asha Rao", "ifsc": "HDFC0001234", "branchAddress": "MG Road" },
		"customer": { "name": "Asha Rao", "email": "asha@example.test", "phone": { "CountryCode": "+91", "Number": "9000000000" } },
		"created_at": "2026-01-10T10:00:00.000Z" }`)
	status, err := client.OfframpStatus(t.Context(), asha, orderID)
	require.NoError(t, err)
	require.False(t, status.At.IsZero())
	status.At = time.Time{}
	require.Equal(t, onmeta.OfframpStatus{
		OrderID: orderID, Status: onmeta.OfframpPending, Fiat: nullDecimal("445.4"), Currency: "INR",
		TokenSymbol: "USDC", TokenAddress: usdc, ChainID: 137,
		SenderWallet: wallet, ReceiverWallet: "0x2222222222222222222222222222222222222222",
		TransactionHash: "0xabc", PayoutReference: "TRAREF0000000001", CreatedAt: tenOClock,
	}, status)
}

func TestOrderHistoryReadsTheDocumentedAnswer(t *testing.T) {
	t.Parallel()
	client := success(t, `[ { "orderId": "`+orderID+`", "status": "fiatRefundInitiated", "amount": 1000, "receiverWalletAddress": "`+wallet+`",
		"buyTokenSymbol": "USDC", "buyTokenAddress": "`+usdc+`", "currency": "inr", "currencySymbol": "₹",
		"created_at": "2026-01-10 10:00:00", "source": "UTR", "chainId": 137,
		"paymentDetails": { "source": "UTR", "reference": "412345678901" },
		"reason": "sender's account number does not match the registered account", "txnHash": "" },
		{ "orderId": "2", "amount": "?", "paymentDetails": null, "paymentMode": "INR_IMPS" },
		{ "orderId": "3", "paymentMode": { "code": "INR_UPI" }, "status": "held for asha@example.test" } ]`)
	orders, err := client.OrderHistory(t.Context(), asha, 0)
	require.NoError(t, err)
	require.Equal(t, []onmeta.HistoryOrder{
		{
			OrderID: orderID, Status: onmeta.OnrampFiatRefundInitiated,
			Reason: "sender's account number does not match the registered account",
			Amount: nullDecimal("1000"), Currency: "INR", TokenSymbol: "USDC", TokenAddress: usdc, ChainID: 137,
			ReceiverWallet: wallet, PaymentReference: "412345678901", CreatedAt: tenOClock,
		},
		{OrderID: "2", PaymentMode: "INR_IMPS"},
		{OrderID: "3", Status: "held for [redacted]"},
	}, orders)
	_, err = success(t, `"none"`).OrderHistory(t.Context(), asha, 0)
	requireMalformed(t, err, "unexpected shape")
}

func TestTimesAreReadInEverySpelling(t *testing.T) {
	t.Parallel()
	for spelling, want := range map[string]time.Time{
		`"2026-01-10T10:00:00Z"`:                 tenOClock,
		`"2026-01-10T10:00:00.000Z"`:             tenOClock,
		`"2026-01-10T15:30:00.000+05:30"`:        tenOClock,
		`"2026-01-10T15:30:00+0530"`:             tenOClock,
		`"2026-01-10T10:00:00"`:                  tenOClock,
		`"2026-01-10 10:00:00.000"`:              tenOClock,
		`"2026-01-10 10:00:00 +0000 UTC"`:        tenOClock,
		`"2026-01-10 10:00:00Z"`:                 tenOClock,
		`"Sat, 10 Jan 2026 10:00:00 GMT"`:        tenOClock,
		`"Sat, 10 Jan 2026 15:30:00 +0530"`:      tenOClock,
		`"2026-01-10"`:                           tenOClock.Add(-10 * time.Hour),
		`1768039200`:                             tenOClock,
		`"1768039200000"`:                        tenOClock,
		`"0001-01-01T00:00:00Z"`:                 {},
		`"2026-13-45T10:00:00Z"`:                 {},
		`"soon"`:                                 {},
		`{}`:                                     {},
		`""`:                                     {},
		`-5`:                                     {},
		`9999999999999999`:                       {},
		`"` + strings.Repeat("2026", 1000) + `"`: {},
	} {
		status, err := success(t, `{"status":"x","created_at":`+spelling+`}`).OnrampStatus(t.Context(), asha, orderID)
		require.NoError(t, err, spelling)
		require.Equal(t, want, status.CreatedAt, spelling)
	}
}
