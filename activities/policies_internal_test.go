package activities

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestLifetimeThatIsLeftGoesByTheProvidersClock(t *testing.T) {
	t.Parallel()
	require.Equal(t, 2*time.Hour, GuideTimings(1).lifetimeLeft(time.Hour))
	require.Equal(t, 80*time.Second, GuideTimings(90).lifetimeLeft(time.Hour))
	require.Equal(t, 3*time.Hour, GuideTimings(1).lifetimeLeft(-time.Minute))
	require.Zero(t, GuideTimings(90).lifetimeLeft(4*time.Hour))
}
