package e2e_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"rampart/ramp"
)

// evil is the name of a site that resolves to the machine of its visitor (DNS rebinding).
const evil = "evil.example.test"

// signalProgram returns JavaScript that submits a proof of payment to an order by the Web UI's API and appends the response to the page.
// On a page of the Web UI it does what the Web UI does.
func signalProgram(t *testing.T, webUI, mode string, order ramp.ID) string {
	t.Helper()
	encode := func(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }
	body, err := json.Marshal(map[string]any{"input": map[string]any{"payloads": []any{map[string]any{
		"metadata": map[string]string{"encoding": encode("json/plain")}, "data": encode(fmt.Sprintf(`{"utr":%q}`, utrOf(1))),
	}}}})
	require.NoError(t, err)
	address := webUI + "/api/v1/namespaces/default/workflows/" + url.PathEscape(order.Direction.WorkflowID(order.Reference)) + "/signal/" + ramp.SubmitUTR
	return fmt.Sprintf(`{
		const token = (document.cookie.match(/_csrf=(\w+)/) ?? [])[1];
		fetch(%q, {method: "POST", mode: %q, body: %q, headers: token ? {"X-CSRF-Token": token} : {}}).then(
			answer => document.body.append("answered " + answer.type + " " + answer.status),
			problem => document.body.append("failed " + problem));
		true
	}`, address, mode, body)
}

// TestWebUIAcceptsNoSignalFromAPageOfAnotherSite acts as the owner of a site that a person at this machine visits.
func TestWebUIAcceptsNoSignalFromAPageOfAnotherSite(t *testing.T) {
	t.Parallel()
	s := newStack(t, 60)
	_, err := s.Orders.StartOnramp(t.Context(), onrampRequest("wanted"))
	require.NoError(t, err)
	s.awaitStatus(buy("wanted"), patience, ramp.AwaitingPayment)
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte("<body>free tokens</body>"))
	}))
	t.Cleanup(site.Close)
	page := browser(t, chromedp.Flag("host-resolver-rules", "MAP "+evil+" 127.0.0.1"))
	visit := func(address string) { require.NoError(t, chromedp.Do(page, chromedp.Navigate(address))) }
	run := func(program string) {
		_, err := chromedp.Run(page, chromedp.Evaluate[bool](program))
		require.NoError(t, err)
	}

	visit(strings.Replace(site.URL, "127.0.0.1", evil, 1)) // the site's own page, which calls this machine
	requireShows(t, page, "", "free tokens")
	run(signalProgram(t, s.ui, "no-cors", buy("wanted")))
	requireShows(t, page, "", "answered opaque")

	visit(strings.Replace(s.ui, "127.0.0.1", evil, 1)) // the site's name now resolves to the Web UI
	requireShows(t, page, "", "only requests to 127.0.0.1, [::1] or localhost are allowed")
	run(signalProgram(t, "", "same-origin", buy("wanted")))
	requireShows(t, page, "", "answered basic 403")

	order, err := s.Orders.Get(t.Context(), buy("wanted"))
	require.NoError(t, err)
	require.Equal(t, ramp.AwaitingPayment, order.Status)

	visit(s.ui)
	requireShows(t, page, "", "Workflows")
	run(signalProgram(t, "", "same-origin", buy("wanted")))
	s.awaitStatus(buy("wanted"), completionTime, ramp.Completed)
}
