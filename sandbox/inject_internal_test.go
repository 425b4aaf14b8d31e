package sandbox

import (
	"testing"

	"github.com/stretchr/testify/require"

	"rampart/sandbox/fault"
)

func TestEveryKindOfFaultIsImplemented(t *testing.T) {
	t.Parallel()
	carriedOut, ofWebhooks := effects(), twists()
	for _, kind := range fault.Table() {
		if _, ok := ofWebhooks[kind.Fault]; ok {
			continue
		}
		effect, ok := carriedOut[kind.Fault]
		require.True(t, ok, kind.Fault)
		require.NotEqual(t, effect.replace == nil, effect.change == nil, "%s must replace the answer or change the provider", kind.Fault)
	}
	require.Len(t, fault.Table(), len(carriedOut)+len(ofWebhooks))
}
