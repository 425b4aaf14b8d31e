package e2e_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/protobuf/encoding/protojson"

	"rampart/internal/process"
	"rampart/ramp"
	"rampart/test/testbed"
)

// secretValues are values that must not appear anywhere. Only the orders of this test use them.
type secretValues struct {
	names, emails, vpas, accounts, pans, aadhaars []string
	// contents are values of KYC dossiers, which must not appear even encrypted.
	contents []string
}

func (m secretValues) personal() []string {
	var all []string
	for _, values := range [][]string{m.names, m.emails, m.vpas, m.accounts, m.pans, m.aadhaars, m.contents} {
		all = append(all, values...)
	}
	return all
}

// encodingsOf returns the encodings in which a value may appear.
func encodingsOf(value string) []string {
	quoted, _ := json.Marshal(value)
	forms := []string{
		value, strings.ToUpper(value), strings.ToLower(value), strings.Trim(string(quoted), `"`),
		url.QueryEscape(value), hex.EncodeToString([]byte(value)),
	}
	// The Base64 encoding depends on the offset in the surrounding text; the first and last characters depend on its neighbours.
	for offset := range 3 {
		encoded := base64.StdEncoding.EncodeToString([]byte(strings.Repeat(" ", offset) + value))
		forms = append(forms, encoded[4:len(encoded)-4])
	}
	return forms
}

// requireClean requires that a text contains none of the values, in any encoding, and no token.
func requireClean(t *testing.T, where, text string, secrets []string) {
	t.Helper()
	for _, secret := range secrets {
		for _, form := range encodingsOf(secret) {
			if at := strings.Index(text, form); at >= 0 {
				require.Fail(t, "secret in "+where, "%q in: …%s…", form, text[max(0, at-200):min(len(text), at+200)])
			}
		}
	}
	require.NotRegexp(t, jwt, text, where)
}

func requestsWithSecrets(reference string, m *secretValues, tag string) (ramp.OnrampRequest, ramp.OfframpRequest) {
	name := "Zelmira Quorn" + strings.ToLower(tag)
	email := "Zelmira.Quorn-" + tag + "+nokyc@mark.example.test"
	vpa := "zelmiraquorn" + tag + "@okmark"
	account := "91827364" + secretDigits[tag]
	pan := "ZQMPK" + secretDigits[tag][:4] + "Z"
	m.names, m.emails, m.vpas = append(m.names, name), append(m.emails, email), append(m.vpas, vpa)
	m.accounts, m.pans = append(m.accounts, account), append(m.pans, pan)
	buying, selling := onrampRequest(reference), offrampRequest(reference)
	buying.Email, selling.Email = ramp.Email(email), ramp.Email(email)
	buying.UPI = &ramp.UPIAccount{ID: ramp.VPA(vpa), Name: ramp.Personal(name)}
	selling.Bank = &ramp.BankAccount{AccountName: ramp.Personal(name), AccountNumber: ramp.AccountNumber(account), IFSC: "HDFC0001234", PAN: ramp.Personal(pan)}
	return buying, selling
}

// secretDigits are the digits of the account and the PAN of each tag.
var secretDigits = map[string]string{"a": "50505011", "b": "60606022", "c": "70709004", "d": "80808044", "e": "90909055"}

// dossierWithSecrets writes a dossier whose contents are unique values.
func dossierWithSecrets(t *testing.T, m *secretValues, email string) string {
	t.Helper()
	files := dossier(email)
	files["dossier.json"] = strings.NewReplacer(
		"Asha", "Dossierzelda", "Rao", "Markedquorn", "ABCPE1234F", "DQMPK7777D", "999941057058", "234123412346", "engineer", "zookeepermark",
	).Replace(files["dossier.json"])
	m.names = append(m.names, "Dossierzelda", "Markedquorn")
	m.pans, m.aadhaars = append(m.pans, "DQMPK7777D"), append(m.aadhaars, "234123412346")
	m.contents = append(m.contents, "zookeepermark")
	return writeDossier(t, files)
}

// TestNoSecretLeavesTheWorkerOnAnyPath runs orders with unique values along every path, and then searches for the values in
// everything that Rampart writes: the logs of all programs at all levels, the output of the starter, the worker's metrics, pages and
// spans, Temporal's database on disk, the responses of Temporal's API, and the orders that users see.
func TestNoSecretLeavesTheWorkerOnAnyPath(t *testing.T) {
	t.Parallel()
	n := new(network)
	var m secretValues
	spans := new(collector)
	s := newStack(t, 60, onFile, withNetwork(n), withMetrics, withTraces(spans))
	codecServer := s.startCodecServer()
	var printed strings.Builder
	run := func(args ...string) {
		stdout, stderr, _ := s.starter(args...)
		printed.WriteString(stdout + stderr)
	}

	// KYC upload and a new UPI account, with a provider whose errors quote the request.
	buying, _ := requestsWithSecrets("mark-upi", &m, "a")
	buying.KYC = &ramp.KYC{Dossier: ramp.Dossier(dossierWithSecrets(t, &m, string(buying.Email)))}
	buying.UPI.Name = "Dossierzelda Markedquorn" // the provider compares the names
	for _, route := range []string{
		"POST /v1/users/login", "POST /v1/users/kyc-status", "POST /v1/users/upload/kyc", "POST /v1/users/upi-link",
		"POST /v1/quote/buy", "POST /v1/orders/create", "POST /v1/orders/utr", "POST /v1/orders/status",
	} {
		n.fail(route, networkFault{left: 1, status: http.StatusBadGateway, echo: true})
	}
	_, err := s.Orders.StartOnramp(t.Context(), buying)
	require.NoError(t, err)

	// Invalid requests and messages that ramp.Client would not send. The order waits for its payment.
	broken, brokenBank := requestsWithSecrets("mark-broken", &m, "e")
	broken.Email = ramp.Email(strings.Replace(string(broken.Email), "+nokyc", "", 1))
	broken.UPI.ID += ramp.VPA(" and " + brokenBank.Bank.AccountNumber)
	failed, err := s.Temporal.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: "onramp/mark-broken", TaskQueue: ramp.TaskQueue},
		ramp.OnrampWorkflow, broken)
	require.NoError(t, err)
	invalid := failed.Get(t.Context(), nil)
	require.Error(t, invalid)
	require.NoError(t, s.Temporal.SignalWorkflow(t.Context(), "onramp/mark-upi", "", ramp.SubmitAccount,
		map[string]any{"upi": map[string]any{"id": broken.UPI.ID, "pin": brokenBank.Bank.PAN}}))
	run("onramp", "--email", string(broken.Email), "--upi", string(broken.UPI.ID), string(brokenBank.Bank.AccountNumber))
	run("status", string(broken.Email))

	// An invalid UTR, and a valid one.
	run("submit-utr", "mark-upi", "not-a-utr")
	run("submit-utr", "mark-upi", utrOf(1))

	// A refused bank account, another account, and a hash that is refused first.
	_, selling := requestsWithSecrets("mark-bank", &m, "c")
	selling.Email = ramp.Email(strings.Replace(string(selling.Email), "+nokyc", "", 1))
	n.fail("POST /v1/offramp/orders/create", networkFault{left: 1, status: http.StatusInternalServerError, echo: true})
	_, err = s.Orders.StartOfframp(t.Context(), selling)
	require.NoError(t, err)
	s.awaitStatus(sell("mark-bank"), completionTime, ramp.AwaitingAccount)
	_, other := requestsWithSecrets("", &m, "d")
	_, err = s.Orders.SubmitAccount(t.Context(), sell("mark-bank"), ramp.AccountSubmission{Bank: other.Bank})
	require.NoError(t, err)
	s.awaitStatus(sell("mark-bank"), completionTime, ramp.AwaitingPayment)
	run("submit-hash", "mark-bank", "0x"+strings.Repeat("0", 64))
	run("submit-hash", "mark-bank", hashOf(1))

	// A final refusal of the provider that quotes the user's data.
	refused, _ := requestsWithSecrets("mark-refused", &m, "b")
	refused.Email = ramp.Email(strings.Replace(string(refused.Email), "+nokyc", "", 1))
	n.fail("POST /v1/quote/buy", networkFault{left: 1, status: http.StatusBadRequest, echo: true})
	_, err = s.Orders.StartOnramp(t.Context(), refused)
	require.NoError(t, err)
	s.awaitStatus(buy("mark-refused"), completionTime, ramp.Rejected)

	// A worker that is killed meanwhile.
	pages := s.allPages()
	s.worker.Kill()
	second := s.startWorker()
	s.awaitStatus(buy("mark-upi"), 2*completionTime, ramp.Completed)
	s.awaitStatus(sell("mark-bank"), 2*completionTime, ramp.Completed)
	for _, order := range []string{"onramp/mark-upi", "offramp/mark-bank", "onramp/mark-refused", "onramp/mark-broken"} {
		run("status", order)
		run("status", order, "-o", "json")
	}
	run("list")
	pages += s.allPages()

	secrets := append(m.personal(), testbed.APIKey, testbed.APISecret, testbed.KYCSecret)
	requireClean(t, "what the starter printed", printed.String(), secrets)
	require.Contains(t, printed.String(), "mark-bank", "the search would find nothing")
	requireClean(t, "the error of an invalid request", invalid.Error(), secrets)
	for _, p := range []*process.Process{s.worker, second, s.server, codecServer} {
		log, err := os.ReadFile(p.Log())
		require.NoError(t, err)
		requireClean(t, "the log of "+p.Name(), string(log), secrets)
	}
	for _, id := range []ramp.ID{buy("mark-upi"), sell("mark-bank"), buy("mark-refused")} {
		order, err := s.Orders.Get(t.Context(), id)
		require.NoError(t, err)
		shown, err := json.Marshal(order)
		require.NoError(t, err)
		requireClean(t, "order "+id.Reference, string(shown), secrets)
	}
	requireClean(t, "what Temporal's API tells", s.apiOutput("onramp/mark-upi", "offramp/mark-bank", "onramp/mark-refused", "onramp/mark-broken"), secrets)
	requireClean(t, "metrics, health and profiles", pages, secrets)
	require.NotContains(t, pages, "mark-upi", "metrics are about no single order")
	s.stop(second)
	requireClean(t, "spans", spans.received(), secrets)
	require.Contains(t, spans.received(), "offramp/mark-bank", "the search would find nothing")
	s.stop(s.server)
	requireClean(t, "Temporal's database", s.databaseContent(), secrets)
}

// apiOutput returns everything that Temporal's API returns about workflows to a client without keys.
func (s *stack) apiOutput(workflows ...string) string {
	s.t.Helper()
	outsider := s.outsider()
	var all strings.Builder
	list, err := outsider.ListWorkflow(s.t.Context(), &workflowservice.ListWorkflowExecutionsRequest{})
	require.NoError(s.t, err)
	require.NotEmpty(s.t, list.GetExecutions())
	all.WriteString(protojson.Format(list))
	for _, id := range workflows {
		description, err := outsider.DescribeWorkflowExecution(s.t.Context(), id, "")
		require.NoError(s.t, err)
		all.WriteString(protojson.Format(description))
		events := outsider.GetWorkflowHistory(s.t.Context(), id, "", false, 0)
		for events.HasNext() {
			event, err := events.Next()
			require.NoError(s.t, err)
			all.WriteString(protojson.Format(event))
		}
		for _, query := range []string{ramp.OrderQuery, "__temporal_workflow_metadata", "__stack_trace"} {
			answer, err := outsider.QueryWorkflowWithOptions(s.t.Context(), &client.QueryWorkflowWithOptionsRequest{WorkflowID: id, QueryType: query})
			if err == nil {
				var raw []byte
				require.Error(s.t, answer.QueryResult.Get(&raw), "a client without keys reads nothing")
			}
		}
	}
	return all.String()
}

// databaseContent returns the files of Temporal's database.
func (s *stack) databaseContent() string {
	s.t.Helper()
	files, err := filepath.Glob(s.db + "*")
	require.NoError(s.t, err)
	require.NotEmpty(s.t, files)
	var all strings.Builder
	for _, file := range files {
		content, err := os.ReadFile(file)
		require.NoError(s.t, err)
		all.Write(content)
	}
	require.Contains(s.t, all.String(), "onramp/mark-upi", "the search would find nothing")
	require.Contains(s.t, all.String(), "binary/encrypted", "the search would find nothing")
	return all.String()
}

// TestWebUIShowsNoSecretOutsideOfPayloads reads the pages that support uses, with decoded payloads.
func TestWebUIShowsNoSecretOutsideOfPayloads(t *testing.T) {
	t.Parallel()
	var m secretValues
	s := newStack(t, 60)
	s.startCodecServer()
	buying, _ := requestsWithSecrets("mark-web", &m, "a")
	buying.Email = ramp.Email(strings.Replace(string(buying.Email), "+nokyc", "", 1))
	_, err := s.Orders.StartOnramp(t.Context(), buying)
	require.NoError(t, err)
	_, selling := requestsWithSecrets("mark-web", &m, "c")
	selling.Email = ramp.Email(strings.Replace(string(selling.Email), "+nokyc", "", 1))
	_, err = s.Orders.StartOfframp(t.Context(), selling)
	require.NoError(t, err)
	page := browser(t)
	secrets := append(m.personal(), testbed.APIKey, testbed.APISecret, testbed.KYCSecret)
	for _, id := range []ramp.ID{buy("mark-web"), sell("mark-web")} {
		for _, part := range []string{"/user-metadata", "/search-attributes", "/pending-activities", "/memo"} {
			require.NoError(t, chromedp.Do(page, chromedp.Navigate(s.page(id)+part)))
			requireShows(t, page, "", id.Direction.WorkflowID(id.Reference))
			requireHides(t, page, secrets...)
		}
	}
	require.NoError(t, chromedp.Do(page, chromedp.Navigate(s.page(sell("mark-web"))+"/user-metadata")))
	requireShows(t, page, "", "XXXX9004")
	requireHides(t, page, secrets...)
}
