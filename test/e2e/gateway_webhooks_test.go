package e2e_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rampart/gateway/webhook"
	"rampart/ramp"
	"rampart/test/testbed"
)

// receiveWebhooks starts a gateway that receives the webhooks of the sandbox.
func (s *stack) receiveWebhooks() *gateway {
	s.t.Helper()
	listen := "127.0.0.1:" + freePort(s.t)
	g := s.startGateway("RAMP_GATEWAY_PROVIDER_LISTEN="+listen, "ONMETA_API_SECRET="+testbed.APISecret)
	s.post("/sandbox/webhooks", fmt.Sprintf(`{"orders":"http://%s%s","kyc":"http://%s%s"}`, listen, webhook.OrdersPath, listen, webhook.KYCPath))
	return g
}

// webhooks returns how many webhooks of a kind had a result.
func (g *gateway) webhooks(kind, result string) string {
	g.s.t.Helper()
	response, err := http.Get("http://" + g.http + "/metrics")
	require.NoError(g.s.t, err)
	defer response.Body.Close()
	page, err := io.ReadAll(response.Body)
	require.NoError(g.s.t, err)
	for line := range strings.Lines(string(page)) {
		if count, found := strings.CutPrefix(line, fmt.Sprintf("ramp_webhooks_total{kind=%q,result=%q} ", kind, result)); found {
			return strings.TrimSpace(count)
		}
	}
	return "none"
}

// hints returns how many hints an order got.
func (s *stack) hints(id ramp.ID) int {
	s.t.Helper()
	hints := 0
	for _, event := range s.history(id).GetEvents() {
		if event.GetWorkflowExecutionSignaledEventAttributes().GetSignalName() == ramp.ProviderHint {
			hints++
		}
	}
	return hints
}

// webhookTime is how long an order may take to see what a webhook announces. After its first webhook it polls once a minute.
const webhookTime = 40 * time.Second

// TestGatewayWebhookEndsAnOrderAtOnce runs in real time.
func TestGatewayWebhookEndsAnOrderAtOnce(t *testing.T) {
	t.Parallel()
	s := newStack(t, 1)
	g := s.receiveWebhooks()
	_, err := s.Orders.StartOnramp(t.Context(), onrampRequest("announced"))
	require.NoError(t, err)
	_, err = s.Orders.StartOfframp(t.Context(), offrampRequest("announced"))
	require.NoError(t, err)
	_, err = s.Orders.SubmitTransactionHash(t.Context(), "announced", hashOf(1))
	require.NoError(t, err)
	eventually(t, patience, func() error {
		if s.hints(buy("announced")) == 0 || s.hints(sell("announced")) == 0 {
			return fmt.Errorf("an order got no hint from its first webhook")
		}
		return nil
	})
	s.post("/sandbox/trigger", `{"status":"completed","of":"onramp/announced"}`)
	s.post("/sandbox/trigger", `{"status":"completed","of":"offramp/announced"}`)
	s.awaitStatus(buy("announced"), webhookTime, ramp.Completed)
	order := s.awaitStatus(sell("announced"), webhookTime, ramp.Completed)
	require.NotEmpty(t, string(order.Settlement.PayoutReference))
	require.NotEmpty(t, order.Settlement.TDS.Amount)
	require.NotEmpty(t, order.Settlement.TokensDeducted.Amount)
	require.NotEqual(t, "0", g.webhooks("orders", "hinted"))
	require.Equal(t, "0", g.webhooks("orders", "forged"))
	s.requireReplay(buy("announced"), sell("announced"))
}

// TestGatewayWebhookOfKYCReachesOnlyTheUsersOrders runs in real time: an idle KYC is polled every two minutes.
func TestGatewayWebhookOfKYCReachesOnlyTheUsersOrders(t *testing.T) {
	t.Parallel()
	s := newStack(t, 1)
	s.receiveWebhooks()
	for _, name := range []string{"asha", "ravi"} {
		request := onrampRequest("kyc-" + name)
		request.Email = ramp.Email(name + "+nokyc@example.test")
		_, err := s.Orders.StartOnramp(t.Context(), request)
		require.NoError(t, err)
	}
	for _, name := range []string{"asha", "ravi"} {
		s.awaitListed(buy("kyc-"+name), ramp.AwaitingKYC)
	}
	s.post("/sandbox/trigger", `{"status":"kyc-verified","of":"asha+nokyc@example.test"}`)
	s.await(buy("kyc-asha"), webhookTime, func(order *ramp.Order) bool { return order.Status != ramp.AwaitingKYC })
	require.Equal(t, 1, s.hints(buy("kyc-asha")))
	require.Zero(t, s.hints(buy("kyc-ravi")))
}

// awaitListed waits until the list of orders has an order in a status.
func (s *stack) awaitListed(id ramp.ID, status ramp.Status) {
	s.t.Helper()
	eventually(s.t, patience, func() error {
		for order, err := range s.Orders.List(s.t.Context(), ramp.Filter{Statuses: []ramp.Status{status}}) {
			if err != nil || order.Reference == id.Reference {
				return err
			}
		}
		return fmt.Errorf("%s is not listed as %s", id.Reference, status)
	})
}

func TestGatewayWebhooksThatAreForgedOrDoNotComeChangeNothing(t *testing.T) {
	t.Parallel()
	s := newStack(t, 60)
	g := s.receiveWebhooks()
	s.post("/sandbox/faults", `{"fault":"webhook-forged"}`)
	id := s.startAndPay("forged", 1)
	s.awaitStatus(id, patience, ramp.Completed)
	require.Zero(t, s.hints(id))
	require.NotEqual(t, "0", g.webhooks("orders", "forged"))
	s.stop(g.Process)
	id = s.startAndPay("unheard", 2)
	s.awaitStatus(id, patience, ramp.Completed)
	require.Zero(t, s.hints(id))
}

// startAndPay starts an on-ramp order and pays it.
func (s *stack) startAndPay(reference string, n int) ramp.ID {
	s.t.Helper()
	_, err := s.Orders.StartOnramp(s.t.Context(), onrampRequest(reference))
	require.NoError(s.t, err)
	_, err = s.Orders.SubmitUTR(s.t.Context(), reference, utrOf(n))
	require.NoError(s.t, err)
	return buy(reference)
}
