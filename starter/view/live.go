package view

import (
	"time"

	"rampart/ramp"
	"rampart/ramp/situation"
)

// Live follows one order: it prints new entries of the timeline, and the instructions when the user must act. On a terminal, a status line
// shows the time left.
type Live struct {
	screen   *Screen
	timeline *Timeline
	options  Options

	order *ramp.Order
	// lost is set while the order cannot be read.
	lost bool
	// asked is the status, with its quote, for which instructions were printed last.
	asked string
}

// NewLive returns a view that has not shown an order yet.
func NewLive(screen *Screen, options Options) *Live {
	return &Live{screen: screen, timeline: NewTimeline(screen), options: options}
}

// Show prints what has changed in an order.
func (l *Live) Show(order *ramp.Order, now time.Time) {
	l.options.Now = now
	if l.order == nil {
		l.begin(order)
	}
	l.order, l.lost = order, false
	l.timeline.Update(order)
	if order.Status.Final() {
		l.end()
		return
	}
	l.ask()
	l.Tick(now)
}

func (l *Live) begin(order *ramp.Order) {
	l.screen.Line(l.screen.styles.title.Render(Title(order.Direction) + " order " + clean(order.Reference)))
	l.screen.link(order, l.options)
	l.screen.Blank()
}

// ask prints what the user must do, once for each status and quote.
func (l *Live) ask() {
	ask := ""
	if l.order.Status.AwaitsUser() {
		ask = string(l.order.Status)
	}
	if l.order.Status == ramp.AwaitingConfirmation && l.order.Quote != nil {
		ask += " " + l.order.Quote.ID
	}
	if ask != "" && ask != l.asked {
		l.screen.Blank()
		l.screen.facts(l.order, l.options)
		l.screen.action(l.order, l.options)
		l.screen.Blank()
	}
	l.asked = ask
}

// end prints how the order ended.
func (l *Live) end() {
	l.screen.Status("")
	l.screen.Blank()
	l.screen.Ended(l.order, l.options)
}

// Lost prints once that the order cannot be read.
func (l *Live) Lost(now time.Time) {
	if !l.lost {
		l.timeline.Note(now, "Temporal or the worker does not answer; retrying. The order continues.")
	}
	l.lost = true
}

// Tick refreshes the status line.
func (l *Live) Tick(now time.Time) {
	if l.order != nil && !l.order.Status.Final() {
		l.screen.Status(indent + l.screen.statusLine(l.order, now))
	}
}

// Close removes the status line.
func (l *Live) Close() { l.screen.Status("") }

// statusLine returns an order's status with the time that the user has left, or the time since it changed.
func (s *Screen) statusLine(order *ramp.Order, now time.Time) string {
	symbol, style := s.styles.status(order.Status)
	text := style.Render(symbol + " " + Words(order.Status))
	switch {
	case order.Status.Final():
		return text
	case order.Status == ramp.AwaitingPayment && !order.ExpiresAt.IsZero():
		text += " · " + situation.Left(order.ExpiresAt, now) + ", until " + situation.India(order.ExpiresAt).Format("15:04:05 IST")
	case order.Status == ramp.AwaitingConfirmation && order.Quote != nil:
		text += " · quote: " + situation.Left(order.Quote.ExpiresAt, now)
	default:
		text += " · for " + situation.Span(max(0, now.Sub(situation.Since(order))))
	}
	if order.Attention != "" {
		text += " · " + s.styles.bad.Render(safe(order.Attention))
	}
	return text
}
