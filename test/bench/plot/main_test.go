package main

import (
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

const measured = `{
	"costs": [
		{"polls": 1, "variant": "Rampart", "events": 45, "billedActions": 13, "serverCpuMs": {"median": 60}},
		{"polls": 900, "variant": "Rampart", "events": 58, "billedActions": 206, "serverCpuMs": {"median": 300}}
	],
	"waiting": {"watched": 2000, "steps": [
		{"waiting": 0, "serverBytes": 1e8, "workerBytes": 5e7},
		{"waiting": 100, "serverBytes": 2e8, "workerBytes": 1e8, "proofToProvider": {"p50Ms": 9, "p99Ms": 17}},
		{"waiting": 10000, "serverBytes": 1e9, "workerBytes": 5e8, "proofToProvider": {"p50Ms": 9, "p99Ms": 27}}
	]}
}`

func TestEveryFigureIsDrawn(t *testing.T) {
	t.Parallel()
	into := t.TempDir()
	path := filepath.Join(into, "report.json")
	require.NoError(t, os.WriteFile(path, []byte(measured), 0o600))

	require.NoError(t, run(into, []string{path}))

	for _, name := range []string{"bench-cpu", "bench-events", "bench-actions", "bench-waiting-memory", "bench-waiting-proofs"} {
		file, err := os.Open(filepath.Join(into, name+".png"))
		require.NoError(t, err)
		drawn, err := png.Decode(file)
		require.NoError(t, err, name)
		require.NoError(t, file.Close())
		require.Greater(t, drawn.Bounds().Dx(), 400, name)
		require.Greater(t, drawn.Bounds().Dy(), 250, name)
	}
}

func TestReportThatCannotBeReadIsNamed(t *testing.T) {
	t.Parallel()
	require.ErrorContains(t, run(t.TempDir(), nil), "name the JSON files")
	require.ErrorContains(t, run(t.TempDir(), []string{"missing.json"}), "missing.json")
}
