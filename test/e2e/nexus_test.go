package e2e_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	nexuspb "go.temporal.io/api/nexus/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	"google.golang.org/protobuf/types/known/durationpb"

	example "rampart/examples/nexus"
	"rampart/gateway/nexus"
	"rampart/ramp"
	"rampart/test/testbed"
)

// shop is a namespace whose workers have no keys.
const shop = "shop"

// abandonByNexus is a workflow of the shop whose cancellation cancels its order.
func abandonByNexus(ctx workflow.Context, request any) (nexus.Outcome, error) {
	rampart := workflow.NewNexusClient("ramp", nexus.Service)
	var outcome nexus.Outcome
	err := rampart.ExecuteOperation(ctx, nexus.OnrampOperation, request, workflow.NexusOperationOptions{ScheduleToCloseTimeout: time.Hour}).Get(ctx, &outcome)
	return outcome, err
}

func TestNexusCallerWithoutKeysRunsOrders(t *testing.T) {
	t.Parallel()
	// The server sends Nexus requests to its own HTTP API.
	s := newStack(t, 60, func(s *stack) { s.ServerEnvironment = []string{"FRONTEND_HTTP_PORT=" + freePort(t)} })
	s.serveNexus()
	caller := s.openShop()

	t.Run("an order to its end", func(t *testing.T) {
		t.Parallel()
		request := testbed.OnrampRequest("nexus-1")
		run, err := caller.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: "buy-1", TaskQueue: shop}, example.Buy, request)
		require.NoError(t, err)
		s.awaitStatus(ramp.ID{Direction: ramp.Onramp, Reference: "nexus-1"}, patience, ramp.AwaitingPayment)
		require.NoError(t, caller.SignalWorkflow(t.Context(), run.GetID(), "", example.Paid, utrOf(1)))
		var outcome example.Outcome
		require.NoError(t, run.Get(t.Context(), &outcome))
		order, err := s.Orders.Get(t.Context(), ramp.ID{Direction: ramp.Onramp, Reference: "nexus-1"})
		require.NoError(t, err)
		require.Equal(t, example.Outcome{Reference: "nexus-1", Status: ramp.Completed, OrderID: order.OrderID}, outcome)

		history, err := testbed.History(t.Context(), s.Temporal, "onramp/nexus-1", "")
		require.NoError(t, err)
		require.NotContains(t, history.String(), string(request.Email), "the order itself is encrypted")
		wrapper, err := testbed.History(t.Context(), s.Temporal, "nexus/onramp/nexus-1", "")
		require.NoError(t, err)
		require.NotContains(t, wrapper.String(), string(request.Email), "what follows it knows no user")
	})

	t.Run("a cancelled one", func(t *testing.T) {
		t.Parallel()
		run, err := caller.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: "abandon-1", TaskQueue: shop}, abandonByNexus, testbed.OnrampRequest("nexus-2"))
		require.NoError(t, err)
		id := ramp.ID{Direction: ramp.Onramp, Reference: "nexus-2"}
		s.awaitStatus(id, patience, ramp.AwaitingPayment)
		require.NoError(t, caller.CancelWorkflow(t.Context(), run.GetID(), ""))
		var outcome nexus.Outcome
		require.NoError(t, run.Get(t.Context(), &outcome))
		require.Equal(t, ramp.Cancelled, outcome.Status)
		s.awaitStatus(id, patience, ramp.Cancelled)
	})

	t.Run("an invalid request by every bad field", func(t *testing.T) {
		t.Parallel()
		request := testbed.OnrampRequest("nexus-3")
		request.Email, request.WalletAddress = "nobody", "0x1"
		for id, input := range map[string]any{
			"invalid":   request,
			"misspelt":  json.RawMessage(`{"reference":"nexus-3","e-mail":"asha@example.test"}`),
			"no object": "nexus-3",
		} {
			run, err := caller.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: id, TaskQueue: shop}, abandonByNexus, input)
			require.NoError(t, err)
			err = run.Get(t.Context(), nil)
			var why *temporal.ApplicationError
			require.True(t, errors.As(err, &why), "%s: %v", id, err)
			require.Equal(t, string(ramp.InvalidRequest), why.Type(), id)
			if id == "invalid" {
				require.ErrorContains(t, err, "email")
				require.ErrorContains(t, err, "walletAddress")
				require.NotContains(t, err.Error(), "nobody")
			}
		}
		_, err := s.Orders.Get(t.Context(), ramp.ID{Direction: ramp.Onramp, Reference: "nexus-3"})
		require.True(t, ramp.IsError(err, ramp.NotFound))
	})
}

// serveNexus creates the Nexus endpoint and starts a gateway that handles its operations.
func (s *stack) serveNexus() {
	s.t.Helper()
	_, err := s.Temporal.OperatorService().CreateNexusEndpoint(s.t.Context(), &operatorservice.CreateNexusEndpointRequest{Spec: &nexuspb.EndpointSpec{
		Name: "ramp",
		Target: &nexuspb.EndpointTarget{Variant: &nexuspb.EndpointTarget_Worker_{
			Worker: &nexuspb.EndpointTarget_Worker{Namespace: "default", TaskQueue: nexus.TaskQueue},
		}},
	}})
	require.NoError(s.t, err)
	s.awaitLog(s.launch("gateway", []string{
		"TEMPORAL_ADDRESS=" + s.Address, "TEMPORAL_NAMESPACE=default", "RAMP_KEYSET_FILE=" + s.Keyset, "RAMP_GATEWAY_NEXUS=true",
		"RAMP_GATEWAY_LISTEN=127.0.0.1:0", "RAMP_HTTP_ADDRESS=127.0.0.1:0",
	}), "Nexus operations")
}

// openShop registers the shop's namespace and starts its worker.
func (s *stack) openShop() client.Client {
	s.t.Helper()
	_, err := s.Temporal.WorkflowService().RegisterNamespace(s.t.Context(), &workflowservice.RegisterNamespaceRequest{
		Namespace: shop, WorkflowExecutionRetentionPeriod: durationpb.New(24 * time.Hour),
	})
	require.NoError(s.t, err)
	caller := s.dial(client.Options{Namespace: shop}, nil)
	eventually(s.t, patience, func() error {
		ctx, cancel := context.WithTimeout(s.t.Context(), time.Second)
		defer cancel()
		_, err := caller.DescribeWorkflowExecution(ctx, "none", "")
		if err != nil && err.Error() == "Namespace shop is not found." {
			return err
		}
		return nil
	})
	w := worker.New(caller, shop, worker.Options{})
	w.RegisterWorkflow(example.Buy)
	w.RegisterWorkflow(abandonByNexus)
	require.NoError(s.t, w.Start())
	s.t.Cleanup(w.Stop)
	return caller
}
