package reconcile

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"rampart/internal/spreadsheet"
)

// columns are those of the CSV of findings.
func columns() []string {
	return []string{"day", "kind", "source", "direction", "reference", "order_id", "ours", "theirs", "remedy", "command"}
}

// row returns a finding as a row of the CSV.
func (f Finding) row() []string {
	row := []string{
		string(f.Day), string(f.Kind), string(f.Source), string(f.Direction), f.Reference, f.OrderID, f.Ours, f.Theirs, f.Remedy,
		strings.Join(append([]string{"starter"}, f.Command...), " "),
	}
	if f.Command == nil {
		row[len(row)-1] = ""
	}
	for i, cell := range row {
		row[i] = spreadsheet.Cell(cell)
	}
	return row
}

// CSVWriter writes findings as CSV, one by one.
type CSVWriter struct{ csv *csv.Writer }

// NewCSVWriter returns a writer that has written the names of the columns.
func NewCSVWriter(w io.Writer) (*CSVWriter, error) {
	c := &CSVWriter{csv.NewWriter(w)}
	return c, c.csv.Write(columns())
}

// Write writes a finding.
func (c *CSVWriter) Write(f Finding) error { return c.csv.Write(f.row()) }

// Close writes what is buffered.
func (c *CSVWriter) Close() error {
	c.csv.Flush()
	return c.csv.Error()
}

// JSONWriter writes findings as a JSON document, one by one.
type JSONWriter struct {
	w     io.Writer
	begun bool
}

// NewJSONWriter returns a writer that has begun the document of a day, as of a time.
func NewJSONWriter(w io.Writer, day Day, at time.Time) (*JSONWriter, error) {
	_, err := fmt.Fprintf(w, "{\n  \"day\": %q,\n  \"at\": %q,\n  \"findings\": [", day, at.UTC().Format(time.RFC3339))
	return &JSONWriter{w: w}, err
}

// Write writes a finding.
func (j *JSONWriter) Write(f Finding) error {
	encoded, err := json.Marshal(f)
	if err != nil {
		return err
	}
	comma := ","
	if !j.begun {
		comma, j.begun = "", true
	}
	_, err = fmt.Fprintf(j.w, "%s\n    %s", comma, encoded)
	return err
}

// Close ends the document.
func (j *JSONWriter) Close() error {
	end := "]\n}\n"
	if j.begun {
		end = "\n  ]\n}\n"
	}
	_, err := io.WriteString(j.w, end)
	return err
}
