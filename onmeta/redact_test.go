package onmeta_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rampart/internal/redact"
	"rampart/onmeta"
)

// others is what a provider may say of other users, and must not be shown of it.
const others = "ravi.k@other.test, VPA ravi.kumar@okbank, PAN BXYPK4321Z, Aadhaar 3456 7890 1235, account 60200000009999, phone +91 98765 43210, " +
	`{"accountName":"Ravi Kumar"}, Bearer abc.def-ghi, eyJhbGciOiJIUzI1NiJ9.eyJ1c2VySWQiOiI2NTAwIn0.c2lnbmF0dXJl`

func requireNothingOfOthers(t *testing.T, text string) {
	t.Helper()
	for _, personal := range []string{
		"ravi.k", "BXYPK4321Z", "3456 7890", "60200000", "98765", "Kumar", "abc.def", "eyJ",
	} {
		require.NotContains(t, text, personal)
	}
}

func TestReasonHidesTheCustomersValues(t *testing.T) {
	t.Parallel()
	client := success(t, `{"status":"refunded","reason":"PAYMENT OF ZEBULON QUUX, Quux & Sons (9000000000), account XXXX4821 in the name of Holder Wyxx",
		"customer":{"name":"Zebulon Quux","email":"z@example.test","phone":{"Number":"9000000000"}},
		"bankDetails":{"accountNumber":"XXXX4821","accountName":"Holder Wyxx"}}`)
	offramp, err := client.OfframpStatus(t.Context(), asha, orderID)
	require.NoError(t, err)
	require.Equal(t, "PAYMENT OF [redacted], [redacted] & Sons ([redacted]), account [redacted] in the name of [redacted]", offramp.Reason)
	onramp, err := client.OnrampStatus(t.Context(), asha, orderID)
	require.NoError(t, err)
	require.Equal(t, offramp.Reason, onramp.Reason)
}

func TestReasonHidesTheCallersName(t *testing.T) {
	t.Parallel()
	client := success(t, `{"status":"FAILED","reason":"payer asha RAO is not the KYC name"}`)
	named := asha
	named.Name = "Asha Rao"
	status, err := client.OnrampStatus(t.Context(), named, orderID)
	require.NoError(t, err)
	require.Equal(t, "payer [redacted] is not the KYC name", status.Reason)
	link, err := client.BankLinkStatus(t.Context(), named, "17")
	require.NoError(t, err)
	require.Equal(t, "payer [redacted] is not the KYC name", link.Reason)

	refusing := answering(t, http.StatusForbidden, `{"success":false,"error":{"message":"UTR belongs to ASHA RAO"}}`).client(t)
	require.EqualError(t, refusing.SubmitUTR(t.Context(), named, orderID, "1"), "onmeta orders/utr: refused (HTTP 403): UTR belongs to [redacted]")
	_, err = refusing.BankAccounts(t.Context(), named)
	require.NotContains(t, strings.ToLower(err.Error()), "asha")
}

func TestTextsHideOtherUsersPersonalData(t *testing.T) {
	t.Parallel()
	reason, err := json.Marshal(others)
	require.NoError(t, err)
	status, err := success(t, `{"status":"refunded","reason":`+string(reason)+`}`).OnrampStatus(t.Context(), asha, orderID)
	require.NoError(t, err)
	require.Contains(t, status.Reason, "VPA r***@okbank, PAN [redacted]")
	requireNothingOfOthers(t, status.Reason)

	failure := failureOf(t, answering(t, http.StatusBadRequest, `{"success":false,"error":{"code":`+string(reason)+`,"message":`+string(reason)+`}}`).
		client(t).SubmitUTR(t.Context(), asha, orderID, "412345678901"))
	requireNothingOfOthers(t, failure.Message)
	requireNothingOfOthers(t, failure.Code)
	requireNothingOfOthers(t, fmt.Sprintf("%+v %#v", failure, failure))
}

func TestInvalidStatusIsCleaned(t *testing.T) {
	t.Parallel()
	client := success(t, `{"status":"of `+strings.ToUpper(email)+"\\n# `x` [y](https://evil.test) "+strings.Repeat("z", 1000)+`"}`)
	status, err := client.OnrampStatus(t.Context(), asha, orderID)
	require.NoError(t, err)
	require.Equal(t, onmeta.Status("of [redacted] # 'x' [y] (https: //evil.test) "+strings.Repeat("z", 18)+"…"), status.Status)
	require.Len(t, []rune(status.Status), 64)
}

func TestPrintingAnAnswerShowsNoneOfItsData(t *testing.T) {
	t.Parallel()
	answer := onmeta.Answer{Status: 200, Data: redact.JSON(`{"accessToken":"` + token.Reveal() + `","email":"` + email + `"}`)}
	for _, text := range append(printed(answer), printed(&answer)...) {
		require.NotContains(t, text, token.Reveal())
		require.NotContains(t, text, email)
		require.NotContains(t, text, fmt.Sprintf("%x", email))
	}
	require.Contains(t, answer.String(), "Status:200 Data:(56 bytes)")
}
