package view

import (
	"strings"
	"time"

	"rampart/ramp"
)

// Lanes shows several orders at once. Their timelines are merged, with the name of the order in each line, and on a terminal a status line
// shows the status of each order.
type Lanes struct {
	screen    *Screen
	names     []string
	timelines []*Timeline
	orders    []*ramp.Order
}

// NewLanes returns a view with one lane for each name.
func NewLanes(screen *Screen, names ...string) *Lanes {
	return &Lanes{
		screen:    screen,
		names:     names,
		timelines: NewTimelines(screen, names...),
		orders:    make([]*ramp.Order, len(names)),
	}
}

// Show prints the new entries of a lane's order.
func (l *Lanes) Show(lane int, order *ramp.Order, now time.Time) {
	l.orders[lane] = order
	l.timelines[lane].Update(order)
	l.Tick(now)
}

// Note prints a line in a lane that is not from its order.
func (l *Lanes) Note(lane int, now time.Time, text string) { l.timelines[lane].Note(now, text) }

// Tick refreshes the status line.
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

// Close removes the status line.
func (l *Lanes) Close() { l.screen.Status("") }
