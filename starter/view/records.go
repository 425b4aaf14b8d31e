package view

import (
	"strings"

	"github.com/charmbracelet/lipgloss"
	"github.com/charmbracelet/lipgloss/table"

	"rampart/ramp"
	"rampart/ramp/situation"
	"rampart/records"
)

// RecordRow is a record in a list.
type RecordRow struct {
	status ramp.Status
	cells  [7]string
}

// NewRecordRow returns the row of a record.
func NewRecordRow(record *records.Record) RecordRow {
	order := &record.Order
	var pay, receive, proof string
	if quote := order.Quote; quote != nil {
		pay, receive = Amount(quote.Pay), Amount(quote.Receive)
	}
	if order.Settlement != nil {
		receive = Amount(order.Settlement.Amount)
	}
	if order.Proof != nil {
		proof = ramp.MaskProof(order.Proof.Reference())
	}
	return RecordRow{order.Status, [7]string{
		situation.India(record.EndedAt()).Format("2 Jan 2006 15:04:05"), clean(order.Reference), string(order.Direction),
		pay, receive, clean(proof), clean(order.OrderID),
	}}
}

// Records prints records as a table without lines, in the given order. RECEIVE is what was delivered or, of an order that was
// not settled, what was quoted.
func (s *Screen) Records(rows []RecordRow) {
	all := table.New().
		Headers("ENDED (IST)", "REFERENCE", "DIRECTION", "STATUS", "PAY", "RECEIVE", "PROOF", "ORDER ID").
		BorderTop(false).BorderBottom(false).BorderLeft(false).BorderRight(false).BorderHeader(false).BorderColumn(false).
		StyleFunc(func(row, _ int) lipgloss.Style {
			if row == table.HeaderRow {
				return s.styles.label.PaddingRight(2)
			}
			return lipgloss.NewStyle().PaddingRight(2)
		})
	for _, row := range rows {
		symbol, style := s.styles.status(row.status)
		c := row.cells
		all.Row(c[0], c[1], c[2], style.Render(symbol+" "+Words(row.status)), c[3], c[4], c[5], c[6])
	}
	for line := range strings.Lines(all.String()) {
		s.Line(strings.TrimRight(line, " \n"))
	}
}
