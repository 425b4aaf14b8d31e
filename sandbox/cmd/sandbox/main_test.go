package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rampart/sandbox"
)

// process is the program, running inside the test.
type process struct {
	url     string
	banner  string
	stop    context.CancelFunc
	stopped chan error
}

func launch(t *testing.T, env map[string]string, args ...string) process {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	reader, writer := io.Pipe()
	command := newCommand(func(name string) string { return env[name] })
	command.SetArgs(append([]string{"--listen", "127.0.0.1:0"}, args...))
	command.SetOut(writer)
	command.SetErr(io.Discard)
	p := process{stop: stop, stopped: make(chan error, 1)}
	go func() { p.stopped <- command.ExecuteContext(ctx) }()
	lines := bufio.NewScanner(reader)
	require.True(t, lines.Scan())
	p.url = lines.Text()
	for range 3 {
		require.True(t, lines.Scan())
		p.banner += lines.Text() + "\n"
	}
	t.Cleanup(stop)
	return p
}

func (p process) call(t *testing.T, path, key string) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.url+path, nil)
	require.NoError(t, err)
	req.Header.Set("X-Api-Key", key)
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	return res
}

func TestProgramServesUntilItIsStopped(t *testing.T) {
	t.Parallel()
	p := launch(t, nil)
	require.True(t, strings.HasPrefix(p.url, "http://127.0.0.1:"))
	require.Contains(t, p.banner, "documented default")
	require.Contains(t, p.banner, "sandbox --magic")
	require.Equal(t, http.StatusOK, p.call(t, "/sandbox/health", "").StatusCode)
	p.stop()
	require.NoError(t, <-p.stopped)
}

func TestCredentialsComeFromFlagsThenTheEnvironment(t *testing.T) {
	t.Parallel()
	env := map[string]string{"ONMETA_API_KEY": "key-of-environment", "ONMETA_API_SECRET": "s", "ONMETA_KYC_SECRET": "k"}
	p := launch(t, env)
	require.Equal(t, http.StatusOK, p.call(t, "/v1/tokens", "key-of-environment").StatusCode)
	require.NotContains(t, p.banner, "key-of-environment")
	flagged := launch(t, env, "--api-key", "key-of-flag")
	require.Equal(t, http.StatusOK, flagged.call(t, "/v1/tokens", "key-of-flag").StatusCode)
	require.Equal(t, http.StatusUnauthorized, flagged.call(t, "/v1/tokens", "key-of-environment").StatusCode)
}

func TestSpeedMakesTheClockRunFaster(t *testing.T) {
	t.Parallel()
	p := launch(t, nil, "--speed", "100000", "--verbose")
	began := time.Now()
	require.Eventually(t, func() bool {
		date, err := http.ParseTime(p.call(t, "/sandbox/health", "").Header.Get("Date"))
		return err == nil && date.Sub(began) > time.Hour
	}, 5*time.Second, 10*time.Millisecond)
}

func TestProgramRefusesWhatItCannotDo(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		args []string
		want string
	}{
		"an address others can reach": {[]string{"--listen", "0.0.0.0:0"}, "--allow-remote"},
		"every address":               {[]string{"--listen", ":0"}, "--allow-remote"},
		"no address":                  {[]string{"--listen", "nowhere"}, "--listen"},
		"an address not ours":         {[]string{"--listen", "192.0.2.1:0", "--allow-remote"}, "--listen"},
		"a negative speed":            {[]string{"--speed", "-1"}, "--speed"},
		"a key with a line break":     {[]string{"--api-key", "a\nb"}, "API key"},
		"an argument":                 {[]string{"serve"}, "unknown command"},
		"a share that is none":        {[]string{"--faults", "many"}, "--faults: a share is written as 20% or 0.2"},
		"more faults than calls":      {[]string{"--faults", "120%"}, "--faults"},
		"a course without a share":    {[]string{"--courses", "refunded"}, "--courses: refunded: a share"},
		"a course there is not":       {[]string{"--courses", "sunk=5%"}, `course "sunk" must be one of`},
		"courses for more than all":   {[]string{"--courses", "refunded=60%,slow=50%"}, "must not exceed 1"},
		"a negative rate limit":       {[]string{"--rate-limit", "-1"}, "rate limit"},
		"webhooks to nowhere":         {[]string{"--webhooks", "gateway"}, "a webhook's URL must be one such as"},
		"a twist without a share":     {[]string{"--webhook-faults", "lost"}, "--webhook-faults: lost: a share"},
		"a twist there is not":        {[]string{"--webhook-faults", "sunk=5%"}, "fault must be one of"},
		"a trigger of nothing":        {[]string{"trigger", "completed"}, "accepts 2 arg(s)"},
		"a trigger without a sandbox": {[]string{"trigger", "completed", "inv-42", "--url", "http://127.0.0.1:1"}, "no sandbox answers at"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			command := newCommand(func(string) string { return "" })
			command.SetArgs(tc.args)
			require.ErrorContains(t, command.ExecuteContext(t.Context()), tc.want)
		})
	}
}

// faults reads the fault rules of the program.
func (p process) faults(t *testing.T) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.url+"/sandbox/faults", nil)
	require.NoError(t, err)
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	rules, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	return string(rules)
}

func TestFaultsAndCoursesComeFromFlagsThenTheEnvironment(t *testing.T) {
	t.Parallel()
	env := map[string]string{"SANDBOX_FAULTS": "0.5", "SANDBOX_COURSES": "slow=1%"}
	require.JSONEq(t, `[]`, launch(t, nil).faults(t))
	configured := launch(t, env, "--seed", "7")
	require.JSONEq(t, `[{"id":"1","fault":"mix","share":0.5,"seed":7,"injected":0}]`, configured.faults(t))
	require.Contains(t, configured.banner, "Faults: 0.5. Courses: slow=1%.")
	flagged := launch(t, env, "--faults", "20%", "--courses", "refunded=5%,slow=2.5%")
	require.JSONEq(t, `[{"id":"1","fault":"mix","share":0.2,"seed":1,"injected":0}]`, flagged.faults(t))
	require.Contains(t, flagged.banner, "Faults: 20%. Courses: refunded=5%,slow=2.5%.")
	require.JSONEq(t, `[]`, launch(t, env, "--faults", "0").faults(t))
}

func TestWebhooksComeFromFlagsThenTheEnvironment(t *testing.T) {
	t.Parallel()
	env := map[string]string{"SANDBOX_WEBHOOKS": "http://127.0.0.1:1/orders", "SANDBOX_KYC_WEBHOOKS": "http://127.0.0.1:1/kyc",
		"SANDBOX_WEBHOOK_FAULTS": "late=50%"}
	configured := launch(t, env, "--webhooks", "http://127.0.0.1:1/flag")
	require.Contains(t, configured.banner, "Webhooks of orders: http://127.0.0.1:1/flag. Webhooks of KYC: http://127.0.0.1:1/kyc. Faults of webhooks: late=50%.")
	require.Contains(t, configured.faults(t), `"fault":"webhook-late"`)
}

func TestTriggerTellsWhatBecameOfTheOrder(t *testing.T) {
	t.Parallel()
	const order = `{"sellTokenSymbol":"USDC","sellTokenAddress":"0x3c499c542cef5e3811e1192ce70d8cc03d5c3359","chainId":137,
		"fiatCurrency":"inr","sellTokenAmount":100,"senderWalletAddress":"0x3333333333333333333333333333333333333333",
		"refundWalletAddress":"0x3333333333333333333333333333333333333333",
		"bankDetails":{"accountNumber":"XXXX4821","ifsc":"HDFC0001234"},"metaData":{"reference":"wd-7"}}`
	p := launch(t, nil)
	token := p.post(t, "/v1/users/login", "", `{"email":"asha+linked@example.test"}`)["accessToken"].(string)
	id := p.post(t, "/v1/offramp/orders/create", token, order)["orderId"].(string)
	said := func(arguments ...string) string {
		var output bytes.Buffer
		command := newCommand(func(name string) string { return map[string]string{"SANDBOX_URL": p.url}[name] })
		command.SetArgs(append([]string{"trigger"}, arguments...))
		command.SetOut(&output)
		if err := command.ExecuteContext(t.Context()); err != nil {
			return err.Error()
		}
		return output.String()
	}
	require.Equal(t, "offramp order wd-7 ("+id+") is orderReceived\n", said("--stay", "orderReceived", "wd-7"))
	require.Contains(t, said("kyc-verified", "asha+linked@example.test"), "nothing follows that")
	require.Contains(t, said("completed", "wd-8"), "there is no order with this id or metadata reference")
	require.Equal(t, "offramp order wd-7 ("+id+") is PayoutSuccess\n", said("completed", id))
}

func TestRateLimitIsAFlag(t *testing.T) {
	t.Parallel()
	p := launch(t, nil, "--rate-limit", "0.01", "--api-key", "key")
	require.Equal(t, http.StatusOK, p.call(t, "/v1/tokens", "key").StatusCode)
	require.Equal(t, http.StatusTooManyRequests, p.call(t, "/v1/tokens", "key").StatusCode)
}

// post sends JSON and decodes the answer's data.
func (p process) post(t *testing.T, path, token, body string) map[string]any {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.url+path, strings.NewReader(body))
	require.NoError(t, err)
	req.Header.Set("X-Api-Key", sandbox.DefaultAPIKey)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer func() { require.NoError(t, res.Body.Close()) }()
	var answer struct {
		Data map[string]any `json:"data"`
	}
	require.NoError(t, json.NewDecoder(res.Body).Decode(&answer))
	return answer.Data
}

func TestStagingIsAFlag(t *testing.T) {
	t.Parallel()
	const order = `{"sellTokenSymbol":"USDC","sellTokenAddress":"0x3c499c542cef5e3811e1192ce70d8cc03d5c3359","chainId":137,
		"fiatCurrency":"inr","sellTokenAmount":100,"senderWalletAddress":"0x1111111111111111111111111111111111111111",
		"refundWalletAddress":"0x1111111111111111111111111111111111111111",
		"bankDetails":{"accountNumber":"XXXX4821","ifsc":"HDFC0001234"}}`
	for deposit, p := range map[string]process{"100": launch(t, nil), "0.01": launch(t, nil, "--staging")} {
		login := p.post(t, "/v1/users/login", "", `{"email":"asha+linked@example.test"}`)
		made := p.post(t, "/v1/offramp/orders/create", login["accessToken"].(string), order)
		require.Equal(t, deposit, made["quote"])
	}
}

func TestProgramStopsAlthoughACallHangs(t *testing.T) {
	t.Parallel()
	p := launch(t, nil)
	script := strings.NewReader(`{"fault":"timeout","route":"GET /v1/tokens"}`)
	scripted, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.url+"/sandbox/faults", script)
	require.NoError(t, err)
	res, err := http.DefaultClient.Do(scripted)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	broken := make(chan error, 1)
	hanging, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.url+"/v1/tokens", nil)
	require.NoError(t, err)
	go func() {
		client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		res, err := client.Do(hanging)
		if err == nil {
			err = res.Body.Close()
		}
		broken <- err
	}()
	require.Eventually(t, func() bool { return strings.Contains(p.faults(t), `"injected":1`) }, 5*time.Second, 10*time.Millisecond)
	p.stop()
	require.NoError(t, <-p.stopped)
	require.Error(t, <-broken)
}

func TestFaultKindsPrintsTheTableAndStops(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	command := newCommand(func(string) string { return "" })
	command.SetArgs([]string{"--fault-kinds"})
	command.SetOut(&out)
	require.NoError(t, command.ExecuteContext(t.Context()))
	require.Contains(t, out.String(), "late-payment")
}

func TestMagicPrintsTheTableAndStops(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	command := newCommand(func(string) string { return "" })
	command.SetArgs([]string{"--magic"})
	command.SetOut(&out)
	require.NoError(t, command.ExecuteContext(t.Context()))
	require.Contains(t, out.String(), "ends in .01")
}

func TestPagesOfOthersDoNotPlayTheProvider(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		arguments           []string
		host, header, value string
		code                int
	}{
		"a program of this machine":     {code: http.StatusOK},
		"a proxy before the provider":   {header: "X-Forwarded-For", value: "127.0.0.1", code: http.StatusOK},
		"a page":                        {header: "Origin", value: "https://evil.example.test", code: http.StatusForbidden},
		"a name that leads here":        {host: "evil.example.test", code: http.StatusForbidden},
		"another machine, where it may": {arguments: []string{"--allow-remote"}, host: "sandbox:8480", code: http.StatusOK},
		"a page, where another may ask": {arguments: []string{"--allow-remote"}, header: "Sec-Fetch-Site", value: "cross-site", code: http.StatusForbidden},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := launch(t, nil, test.arguments...)
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.url+"/sandbox/health", http.NoBody)
			require.NoError(t, err)
			request.Host = test.host
			if test.header != "" {
				request.Header.Set(test.header, test.value)
			}
			response, err := http.DefaultClient.Do(request)
			require.NoError(t, err)
			require.NoError(t, response.Body.Close())
			require.Equal(t, test.code, response.StatusCode)
		})
	}
}
