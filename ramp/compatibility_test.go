package ramp_test

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"

	"rampart/codec"
	"rampart/ramp"
)

// wholeOrder has every field that an order can have.
func wholeOrder() ramp.Order {
	at := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	paid := ramp.Amount{Amount: "1000.00", Currency: "INR"}
	return ramp.Order{
		Reference: "inv-42", Direction: ramp.Onramp, Status: ramp.VerifyingPayment, Attention: "look", OrderID: "65f", ProviderStatus: "fiatPending",
		Concerns: []ramp.Concern{{Type: ramp.ConcernOverdue, Reason: "look", Since: at}},
		Wait:     &ramp.Wait{For: ramp.WaitPaymentSearch, From: ramp.Provider, Until: at},
		Actions:  []ramp.Action{ramp.SubmitUTR, ramp.CancelAction}, AccountKind: ramp.AccountUPI,
		ProviderReason: "slow", CancelledBy: ramp.CancelledByRequest, ExpiresAt: at, CreatedAt: at, UpdatedAt: at,
		Quote: &ramp.Quote{ID: "q-1", Rate: "94.00", Pay: paid, Receive: paid, Fees: []ramp.Fee{{Name: "gas", Amount: paid, Estimated: true}}, ExpiresAt: at},
		Instructions: &ramp.Instructions{
			UPI:     &ramp.UPIInstructions{QR: "upi://pay?pa=x@bank", VPA: "x@bank", DeepLinks: []ramp.DeepLink{{Name: "app", URL: "upi://pay"}}},
			Bank:    &ramp.Beneficiary{Name: "Provider", AccountNumber: "1234", IFSC: "HDFC0001234"},
			Deposit: &ramp.Deposit{WalletAddress: wallet, Amount: "1", Symbol: "USDC", ChainID: 137}, CheckoutURL: "https://example.test",
		},
		Proof: &ramp.Proof{
			UTR: "412345678901", TransactionHash: evmHash, SubmittedAt: at, AcceptedAt: at,
			Replaced: []ramp.ReplacedProof{{UTR: "412345678900", TransactionHash: evmHash, SubmittedAt: at, AcceptedAt: at, ReplacedAt: at}},
		},
		Settlement: &ramp.Settlement{TransactionHash: evmHash, ExplorerURL: "https://example.test/tx", Amount: paid, Estimated: true},
		Previous:   &ramp.PreviousOrder{Reference: "inv-41", OrderID: "65e"},
		Timeline:   []ramp.TimelineEntry{{Status: ramp.Quoting, At: at, Note: "quoted", Concern: ramp.ConcernOverdue}},
	}
}

// ofTheNextVersion adds a field to every object of a value, at whatever depth.
func ofTheNextVersion(t *testing.T, value any) any {
	t.Helper()
	encoded, err := json.Marshal(value)
	require.NoError(t, err)
	var decoded any
	require.NoError(t, json.Unmarshal(encoded, &decoded))
	addLater(decoded)
	return decoded
}

func addLater(value any) {
	switch value := value.(type) {
	case map[string]any:
		for _, inner := range value {
			addLater(inner)
		}
		value["later"] = map[string]any{"of": "the next version"}
	case []any:
		for _, inner := range value {
			addLater(inner)
		}
	}
}

// laterOrder is a Temporal service whose order a worker of the next version runs.
type laterOrder struct {
	client.Client
	payload   *commonpb.Payload
	converter converter.DataConverter
	status    enumspb.WorkflowExecutionStatus
}

func (s *laterOrder) DescribeWorkflow(context.Context, string, string) (*client.WorkflowExecutionDescription, error) {
	description := new(client.WorkflowExecutionDescription)
	description.Status = s.status
	return description, nil
}

func (s *laterOrder) QueryWorkflow(context.Context, string, string, string, ...any) (converter.EncodedValue, error) {
	return s, nil
}

func (s *laterOrder) GetWorkflow(context.Context, string, string) client.WorkflowRun {
	return laterRun{order: s}
}

func (s *laterOrder) HasValue() bool { return true }

func (s *laterOrder) Get(into any) error { return s.converter.FromPayload(s.payload, into) }

type laterRun struct {
	client.WorkflowRun
	order *laterOrder
}

func (r laterRun) Get(_ context.Context, into any) error { return r.order.Get(into) }

func TestClientReadsAnOrderOfTheNextVersion(t *testing.T) {
	t.Parallel()
	keyring, err := codec.NewKeyring()
	require.NoError(t, err)
	encrypted := codec.NewDataConverter(codec.New(keyring, "default").WithSerializationContext(converter.WorkflowSerializationContext{
		Namespace: "default", WorkflowID: "onramp/inv-42",
	}).(*codec.Codec))
	for name, status := range map[string]enumspb.WorkflowExecutionStatus{
		"query":  enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING,
		"result": enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := wholeOrder()
			want.Status = "reviewing"
			payload, err := encrypted.ToPayload(ofTheNextVersion(t, want))
			require.NoError(t, err)
			orders := ramp.NewClient(&laterOrder{payload: payload, converter: encrypted, status: status}, encrypted)

			order, err := orders.Get(t.Context(), ramp.ID{Direction: ramp.Onramp, Reference: "inv-42"})

			require.NoError(t, err)
			require.Equal(t, &want, order, "what is known is read, and what is not known is left out")
			require.False(t, order.Status.Final(), "an order in an unknown status goes on")
			require.False(t, order.Status.AwaitsUser())
		})
	}
}

func TestErrorOfTheNextVersionIsRead(t *testing.T) {
	t.Parallel()
	order := wholeOrder()
	want := ramp.Error{
		Type: "TooSoon", Reference: "inv-42", Message: "too soon", Fields: []ramp.FieldError{{Field: "utr", Problem: "must be given"}}, Order: &order,
	}
	payload, err := converter.GetDefaultDataConverter().ToPayload(ofTheNextVersion(t, want))
	require.NoError(t, err)
	var read ramp.Error
	require.NoError(t, converter.GetDefaultDataConverter().FromPayload(payload, &read))
	require.Equal(t, want, read)
}

// An unknown field of a request may be a limit that this version does not keep.
func TestRequestOfTheNextVersionIsRefusedAndItsFieldNamed(t *testing.T) {
	t.Parallel()
	for name, request := range map[string]struct{ sent, into any }{
		"onramp":  {onrampRequest(), new(ramp.OnrampRequest)},
		"offramp": {offrampRequest(), new(ramp.OfframpRequest)},
		"utr":     {ramp.UTRSubmission{UTR: "412345678901"}, new(ramp.UTRSubmission)},
		"hash":    {ramp.HashSubmission{TransactionHash: evmHash}, new(ramp.HashSubmission)},
		"kyc":     {ramp.KYCSubmission{Dossier: "s3://kyc/asha"}, new(ramp.KYCSubmission)},
		"account": {ramp.AccountSubmission{UPI: vpa()}, new(ramp.AccountSubmission)},
		"quote":   {ramp.QuoteConfirmation{QuoteID: "q-1"}, new(ramp.QuoteConfirmation)},
		"await":   {ramp.Awaiting{}, new(ramp.Awaiting)},
	} {
		encoded, err := json.Marshal(request.sent)
		require.NoError(t, err, name)
		require.NoError(t, ramp.Decode(encoded, request.into), name)
		var fields map[string]any
		require.NoError(t, json.Unmarshal(encoded, &fields), name)
		for _, path := range append(slices.Sorted(maps.Keys(fields)), "") {
			object := fields
			if path != "" {
				inner, isObject := fields[path].(map[string]any)
				if !isObject || path == "metadata" {
					continue
				}
				object = inner
			}
			object["later"] = true
			changed, err := json.Marshal(fields)
			require.NoError(t, err, name)
			require.ErrorContains(t, ramp.Decode(changed, request.into), `unknown field "later"`, "%s.%s", name, path)
			delete(object, "later")
		}
	}
}

func TestClientWithoutKeysIsToldThatItNeedsThem(t *testing.T) {
	t.Parallel()
	keyring, err := codec.NewKeyring()
	require.NoError(t, err)
	encrypted := codec.NewDataConverter(codec.New(keyring, "default").WithSerializationContext(converter.WorkflowSerializationContext{
		Namespace: "default", WorkflowID: "onramp/inv-42",
	}).(*codec.Codec))
	payload, err := encrypted.ToPayload(wholeOrder())
	require.NoError(t, err)
	for _, status := range []enumspb.WorkflowExecutionStatus{
		enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING, enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED,
	} {
		stranger := &laterOrder{payload: payload, converter: converter.GetDefaultDataConverter(), status: status}

		_, err = ramp.NewClient(stranger, nil).Get(t.Context(), ramp.ID{Direction: ramp.Onramp, Reference: "inv-42"})

		require.ErrorIs(t, err, converter.ErrEncodingIsNotSupported)
		require.ErrorContains(t, err, "order inv-42: the answer is encrypted and this client has no keys; set up its connection with codec.Secure")
	}
}
