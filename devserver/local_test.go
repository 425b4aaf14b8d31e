package main_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/temporalio/ui-server/v2/ui"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
)

const foreign = "evil.example.test"

// ask makes a request over HTTP/1.1. A Host among the headers is the name that is asked for.
func ask(t *testing.T, method, url, body string, headers map[string]string) (*http.Response, string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	require.NoError(t, err)
	for name, value := range headers {
		if name == "Host" {
			request.Host = value
		} else {
			request.Header.Set(name, value)
		}
	}
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response, string(answer)
}

// foreignPages are the headers that a browser sends for foreign pages. The first page's name resolves to this machine (DNS rebinding), so
// its headers are consistent with its own origin.
func foreignPages(port string) map[string]map[string]string {
	rebound := foreign + ":" + port
	return map[string]map[string]string{
		"a name that leads here":         {"Host": rebound, "Origin": "http://" + rebound, "Referer": "http://" + rebound + "/", "Sec-Fetch-Site": "same-origin"},
		"such a name, in an old browser": {"Host": rebound, "Origin": "http://" + rebound},
		"such a name that claims to be another": {
			"Host": rebound, "Origin": "http://" + rebound, "Sec-Fetch-Site": "same-origin", "X-Forwarded-Host": "127.0.0.1:" + port,
		},
		"a form of another site":    {"Origin": "https://" + foreign, "Sec-Fetch-Site": "cross-site", "Content-Type": "text/plain"},
		"a program of another port": {"Origin": "http://127.0.0.1:1", "Sec-Fetch-Site": "same-site", "Content-Type": "text/plain"},
		"a page without an origin":  {"Origin": "null", "Sec-Fetch-Site": "cross-site", "Content-Type": "text/plain"},
	}
}

// signals is how many signals a workflow was sent.
func (s *server) signals(id string) int {
	s.t.Helper()
	response, err := s.workflows.GetWorkflowExecutionHistory(s.t.Context(), &workflowservice.GetWorkflowExecutionHistoryRequest{
		Namespace: namespace, Execution: &commonpb.WorkflowExecution{WorkflowId: id},
	})
	require.NoError(s.t, err)
	count := 0
	for _, event := range response.GetHistory().GetEvents() {
		if event.GetEventType() == enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED {
			count++
		}
	}
	return count
}

// aProof is a proof of payment, which counts from whoever may write to the namespace.
const aProof = `{"input":{"payloads":[{"metadata":{"encoding":"anNvbi9wbGFpbg=="},"data":"eyJ1dHIiOiI0MTIzNDU2NzAwNDEifQ=="}]}}`

func TestForeignPagesCannotSendAProof(t *testing.T) {
	t.Parallel()
	uiPort, apiPort, port := freePort(t), freePort(t), freePort(t)
	cmd := devserver("--port", port, "--ui-port", uiPort)
	cmd.Env = append(os.Environ(), "FRONTEND_GRPC_PORT="+port, "FRONTEND_HTTP_PORT="+apiPort)
	running := launch(t, cmd)
	running.awaitReady(t)
	server := running.server(t)
	server.startOrder("inv-42")

	for door, at := range map[string]string{"the Web UI": uiPort, "the HTTP API": apiPort} {
		url := "http://127.0.0.1:" + at + "/api/v1/namespaces/default/workflows/inv-42/signal/submit-utr"
		for page, headers := range foreignPages(at) {
			response, answer := ask(t, http.MethodPost, url, aProof, headers)
			require.Equal(t, http.StatusForbidden, response.StatusCode, door+": "+page+": "+answer)
		}
	}
	require.Zero(t, server.signals("inv-42"))

	response, answer := ask(t, http.MethodPost, "http://127.0.0.1:"+apiPort+"/api/v1/namespaces/default/workflows/inv-42/signal/submit-utr", aProof, nil)
	require.Equal(t, http.StatusOK, response.StatusCode, answer)
	require.Equal(t, 1, server.signals("inv-42"), "a program of this machine")
}

func TestWebUIsOwnPageCanSendSignals(t *testing.T) {
	t.Parallel()
	uiPort := freePort(t)
	server := start(t, "--port", "0", "--ui-port", uiPort).server(t)
	server.startOrder("inv-42")
	for i, origin := range []string{"http://127.0.0.1:" + uiPort, "http://localhost:" + uiPort} {
		host := strings.TrimPrefix(origin, "http://")
		page, _ := ask(t, http.MethodGet, "http://127.0.0.1:"+uiPort+"/namespaces/default/workflows", "", map[string]string{
			"Host": host, "Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document",
		})
		require.Equal(t, http.StatusOK, page.StatusCode)
		require.NotEmpty(t, page.Cookies(), "the page's token against forged requests")
		cookie := page.Cookies()[0]

		response, answer := ask(t, http.MethodPost, "http://127.0.0.1:"+uiPort+"/api/v1/namespaces/default/workflows/inv-42/signal/note", aProof,
			map[string]string{
				"Host": host, "Origin": origin, "Referer": origin + "/namespaces/default/workflows", "Sec-Fetch-Site": "same-origin",
				"Cookie": cookie.Name + "=" + cookie.Value, "X-CSRF-Token": cookie.Value,
			})
		require.Equal(t, http.StatusOK, response.StatusCode, answer)
		require.Equal(t, i+1, server.signals("inv-42"))
	}
}

func TestForeignPagesCannotReadResponses(t *testing.T) {
	t.Parallel()
	uiPort, metricsPort, profilesPort := freePort(t), freePort(t), freePort(t)
	cmd := devserver("--port", "0", "--ui-port", uiPort)
	cmd.Env = append(os.Environ(), "PROMETHEUS_ENDPOINT=127.0.0.1:"+metricsPort, "PPROF_PORT="+profilesPort)
	running := launch(t, cmd)
	running.awaitReady(t)

	links := running.links()
	for _, url := range []string{
		"http://127.0.0.1:" + uiPort + "/", "http://127.0.0.1:" + uiPort + "/healthz", "http://127.0.0.1:" + uiPort + "/api/v1/settings",
		"http://127.0.0.1:" + uiPort + "/api/v1/namespaces/default/workflows", links["Metrics"], links["Profiles"],
	} {
		require.NotEmpty(t, get(t, url))
		for why, headers := range map[string]map[string]string{
			"a name that leads here": {"Host": foreign}, "a page": {"Sec-Fetch-Site": "cross-site"}, "a proxy": {"X-Forwarded-For": "10.0.0.7"},
		} {
			response, answer := ask(t, http.MethodGet, url, "", headers)
			require.Equal(t, http.StatusForbidden, response.StatusCode, url+": "+why)
			require.Contains(t, answer, "only ", url+": "+why)
		}
	}
}

func TestGRPCPortServesNoPages(t *testing.T) {
	t.Parallel()
	running := start(t, "--port", "0", "--ui-port", "0")
	server := running.server(t)
	server.startOrder("inv-42")
	address := regexp.MustCompile(`^TEMPORAL_ADDRESS=(\S+) `).FindStringSubmatch(running.stdout.String())[1]
	for _, contentType := range []string{"application/grpc", "application/grpc-web", "text/plain"} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost,
			"http://"+address+"/temporal.api.workflowservice.v1.WorkflowService/SignalWorkflowExecution", strings.NewReader(aProof))
		require.NoError(t, err)
		request.Header.Set("Content-Type", contentType)
		response, err := http.DefaultClient.Do(request)
		if err == nil {
			require.NoError(t, response.Body.Close())
		}
		require.Error(t, err, "browsers speak HTTP/2 over TLS alone")
	}
	require.Zero(t, server.signals("inv-42"))
}

func TestWebUIListensOnLoopbackOnly(t *testing.T) {
	t.Parallel()
	uiPort := freePort(t)
	cmd := devserver("--port", "0", "--ui-port", uiPort)
	cmd.Env = append(os.Environ(), "BIND_ON_IP=0.0.0.0")
	running := launch(t, cmd)
	running.awaitReady(t)

	require.Contains(t, running.stdout.String(), "Web UI   http://127.0.0.1:"+uiPort+"\n")
	require.Contains(t, get(t, "http://127.0.0.1:"+uiPort), "<html")
	_, err := new(net.Dialer).DialContext(t.Context(), "tcp", "127.0.0.2:"+uiPort)
	require.Error(t, err, "another address of this machine")
}

// TestWebUIShowsTheColumnsOfOrdersByDefault holds the page against the Web UI's own code, which is read for the names that it keeps them under.
func TestWebUIShowsTheColumnsOfOrdersByDefault(t *testing.T) {
	t.Parallel()
	uiPort := freePort(t)
	start(t, "--port", "0", "--ui-port", uiPort)
	page := get(t, "http://127.0.0.1:"+uiPort+"/namespaces/default/workflows")

	script := regexp.MustCompile(`(?s)<script>(\{.*?seed\(.*?)</script></head>`).FindStringSubmatch(page)
	require.NotNil(t, script, page)
	hash := sha256.Sum256([]byte(script[1]))
	require.Regexp(t, `http-equiv="content-security-policy" content="script-src [^"]*`+
		regexp.QuoteMeta("'sha256-"+base64.StdEncoding.EncodeToString(hash[:])+"'"), page, "the page's policy lets the script run")
	require.Contains(t, script[1], "RampStatus")

	code := webUICode(t)
	for _, name := range []string{"namespace-workflow-table-columns", "saved-workflow-queries"} {
		require.Contains(t, script[1], `seed("`+name+`"`)
		require.Contains(t, code, `("`+name+`",{}`)
	}
}

func webUICode(t *testing.T) string {
	t.Helper()
	assets, err := ui.Assets()
	require.NoError(t, err)
	var code strings.Builder
	require.NoError(t, fs.WalkDir(assets, "local", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".js") {
			return err
		}
		content, err := fs.ReadFile(assets, path)
		code.Write(content)
		return err
	}))
	return code.String()
}

func TestWebUIOffersNoResetOfAnOrder(t *testing.T) {
	t.Parallel()
	uiPort := freePort(t)
	start(t, "--port", "0", "--ui-port", uiPort)
	var settings struct{ WorkflowResetDisabled bool }
	getJSON(t, "http://127.0.0.1:"+uiPort+"/api/v1/settings", &settings)
	require.True(t, settings.WorkflowResetDisabled)
}
