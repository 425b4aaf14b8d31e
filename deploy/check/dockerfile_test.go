package check_test

import (
	"bytes"
	"go/version"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"
	"github.com/stretchr/testify/require"
	"golang.org/x/mod/modfile"
)

// programs are the targets of the Dockerfile, and what each is built from.
var programs = map[string]string{
	"worker": "./worker", "gateway": "./gateway", "starter": "./starter", "codec-server": "./codec/cmd/codec-server", "sandbox": "./sandbox/cmd/sandbox",
	"loopback-proxy": "./deploy/loopback-proxy",
}

func TestEveryProgramHasATarget(t *testing.T) {
	t.Parallel()
	stages := stagesOf(t)
	built := instructionsOf[*instructions.RunCommand](stages["build"])
	for name, pkg := range programs {
		require.Contains(t, stages, name)
		require.Equal(t, []string{"/usr/local/bin/" + name}, []string(instructionsOf[*instructions.EntrypointCommand](stages[name])[0].CmdLine))
		require.Contains(t, built[1].String(), pkg)
	}
}

func TestProgramsAreStaticAndRunUnprivileged(t *testing.T) {
	t.Parallel()
	stages := stagesOf(t)
	var environment []string
	for _, command := range instructionsOf[*instructions.EnvCommand](stages["build"]) {
		environment = append(environment, command.String())
	}
	require.Contains(t, strings.Join(environment, "\n"), "CGO_ENABLED=0")
	require.Equal(t, "65532:65532", instructionsOf[*instructions.UserCommand](stages["base"])[0].User)
	for name := range programs {
		require.Equal(t, "base", stages[name].BaseName, name)
		require.Empty(t, instructionsOf[*instructions.UserCommand](stages[name]), name)
	}
}

// TestImageKnowsItsRelease finds a linker flag that names a variable that is gone: the linker says nothing.
func TestImageKnowsItsRelease(t *testing.T) {
	t.Parallel()
	require.Contains(t, instructionsOf[*instructions.RunCommand](stagesOf(t)["build"])[1].String(), "-X rampart/internal/release.version=$VERSION")
	source, err := os.ReadFile("../../internal/release/release.go")
	require.NoError(t, err)
	require.Contains(t, string(source), "\nvar version string\n")
	script, err := os.ReadFile("../../.ci/release")
	require.NoError(t, err)
	require.Contains(t, string(script), "-X rampart/internal/release.version=$version")
}

func TestImageUsesTheGoVersionOfTheModule(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile("../../go.mod")
	require.NoError(t, err)
	module, err := modfile.ParseLax("go.mod", content, nil)
	require.NoError(t, err)
	image, found := strings.CutPrefix(stagesOf(t)["build"].BaseName, "golang:")
	require.True(t, found)
	image, _, _ = strings.Cut(image, "-")

	require.Equal(t, version.Lang("go"+module.Go.Version), version.Lang("go"+image))
	require.GreaterOrEqual(t, version.Compare("go"+image, "go"+module.Go.Version), 0)
}

// TestBuildContextContainsTheSourcesOfThePrograms finds a new package that .dockerignore leaves out.
func TestBuildContextContainsTheSourcesOfThePrograms(t *testing.T) {
	t.Parallel()
	file, err := os.Open("../../.dockerignore")
	require.NoError(t, err)
	defer func() { require.NoError(t, file.Close()) }()
	patterns, err := ignorefile.ReadAll(file)
	require.NoError(t, err)
	matcher, err := patternmatcher.New(patterns)
	require.NoError(t, err)

	for _, source := range append(sources(t), "go.mod", "go.sum") {
		ignored, err := matcher.MatchesOrParentMatches(source)
		require.NoError(t, err)
		require.False(t, ignored, source)
	}
	for _, other := range []string{".git/config", "bin/worker", "docs/README.md", "worker/config_test.go"} {
		ignored, err := matcher.MatchesOrParentMatches(other)
		require.NoError(t, err)
		require.True(t, ignored, other)
	}
}

// sources are the module's own files that the programs are built from.
func sources(t *testing.T) []string {
	t.Helper()
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	const files = `{{if and .Module (eq .Module.Path "rampart")}}{{$d := .Dir}}` +
		`{{range .GoFiles}}{{$d}}/{{.}} {{end}}{{range .EmbedFiles}}{{$d}}/{{.}} {{end}}{{end}}`
	arguments := []string{"list", "-deps", "-f", files}
	for _, pkg := range programs {
		arguments = append(arguments, pkg)
	}
	list := exec.CommandContext(t.Context(), "go", arguments...)
	list.Dir, list.Stderr = root, os.Stderr
	answer, err := list.Output()
	require.NoError(t, err)
	var all []string
	for _, file := range strings.Fields(string(answer)) {
		relative, err := filepath.Rel(root, file)
		require.NoError(t, err)
		all = append(all, relative)
	}
	require.NotEmpty(t, all)
	return all
}

func stagesOf(t *testing.T) map[string]instructions.Stage {
	t.Helper()
	content, err := os.ReadFile("../../Dockerfile")
	require.NoError(t, err)
	parsed, err := parser.Parse(bytes.NewReader(content))
	require.NoError(t, err)
	require.Empty(t, parsed.Warnings)
	list, _, err := instructions.Parse(parsed.AST, nil)
	require.NoError(t, err)
	stages := map[string]instructions.Stage{}
	for _, stage := range list {
		stages[stage.Name] = stage
	}
	return stages
}

func instructionsOf[T instructions.Command](stage instructions.Stage) []T {
	var found []T
	for _, command := range stage.Commands {
		if one, ok := command.(T); ok {
			found = append(found, one)
		}
	}
	return found
}
