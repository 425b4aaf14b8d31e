package view

import (
	"time"

	"rampart/ramp"
	"rampart/ramp/situation"
)

// Live shows one order while it goes on: its timeline grows, what its user must do is printed when it must be done, and
// on a terminal a line at the bottom shows the time.
type Live struct {
	screen   *Screen
	timeline *Timeline
	options  Options

	order *ramp.Order
	// lost is set while the order cannot be seen.
	lost bool
	// asked is what the user was asked for last: a status, and in it perhaps another quote.
	asked string
}

// NewLive returns a view of an order that has not been seen yet.
func NewLive(screen *Screen, options Options) *Live {
	return &Live{screen: screen, timeline: NewTimeline(screen), options: options}
}

// Show shows an order that has changed.
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

// ask prints what the user must do, once for each time they are asked.
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

// Lost says that the order cannot be seen just now.
func (l *Live) Lost(now time.Time) {
	if !l.lost {
		l.timeline.Note(now, "Temporal or its worker does not answer; looking again. The order goes on.")
	}
	l.lost = true
}

// Tick refreshes the line at the bottom.
func (l *Live) Tick(now time.Time) {
	if l.order != nil && !l.order.Status.Final() {
		l.screen.Status(indent + l.screen.statusLine(l.order, now))
	}
}

// Close takes the line at the bottom away.
func (l *Live) Close() { l.screen.Status("") }

// statusLine is an order's status with how long its user has left, or how long it has been there.
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
		text += " · " + s.styles.bad.Render(said(order.Attention))
	}
	return text
}
