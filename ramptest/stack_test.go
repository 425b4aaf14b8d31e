package ramptest_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rampart/ramp"
	"rampart/ramptest"
)

func TestGatewayTakesTheTokenOfTheStack(t *testing.T) {
	t.Parallel()
	stack := ramptest.Start(t)
	body, err := json.Marshal(ramptest.OnrampRequest(""))
	require.NoError(t, err)
	var fields map[string]any
	require.NoError(t, json.Unmarshal(body, &fields))
	delete(fields, "reference")
	body, err = json.Marshal(fields)
	require.NoError(t, err)
	put := func(token string) *http.Response {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPut,
			stack.GatewayURL+"/v1/onramp/orders/"+ramptest.Reference(t), strings.NewReader(string(body)))
		require.NoError(t, err)
		request.Header.Set("Authorization", "Bearer "+token)
		request.Header.Set("Content-Type", "application/json")
		response, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, response.Body.Close()) })
		return response
	}
	require.Equal(t, http.StatusUnauthorized, put("another").StatusCode)
	created := put(stack.Token)
	answer, err := io.ReadAll(created.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusCreated, created.StatusCode, string(answer))
	var order ramp.Order
	require.NoError(t, json.Unmarshal(answer, &order))
	require.NotEmpty(t, order.Instructions.UPI.QR)
}

func TestTestsShareOneStack(t *testing.T) {
	t.Parallel()
	require.Same(t, ramptest.Start(t), ramptest.Start(t))
}

func TestReferencesAreValidAndNew(t *testing.T) {
	t.Parallel()
	require.NotEqual(t, ramptest.Reference(t), ramptest.Reference(t))
	t.Run(strings.Repeat("a name/ of ₹ any kind ", 20), func(t *testing.T) {
		t.Parallel()
		require.NoError(t, ramp.ValidateReference(ramptest.Reference(t)))
	})
}

func TestRequestsAndProofsAreValid(t *testing.T) {
	t.Parallel()
	buy, sell := ramptest.OnrampRequest("inv-42"), ramptest.OfframpRequest("wd-7")
	require.NoError(t, buy.Validate())
	require.NoError(t, sell.Validate())
	_, err := ramp.ParseUTR(ramp.UPI, ramptest.UTR())
	require.NoError(t, err)
	_, err = ramp.ParseTransactionHash(buy.Token.ChainID, ramptest.TransactionHash())
	require.NoError(t, err)
}

// actAsTest is a variable with which TestStackEndsWithTheTests runs itself as the tests of a backend, which are killed.
const actAsTest = "RAMPTEST_ACT_AS_TEST"

func TestStackEndsWithTheTests(t *testing.T) {
	t.Parallel()
	if os.Getenv(actAsTest) != "" {
		stack := ramptest.Start(t)
		fmt.Println(stack.GatewayURL)
		fmt.Println(stack.SandboxURL)
		select {} // until it is killed
	}
	ramptest.Start(t) // so that the programs are built
	self, err := os.Executable()
	require.NoError(t, err)
	killed := exec.CommandContext(t.Context(), self, "-test.run", "^TestStackEndsWithTheTests$")
	killed.Env = append(os.Environ(), actAsTest+"=yes")
	output, err := killed.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, killed.Start())
	var hosts []string
	for lines := bufio.NewScanner(output); len(hosts) < 2 && lines.Scan(); {
		if at, err := url.Parse(lines.Text()); err == nil && at.Host != "" {
			hosts = append(hosts, at.Host)
		}
	}
	require.Len(t, hosts, 2, "the stack did not start")
	require.NoError(t, killed.Process.Kill())
	require.Error(t, killed.Wait())
	for _, host := range hosts {
		require.Eventually(t, func() bool {
			call, err := net.Dial("tcp", host)
			return err != nil || call.Close() != nil
		}, time.Minute, 100*time.Millisecond, host)
	}
}
