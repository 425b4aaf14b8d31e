package view

import (
	"cmp"
	"strings"

	"github.com/charmbracelet/lipgloss"
	"github.com/charmbracelet/lipgloss/table"

	"rampart/ramp"
	"rampart/ramp/situation"
)

// List prints orders as a table without lines, in the given order.
func (s *Screen) List(orders []ramp.Summary) {
	orderTable := table.New().
		Headers("REFERENCE", "DIRECTION", "STATUS", "TOKEN", "INR", "ORDER ID", "STARTED (IST)", "DEADLINE (IST)", "").
		BorderTop(false).BorderBottom(false).BorderLeft(false).BorderRight(false).BorderHeader(false).BorderColumn(false).
		StyleFunc(func(row, _ int) lipgloss.Style {
			if row == table.HeaderRow {
				return s.styles.label.PaddingRight(2)
			}
			return lipgloss.NewStyle().PaddingRight(2)
		})
	for _, order := range orders {
		orderTable.Row(s.row(order)...)
	}
	for line := range strings.Lines(orderTable.String()) {
		s.Line(strings.TrimRight(line, " \n"))
	}
}

func (s *Screen) row(order ramp.Summary) []string {
	symbol, style := s.styles.status(order.Status)
	deadline := ""
	if order.Running && !order.ExpiresAt.IsZero() {
		deadline = situation.India(order.ExpiresAt).Format("2 Jan 15:04")
	}
	attention := ""
	if text := remark(order); text != "" {
		attention = s.styles.bad.Render("! " + text)
	}
	return []string{
		clean(cmp.Or(order.Reference, order.WorkflowID)), string(order.Direction), style.Render(symbol + " " + Words(order.Status)), clean(order.Token),
		rupees(order.FiatAmount), clean(order.OrderID), situation.India(order.StartedAt).Format("2 Jan 15:04:05"), deadline, attention,
	}
}

// remark says what is wrong with an order in a list; empty if nothing is.
func remark(order ramp.Summary) string {
	switch {
	case order.WorkflowType != "" && order.WorkflowType != order.Direction.WorkflowType():
		return "not an order: its type is " + clean(order.WorkflowType)
	case order.Running && order.Reference == "":
		return "not an order: its id is not that of an order"
	case !order.Running && !order.Status.Final():
		return "ended without a result"
	case order.Attention:
		return "needs attention"
	default:
		return ""
	}
}

// rupees formats an amount with two decimals, which the search attribute, a number, drops.
func rupees(amount string) string {
	exact, err := ramp.ParseAmount(amount)
	if err != nil {
		return clean(amount)
	}
	return exact.StringFixed(2)
}
