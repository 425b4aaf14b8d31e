package view

import (
	"strings"

	"github.com/charmbracelet/lipgloss"
	"github.com/charmbracelet/lipgloss/table"

	"rampart/ramp"
)

// RebuildOutcome is what became of an open order in a rebuild.
type RebuildOutcome string

// Outcomes of a rebuild.
const (
	// RebuildRuns: Temporal has the order.
	RebuildRuns RebuildOutcome = "runs"
	// RebuildEnded: the order has ended.
	RebuildEnded RebuildOutcome = "ended"
	// RebuildLost: Temporal has lost the order, and nothing was started.
	RebuildLost RebuildOutcome = "lost"
	// RebuildStarting: the order is started, and has not taken the provider's over yet.
	RebuildStarting RebuildOutcome = "starting"
	// RebuildTakenOver: the order follows the provider's again.
	RebuildTakenOver RebuildOutcome = "taken_over"
	// RebuildPerson: a person must look.
	RebuildPerson RebuildOutcome = "needs_a_person"
)

// RebuildRow is an order in a rebuild.
type RebuildRow struct {
	Reference string         `json:"reference,omitempty"`
	Direction ramp.Direction `json:"direction,omitempty"`
	OrderID   string         `json:"orderId,omitempty"`
	Outcome   RebuildOutcome `json:"outcome"`
	// Status is the order's status as far as it is known: now, or before it was lost.
	Status ramp.Status `json:"status,omitempty"`
	// Behind is set if the run of the order that the store has does not show the provider's order yet.
	Behind bool `json:"-"`
	// Owner is the reference of another order that has the provider's order; empty for none.
	Owner string `json:"owner,omitempty"`
	// Problem says why a person must look.
	Problem string `json:"problem,omitempty"`
}

// Rebuilt prints the orders of a rebuild as a table without lines, in the given order, and their problems below.
func (s *Screen) Rebuilt(rows []*RebuildRow) {
	all := table.New().
		Headers("REFERENCE", "DIRECTION", "ORDER ID", "OUTCOME", "STATUS").
		BorderTop(false).BorderBottom(false).BorderLeft(false).BorderRight(false).BorderHeader(false).BorderColumn(false).
		StyleFunc(func(row, _ int) lipgloss.Style {
			if row == table.HeaderRow {
				return s.styles.label.PaddingRight(2)
			}
			return lipgloss.NewStyle().PaddingRight(2)
		})
	for _, row := range rows {
		status := ""
		if row.Status != "" {
			symbol, style := s.styles.status(row.Status)
			status = style.Render(symbol + " " + Words(row.Status))
		}
		all.Row(clean(row.Reference), string(row.Direction), clean(row.OrderID), strings.ReplaceAll(string(row.Outcome), "_", " "), status)
	}
	for line := range strings.Lines(all.String()) {
		s.Line(strings.TrimRight(line, " \n"))
	}
	for _, row := range rows {
		if row.Owner != "" {
			s.Linef("%s: order %s has the provider's order.", clean(row.Reference), clean(row.Owner))
		}
		if row.Problem != "" {
			s.Line(s.styles.bad.Render("! "+clean(row.Reference)) + " " + clean(row.Problem))
		}
	}
}
