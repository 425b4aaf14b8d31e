package check_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

// workflow is what the tests look at in a workflow of GitHub.
type workflow struct {
	On          map[string]any    `json:"on"`
	Permissions map[string]string `json:"permissions"`
	Jobs        map[string]struct {
		Container      string `json:"container"`
		TimeoutMinutes int    `json:"timeout-minutes"`
		Steps          []struct {
			Uses string         `json:"uses"`
			Run  string         `json:"run"`
			With map[string]any `json:"with"`
		} `json:"steps"`
	} `json:"jobs"`
}

func workflows(t *testing.T) map[string]workflow {
	t.Helper()
	files, err := filepath.Glob("../../.github/workflows/*.yml")
	require.NoError(t, err)
	require.Len(t, files, 3)
	all := map[string]workflow{}
	for _, file := range files {
		content, err := os.ReadFile(file)
		require.NoError(t, err)
		// The parser takes a bare on for true.
		content = []byte(strings.Replace(string(content), "\non:\n", "\n\"on\":\n", 1))
		var w workflow
		require.NoError(t, yaml.Unmarshal(content, &w), file)
		all[strings.TrimSuffix(filepath.Base(file), ".yml")] = w
	}
	return all
}

func TestWorkflowsRunWhatRunsAnywhereElseToo(t *testing.T) {
	t.Parallel()
	runs := map[string][]string{}
	for name, w := range workflows(t) {
		require.NotEmpty(t, w.On, name)
		for _, job := range w.Jobs {
			for _, step := range job.Steps {
				for _, own := range []string{".ci/run", "make "} {
					if strings.HasPrefix(step.Run, own) {
						runs[name] = append(runs[name], step.Run)
					}
				}
			}
		}
	}
	require.Equal(t, []string{".ci/run"}, runs["ci"])
	require.Equal(t, []string{".ci/run nightly"}, runs["nightly"])
	require.ElementsMatch(t, []string{".ci/run", `make release VERSION="$GITHUB_REF_NAME"`}, runs["release"])
}

func TestWorkflowsMayReadOnlyAndEnd(t *testing.T) {
	t.Parallel()
	for name, w := range workflows(t) {
		require.Equal(t, map[string]string{"contents": "read"}, w.Permissions, name)
		for _, job := range w.Jobs {
			require.Positive(t, job.TimeoutMinutes, name)
			for _, step := range job.Steps {
				require.True(t, step.Uses == "" || strings.HasPrefix(step.Uses, "actions/"), "%s uses %s", name, step.Uses)
				if strings.HasPrefix(step.Uses, "actions/checkout@") {
					require.Equal(t, false, step.With["persist-credentials"], name)
				}
			}
		}
	}
}

func TestWorkflowsBuildInTheImageOfTheDockerfile(t *testing.T) {
	t.Parallel()
	for name, w := range workflows(t) {
		for _, job := range w.Jobs {
			require.True(t, job.Container == "" || job.Container == stagesOf(t)["build"].BaseName, name)
		}
	}
}
