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

// webUI is the page of the docs that has tables of situations, between markers, and reconciling the one that has the differences.
const (
	webUI       = "../../docs/how-to/web-ui.md"
	reconciling = "../../docs/how-to/reconcile.md"
)

func TestTablesInTheDocsAreThoseOfTheTexts(t *testing.T) {
	t.Parallel()
	requireTable(t, webUI, "situations", situations())
	requireTable(t, webUI, "endings", endingTable())
	requireTable(t, webUI, "concerns", concerns())
	requireTable(t, reconciling, "differences", differences())
}

// requireTable compares a table with the one between its markers in the docs.
func requireTable(t *testing.T, page, name, table string) {
	t.Helper()
	content, err := os.ReadFile(page)
	require.NoError(t, err)
	begin, end := "<!-- "+name+": go test ./ramp/situation -update -->\n", "<!-- end of "+name+" -->"
	before, rest, found := strings.Cut(string(content), begin)
	require.True(t, found, "%s has no marker %s", page, begin)
	shown, after, found := strings.Cut(rest, end)
	require.True(t, found, "%s has no marker %s", page, end)
	if *update {
		require.NoError(t, os.WriteFile(page, []byte(before+begin+table+end+after), 0o600))
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

// differences are the rows of what a reconciliation finds. What helps against some depends on what the provider's order has become.
func differences() string {
	about := map[situation.Difference]string{
		situation.MissingThere: "the provider does not know an order that it made",
		situation.MissingHere:  "the provider has an order that no order here owns, such as one whose creation was lost",
		situation.PaidThere:    "the order ended unpaid here, and the provider found its payment",
		situation.OtherStatus:  "the order ended here in another way than at the provider",
		situation.OtherAmount:  "the amount in rupees, or what was delivered, is another one",
		situation.OtherToken:   "the token or its chain is another one",
		situation.OtherWallet:  "the user's wallet, or the deposit wallet that the user was shown, is another one",
		situation.OtherTDS:     "another tax was withheld than the order or its quote says",
		situation.OtherProof:   "the UTR or the hash of the payment, or the hash of the delivery, is another one",
		situation.ProofTwice:   "two orders that were paid have the same UTR",
		situation.NotCompared:  "the order could not be compared",
	}
	order := &ramp.Order{Direction: ramp.Onramp, Reference: "inv-42", OrderID: "ORDER-ID"}
	var b strings.Builder
	b.WriteString("| kind | what differs | the provider says | what helps |\n| --- | --- | --- | --- |\n")
	for _, difference := range situation.Differences() {
		var rows []string
		statuses := map[string][]string{} // by what helps
		for _, there := range []ramp.Status{"", ramp.Settling, ramp.Refunding, ramp.Completed, ramp.Expired, ramp.Cancelled, ramp.Refunded} {
			r := situation.RemedyForDifference(difference, order, there)
			advice := r.Advice
			if r.Command != nil {
				advice += ": `starter " + strings.Join(r.Command, " ") + "`"
			}
			if statuses[advice] == nil {
				rows = append(rows, advice)
			}
			said := string(there)
			if there == "" {
				said = "unpaid"
			}
			statuses[advice] = append(statuses[advice], said)
		}
		for _, advice := range rows {
			said := strings.Join(statuses[advice], ", ")
			if len(rows) == 1 {
				said = "anything"
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", difference, about[difference], said, advice)
		}
	}
	return b.String()
}
