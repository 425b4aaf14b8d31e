package telemetry_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

const (
	alertsFile    = "../../deploy/prometheus/alerts.yaml"
	alertTests    = "../../deploy/prometheus/testdata/alerts.yaml"
	dashboardFile = "../../deploy/grafana/rampart.json"
)

type rules struct {
	Groups []struct {
		Name  string `yaml:"name"`
		Rules []rule `yaml:"rules"`
	} `yaml:"groups"`
}

type rule struct {
	Alert       string            `yaml:"alert,omitempty"`
	Record      string            `yaml:"record,omitempty"`
	Expr        string            `yaml:"expr"`
	Labels      map[string]string `yaml:"labels,omitempty"`
	Annotations map[string]string `yaml:"annotations,omitempty"`
}

func alerts(t *testing.T) []rule {
	t.Helper()
	content, err := os.ReadFile(alertsFile)
	require.NoError(t, err)
	var all rules
	require.NoError(t, yaml.Unmarshal(content, &all))
	require.Len(t, all.Groups, 1)
	require.NotEmpty(t, all.Groups[0].Rules)
	return all.Groups[0].Rules
}

type dashboard struct {
	Panels []struct {
		ID          int    `json:"id"`
		Type        string `json:"type"`
		Title       string `json:"title"`
		Description string `json:"description"`
		Targets     []struct {
			Expr string `json:"expr"`
		} `json:"targets"`
		GridPos struct{ H, W, X, Y int } `json:"gridPos"`
	} `json:"panels"`
}

func panels(t *testing.T) dashboard {
	t.Helper()
	content, err := os.ReadFile(dashboardFile)
	require.NoError(t, err)
	var board dashboard
	require.NoError(t, json.Unmarshal(content, &board))
	require.NotEmpty(t, board.Panels)
	return board
}

func TestEveryAlertHasASummaryAndARunbookSection(t *testing.T) {
	t.Parallel()
	for _, alert := range alerts(t) {
		require.NotEmpty(t, alert.Annotations["summary"], alert.Alert)
		require.NotEmpty(t, alert.Annotations["description"], alert.Alert)
		require.Contains(t, []string{"page", "ticket"}, alert.Labels["severity"], alert.Alert)
		require.Regexp(t, `^docs/how-to/runbook\.md#[a-z-]+$`, alert.Annotations["runbook"], alert.Alert)
	}
}

func TestEveryAlertHasATestThatFiresIt(t *testing.T) {
	t.Parallel()
	proofs, err := os.ReadFile(alertTests)
	require.NoError(t, err)
	for _, alert := range alerts(t) {
		require.Contains(t, string(proofs), fmt.Sprintf("alertname=%q", alert.Alert))
	}
}

func TestPanelsOfTheDashboardDoNotOverlap(t *testing.T) {
	t.Parallel()
	taken, ids := make(map[[2]int]string), make(map[int]bool)
	for _, panel := range panels(t).Panels {
		require.False(t, ids[panel.ID], panel.Title)
		ids[panel.ID] = true
		at := panel.GridPos
		require.LessOrEqual(t, at.X+at.W, 24, panel.Title)
		for x := at.X; x < at.X+at.W; x++ {
			for y := at.Y; y < at.Y+at.H; y++ {
				require.Empty(t, taken[[2]int{x, y}], panel.Title)
				taken[[2]int{x, y}] = panel.Title
			}
		}
		require.Equal(t, panel.Type == "row", len(panel.Targets) == 0, panel.Title)
	}
}

// TestPrometheusAcceptsAlertsAndDashboard checks every query with promtool, and runs promtool's tests of the alerts.
func TestPrometheusAcceptsAlertsAndDashboard(t *testing.T) {
	t.Parallel()
	promtool(t, "check", "rules", alertsFile)
	promtool(t, "test", "rules", alertTests)

	var recorded []rule
	for _, panel := range panels(t).Panels {
		for n, target := range panel.Targets {
			recorded = append(recorded, rule{
				Record: fmt.Sprintf("panel_%d_%d", panel.ID, n),
				Expr:   strings.ReplaceAll(target.Expr, "$__rate_interval", "5m"),
			})
		}
	}
	content, err := yaml.Marshal(map[string]any{"groups": []any{map[string]any{"name": "dashboard", "rules": recorded}}})
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "dashboard.yaml")
	require.NoError(t, os.WriteFile(file, content, 0o600))
	promtool(t, "check", "rules", file)
}

func promtool(t *testing.T, args ...string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "promtool", args...).CombinedOutput()
	require.NoError(t, err, "%s", out)
}
