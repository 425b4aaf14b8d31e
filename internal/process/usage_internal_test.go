package process

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestProcessorTimeIsReadFromBehindTheName(t *testing.T) {
	t.Parallel()

	used, err := parseCPU("42 (a (b) c 1 2) S 1 42 42 0 -1 4194560 100 0 0 0 150 25 0 0 20 0 9 0 100 1000 10")

	require.NoError(t, err)
	require.Equal(t, 1750*time.Millisecond, used)
}
