package onmeta_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rampart/onmeta"
)

// noIDs are texts that the provider may send for an id.
func noIDs() []string {
	return []string{
		strings.Repeat("6", 129), strings.Repeat("6", 5000), "..", "../../v1/users", "-rf", ".hidden", "6500 0001", "65\u202e00", "65\x0000", "65\u009b00",
		"é", "a/b", "a?b", "<b>", "[x](y)", "\"quoted\"",
	}
}

func quoted(t *testing.T, text string) string {
	t.Helper()
	encoded, err := json.Marshal(text)
	require.NoError(t, err)
	return string(encoded)
}

func TestInvalidIDIsTreatedAsMissing(t *testing.T) {
	t.Parallel()
	for _, id := range noIDs() {
		sent := quoted(t, id)
		_, err := success(t, `{"orderId":`+sent+`}`).CreateOnramp(t.Context(), asha, onrampRequest())
		requireMalformed(t, err, "orderId is no id")
		require.NotContains(t, err.Error(), id)

		created, err := success(t, `{"orderId":`+sent+`,"receiverWalletAddress":"0x2","quote":"5","fiatAmount":1}`).
			CreateOfframp(t.Context(), asha, offrampRequest())
		requireMalformed(t, err, "orderId is no id")
		require.Empty(t, created)

		orders, err := success(t, `[{"orderId":`+sent+`,"status":"fiatPending"}]`).OrderHistory(t.Context(), asha, 0)
		require.NoError(t, err, "the others may be ours")
		require.Empty(t, orders[0].OrderID)

		link, err := success(t, `{"status":"PENDING","referenceNumber":`+sent+`}`).
			LinkUPI(t.Context(), asha, onmeta.LinkUPIRequest{Name: "Asha Rao", UPIID: "asha@okbank"})
		require.NoError(t, err)
		require.Empty(t, link.Reference)

		_, err = onmeta.ParseWebhook([]byte(`{"eventType":"onramp","status":"completed","orderId":` + sent + `}`))
		require.ErrorContains(t, err, "orderId is missing, or no id")
	}
}

func TestIDsOfEveryKindAreAccepted(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"650000000000000000000001", "7c9e6679-0000-4000-8000-000000000011", "1", "ord_1:2.3", strings.Repeat("6", 128)} {
		created, err := success(t, `{"orderId":`+quoted(t, id)+`}`).CreateOnramp(t.Context(), asha, onrampRequest())
		require.NoError(t, err)
		require.Equal(t, id, created.OrderID)
	}
	created, err := success(t, `{"orderId":650001}`).CreateOnramp(t.Context(), asha, onrampRequest())
	require.NoError(t, err)
	require.Equal(t, "650001", created.OrderID, "a number keeps its spelling")
}

func TestOversizedListIsMalformed(t *testing.T) {
	t.Parallel()
	rows := func(count int) string {
		return "[" + strings.Repeat(`{"status":"SUCCESS"},`, count-1) + `{"status":"SUCCESS"}]`
	}
	accounts, err := success(t, rows(1000)).BankAccounts(t.Context(), asha)
	require.NoError(t, err)
	require.Len(t, accounts, 1000)
	_, err = success(t, rows(1001)).BankAccounts(t.Context(), asha)
	failure := failureOf(t, err)
	require.Equal(t, onmeta.KindMalformed, failure.Kind)
}

// No number of an answer is worth more work than its bounds, however it is written.
func TestNumbersOutOfBoundsAreMalformed(t *testing.T) {
	t.Parallel()
	for name, number := range map[string]string{
		"exponent": "1e999999999", "small exponent": "1e-999999999", "digits": strings.Repeat("9", 200_000), "places": "0." + strings.Repeat("0", 200_000) + "1",
		"a text": `"1e999999999"`, "a long text": `"` + strings.Repeat("9", 200_000) + `"`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := success(t, `{"orderId":"1","receiverWalletAddress":"0x2","quote":`+number+`,"fiatAmount":1}`).CreateOfframp(t.Context(), asha, offrampRequest())
			requireMalformed(t, err, "quote is not a number")
			status, err := success(t, `{"status":"completed","fiat":`+number+`,"transferredAmount":`+number+`,"chainId":`+number+`,"created_at":`+number+`}`).
				OnrampStatus(t.Context(), asha, "1")
			require.NoError(t, err)
			require.False(t, status.Fiat.Valid || status.TransferredAmount.Valid)
			require.Zero(t, status.ChainID)
			require.True(t, status.CreatedAt.IsZero())
		})
	}
}

func TestTokenTooLongForAHeaderIsMalformed(t *testing.T) {
	t.Parallel()
	for _, field := range []string{"accessToken", "refreshToken"} {
		tokens := map[string]string{"accessToken": "eyJ", "refreshToken": "eyJ"}
		tokens[field] = strings.Repeat("x", 100_000)
		encoded, err := json.Marshal(tokens)
		require.NoError(t, err)
		_, err = answering(t, http.StatusOK, fmt.Sprintf(`{"success":true,"data":%s}`, encoded)).client(t).Login(t.Context(), "asha@example.test")
		requireMalformed(t, err, "a token")
		require.Less(t, len(err.Error()), 400)
	}
}
