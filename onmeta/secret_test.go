package onmeta_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"rampart/onmeta"
)

var verbs = []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T %v"}

func TestPrintingAClientOrACallShowsNothingSecret(t *testing.T) {
	t.Parallel()
	body, err := onmeta.JSON(map[string]string{"pan": "ABCPE1234F"}, "ABCPE1234F")
	require.NoError(t, err)
	call := onmeta.Call{Route: onmeta.RouteLinkBank, User: email, Token: token, Body: body}
	p := answering(t, http.StatusOK, "{}")
	form := uploadBody(t, kycUpload())
	for _, value := range []any{p.client(t), p.transport(t), call, &call, body, form} {
		for _, verb := range verbs {
			text := fmt.Sprintf(verb, value)
			for _, secret := range []string{apiKey.Reveal(), kycSecret.Reveal(), token.Reveal(), email, "ABCPE1234F"} {
				require.NotContains(t, text, secret, "%s of %T", verb, value)
			}
		}
	}
	require.Equal(t, "users/account-link", fmt.Sprint(call))
}

func TestAnEchoedPersonalValueIsBlankedInErrors(t *testing.T) {
	t.Parallel()
	// The provider echoes the whole request: credentials, and the body.
	p := startProvider(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		message := "rejected " + strings.ToUpper(string(body)) + r.Header.Get("Authorization") +
			r.Header.Get("x-api-key") + " for ASHA, mail ASHA@EXAMPLE.TEST"
		encoded, _ := json.Marshal(map[string]any{"success": false, "error": map[string]any{"message": message, "code": email}})
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write(encoded)
	})
	client := p.client(t)
	calls := map[string]func() error{
		"link bank": func() error {
			_, err := client.LinkBank(t.Context(), asha, onmeta.LinkBankRequest{
				Name: "Asha Rao", PAN: "ABCPE1234F", AccountName: "Asha Rao", AccountNumber: "50100000004821", IFSC: "HDFC0001234",
			})
			return err
		},
		"link UPI": func() error {
			_, err := client.LinkUPI(t.Context(), asha, onmeta.LinkUPIRequest{Name: "Asha Rao", UPIID: "asha@okbank"})
			return err
		},
		"on-ramp by UPI":  func() error { _, err := client.CreateOnramp(t.Context(), asha, onrampRequest()); return err },
		"on-ramp by bank": func() error { _, err := client.CreateOnramp(t.Context(), asha, bankOnrampRequest()); return err },
		"off-ramp":        func() error { _, err := client.CreateOfframp(t.Context(), asha, offrampRequest()); return err },
		"login":           func() error { _, err := client.Login(t.Context(), email); return err },
		"KYC status":      func() error { _, err := client.KYCStatus(t.Context(), asha); return err },
		"refresh token":   func() error { _, err := client.RefreshToken(t.Context(), "old-bearer"); return err },
	}
	for name, call := range calls {
		err := call()
		failure := failureOf(t, err)
		require.Equal(t, onmeta.KindRefused, failure.Kind, name)
		require.Contains(t, failure.Message, "rejected")
		for _, form := range append([]string{err.Error()}, printed(failure)...) {
			form = strings.ToLower(form)
			for _, personal := range []string{
				"rao", "abcpe1234f", "50100000004821", "xxxx4821", "asha@okbank", apiKey.Reveal(), "user-token", "old-bearer",
			} {
				require.NotContains(t, form, personal, name)
			}
			if name != "refresh token" {
				require.NotContains(t, form, "asha@example.test", name)
			}
		}
	}
}

func printed(value any) []string {
	texts := make([]string, 0, len(verbs))
	for _, verb := range verbs {
		texts = append(texts, fmt.Sprintf(verb, value))
	}
	return texts
}

func TestAProviderMessageIsOneShortLine(t *testing.T) {
	t.Parallel()
	message := "first\r\nsecond\x1b[31m \u202e" + strings.Repeat("é", 1000)
	p := startProvider(t, func(w http.ResponseWriter, _ *http.Request) {
		encoded, _ := json.Marshal(map[string]any{"success": false, "error": map[string]string{"message": message}})
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write(encoded)
	})
	_, err := p.transport(t).Call(t.Context(), statusCall)
	failure := failureOf(t, err)
	require.True(t, strings.HasPrefix(failure.Message, "first second[31m éé"), failure.Message)
	require.Len(t, []rune(failure.Message), 300)
	require.True(t, strings.HasSuffix(failure.Message, "…"))
}

func TestAPersonalValueAtTheCutIsBlankedBeforeCutting(t *testing.T) {
	t.Parallel()
	p := startProvider(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"success":false,"error":{"message":"`+strings.Repeat("x", 290)+" "+email+`"}}`)
	})
	_, err := p.transport(t).Call(t.Context(), statusCall)
	require.NotContains(t, strings.ToLower(err.Error()), "asha")
}

func TestUnusualPersonalValuesAreBlankedToo(t *testing.T) {
	t.Parallel()
	p := answering(t, http.StatusBadRequest, `{"success":false,"error":{"message":"no (a+b)* for Asha"}}`)
	for _, test := range []struct{ name, want string }{
		{"(a+b)*", "no [redacted] for Asha"},
		{"\xff\xfe\xfd", "no (a+b)* for Asha"},
		{"Al", "no (a+b)* for Asha"},
		{strings.Repeat("x", 1<<20), "[redacted]"},
	} {
		body, err := onmeta.JSON(struct{}{}, test.name)
		require.NoError(t, err)
		_, err = p.transport(t).Call(t.Context(), onmeta.Call{Route: onmeta.RouteQuoteBuy, Body: body})
		require.Equal(t, test.want, failureOf(t, err).Message)
	}
}

func TestAMalformedAmountIsNotQuotedInTheError(t *testing.T) {
	t.Parallel()
	client := success(t, `{"receivedTokens":"50100000004821x","conversionRate":"1"}`)
	_, err := client.QuoteBuy(t.Context(), onmeta.QuoteBuyRequest{
		TokenSymbol: "USDC", FiatCurrency: "INR", FiatAmount: decimal.NewFromInt(1),
	})
	requireMalformed(t, err, "receivedTokens is not a number")
	require.NotContains(t, err.Error(), "50100000004821")
}
