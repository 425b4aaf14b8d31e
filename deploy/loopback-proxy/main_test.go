package main

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// behind runs the proxy before a page that tells what it is asked, and returns its address.
func behind(t *testing.T) (address string, stop func() error) {
	t.Helper()
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.Method+" "+r.URL.String()+" of "+r.Host+" for "+r.Header.Get("X-Forwarded-For"))
	}))
	t.Cleanup(page.Close)
	reader, writer := io.Pipe()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, []string{"--listen", "127.0.0.1:0", "--to", page.URL}, writer) }()
	address, err := bufio.NewReader(reader).ReadString('\n')
	require.NoError(t, err)
	return strings.TrimSpace(address), func() error {
		cancel()
		return <-ended
	}
}

func ask(t *testing.T, url, host string, headers http.Header) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, http.NoBody)
	require.NoError(t, err)
	request.Host, request.Header = host, headers
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, string(body)
}

func TestPageBehindIsAskedUnderTheNameThatWasAskedFor(t *testing.T) {
	t.Parallel()
	address, stop := behind(t)
	code, body := ask(t, address+"/a/b%2Fc?d=e", "127.0.0.1:8233", http.Header{"Origin": {"http://127.0.0.1:8233"}})
	require.Equal(t, http.StatusOK, code)
	require.Equal(t, "POST /a/b%2Fc?d=e of 127.0.0.1:8233 for ", body)
	require.NoError(t, stop())
}

func TestPagesOfOthersDoNotReachThePageBehind(t *testing.T) {
	t.Parallel()
	address, stop := behind(t)
	for why, test := range map[string]struct {
		host    string
		headers http.Header
	}{
		"a name that leads here": {"evil.example.test:8233", http.Header{"Origin": {"http://evil.example.test:8233"}}},
		"a page of another site": {"127.0.0.1:8233", http.Header{"Origin": {"https://evil.example.test"}}},
		"a proxy":                {"127.0.0.1:8233", http.Header{"X-Forwarded-For": {"10.0.0.7"}}},
	} {
		code, body := ask(t, address, test.host, test.headers)
		require.Equal(t, http.StatusForbidden, code, why)
		require.Contains(t, body, "only ", why)
	}
	require.NoError(t, stop())
}

func TestMistakesAreNamed(t *testing.T) {
	t.Parallel()
	for problem, arguments := range map[string][]string{
		"is not an http or https URL": {"--to", "temporal-ui:8080"},
		`--to ""`:                     {},
		"listen tcp":                  {"--to", "http://temporal-ui:8080", "--listen", "nowhere.invalid:x"},
	} {
		require.ErrorContains(t, run(t.Context(), arguments, io.Discard), problem)
	}
}
