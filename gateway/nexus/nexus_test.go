package nexus_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	sdk "github.com/nexus-rpc/sdk-go/nexus"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"rampart/gateway/nexus"
	"rampart/ramp"
)

const onrampInput = `{"reference": "inv-42", "email": "asha@example.test", "fiat": {"amount": "1000.00", "currency": "INR"},
	"token": {"symbol": "USDC", "address": "0x3c499c542cef5e3811e1192ce70d8cc03d5c3359", "chainId": 137},
	"walletAddress": "0x1111111111111111111111111111111111111111", "paymentMethod": "INR_UPI",
	"upi": {"id": "asha@okbank", "name": "Asha Rao"}}`

// silent is a Temporal service that knows no order and answers no start before the caller's time is over.
type silent struct{ client.Client }

func (silent) DescribeWorkflow(context.Context, string, string) (*client.WorkflowExecutionDescription, error) {
	return nil, serviceerror.NewNotFound("no such workflow")
}

func (silent) NewWithStartWorkflowOperation(client.StartWorkflowOptions, any, ...any) client.WithStartWorkflowOperation {
	return nil
}

func (silent) UpdateWithStartWorkflow(ctx context.Context, _ client.UpdateWithStartWorkflowOptions) (client.WorkflowUpdateHandle, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func TestStartOfUnknownOutcomeIsTriedAgain(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	var failed *sdk.HandlerError
	require.ErrorAs(t, nexus.StartOnramp(ctx, ramp.NewClient(silent{}, nil), json.RawMessage(onrampInput)), &failed)
	require.True(t, failed.Retryable(), "%v", failed)
}

func TestInvalidRequestIsNotTriedAgain(t *testing.T) {
	t.Parallel()
	var failed *sdk.HandlerError
	require.ErrorAs(t, nexus.StartOnramp(t.Context(), ramp.NewClient(silent{}, nil), json.RawMessage(`{"reference": "inv-42"}`)), &failed)
	require.False(t, failed.Retryable(), "%v", failed)
}
