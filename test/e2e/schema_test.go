package e2e_test

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"

	"rampart/ramp"
	"rampart/ramp/schema"
)

// TestOrdersMatchTheirSchema validates orders of both directions when they await payment, after the proof, and when they are closed.
func TestOrdersMatchTheirSchema(t *testing.T) {
	t.Parallel()
	s := newStack(t, 60)
	_, err := s.Orders.StartOnramp(t.Context(), onrampRequest("by-upi"))
	require.NoError(t, err)
	byBank := onrampRequest("by-bank")
	byBank.PaymentMethod, byBank.UPI = ramp.IMPS, nil
	byBank.Bank = offrampRequest("").Bank
	_, err = s.Orders.StartOnramp(t.Context(), byBank)
	require.NoError(t, err)
	_, err = s.Orders.StartOfframp(t.Context(), offrampRequest("sold"))
	require.NoError(t, err)
	paid := []ramp.ID{buy("by-upi"), buy("by-bank"), sell("sold")}
	for _, id := range paid {
		require.Equal(t, ramp.AwaitingPayment, s.requireSchema(id).Status)
	}

	_, err = s.Orders.SubmitUTR(t.Context(), "by-upi", utrOf(1))
	require.NoError(t, err)
	_, err = s.Orders.SubmitUTR(t.Context(), "by-bank", utrOf(2))
	require.NoError(t, err)
	_, err = s.Orders.SubmitTransactionHash(t.Context(), "sold", hashOf(1))
	require.NoError(t, err)
	for _, id := range paid {
		s.requireSchema(id)
		s.awaitStatus(id, completionTime, ramp.Completed)
		s.requireSchema(id)
	}
}

// requireSchema requires that the current state of an order matches the schema, and returns it.
func (s *stack) requireSchema(id ramp.ID) *ramp.Order {
	s.t.Helper()
	content, err := fs.ReadFile(schema.Files(), "order.schema.json")
	require.NoError(s.t, err)
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(content))
	require.NoError(s.t, err)
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	require.NoError(s.t, compiler.AddResource("urn:rampart:order", document))
	compiled, err := compiler.Compile("urn:rampart:order")
	require.NoError(s.t, err)

	order, err := s.Orders.Get(s.t.Context(), id)
	require.NoError(s.t, err)
	encoded, err := json.Marshal(order)
	require.NoError(s.t, err)
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(encoded))
	require.NoError(s.t, err)
	require.NoError(s.t, compiled.Validate(value), "%s", encoded)
	return order
}
