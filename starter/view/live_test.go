package view_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"rampart/ramp"
	"rampart/starter/view"
)

func TestStatusLineCountsFromTheStartOfTheStatus(t *testing.T) {
	t.Parallel()
	order := awaitingUPI()
	order.Status, order.UpdatedAt = ramp.Settling, at(6, 9, 0)
	order.Timeline = append(order.Timeline,
		ramp.TimelineEntry{Status: ramp.Settling, At: at(6, 5, 0), Note: "The provider says fiatReceived."},
		ramp.TimelineEntry{Status: ramp.Settling, At: at(6, 9, 0), Note: "The provider says InProgress."},
	)
	shown := onTerminal(120, func(s *view.Screen) {
		live := view.NewLive(s, options())
		live.Show(order, at(6, 10, 0))
	})
	require.Contains(t, shown, "settling · for 5m 00s")
}
