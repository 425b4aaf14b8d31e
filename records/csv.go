package records

import (
	"encoding/csv"
	"io"
	"strconv"
	"strings"
	"time"

	"rampart/internal/spreadsheet"
	"rampart/ramp"
	"rampart/ramp/situation"
)

// CSV writes records as a table for accounting. Close must be called.
type CSV struct{ writer *csv.Writer }

// NewCSV returns a table that is written to w, beginning with the names of the columns.
func NewCSV(w io.Writer) (*CSV, error) {
	table := &CSV{csv.NewWriter(w)}
	var names []string
	for _, column := range columns() {
		names = append(names, column.name)
	}
	return table, table.writer.Write(names)
}

// Write adds a record.
func (t *CSV) Write(record *Record) error {
	var cells []string
	for _, column := range columns() {
		cells = append(cells, spreadsheet.Cell(column.cell(record)))
	}
	return t.writer.Write(cells)
}

// Close writes what is left.
func (t *CSV) Close() error {
	t.writer.Flush()
	return t.writer.Error()
}

// column is a column of the table.
type column struct {
	name string
	cell func(*Record) string
}

// columns returns the columns, in their order. Later versions add columns at the end.
func columns() []column {
	return []column{
		{"date", func(r *Record) string { return string(situation.DayOf(r.EndedAt())) }},
		{"reference", func(r *Record) string { return r.Order.Reference }},
		{"order_id", func(r *Record) string { return r.Order.OrderID }},
		{"direction", func(r *Record) string { return string(r.Order.Direction) }},
		{"status", func(r *Record) string { return string(r.Order.Status) }},
		{"pay", quoted(func(q *ramp.Quote) string { return q.Pay.Amount })},
		{"pay_currency", quoted(func(q *ramp.Quote) string { return q.Pay.Currency })},
		{"receive", quoted(func(q *ramp.Quote) string { return q.Receive.Amount })},
		{"receive_currency", quoted(func(q *ramp.Quote) string { return q.Receive.Currency })},
		{"rate", quoted(func(q *ramp.Quote) string { return q.Rate })},
		{"fees", quoted(fees)},
		{"tds", func(r *Record) string { amount, _ := tds(&r.Order); return amount.Amount }},
		{"tds_currency", func(r *Record) string { amount, _ := tds(&r.Order); return amount.Currency }},
		{"tds_source", func(r *Record) string { _, source := tds(&r.Order); return source }},
		{"proof", func(r *Record) string {
			if r.Order.Proof == nil {
				return ""
			}
			return r.Order.Proof.Reference()
		}},
		{"settled", settled(func(s *ramp.Settlement) string { return s.Amount.Amount })},
		{"settled_currency", settled(func(s *ramp.Settlement) string { return s.Amount.Currency })},
		{"settled_estimated", settled(func(s *ramp.Settlement) string { return strconv.FormatBool(s.Estimated) })},
		{"settlement_hash", settled(func(s *ramp.Settlement) string { return s.TransactionHash })},
		{"payout_reference", settled(func(s *ramp.Settlement) string { return string(s.PayoutReference) })},
		{"tokens_deducted", settled(func(s *ramp.Settlement) string { return s.TokensDeducted.Amount })},
		{"provider_status", func(r *Record) string { return r.Order.ProviderStatus }},
		{"ended", func(r *Record) string { return india(r.EndedAt()) }},
		{"started", func(r *Record) string { return india(r.Order.CreatedAt) }},
		{"email", func(r *Record) string { return string(r.Email) }},
	}
}

// india formats a time in Indian Standard Time, such as 2026-11-27T14:30:15+05:30.
func india(at time.Time) string {
	return at.In(situation.Zone()).Format(time.RFC3339)
}

// quoted is the cell of an order that has a quote.
func quoted(cell func(*ramp.Quote) string) func(*Record) string {
	return func(r *Record) string {
		if r.Order.Quote == nil {
			return ""
		}
		return cell(r.Order.Quote)
	}
}

// settled is the cell of an order that the provider has delivered.
func settled(cell func(*ramp.Settlement) string) func(*Record) string {
	return func(r *Record) string {
		if r.Order.Settlement == nil {
			return ""
		}
		return cell(r.Order.Settlement)
	}
}

// fees lists the fees of a quote other than TDS, such as "gas 0.10 USDC; transaction 2.50 INR".
func fees(quote *ramp.Quote) string {
	var parts []string
	for _, fee := range quote.Fees {
		if !isTDS(fee) {
			parts = append(parts, fee.Name+" "+fee.Amount.Amount+" "+fee.Currency)
		}
	}
	return strings.Join(parts, "; ")
}

func isTDS(fee ramp.Fee) bool { return strings.EqualFold(fee.Name, "tds") }

// tds returns the tax that was withheld, and who says so: the provider with the payout, its quote, or our estimate.
func tds(order *ramp.Order) (amount ramp.Amount, source string) {
	if order.Settlement != nil && order.Settlement.TDS.Amount != "" {
		return order.Settlement.TDS, "provider"
	}
	if order.Quote == nil {
		return ramp.Amount{}, ""
	}
	for _, fee := range order.Quote.Fees {
		switch {
		case isTDS(fee) && fee.Estimated:
			return fee.Amount, "estimate"
		case isTDS(fee):
			return fee.Amount, "quote"
		}
	}
	return ramp.Amount{}, ""
}
