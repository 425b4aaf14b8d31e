package reconcile_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"flag"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rampart/ramp"
	"rampart/ramp/situation"
	"rampart/reconcile"
)

var update = flag.Bool("update", false, "write the golden files")

// examples has a finding of each kind.
func examples() []reconcile.Finding {
	var all []reconcile.Finding
	for _, kind := range situation.Differences() {
		order := &ramp.Order{Direction: ramp.Onramp, Reference: "inv-42", OrderID: "650000000000000000000001"}
		if kind == situation.MissingHere {
			order.Reference = ""
		}
		remedy := situation.RemedyForDifference(kind, order, ramp.Completed)
		all = append(all, reconcile.Finding{
			Day: "2026-11-26", Kind: kind, Source: reconcile.SourceStatus, Direction: ramp.Onramp, Reference: order.Reference, OrderID: order.OrderID,
			Ours: "expired", Theirs: "completed", Remedy: remedy.Sentence(), Command: remedy.Command,
		})
	}
	return all
}

func requireGolden(t *testing.T, name string, written []byte) {
	t.Helper()
	path := "testdata/" + name
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o750))
		require.NoError(t, os.WriteFile(path, written, 0o600))
		return
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), string(written), "run go test ./reconcile -update")
}

func TestFindingsAreWrittenAsCSV(t *testing.T) {
	t.Parallel()
	requireGolden(t, "findings.csv", asCSV(t, examples()))
}

func asCSV(t *testing.T, findings []reconcile.Finding) []byte {
	t.Helper()
	var b bytes.Buffer
	table, err := reconcile.NewCSVWriter(&b)
	require.NoError(t, err)
	for _, f := range findings {
		require.NoError(t, table.Write(f))
	}
	require.NoError(t, table.Close())
	return b.Bytes()
}

func TestFindingsAreWrittenAsJSON(t *testing.T) {
	t.Parallel()
	for name, findings := range map[string][]reconcile.Finding{"findings.json": examples(), "no-findings.json": nil} {
		var b bytes.Buffer
		document, err := reconcile.NewJSONWriter(&b, "2026-11-26", time.Date(2026, 11, 27, 0, 0, 0, 0, time.UTC))
		require.NoError(t, err)
		for _, f := range findings {
			require.NoError(t, document.Write(f))
		}
		require.NoError(t, document.Close())
		requireGolden(t, name, b.Bytes())
		var read struct {
			Findings []reconcile.Finding `json:"findings"`
		}
		require.NoError(t, json.Unmarshal(b.Bytes(), &read))
		require.Len(t, read.Findings, len(findings))
	}
}

func TestNoCellOfTheCSVIsAFormula(t *testing.T) {
	t.Parallel()
	for _, hostile := range []string{
		`=cmd|' /C calc'!A0`, "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "|x", "%x", `=HYPERLINK("https://evil.example.test")`,
	} {
		f := reconcile.Finding{
			Day: "2026-11-26", Reference: hostile, OrderID: hostile, Ours: hostile, Theirs: hostile, Remedy: hostile, Direction: ramp.Direction(hostile),
			Kind: situation.Difference(hostile), Source: reconcile.Source(hostile),
		}
		rows, err := csv.NewReader(bytes.NewReader(asCSV(t, []reconcile.Finding{f}))).ReadAll()
		require.NoError(t, err)
		for i, cell := range rows[1] {
			if i > 0 && cell != "" {
				require.Equal(t, byte('\''), cell[0], "%q in column %s", cell, rows[0][i])
			}
		}
	}
}
