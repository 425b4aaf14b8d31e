package ramp_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rampart/ramp"
)

func TestObjectOfTheContractIsDecoded(t *testing.T) {
	t.Parallel()
	var request ramp.OnrampRequest
	require.NoError(t, ramp.Decode([]byte(` {"reference": "inv-42", "fiat": {"amount": "1"}, "metadata": {"Invoice": "1", "invoice": "2"}, "upi": null} `), &request))
	require.Equal(t, ramp.OnrampRequest{
		Reference: "inv-42", Fiat: ramp.Amount{Amount: "1"}, Metadata: map[string]string{"Invoice": "1", "invoice": "2"},
	}, request)
}

func TestKeysOfMetadataMayDifferInCaseHoweverItIsSpelt(t *testing.T) {
	t.Parallel()
	var request ramp.OnrampRequest
	require.NoError(t, ramp.Decode([]byte(`{"METADATA": {"Invoice": "1", "invoice": "2", "invoıce": "3"}}`), &request))
	require.Equal(t, ramp.Metadata{"Invoice": "1", "invoice": "2", "invoıce": "3"}, request.Metadata)
}

func TestWhatIsNotAsTheContractHasItIsNotDecoded(t *testing.T) {
	t.Parallel()
	for content, says := range map[string]string{
		``:                                "is empty",
		` null `:                          "holds a JSON null, not an object",
		`[]`:                              "holds a JSON array, not an object",
		`{} {}`:                           "holds more than one JSON object",
		`{"reference": "a"`:               "ends in the middle of a JSON object",
		`{'reference'}`:                   "is not JSON, from byte 2 on",
		`{"emial": "hunter2"}`:            `does not match the contract: unknown field "emial"`,
		`{"email": 42}`:                   `has a JSON number in the field "email", which takes a string`,
		`{"fiat": {"amount": {}}}`:        `has a JSON object in the field "fiat.amount", which takes a string`,
		`{"token": {"chainId": 0.5}}`:     `has a JSON number in the field "token.chainId", which takes a whole number`,
		`{"quote": {"confirm": "true"}}`:  `has a JSON string in the field "quote.confirm", which takes true or false`,
		`{"bank": "50100000004821"}`:      `has a JSON string in the field "bank", which takes an object`,
		`{"email": "a", "email": "b"}`:    "gives a field twice: email",
		`{"email": "a", "EMAIL": "b"}`:    "gives a field twice: EMAIL",
		`{"upi": {"id": "a", "id": "b"}}`: "gives a field twice: upi.id",
		`{"token": {"symbol": "a", "ſymbol": "b"}}`:      "gives a field twice: token.ſymbol",
		`{"token": {"symbol": "a", "\u017fYMBOL": ""}}`:  "gives a field twice: token.ſYMBOL",
		`{"bank": {"ifsc": "a", "ifſc": "b"}}`:           "gives a field twice: bank.ifſc",
		`{"toKen": {}, "token": {}}`:                     "gives a field twice: token",
		`{"Metadata": {"hunter2": "1", "hunter2": "2"}}`: "gives a field twice: metadata",
		`{"metadata": {"hunter2": "1", "hunter2": "2"}}`: "gives a field twice: metadata",
		`{"metadata": {"a": "1"}, "metadata": {}}`:       "gives a field twice: metadata",
		strings.Repeat(`[`, 20_000):                      "is not JSON, from byte",
	} {
		err := ramp.Decode([]byte(content), new(ramp.OnrampRequest))
		require.ErrorContains(t, err, says, "%.100s", content)
		require.NotContains(t, err.Error(), "hunter2")
		require.NotContains(t, err.Error(), "50100000004821")
	}
}

func TestAFieldThatCannotBeDecodedIsNamed(t *testing.T) {
	t.Parallel()
	for content, want := range map[string]ramp.FieldError{
		`{"emial": "hunter2"}`:            {Field: "emial", Problem: "is not a field of the contract; it may be misspelt"},
		`{"fiat": {"amount": 42}}`:        {Field: "fiat.amount", Problem: "must be a string"},
		`{"upi": {"id": "a", "id": "b"}}`: {Field: "upi.id", Problem: "must be given once"},
	} {
		err := ramp.Decode([]byte(content), new(ramp.OnrampRequest))
		var field *ramp.FieldError
		require.ErrorAs(t, err, &field, content)
		require.Equal(t, want, *field)
		require.Equal(t, want.Field+" "+want.Problem, field.Error())
	}
	var field *ramp.FieldError
	require.False(t, errors.As(ramp.Decode([]byte(`[]`), new(ramp.OnrampRequest)), &field))
}
