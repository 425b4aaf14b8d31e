package reconcile

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"rampart/internal/redact"
	"rampart/internal/spreadsheet"
	"rampart/ramp"
	"rampart/ramp/situation"
)

// ExportRow is an order in the export of the provider's dashboard. Whatever the export does not tell is empty.
type ExportRow struct {
	OrderID   string
	Direction ramp.Direction
	Status    string
	Fiat      decimal.NullDecimal
	Token     string
	Wallet    string
	UTR       redact.UTR
	TDS       decimal.NullDecimal
	CreatedAt time.Time
}

// exportColumns are the names that a column may have, in small letters and without other characters than letters. The first is the one
// under which a store keeps it.
func exportColumns() [][]string {
	return [][]string{
		{"orderid", "id"},
		{"direction", "type", "ordertype"},
		{"status", "orderstatus"},
		{"fiat", "fiatamount", "amount", "amountinr", "inramount"},
		{"token", "tokensymbol", "buytokensymbol", "selltokensymbol", "crypto", "asset"},
		{"wallet", "walletaddress", "receiverwalletaddress", "senderwalletaddress", "receiveraddress", "senderaddress"},
		{"utr", "utrnumber", "paymentreference", "reference", "bankreference"},
		{"tds", "tdsamount", "tdsfee"},
		{"createdat", "created", "createdon", "date", "orderdate"},
	}
}

// Positions in exportColumns.
const (
	columnID = iota
	columnDirection
	columnStatus
	columnFiat
	columnToken
	columnWallet
	columnUTR
	columnTDS
	columnCreatedAt
	exportWidth
)

// exportNames are the columns of an export in a store.
func exportNames() []string {
	names := make([]string, 0, exportWidth)
	for _, column := range exportColumns() {
		names = append(names, column[0])
	}
	return names
}

const (
	// maxExportRows bounds an export, whose rows are kept in memory while a day is reconciled.
	maxExportRows = 1_000_000
	// maxExportCell bounds a cell, in bytes.
	maxExportCell = 200
)

// errTooLong says that an export has too many rows.
var errTooLong = fmt.Errorf("the export has more than %d rows", maxExportRows)

// ReadExport calls each for every row of an export in CSV, with commas or semicolons. Its first row names the columns; an order id and a
// status are required, and unknown columns are left out. Errors name the line and never repeat a value.
func ReadExport(from io.Reader, each func(ExportRow) error) error {
	table, at, err := openExport(from)
	if err != nil {
		return err
	}
	for count := 0; ; count++ {
		cells, err := table.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		switch {
		case err != nil:
			return exportError(err)
		case count == maxExportRows:
			return errTooLong
		}
		row, err := readRow(cells, at)
		if err != nil {
			line, _ := table.FieldPos(0)
			return fmt.Errorf("line %d of the export %w", line, err)
		}
		if err := each(row); err != nil {
			return err
		}
	}
}

// exportError is an error of the CSV reader, without what it has read; others are returned as they are.
func exportError(err error) error {
	var malformed *csv.ParseError
	if errors.As(err, &malformed) {
		return fmt.Errorf("line %d of the export is not CSV: %w", malformed.Line, malformed.Err)
	}
	return err
}

// openExport reads the names of the columns, and returns where each of exportColumns is, -1 for one that is missing.
func openExport(from io.Reader) (*csv.Reader, [exportWidth]int, error) {
	var at [exportWidth]int
	buffered := bufio.NewReaderSize(from, 1<<16)
	if mark, _ := buffered.Peek(3); string(mark) == "\xef\xbb\xbf" {
		_, _ = buffered.Discard(3)
	}
	begin, _ := buffered.Peek(1 << 12)
	first, _, _ := strings.Cut(string(begin), "\n")
	table := csv.NewReader(buffered)
	table.ReuseRecord = true
	if strings.Count(first, ";") > strings.Count(first, ",") {
		table.Comma = ';'
	}
	names, err := table.Read()
	var store *StoreError
	if errors.As(err, &store) {
		return nil, at, err
	}
	if err != nil {
		return nil, at, errors.New("the export has no row with the names of its columns, or is not CSV")
	}
	for i, known := range exportColumns() {
		at[i] = find(names, known)
	}
	if at[columnID] < 0 || at[columnStatus] < 0 {
		return nil, at, errors.New("the export must have a column with the order ids, such as order_id, and one with the statuses, such as status")
	}
	return table, at, nil
}

// find returns which of the names is one of a column's, the first of those that it may have; -1 for none.
func find(names, known []string) int {
	for _, want := range known {
		for i, name := range names {
			if plain(name) == want {
				return i
			}
		}
	}
	return -1
}

// plain returns the letters of a column's name, in small.
func plain(name string) string {
	return strings.Map(func(r rune) rune {
		if r < 'a' || r > 'z' {
			return -1
		}
		return r
	}, strings.ToLower(name))
}

// exportID is the form of the provider's order ids.
var exportID = regexp.MustCompile(`^[0-9A-Za-z_-]{1,128}$`)

func readRow(cells []string, at [exportWidth]int) (ExportRow, error) {
	cell := func(column int) string {
		if at[column] < 0 {
			return ""
		}
		return strings.Clone(strings.TrimSpace(strings.TrimPrefix(cells[at[column]], "'")))
	}
	for column := range exportWidth {
		if len(cell(column)) > maxExportCell {
			return ExportRow{}, fmt.Errorf("has a value of more than %d bytes in %s", maxExportCell, exportColumns()[column][0])
		}
	}
	row := ExportRow{
		OrderID: cell(columnID), Direction: directionOf(cell(columnDirection)), Status: redact.Plain(cell(columnStatus), maxExportCell),
		Token: redact.Plain(cell(columnToken), maxExportCell), Wallet: cell(columnWallet), UTR: redact.UTR(cell(columnUTR)),
	}
	if !exportID.MatchString(row.OrderID) {
		return row, errors.New("has an order id of another form")
	}
	if row.Status == "" {
		return row, errors.New("has no status")
	}
	var err error
	if row.Fiat, err = readMoney(cell(columnFiat)); err != nil {
		return row, errors.New("has an amount that is not a number")
	}
	if row.TDS, err = readMoney(cell(columnTDS)); err != nil {
		return row, errors.New("has a TDS that is not a number")
	}
	if row.CreatedAt, err = readMoment(cell(columnCreatedAt)); err != nil {
		return row, errors.New("has a time of another form than 2026-11-26T10:00:00Z or 2026-11-26 15:30:00 (IST)")
	}
	return row, nil
}

func directionOf(text string) ramp.Direction {
	switch plain(text) {
	case "onramp", "buy", "fiattocrypto":
		return ramp.Onramp
	case "offramp", "sell", "cryptotofiat":
		return ramp.Offramp
	default:
		return ""
	}
}

// readMoney reads an amount in rupees, which may have a sign of the currency and separators of thousands; empty and "-" are none.
func readMoney(text string) (decimal.NullDecimal, error) {
	text = strings.NewReplacer("₹", "", "INR", "", "Rs.", "", ",", "", " ", "").Replace(text)
	if text == "" || text == "-" {
		return decimal.NullDecimal{}, nil
	}
	amount, err := ramp.Amount{Amount: text}.Decimal()
	return decimal.NewNullDecimal(amount), err
}

func readMoment(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t.UTC(), nil
	}
	var err error
	for _, form := range []string{time.DateTime, "2006-01-02 15:04", "02-01-2006 15:04:05", "02/01/2006 15:04:05", "02/01/2006 15:04"} {
		var t time.Time
		if t, err = time.ParseInLocation(form, text, situation.Zone()); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, err
}

// reduceExport writes of an export only what is compared: names, e-mails and accounts of users are left out.
func reduceExport(to io.Writer, from io.Reader) (int, error) {
	table, rows := csv.NewWriter(to), 0
	if err := table.Write(exportNames()); err != nil {
		return 0, err
	}
	err := ReadExport(from, func(row ExportRow) error {
		rows++
		return table.Write(row.cells())
	})
	table.Flush()
	return rows, errors.Join(err, table.Error())
}

func (r ExportRow) cells() []string {
	cells := []string{
		r.OrderID, string(r.Direction), r.Status, money(r.Fiat), r.Token, r.Wallet, string(r.UTR), money(r.TDS), "",
	}
	if !r.CreatedAt.IsZero() {
		cells[columnCreatedAt] = r.CreatedAt.Format(time.RFC3339)
	}
	for i, cell := range cells {
		cells[i] = spreadsheet.Cell(cell)
	}
	return cells
}

func money(amount decimal.NullDecimal) string {
	if !amount.Valid {
		return ""
	}
	return amount.Decimal.String()
}
