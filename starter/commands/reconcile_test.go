package commands_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"rampart/ramp"
	"rampart/ramp/situation"
	"rampart/reconcile"
)

// reconciliations is a fake of reconcile.Client.
type reconciliations struct{ *fake }

func (r reconciliations) Run(ctx context.Context, day reconcile.Day) (*reconcile.Report, error) {
	r.calls = append(r.calls, "reconcile "+string(day))
	if r.report == nil && r.err == nil {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return r.report, r.err
}

func (r reconciliations) RunAnew(ctx context.Context, day reconcile.Day) (*reconcile.Report, error) {
	report, err := r.Run(ctx, day)
	r.calls[len(r.calls)-1] += " anew"
	return report, err
}

func (r reconciliations) Idle(_ context.Context, day reconcile.Day) error {
	if r.reconciling {
		return &reconcile.RunningError{Day: day}
	}
	return nil
}

func (r reconciliations) Schedule(_ context.Context, hour, minute int) error {
	r.calls = append(r.calls, fmt.Sprintf("schedule %d:%d", hour, minute))
	return r.err
}

func (r reconciliations) Unschedule(context.Context) (bool, error) {
	r.calls = append(r.calls, "unschedule")
	return r.report != nil, r.err
}

func reported(findings ...reconcile.Finding) *reconcile.Report {
	return &reconcile.Report{
		Day: "2026-11-22", Orders: 1204, Findings: len(findings), First: findings,
		CSV: reconcile.CSVName("2026-11-22"), JSON: reconcile.JSONName("2026-11-22"),
	}
}

func paidThere() reconcile.Finding {
	return reconcile.Finding{
		Day: "2026-11-22", Kind: situation.PaidThere, Source: reconcile.SourceStatus, Direction: ramp.Onramp, Reference: "inv-42", OrderID: "6500a",
		Ours: "expired", Theirs: "completed", Remedy: "Correct your books.", Command: []string{"explain", "onramp/inv-42"},
	}
}

func TestDayThatAgreesExitsWithZero(t *testing.T) {
	t.Parallel()
	x := with()
	x.fake.report = reported()
	got := x.run(t, "reconcile")
	require.Zero(t, got.code, got.stderr)
	require.Equal(t, []string{"reconcile 2026-11-22"}, x.fake.calls, "yesterday in India")
	require.Contains(t, got.stdout, "2026-11-22: 1204 orders compared, 0 differences.")
}

func TestDifferencesArePrintedWithTheirRemediesAndExitWithThree(t *testing.T) {
	t.Parallel()
	x := with()
	x.fake.report = reported(paidThere())
	got := x.run(t, "reconcile", "--day", "2026-11-22")
	require.Equal(t, 3, got.code)
	for _, line := range []string{
		"1204 orders compared, 1 difference.", "paid there  onramp/inv-42  provider's 6500a", "here: expired  there: completed  (status)",
		"→ Correct your books.", "bin/starter explain onramp/inv-42", "2026-11-22/findings.csv",
	} {
		require.Contains(t, got.stdout, line)
	}
	require.Equal(t, "starter: 2026-11-22 has 1 difference\n", got.stderr)

	got = x.run(t, "reconcile", "--day", "2026-11-22", "-o", "json")
	require.Equal(t, 3, got.code)
	require.Equal(t, x.fake.report, decoded[*reconcile.Report](t, got.stdout))
	require.Equal(t, ramp.ErrorType("Differences"), decoded[ramp.Error](t, got.stderr).Type)
}

func TestDayToReconcileMustHaveBegunInIndia(t *testing.T) {
	t.Parallel()
	for day, code := range map[string]int{"2026-11-23": 0, "2026-11-24": 2, "23.11.2026": 2, "2026-02-30": 2} {
		x := with()
		x.fake.report = reported()
		require.Equal(t, code, x.run(t, "reconcile", "--day", day).code, day)
	}
}

func TestReconciliationThatTakesTooLongContinues(t *testing.T) {
	t.Parallel()
	got := with().run(t, "reconcile", "--timeout", "1ms")
	require.Equal(t, 4, got.code)
	require.Contains(t, got.stderr, "continues")
}

func TestExportGoesToTheStoreAndFindingsComeFromIt(t *testing.T) {
	t.Parallel()
	x := with()
	x.fake.report = reported()
	store, out := t.TempDir(), filepath.Join(t.TempDir(), "books")
	export := filepath.Join(t.TempDir(), "export.csv")
	require.NoError(t, os.WriteFile(export, []byte("order_id,status,customer\n6500a,completed,Asha Rao\n"), 0o600))
	line := []string{"reconcile", "--day", "2026-11-22", "--export", export, "--out", out}
	require.Equal(t, 2, x.run(t, line...).code, "the store is not named")
	require.Empty(t, x.fake.calls)

	x.environment = environment{"RAMP_RECONCILE_STORE": "file://" + store}
	opened, err := reconcile.OpenStore(t.Context(), "file://"+store)
	require.NoError(t, err)
	defer opened.Close()
	for _, name := range []string{x.fake.report.CSV, x.fake.report.JSON} {
		require.NoError(t, opened.Write(t.Context(), name, func(w io.Writer) error {
			_, err := io.WriteString(w, "findings")
			return err
		}))
	}
	got := x.run(t, line...)
	require.Zero(t, got.code, got.stderr)
	require.Equal(t, []string{"reconcile 2026-11-22 anew"}, x.fake.calls)
	kept, err := os.ReadFile(filepath.Join(store, "2026-11-22", "export.csv"))
	require.NoError(t, err)
	require.Contains(t, string(kept), "6500a")
	require.NotContains(t, string(kept), "Asha")
	for _, name := range []string{"findings.csv", "findings.json"} {
		copied, err := os.ReadFile(filepath.Join(out, name))
		require.NoError(t, err)
		require.Equal(t, "findings", string(copied))
	}
}

// A reconciliation that runs may have read that there is no export.
func TestExportIsNotForAReconciliationThatRuns(t *testing.T) {
	t.Parallel()
	store := t.TempDir()
	export := filepath.Join(t.TempDir(), "export.csv")
	require.NoError(t, os.WriteFile(export, []byte("order_id,status\n6500a,completed\n"), 0o600))
	line := []string{"reconcile", "--day", "2026-11-22", "--export", export}
	x := with()
	x.environment = environment{"RAMP_RECONCILE_STORE": "file://" + store}
	x.fake.report, x.fake.reconciling = reported(), true
	got := x.run(t, line...)
	require.Equal(t, 1, got.code)
	require.Equal(t, "starter: a reconciliation of 2026-11-22 is running; run this again once it has ended\n", got.stderr)
	require.Empty(t, x.fake.calls)
	require.NoFileExists(t, filepath.Join(store, "2026-11-22", "export.csv"))
	require.Zero(t, x.run(t, line[:3]...).code, "without an export it waits for the one that runs")

	x.fake.reconciling, x.fake.err = false, &reconcile.RunningError{Day: "2026-11-22"} // it began meanwhile
	got = x.run(t, line...)
	require.Equal(t, 1, got.code)
	require.Contains(t, got.stderr, "once it has ended")

	x.fake.report, x.fake.err = nil, nil
	got = x.run(t, append(line, "--timeout", "1ms")...)
	require.Equal(t, 4, got.code)
	require.Contains(t, got.stderr, "the same command without --export waits for it again")
}

func TestBadExportIsAUsageErrorAndNothingRuns(t *testing.T) {
	t.Parallel()
	x := with()
	x.environment = environment{"RAMP_RECONCILE_STORE": "file://" + t.TempDir()}
	export := filepath.Join(t.TempDir(), "export.csv")
	require.NoError(t, os.WriteFile(export, []byte("order_id,status\n6500a,\n"), 0o600))
	got := x.run(t, "reconcile", "--export", export)
	require.Equal(t, 2, got.code)
	require.Contains(t, got.stderr, "line 2")
	require.Equal(t, 2, x.run(t, "reconcile", "--export", export+".none").code)
	require.Empty(t, x.fake.calls)
}

func TestScheduleTakesATimeInIndia(t *testing.T) {
	t.Parallel()
	x := with()
	require.Zero(t, x.run(t, "reconcile", "schedule").code)
	require.Zero(t, x.run(t, "reconcile", "schedule", "--at", "23:05").code)
	require.Equal(t, 2, x.run(t, "reconcile", "schedule", "--at", "25:00").code)
	require.Contains(t, x.run(t, "reconcile", "unschedule").stdout, "no schedule")
	x.fake.report = reported()
	require.Contains(t, x.run(t, "reconcile", "unschedule", "-o", "json").stdout, "No longer")
	require.Equal(t, []string{"schedule 5:30", "schedule 23:5", "unschedule", "unschedule"}, x.fake.calls)
}
