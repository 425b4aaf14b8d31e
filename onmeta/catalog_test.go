package onmeta_test

import (
	"net/http"
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"rampart/onmeta"
)

func TestListsAreReadInEveryContainer(t *testing.T) {
	t.Parallel()
	const item = `{ "chain": "Polygon", "chainId": "137" }`
	none := map[string]decimal.Decimal{}
	want := []onmeta.ChainLimit{{Chain: "Polygon", ChainID: 137, Min: none, Max: none}}
	for _, body := range []string{
		`[` + item + `]`, `{"data":[` + item + `]}`, `{"res":[` + item + `]}`, `{"success":true,"data":[` + item + `],"error":{}}`,
	} {
		limits, err := answering(t, http.StatusOK, body).client(t).ChainLimits(t.Context())
		require.NoError(t, err, body)
		require.Equal(t, want, limits)
	}
	_, err := answering(t, http.StatusOK, `{"limits":[]}`).client(t).ChainLimits(t.Context())
	requireMalformed(t, err, "unexpected shape")
}

func TestInvalidChainIDIsZero(t *testing.T) {
	t.Parallel()
	for _, id := range []string{`"polygon"`, `1.5`, `1e30`, `{}`, `null`, `""`} {
		limits, err := success(t, `[{"chain":"Polygon","chainId":`+id+`}]`).ChainLimits(t.Context())
		require.NoError(t, err, id)
		require.Zero(t, limits[0].ChainID, id)
	}
}

func TestChainLimitsReadsTheDocumentedAnswer(t *testing.T) {
	t.Parallel()
	client := success(t, `[ { "_id": "650000000000000000000020", "chain": "Polygon", "chainId": 137,
		"minLimit": { "INR": 50, "php": "50", "IDR": "some" }, "maxLimit": { "INR": 500000 } },
		{ "chain": "Base", "chainId": 8453, "minLimit": "none" } ]`)
	limits, err := client.ChainLimits(t.Context())
	require.NoError(t, err)
	require.Equal(t, []onmeta.ChainLimit{
		{
			Chain: "Polygon", ChainID: 137,
			Min: map[string]decimal.Decimal{"INR": decimal.RequireFromString("50"), "PHP": decimal.RequireFromString("50")},
			Max: map[string]decimal.Decimal{"INR": decimal.RequireFromString("500000")},
		},
		{Chain: "Base", ChainID: 8453, Min: map[string]decimal.Decimal{}, Max: map[string]decimal.Decimal{}},
	}, limits)
	_, err = success(t, `"none"`).ChainLimits(t.Context())
	requireMalformed(t, err, "unexpected shape")
}

func TestCurrenciesReadsTheDocumentedAnswer(t *testing.T) {
	t.Parallel()
	client := success(t, `[ { "currencyCode": "inr", "fraction": "2", "symbol": "₹",
		"paymentModes": [ { "code": "INR_UPI", "imageUrl": "https://example.test/upi.png", "extra": "" },
			{ "code": "INR_IMPS", "imageUrl": "https://example.test/imps.png",
				"extra": { "name": "Beneficiary Pvt Ltd", "ifsc": "HDFC0001234", "account": 50100000000001 } } ] } ]`)
	currencies, err := client.Currencies(t.Context(), asha)
	require.NoError(t, err)
	require.Equal(t, []onmeta.Currency{{
		Code: "INR", Fraction: 2, Symbol: "₹", PaymentModes: []onmeta.PaymentMode{
			{Code: "INR_UPI", ImageURL: "https://example.test/upi.png"},
			{
				Code: "INR_IMPS", ImageURL: "https://example.test/imps.png",
				Beneficiary: &onmeta.Beneficiary{Name: "Beneficiary Pvt Ltd", IFSC: "HDFC0001234", AccountNumber: "50100000000001"},
			},
		},
	}}, currencies)
	_, err = success(t, `[[]]`).Currencies(t.Context(), asha)
	requireMalformed(t, err, "unexpected shape")
}
