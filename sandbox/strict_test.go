package sandbox_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rampart/sandbox"
)

// requests are valid requests of the user tagged linked, each with the fields that may be left out.
func requests() []struct {
	path     string
	body     object
	optional []string
} {
	return []struct {
		path     string
		body     object
		optional []string
	}{
		{"/v1/users/login", object{"email": linkedEmail}, nil},
		{"/v1/users/kyc-status", object{"email": linkedEmail}, nil},
		{"/v1/users/account-link", bankLink(linkedEmail, "50100000001111").with("phone", object{"countryCode": "+91", "number": "9000000000"}), []string{"phone"}},
		{"/v1/users/upi-link", upiLink(linkedEmail, "asha.two@okbank").with("phone", object{"countryCode": "+91", "number": "9000000000"}), []string{"phone"}},
		{"/v1/quote/buy", buyQuote("1000"), []string{"buyTokenAddress"}},
		{"/v1/quote/sell", sellQuote("100"), nil},
		{"/v1/orders/create", onrampOrder("1000"), []string{"metaData"}},
		{"/v1/orders/create", bankOrder("INR_NEFT", "1000"), []string{"metaData"}},
		{"/v1/orders/status", object{"orderId": "650000000000000000000001"}, nil},
		{"/v1/orders/utr", object{"orderId": "650000000000000000000001", "utr": goodUTR}, nil},
		{"/v1/offramp/orders/create", offrampOrder("100"), []string{"metaData"}},
		{"/v1/offramp/orders/status", object{"orderId": "650000000000000000000001"}, nil},
		{"/v1/offramp/orders/txnhash", object{"orderId": "650000000000000000000001", "txnHash": goodHash}, nil},
	}
}

// malformed requires a refusal for form, which names the field to the developer.
func (r reply) malformed(field string) {
	r.t.Helper()
	require.Equal(r.t, http.StatusBadRequest, r.status, "%s: %s", field, r.text)
	require.Contains(r.t, []any{"Invalid request", "bad request"}, r.at("error.message"))
	require.Contains(r.t, r.header.Get(sandbox.ReasonHeader), field)
}

func TestFieldsAreRequiredAndTyped(t *testing.T) {
	t.Parallel()
	for _, req := range requests() {
		c := start(t).login(linkedEmail)
		for field := range req.body {
			name := req.path + " " + field
			t.Run(name, func(t *testing.T) {
				without := c.post(req.path, req.body.with(field, nil))
				if !slices.Contains(req.optional, field) {
					without.malformed(field)
				}
				for _, wrong := range wrongTypes(req.body[field]) {
					c.post(req.path, req.body.with(field, wrong)).malformed(field)
				}
			})
		}
	}
}

// wrongTypes are values of every other JSON type, null among them.
func wrongTypes(value any) []any {
	samples := map[string]any{
		"null": json.RawMessage("null"), "list": json.RawMessage("[]"), "object": json.RawMessage("{}"),
		"boolean": json.RawMessage("true"), "number": json.RawMessage("1"), "string": json.RawMessage(`"1"`),
	}
	delete(samples, jsonType(value))
	return slices.Collect(maps.Values(samples))
}

func jsonType(value any) string {
	switch value.(type) {
	case object:
		return "object"
	case bool:
		return "boolean"
	case json.Number, int:
		return "number"
	default:
		return "string"
	}
}

func TestUndocumentedAndMisspelledFieldsAreRefused(t *testing.T) {
	t.Parallel()
	for _, req := range requests() {
		c := start(t).login(linkedEmail)
		c.post(req.path, req.body.with("idempotencyKey", "1")).malformed("idempotencyKey")
		for field, value := range req.body {
			upper := strings.ToUpper(field[:1]) + field[1:]
			c.post(req.path, req.body.with(field, nil).with(upper, value)).malformed("")
		}
	}
}

func TestNestedFieldsAreChecked(t *testing.T) {
	t.Parallel()
	c := start(t).login(linkedEmail)
	for field, req := range map[string]struct {
		path string
		body object
	}{
		"bankDetails.ifsc":          {"/v1/users/account-link", bankLink(linkedEmail, "1111").with("bankDetails", object{"accountNumber": "1111", "accountName": "Asha Rao"})},
		"bankDetails.accountNumber": {"/v1/users/account-link", bankLink(linkedEmail, "123")},
		"kycVerfied":                {"/v1/users/account-link", bankLink(linkedEmail, "1111").with("kycVerfied", nil).with("kycVerified", true)},
		"panNumber":                 {"/v1/users/account-link", bankLink(linkedEmail, "1111").with("panNumber", "abcpe1234f")},
		"email":                     {"/v1/users/upi-link", upiLink("other@example.test", "asha@okbank")},
		"upiId.name":                {"/v1/orders/create", onrampOrder("1000").with("upiId", object{"upiId": "asha@okbank"})},
		"upiId.vpa":                 {"/v1/orders/create", onrampOrder("1000").with("upiId", object{"upiId": "asha@okbank", "name": "Asha Rao", "vpa": "x"})},
		"metaData.n":                {"/v1/orders/create", onrampOrder("1000").with("metaData", object{"n": 1})},
		"paymentMode":               {"/v1/orders/create", onrampOrder("1000").with("paymentMode", "UPI")},
		"fiatCurrency":              {"/v1/orders/create", onrampOrder("1000").with("fiatCurrency", "usd")},
		"fiatAmount":                {"/v1/orders/create", onrampOrder("1000.001")},
		"chainId":                   {"/v1/orders/create", onrampOrder("1000").with("chainId", 137.5)},
	} {
		c.post(req.path, req.body).malformed(field)
	}
	c.post("/v1/users/account-link", bankLink("other@example.test", "1111")).malformed("email")
}

func TestAmountsAreCheckedForMeaning(t *testing.T) {
	t.Parallel()
	p := start(t)
	for _, amount := range []string{"0", "-1", "1e3", "10.001", "1" + strings.Repeat("0", 60)} {
		p.post("/v1/quote/buy", buyQuote(amount)).malformed("fiatAmount")
	}
	for _, amount := range []string{"0", "-1", "1e400", "0.0000001"} {
		p.post("/v1/quote/sell", sellQuote(amount)).refused(http.StatusBadRequest, "Invalid request")
	}
	p.post("/v1/quote/sell", sellQuote("1").with("fiatAmount", 100)).malformed("sellTokenAmount")
	p.post("/v1/quote/sell", sellQuote("1").with("sellTokenSymbol", "PEPE")).refused(http.StatusBadRequest, "Token is not supported")
}

func TestBodyMustBeJSONWithItsContentType(t *testing.T) {
	t.Parallel()
	p := start(t)
	for _, body := range []string{"", "{", "[]", "null", `"x"`, `{"email":"asha@example.test"} x`} {
		p.send(http.MethodPost, "/v1/users/login", []byte(body), withKey()).refused(http.StatusBadRequest, "bad request")
	}
	for _, contentType := range []string{"", "text/plain", "application/x-www-form-urlencoded"} {
		headers := withKey()
		headers["Content-Type"] = contentType
		p.send(http.MethodPost, "/v1/users/login", encode(t, object{"email": "asha@example.test"}), headers).
			refused(http.StatusBadRequest, "bad request")
	}
	headers := withKey()
	headers["Content-Type"] = "application/json; charset=utf-8"
	p.send(http.MethodPost, "/v1/users/login", encode(t, object{"email": "asha@example.test"}), headers).ok()
}

func TestReasonContainsNoValue(t *testing.T) {
	t.Parallel()
	c := start(t).login(linkedEmail)
	for _, r := range []reply{
		c.post("/v1/users/login", object{"email": "secret-value"}),
		c.submitUTR(c.createOnramp(onrampOrder("1000")), "secret-value"),
		c.linkBank("secret-value"),
		c.post("/v1/orders/create", onrampOrder("1000").with("receiverAddress", "secret-value")),
	} {
		require.NotEmpty(t, r.header.Get(sandbox.ReasonHeader))
		require.NotContains(t, r.header.Get(sandbox.ReasonHeader), "secret-value")
	}
}
