package torture_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"rampart/test/torture"
)

func TestStormAndStarvationAreViolations(t *testing.T) {
	t.Parallel()
	report := func(refused, oldest, others int) torture.BackpressureReport {
		return torture.BackpressureReport{
			Samples:  []torture.Sample{{Requests: 10, Answered429: 10}, {Requests: 1000, Answered429: refused}},
			Quarters: []torture.Quarter{{WithProof: oldest}, {WithProof: others}, {}, {}},
		}
	}
	require.Empty(t, report(150, 200, 100).Violations())
	require.Equal(t, []string{"151 of 1000 requests were refused with 429"}, report(151, 200, 100).Violations())
	require.Equal(t, []string{"199 orders of the oldest quarter have a proof, and 100 of the others"}, report(0, 199, 100).Violations())
	require.Equal(t, []string{"nothing was measured"}, torture.BackpressureReport{}.Violations())
}
