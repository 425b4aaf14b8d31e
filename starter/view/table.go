package view

import (
	"strings"

	"github.com/charmbracelet/lipgloss"

	"rampart/ramp"
)

// List prints orders as a table, the newest first as they come.
func (s *Screen) List(orders []ramp.Summary) {
	rows := [][]string{{"REFERENCE", "DIRECTION", "STATUS", "TOKEN", "INR", "ORDER ID", "STARTED (IST)", "DEADLINE (IST)", ""}}
	for _, order := range orders {
		rows = append(rows, s.row(order))
	}
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], lipgloss.Width(cell))
		}
	}
	for i, row := range rows {
		line := joinCells(row, widths)
		if i == 0 {
			line = s.styles.label.Render(line)
		}
		s.Line(line)
	}
}

func (s *Screen) row(order ramp.Summary) []string {
	symbol, style := s.styles.status(order.Status)
	deadline := ""
	if order.Running && !order.ExpiresAt.IsZero() {
		deadline = ist(order.ExpiresAt).Format("2 Jan 15:04")
	}
	attention := ""
	if order.Attention {
		attention = s.styles.bad.Render("! needs attention")
	}
	if !order.Running && !order.Status.Final() {
		attention = s.styles.bad.Render("! ended without a result")
	}
	return []string{
		clean(order.Reference), string(order.Direction), style.Render(symbol + " " + Words(order.Status)), clean(order.Token),
		rupees(order.FiatAmount), clean(order.OrderID), ist(order.StartedAt).Format("2 Jan 15:04:05"), deadline, attention,
	}
}

func joinCells(row []string, widths []int) string {
	var b strings.Builder
	for i, cell := range row {
		b.WriteString(cell)
		if i < len(row)-1 {
			b.WriteString(strings.Repeat(" ", widths[i]-lipgloss.Width(cell)+2))
		}
	}
	return strings.TrimRight(b.String(), " ")
}

// rupees is an amount with its paise: Temporal keeps it as a number, which drops them.
func rupees(amount string) string {
	exact, err := ramp.ParseAmount(amount)
	if err != nil {
		return clean(amount)
	}
	return exact.StringFixed(2)
}
