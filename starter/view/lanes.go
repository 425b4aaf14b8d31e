package view

import (
	"strings"
	"time"

	"rampart/ramp"
)

// Lanes shows several orders side by side: their timelines grow together, each line in its order's lane, and on a terminal a
// line at the bottom shows where each stands.
type Lanes struct {
	screen    *Screen
	names     []string
	timelines []*Timeline
	orders    []*ramp.Order
}

// NewLanes returns a view of one order for each name.
func NewLanes(screen *Screen, names ...string) *Lanes {
	return &Lanes{
		screen:    screen,
		names:     names,
		timelines: NewTimelines(screen, names...),
		orders:    make([]*ramp.Order, len(names)),
	}
}

// Show shows the order of a lane, which has changed.
func (l *Lanes) Show(lane int, order *ramp.Order, now time.Time) {
	l.orders[lane] = order
	l.timelines[lane].Update(order)
	l.Tick(now)
}

// Note prints in a lane what is not in its order.
func (l *Lanes) Note(lane int, now time.Time, text string) { l.timelines[lane].Note(now, text) }

// Tick refreshes the line at the bottom.
func (l *Lanes) Tick(now time.Time) {
	var parts []string
	for i, order := range l.orders {
		if order == nil {
			parts = append(parts, l.names[i]+" starts …")
			continue
		}
		parts = append(parts, l.names[i]+" "+l.screen.statusLine(order, now))
	}
	l.screen.Status(indent + strings.Join(parts, "   "))
}

// Close takes the line at the bottom away.
func (l *Lanes) Close() { l.screen.Status("") }
