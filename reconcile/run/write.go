package run

import (
	"context"
	"io"
	"time"

	"rampart/ramp/situation"
	"rampart/reconcile"
)

// write writes the findings of all parts as CSV and as JSON.
func (a *audit) write(ctx context.Context) (*reconcile.Report, error) {
	report := &reconcile.Report{
		Day: a.day, Orders: a.at.Orders, Rows: len(a.export), CSV: reconcile.CSVName(a.day), JSON: reconcile.JSONName(a.day),
	}
	err := a.store.Write(ctx, report.CSV, func(w io.Writer) error {
		table, err := reconcile.NewCSVWriter(w)
		if err != nil {
			return err
		}
		if err := a.each(ctx, func(f reconcile.Finding) error {
			count(report, f)
			return table.Write(f)
		}); err != nil {
			return err
		}
		return table.Close()
	})
	if err != nil {
		return nil, err
	}
	err = a.store.Write(ctx, report.JSON, func(w io.Writer) error {
		document, err := reconcile.NewJSONWriter(w, a.day, time.Now())
		if err != nil {
			return err
		}
		if err := a.each(ctx, document.Write); err != nil {
			return err
		}
		return document.Close()
	})
	if err != nil {
		return nil, err
	}
	return report, nil
}

// count adds a finding to a report.
func count(report *reconcile.Report, f reconcile.Finding) {
	if report.Kinds == nil {
		report.Kinds = map[situation.Difference]int{}
	}
	report.Findings++
	report.Kinds[f.Kind]++
	if len(report.First) < reconcile.MostShown {
		report.First = append(report.First, f)
	}
}

// each calls take for every finding, each once.
func (a *audit) each(ctx context.Context, take func(reconcile.Finding) error) error {
	seen := map[digest]bool{}
	for number := range a.at.Parts {
		content, err := (parts{a.store, a.day}).get(ctx, a.at.Run, number)
		if err != nil {
			return err
		}
		for _, f := range content.Findings {
			key := a.at.digest("finding", string(f.Kind)+"\x00"+string(f.Direction)+"\x00"+f.Reference+"\x00"+f.OrderID+"\x00"+string(f.Fact))
			if seen[key] {
				continue
			}
			seen[key] = true
			if err := take(f.Finding); err != nil {
				return err
			}
		}
	}
	return nil
}
