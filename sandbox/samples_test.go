package sandbox_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// shape replaces every value by the name of its type, so that two answers can be compared field by field.
func shape(value any) any {
	switch v := value.(type) {
	case map[string]any:
		shaped := map[string]any{}
		for name, member := range v {
			shaped[name] = shape(member)
		}
		return shaped
	case []any:
		if len(v) == 0 {
			return []any{}
		}
		return []any{shape(v[0])}
	case nil:
		return "null"
	case json.Number:
		return "number"
	default:
		return fmt.Sprintf("%T", v)
	}
}

// The samples have the fields of those in the contract (provider 3.1 to 3.24), shortened nowhere.
func TestResponsesHaveTheFieldsAndTypesOfTheSamples(t *testing.T) {
	t.Parallel()
	c := start(t).login("asha@example.test")
	bank, upi := c.linkBank("50100000004821").ok(), c.linkUPI("asha@okbank").ok()
	on := c.post("/v1/orders/create", onrampOrder("1000")).ok()
	off := c.post("/v1/offramp/orders/create", offrampOrder("10")).ok()
	c.submitUTR(on.str("data.orderId"), goodUTR).ok()
	c.clock.Advance(5 * time.Minute)
	invoice := c.get("/v1/orders/invoice/" + on.str("data.orderId"))
	headers := withKey()
	headers["Authorization"] = "Bearer " + c.refresh

	const item = `{"orderId":"1","status":"s","amount":1000,"receiverWalletAddress":"0x","buyTokenSymbol":"USDC","buyTokenAddress":"0x","currency":"INR",
		"currencySymbol":"₹","created_at":"2026","source":"UTR","chainId":137,"paymentDetails":{"source":"UTR","reference":"1"},"reason":"","txnHash":""}`
	for name, tc := range map[string]struct {
		got    reply
		sample string
	}{
		"3.1 login": {c.provider.post("/v1/users/login", object{"email": c.email}),
			`{"success":true,"data":{"accessToken":"<jwt>","refreshToken":"<jwt>",
			"bankDetails":{"accountNumber":"XXXX4821","accountName":"Asha Rao","ifsc":"HDFC0001234","branchAddress":"MG Road"},"panNumber":""},"error":{}}`},
		"3.2 refresh": {c.send("GET", "/v1/users/refresh-token", nil, headers),
			`{"success":true,"data":{"accessToken":"<jwt>"},"error":{}}`},
		"3.3 KYC status": {c.post("/v1/users/kyc-status", object{"email": c.email}),
			`{"success":true,"data":{"isKycVerified":"true"},"error":{}}`},
		"3.6 banks": {c.get("/v1/users/bank/fetch"),
			`{"success":true,"message":"success","data":[{"accountNumber":"XXXX4821","accountName":"Asha Rao","ifsc":"HDFC0001234",
			"referenceNumber":"1f0c1c0e","transactionId":"1353203607","tenantId":"650000000000000000000010","status":"SUCCESS",
			"created_at":"2025-08-04T13:10:57.123Z","updated_at":"2025-08-04T13:11:02.221Z","verificationName":"ASHA RAO","reason":""}]}`},
		"3.7 UPI ids": {c.get("/v1/users/upi/fetch"),
			`{"success":true,"message":"success","data":[{"upiId":"asha@okbank","name":"Asha Rao","status":"SUCCESS","referenceId":"1f0c1c0e","reason":""}]}`},
		"3.8 link bank": {bank, `{"success":true,"data":{"referenceNumber":"1f0c1c0e","status":"SUCCESS"},"error":{}}`},
		"3.9 bank status": {c.get("/v1/users/get-bank-status/" + bank.str("data.referenceNumber")),
			`{"success":true,"data":{"bankStatus":"SUCCESS","transactionId":"1353203607","referenceId":"1f0c1c0e"},"error":{}}`},
		"3.10 link UPI": {upi, `{"success":true,"data":{"referenceNumber":"1f0c1c0e","status":"SUCCESS"},"error":{}}`},
		"3.11 UPI status": {c.get("/v1/users/get-upi-status/" + upi.str("data.referenceNumber")),
			`{"success":true,"data":{"upiStatus":"SUCCESS","referenceId":"1f0c1c0e"},"error":{}}`},
		"3.12 buy quote": {c.post("/v1/quote/buy", buyQuote("1000")),
			`{"success":true,"data":{"quote":"10630000","receivedTokens":"10.63","conversionRate":"94.07","gasPriceWei":"30139505131",
			"gasUseEstimate":"","gasPriceNativeToken":"9723000000000000","nativeTokenDecimals":18,"source":"0x","estimateId":"1f0c1c0e",
			"desiredOrder":{"base":{"gasCharge":{"currency":"inr","value":"0.18"},"gasChargeInINR":"0.0","transactionFee":0}},"orders":[]},"error":{}}`},
		"3.13 tokens": {c.get("/v1/tokens"),
			`[{"address":"0x","chainId":137,"decimals":6,"name":"native USD Coin","symbol":"USDC","logoURI":"https://example.test/usdc.png"}]`},
		"3.14 chain limits": {c.get("/v1/orders/get-chain-limit"),
			`{"success":true,"data":[{"_id":"650000000000000000000020","chain":"Polygon","chainId":137,
			"minLimit":{"INR":50,"PHP":50},"maxLimit":{"INR":500000,"PHP":50000}}],"error":{}}`},
		"3.15 currencies": {c.get("/v1/orders/currencies"),
			`{"success":true,"data":[{"currencyCode":"INR","fraction":2,"symbol":"₹","paymentModes":[{"code":"INR_UPI","imageUrl":"https://example.test/upi.png"}]}],"error":{}}`},
		"3.16 create on-ramp": {on,
			`{"success":true,"data":{"orderId":"650000000000000000000001","pgOrderId":"","upiCode":"","redirect_actions":{"qr_checkout_string":"upi://pay",
			"deepLinks":[{"name":"Phonepe","url":"phonepe://pay","imageUrl":"https://example.test/phonepe.svg"}]},"paymentDetails":{"upiCode":"m@b"}},"error":{}}`},
		"3.18 on-ramp status": {c.onrampStatus(on.str("data.orderId")),
			`{"success":true,"data":{"orderId":"1","status":"fiatPending","reason":"","transactionHash":"","explorerUrl":"","transferredAmount":"",
			"transferredAmountWei":"","fiat":1000,"currency":"INR","chainId":137,"receiverWalletAddress":"0x","buyTokenSymbol":"USDC","buyTokenAddress":"0x",
			"created_at":"2026-01-10T10:00:00.000Z","updated_at":"2026-01-10T10:00:00.000Z","customer":{"email":"asha@example.test",
			"phone":{"countryCode":"+91","number":"9000000000"},"created_at":"2026-01-01T00:00:00.000Z"}},"error":{}}`},
		"3.19 history": {c.get("/v1/orders/0"), `{"success":true,"data":[` + item + `]}`},
		"3.20 invoice": {invoice, `{"success":true,"data":{"url":"https://example.test"}}`},
		"3.21 sell quote": {c.post("/v1/quote/sell", sellQuote("100")),
			`{"success":true,"data":{"sellTokens":"100.000000","conversionRate":"84.449002","transactionFee":0,"gasFee":0.21,
			"fiatCurrency":"inr","fiatAmount":8444.9},"error":{}}`},
		"3.22 create off-ramp": {off,
			`{"success":true,"data":{"orderId":"1","receiverWalletAddress":"0x","gasPriceWei":"28600000000","gasUseEstimate":"70000","quote":"5",
			"fiatCurrency":"inr","fiatAmount":445.4,"sellTokenSymbol":"USDC","sellTokenAddress":"0x","senderWalletAddress":"0x","chainId":137,"paymentMode":"NEFT"},"error":{}}`},
		"3.24 off-ramp status": {c.offrampStatus(off.str("data.orderId")),
			`{"success":true,"data":{"orderId":"1","status":"pending","reason":"","fiat":445.4,"currency":"inr","chainId":"137",
			"senderWalletAddress":"0x","receiverWalletAddress":"0x","sellTokenSymbol":"USDC","sellTokenAddress":"0x","txnHash":"",
			"bankDetails":{"accountNumber":"XXXX4821","accountName":"Asha Rao","ifsc":"HDFC0001234","branchAddress":"MG Road"},
			"customer":{"name":"Asha Rao","email":"asha@example.test","phone":{"CountryCode":"+91","Number":"9000000000"},"created_at":"2026-01-01T00:00:00.000Z"},
			"created_at":"2026-01-10T10:00:00.000Z"},"error":{}}`},
	} {
		require.Equal(t, shape(decode([]byte(tc.sample))), shape(tc.got.body), name)
	}
}

func TestTimesAreISO8601InMilliseconds(t *testing.T) {
	t.Parallel()
	c := start(t).login(linkedEmail)
	c.clock.Advance(1500 * time.Millisecond)
	status := c.onrampStatus(c.createOnramp(onrampOrder("1000")))
	require.Equal(t, "2026-01-10T10:00:01.500Z", status.str("data.created_at"))
	require.Equal(t, "2026-01-10T10:00:00.000Z", status.str("data.customer.created_at"))
}
