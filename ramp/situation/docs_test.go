package situation_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rampart/ramp"
	"rampart/ramp/situation"
)

// webUI is the page of the docs that has tables of situations, between markers.
const webUI = "../../docs/how-to/web-ui.md"

func TestTablesInTheDocsAreThoseOfTheTexts(t *testing.T) {
	t.Parallel()
	requireTable(t, "situations", situations())
	requireTable(t, "endings", endingTable())
	requireTable(t, "concerns", concerns())
}

// requireTable compares a table with the one between its markers in the docs.
func requireTable(t *testing.T, name, table string) {
	t.Helper()
	content, err := os.ReadFile(webUI)
	require.NoError(t, err)
	begin, end := "<!-- "+name+": go test ./ramp/situation -update -->\n", "<!-- end of "+name+" -->"
	before, rest, found := strings.Cut(string(content), begin)
	require.True(t, found, "%s has no marker %s", webUI, begin)
	shown, after, found := strings.Cut(rest, end)
	require.True(t, found, "%s has no marker %s", webUI, end)
	if *update {
		require.NoError(t, os.WriteFile(webUI, []byte(before+begin+table+end+after), 0o600))
		return
	}
	require.Equal(t, table, shown, "run go test ./ramp/situation -update")
}

// situations are the rows of the orders that run.
func situations() string {
	var b strings.Builder
	b.WriteString("| the card says | it waits for | what helps |\n| --- | --- | --- |\n")
	seen := make(map[string]bool)
	for _, status := range ramp.Statuses() {
		for _, direction := range directions() {
			for _, e := range examples(direction, status) {
				s := situation.Of(e.order)
				if !s.Over && !seen[s.Headline] {
					seen[s.Headline] = true
					fmt.Fprintf(&b, "| %s | the %s | %s |\n", s.Headline, s.From, cell(s.Remedies))
				}
			}
		}
	}
	return b.String()
}

// cell is what helps in each case.
func cell(all []situation.Remedy) string {
	if len(all) == 0 {
		return "nothing: the order continues by itself"
	}
	var parts []string
	for _, r := range all {
		part := r.Case + ": " + r.Advice
		if r.Command != nil {
			part = r.Case + ": `starter " + r.Command[0] + "`"
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, "; ")
}

// endingTable has a row for each case of an ending. Endings with the same remedies share a row.
func endingTable() string {
	var rows []string
	endings := make(map[string][]string) // by row
	for _, direction := range directions() {
		for _, status := range ramp.Statuses() {
			for _, e := range examples(direction, status) {
				s := situation.Of(e.order)
				if !s.Over {
					continue
				}
				ending, _, _ := strings.Cut(s.Headline, ":")
				row := fmt.Sprintf("%s | %s | %s |\n", direction, e.name, cell(s.Remedies))
				if endings[row] == nil {
					rows = append(rows, row)
				}
				endings[row] = append(endings[row], ending)
			}
		}
	}
	var b strings.Builder
	b.WriteString("| it ended as | direction | case | what helps |\n| --- | --- | --- | --- |\n")
	for _, row := range rows {
		b.WriteString("| " + strings.Join(endings[row], ", ") + " | " + row)
	}
	return b.String()
}

func concerns() string {
	var b strings.Builder
	b.WriteString("| type of the concern | what to do |\n| --- | --- |\n")
	for _, concern := range ramp.ConcernTypes() {
		o := concerned(ramp.Onramp, concern)
		o.OrderID = "ORDER-ID"
		if o.Previous != nil {
			o.Previous.OrderID = "EARLIER-ORDER-ID"
		}
		r := situation.Of(o).Concerns[0].Remedy
		command := ""
		if r.Command != nil {
			command = ": `starter " + r.Command[0] + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s%s |\n", concern, r.Advice, command)
	}
	return b.String()
}
