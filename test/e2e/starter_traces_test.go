package e2e_test

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"

	"rampart/ramp"
)

func TestStarterStartsTheTraceOfAnOrder(t *testing.T) {
	t.Parallel()
	spans := new(collector)
	s := newStack(t, 60, withTraces(spans))
	request, err := json.Marshal(onrampRequest("begun"))
	require.NoError(t, err)
	start := exec.CommandContext(t.Context(), program("starter"), "onramp", "--file", "-")
	start.Stdin = bytes.NewReader(request)
	start.Env = append(start.Environ(), append(s.workerEnvironment(), "NO_COLOR=1")...)
	out, err := start.CombinedOutput()
	require.NoError(t, err, "%s", out)

	_, err = s.Orders.SubmitUTR(t.Context(), "begun", utrOf(1))
	require.NoError(t, err)
	s.awaitStatus(buy("begun"), completionTime, ramp.Completed)
	s.stop(s.worker)

	names, above := spans.ancestry("POST /v1/orders/create")
	require.Equal(t, []string{
		"POST /v1/orders/create", "RunActivity:CreateOnrampOrder", "StartActivity:CreateOnrampOrder", "RunWorkflow:Onramp",
	}, names[:4])
	require.Contains(t, names[len(names)-1], ramp.AwaitOrder, "the starter's own span is above all")
	require.Empty(t, above)
}
