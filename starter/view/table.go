package view

import (
	"cmp"
	"strings"

	"github.com/charmbracelet/lipgloss"

	"rampart/ramp"
	"rampart/ramp/situation"
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
		deadline = situation.India(order.ExpiresAt).Format("2 Jan 15:04")
	}
	attention := ""
	if text := trouble(order); text != "" {
		attention = s.styles.bad.Render("! " + text)
	}
	return []string{
		clean(cmp.Or(order.Reference, order.WorkflowID)), string(order.Direction), style.Render(symbol + " " + Words(order.Status)), clean(order.Token),
		rupees(order.FiatAmount), clean(order.OrderID), situation.India(order.StartedAt).Format("2 Jan 15:04:05"), deadline, attention,
	}
}

// trouble is what somebody should know of an order in a list; empty as a rule.
func trouble(order ramp.Summary) string {
	switch {
	case order.WorkflowType != "" && order.WorkflowType != order.Direction.WorkflowType():
		return "no order: its type is " + clean(order.WorkflowType)
	case order.Running && order.Reference == "":
		return "no order: its id is none of an order's"
	case !order.Running && !order.Status.Final():
		return "ended without a result"
	case order.Attention:
		return "needs attention"
	default:
		return ""
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
