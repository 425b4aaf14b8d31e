package redact_test

import (
	"bytes"
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"rampart/internal/redact"
)

func TestFieldsPrintMasked(t *testing.T) {
	t.Parallel()
	for shown, field := range map[string]any{
		"a***@example.test":       redact.Email("asha@example.test"),
		"a***@okbank":             redact.VPA("asha@okbank"),
		"XXXX4821":                redact.Account("50100000004821"),
		"XXXX8901":                redact.UTR("412345678901"),
		"file://[redacted]":       redact.Dossier("file:///kyc/asha"),
		"[redacted]":              redact.Personal("Asha Rao"),
		"":                        redact.Personal(""),
		"map[invoice:[redacted]]": redact.Metadata{"invoice": "for Asha"},
		"(8 bytes)":               redact.JSON(`{"a": 1}`),
	} {
		require.Equal(t, shown, fmt.Sprint(field))
		require.Equal(t, shown, fmt.Sprintf("%+v", field))
		require.Equal(t, fmt.Sprintf("%q", shown), fmt.Sprintf("%q", field))
		require.Equal(t, fmt.Sprintf("%#v", shown), fmt.Sprintf("%#v", field))
		require.Equal(t, fmt.Sprintf("%x", shown), fmt.Sprintf("%x", field))
		require.Equal(t, "%!d(string="+shown+")", fmt.Sprintf("%d", field))
		require.Equal(t, fmt.Sprintf("[%-30s]", shown), fmt.Sprintf("[%-30s]", field), "the width applies, as in a table")
		var logged bytes.Buffer
		slog.New(slog.NewJSONHandler(&logged, nil)).Info("it", "it", field)
		encoded, err := json.Marshal(shown)
		require.NoError(t, err)
		require.Contains(t, logged.String(), `"it":`+string(encoded))
	}
}

func TestFieldsMarshalInFull(t *testing.T) {
	t.Parallel()
	type fields struct {
		Email    redact.Email    `json:"email"`
		PAN      redact.Personal `json:"pan,omitempty"`
		Metadata redact.Metadata `json:"metadata,omitempty"`
		Request  redact.JSON     `json:"request,omitempty"`
	}
	document := `{"email":"asha@example.test","pan":"ABCPE1234F","metadata":{"invoice":"42"},"request":{"a":[1]}}`
	var read fields
	require.NoError(t, json.Unmarshal([]byte(document), &read))
	require.Equal(t, fields{"asha@example.test", "ABCPE1234F", redact.Metadata{"invoice": "42"}, redact.JSON(`{"a":[1]}`)}, read)
	encoded, err := json.Marshal(read)
	require.NoError(t, err)
	require.Equal(t, document, string(encoded))

	encoded, err = json.Marshal(fields{})
	require.NoError(t, err)
	require.Equal(t, `{"email":""}`, string(encoded))
	encoded, err = json.Marshal(redact.JSON(nil))
	require.NoError(t, err)
	require.Equal(t, "null", string(encoded))
	require.Error(t, (*redact.JSON)(nil).UnmarshalJSON([]byte("1")))
}

func TestDatabasesStoreFieldsInFull(t *testing.T) {
	t.Parallel()
	stored, err := driver.DefaultParameterConverter.ConvertValue(redact.UTR("412345678901"))
	require.NoError(t, err)
	require.Equal(t, "412345678901", stored)
}
