package process

import (
	"testing"

	"github.com/stretchr/testify/require"
)

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(output []byte) (int, error) { return f(output) }

func TestLineIsInTheLogWhenItIsSeen(t *testing.T) {
	t.Parallel()
	var line *waitedLine
	line = newWaitedLine(writerFunc(func(output []byte) (int, error) {
		select {
		case <-line.seen:
			require.Fail(t, "seen before it is written")
		default:
		}
		return len(output), nil
	}), "Data ")

	_, err := line.Write([]byte("Metrics http://x\nData in memory\n"))

	require.NoError(t, err)
	require.Equal(t, "Data in memory", line.read())
}
