// Package imports_test holds the packages of Rampart to their directions of imports: which may import which. CONTRIBUTING.md has the same
// table.
package imports_test

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// everything stands for all packages, in the column of what a group may import.
const everything = "everything"

// group is a package with all packages below it, except those that have a line of their own.
type group struct {
	path string
	job  string
	// imports are the groups that its code, tests left aside, may import besides itself.
	imports []string
}

// groups has a line for every package. CONTRIBUTING.md has the table as table renders it.
func groups() []group {
	return []group{
		{"ramp", "the contract that a backend imports: requests, orders, errors, names, client", []string{"internal"}},
		{"ramp/situation", "the situation of an order: who must act, until when, why, and what helps", []string{"ramp"}},
		{"ramp/schema", "the contract as JSON Schema, and its generator", []string{"ramp", "internal"}},
		{"codec", "encryption of payloads, keysets, KMS, the codec server", []string{"internal"}},
		{"onmeta", "the provider client; `onmeta/session` keeps users' tokens. No Temporal", []string{"internal"}},
		{"dossier", "KYC documents: stores, reading, checks", []string{"ramp", "internal"}},
		{"events", "the events of orders: what deliveries need; `events/dispatch` signs and sends them", []string{"ramp", "internal"}},
		{"records", "the final states of orders, kept encrypted in a blob store", []string{"ramp", "ramp/situation", "internal"}},
		{"activities", "one activity per provider call, and those of events and records; which error is final; the table of statuses", []string{"ramp", "onmeta", "dossier", "events", "records", "internal"}},
		{"workflows", "the orders: deterministic code only", []string{"ramp", "ramp/situation", "records", "activities", "internal"}},
		{"reconcile", "the reconciliation of a day with the provider: findings, store, schedule; `reconcile/run` carries it out", []string{"ramp", "ramp/situation", "onmeta", "internal"}},
		{"sandbox", "the provider, simulated over HTTP; `sandbox/fault` decides which calls fail, `sandbox/ledger` records", []string{"onmeta", "internal"}},
		{"worker", "the program that runs orders", []string{"ramp", "codec", "onmeta", "dossier", "events", "records", "activities", "workflows", "reconcile", "internal"}},
		{"gateway", "the program that serves orders to backends over HTTP, and receives the provider's webhooks", []string{"ramp", "ramp/schema", "codec", "onmeta", "internal"}},
		{"starter", "the command line, the stack to build against, the demo, and the rollout of worker versions", []string{"ramp", "ramp/situation", "codec", "dossier", "events", "records", "reconcile", "internal"}},
		{"ramptest", "the stack for the tests of a backend", []string{"ramp", "codec", "events", "starter", "internal"}},
		{"devserver", "Temporal server and Web UI for development; a Go module of its own", []string{"ramp", "internal"}},
		{"deploy", "Dockerfile's and manifests' checks, `loopback-proxy`", []string{"internal"}},
		{"internal", "code that several packages need: redaction, settings, loopback rules, child processes, HTTP servers, marks on payloads", nil},
		{"examples", "programs of a backend: in Go and in TypeScript", []string{"ramp", "codec"}},
		{"test", "tests of the whole system: `testbed` starts it for `e2e`, `torture` and `bench`; `imports` tests this table", []string{everything}},
		{"docs", "pages, their tests, and the generator of their tables", nil},
	}
}

// listed is a package as go list describes it.
type listed struct {
	ImportPath string
	Imports    []string
	Deps       []string
}

func TestImportsGoInOneDirection(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		from := groupOf(t, p.ImportPath)
		for _, imported := range p.Imports {
			own, isOwn := strings.CutPrefix(imported, "rampart/")
			if !isOwn {
				continue
			}
			to := groupOf(t, imported)
			require.True(t, from.mayImport(to), "%s imports %s: %s may import %s only. Move the code, or change the table in "+
				"test/imports and CONTRIBUTING.md", p.ImportPath, own, from.path, from.list())
		}
	}
}

func TestEveryGroupHasAPackage(t *testing.T) {
	t.Parallel()
	has := map[string]bool{}
	for _, p := range packages(t) {
		has[groupOf(t, p.ImportPath).path] = true
	}
	for _, g := range groups() {
		require.True(t, has[g.path], "there is no package in %s", g.path)
		for _, imported := range g.imports {
			require.True(t, imported == everything || has[imported], "%s may import %s, which has no package", g.path, imported)
		}
	}
}

func TestProviderClientKnowsNothingOfTemporal(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		if path := groupOf(t, p.ImportPath).path; path != "onmeta" {
			continue
		}
		for _, dependency := range p.Deps {
			require.False(t, strings.HasPrefix(dependency, "go.temporal.io/"), "%s depends on %s", p.ImportPath, dependency)
		}
	}
}

func TestNoProgramOfTheModuleLinksTheTemporalServer(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		if groupOf(t, p.ImportPath).path == "devserver" {
			continue
		}
		for _, dependency := range p.Deps {
			require.False(t, strings.HasPrefix(dependency, "go.temporal.io/server/"), "%s depends on %s", p.ImportPath, dependency)
		}
	}
}

// SDKs of clouds are large. Programs link those of key services, buckets and queues; what a backend or its tests import brings none.
func TestOnlyProgramsAndKeyServicesLinkSDKsOfClouds(t *testing.T) {
	t.Parallel()
	linking := []string{"worker", "gateway", "codec/kms", "codec/cmd/codec-server", "starter", "devserver", "test"}
	for _, p := range packages(t) {
		own := strings.TrimPrefix(p.ImportPath, "rampart/")
		if slices.ContainsFunc(linking, func(path string) bool { return own == path || strings.HasPrefix(own, path+"/") }) {
			continue
		}
		for _, dependency := range p.Deps {
			for _, sdk := range []string{"cloud.google.com/go/", "github.com/aws/aws-sdk-go", "github.com/Azure/azure-sdk-for-go/", "github.com/hashicorp/vault/"} {
				require.False(t, strings.HasPrefix(dependency, sdk), "%s depends on %s", p.ImportPath, dependency)
			}
		}
	}
}

func TestContributingHasTheTableOfImports(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../CONTRIBUTING.md")
	require.NoError(t, err)
	require.Contains(t, string(page), table(), "CONTRIBUTING.md must have this table")
}

// table is the table of groups as CONTRIBUTING.md has it.
func table() string {
	var b strings.Builder
	b.WriteString("| package | job | may import |\n| --- | --- | --- |\n")
	for _, g := range groups() {
		b.WriteString("| `" + g.path + "` | " + g.job + " | " + g.list() + " |\n")
	}
	return b.String()
}

// list names what a group may import.
func (g group) list() string {
	var names []string
	for _, name := range g.imports {
		if name != everything {
			name = "`" + name + "`"
		}
		names = append(names, name)
	}
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

func (g group) mayImport(other group) bool {
	if g.path == other.path || strings.HasPrefix(other.path, g.path+"/") && g.path != "internal" && g.path != "ramp" {
		return true
	}
	for _, allowed := range g.imports {
		if allowed == everything || allowed == other.path {
			return true
		}
	}
	return false
}

// groupOf is the group of a package: the line of the table with the longest path that is the package's or above it.
func groupOf(t *testing.T, importPath string) group {
	t.Helper()
	own := strings.TrimPrefix(importPath, "rampart/")
	var found group
	for _, g := range groups() {
		if (own == g.path || strings.HasPrefix(own, g.path+"/")) && len(g.path) > len(found.path) {
			found = g
		}
	}
	require.NotEmpty(t, found.path, "package %s has no line in the table of test/imports", importPath)
	return found
}

// packages are all packages of the module and of devserver, as go list describes them without their tests.
func packages(t *testing.T) []listed {
	t.Helper()
	return append(list(t, "../..", "./..."), list(t, "../../devserver", "./...")...)
}

func list(t *testing.T, directory, pattern string) []listed {
	t.Helper()
	command := exec.CommandContext(t.Context(), "go", "list", "-e", "-json=ImportPath,Imports,Deps", pattern)
	command.Dir = directory
	output, err := command.Output()
	require.NoError(t, err)
	var all []listed
	for decoder := json.NewDecoder(strings.NewReader(string(output))); ; {
		var p listed
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else {
			require.NoError(t, err)
		}
		all = append(all, p)
	}
	require.NotEmpty(t, all)
	return all
}
