package growthtest_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"rampart/internal/growthtest"
)

// failures counts instead of failing.
type failures struct {
	testing.TB
	n int
}

func (f *failures) Helper() {}

func (f *failures) Errorf(string, ...any) { f.n++ }

func TestTimeThatGrowsTooFastFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &failures{TB: t}
		growthtest.RequireFactor(f, 200, func() { time.Sleep(time.Millisecond) }, func() { time.Sleep(time.Second) })
		require.Equal(t, 1, f.n)
	})
}

func TestBusyMachineDisturbsNoComparison(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		runs := 0
		growthtest.RequireFactor(t, 200, func() { time.Sleep(time.Millisecond) }, func() {
			runs++
			if runs < 10 {
				time.Sleep(900 * time.Millisecond) // somebody else has the processor
			}
			time.Sleep(32 * time.Millisecond)
		})
	})
}
