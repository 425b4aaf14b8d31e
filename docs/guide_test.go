package docs_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rampart/onmeta"
)

// steps are the guide's own names of what it calls, and the route that each is.
func steps() map[string]onmeta.Route {
	return map[string]onmeta.Route{
		"/api/user-login":                 onmeta.RouteLogin,
		"/api/fetch-kyc-status":           onmeta.RouteKYCStatus,
		"/api/upload-kyc":                 onmeta.RouteUploadKYC,
		"/api/fetch-bank-accounts":        onmeta.RouteBankAccounts,
		"/api/link-bank-account":          onmeta.RouteLinkBank,
		"Link UPI ID API":                 onmeta.RouteLinkUPI,
		"/api/fetch-buy-quotation":        onmeta.RouteQuoteBuy,
		"/api/create-onramp-order":        onmeta.RouteCreateOnramp,
		"/api/update-utr":                 onmeta.RouteSubmitUTR,
		"/api/fetch-order-status":         onmeta.RouteOnrampStatus,
		"/api/fetch-sell-quotation":       onmeta.RouteQuoteSell,
		"/api/create-offramp-order":       onmeta.RouteCreateOfframp,
		"/api/update-transaction-hash":    onmeta.RouteSubmitHash,
		"/api/fetch-offramp-order-status": onmeta.RouteOfframpStatus,
	}
}

func TestEveryRuleOfTheGuideIsKeptByCodeThatExistsAndProvedByATest(t *testing.T) {
	t.Parallel()
	tests := testsOf(t, "..")
	places := regexp.MustCompile("`([\\w/.]+\\.go)`((?:,? `[A-Za-z][\\w.]*`)+)")
	for _, row := range rules(t) {
		require.Len(t, row, 3, row)
		rule, kept, proved := row[0], row[1], row[2]
		require.NotEmpty(t, strings.TrimSpace(rule))
		found := places.FindAllStringSubmatch(kept, -1)
		require.NotEmpty(t, found, kept)
		require.Empty(t, strings.Trim(places.ReplaceAllString(kept, ""), " ,"), "%s: not a path with names behind it", rule)
		for _, place := range found {
			declared := declaredIn(t, filepath.Join("..", place[1]))
			for _, name := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(place[2], -1) {
				require.True(t, declared[name[1]], "%s: %s has no %s", rule, place[1], name[1])
			}
		}
		require.NotEmpty(t, testNames(proved), rule)
		for _, name := range testNames(proved) {
			require.True(t, tests[name], "%s: there is no %s", rule, name)
		}
	}
}

// TestEveryPromiseOfTheGuideHasItsRule counts the sentences of the guide, and looks for what only they name.
func TestEveryPromiseOfTheGuideHasItsRule(t *testing.T) {
	t.Parallel()
	page := read(t, "guide.md")
	for step := range steps() {
		require.Contains(t, page, step)
	}
	for _, promise := range []string{
		"1 hour", "30 seconds", "3 hours", "10 to 15 seconds", "`fiatPending`", "`cryptoInit`", "`completed`",
		"`INR_UPI`", "`INR_IMPS`", "PAN card, Aadhaar, selfie", "KYC name", "mandatory for all users", "rate limiting", "same amount",
	} {
		require.Contains(t, page, promise)
	}
	require.GreaterOrEqual(t, len(rules(t)), 48)
}

// TestEveryLaterRuleIsInTheGuidesIndex compares the index with section 13 of the page on the provider's API.
func TestEveryLaterRuleIsInTheGuidesIndex(t *testing.T) {
	t.Parallel()
	var indexed []string
	for _, row := range rules(t) {
		if number, _, found := strings.Cut(strings.TrimSpace(row[0]), ": "); found && strings.HasPrefix(number, "13.") {
			indexed = append(indexed, number)
		}
	}
	var all []string
	for number := range sectionsOf(t, read(t, "reference/provider.md")) {
		if strings.HasPrefix(number, "13.") {
			all = append(all, number)
		}
	}
	require.ElementsMatch(t, all, indexed)
}

func TestEveryStatusOfTheClientIsInTheGuidesTable(t *testing.T) {
	t.Parallel()
	table := part(t, read(t, "guide.md"), "## Statuses")
	for _, row := range rowsOf(table) {
		cells := cellsOf(row)
		for _, status := range codes(cells[0]) {
			require.NotEqual(t, onmeta.PhaseUnknown, onmeta.OnrampPhase(onmeta.Status(status)), status)
		}
		for _, status := range codes(cells[1]) {
			require.NotEqual(t, onmeta.PhaseUnknown, onmeta.OfframpPhase(onmeta.Status(status)), status)
		}
	}
	for column, direction := range []string{"Onramp", "Offramp"} {
		var listed []string
		for _, row := range rowsOf(table) {
			listed = append(listed, codes(cellsOf(row)[column])...)
		}
		named := regexp.MustCompile(`(?m)^\s+`+direction+`\w+\s+Status = "(\w+)"`).FindAllStringSubmatch(read(t, "../onmeta/statuses.go"), -1)
		require.NotEmpty(t, named)
		for _, status := range named {
			require.Contains(t, listed, status[1])
		}
	}
}

// TestLifecycleNamesEveryCallToTheProvider compares the table of steps with what the worker calls, each route once.
func TestLifecycleNamesEveryCallToTheProvider(t *testing.T) {
	t.Parallel()
	var named []string
	for _, row := range stepsOfLifecycle(t) {
		for _, call := range regexp.MustCompile("`((?:GET|POST) [^`]+)`").FindAllStringSubmatch(row, -1) {
			named = append(named, regexp.MustCompile(`\{\w+\}`).ReplaceAllString(call[1], "{param}"))
		}
	}
	var made []string
	for _, route := range routesCalled(t) {
		made = append(made, called(route))
	}
	require.ElementsMatch(t, made, named)
}

func TestLifecycleNamesEveryStepOfTheGuideBesideItsCall(t *testing.T) {
	t.Parallel()
	rows := map[string]string{}
	for _, row := range stepsOfLifecycle(t) {
		rows[strings.Trim(cellsOf(row)[1], " `")] = row
	}
	for step, route := range steps() {
		require.Contains(t, rows[step], "`"+called(route)+"`", step)
	}
}

func TestLifecycleNamesActivitiesThatExist(t *testing.T) {
	t.Parallel()
	exist := activityNames(t)
	for _, row := range stepsOfLifecycle(t) {
		for _, name := range codes(cellsOf(row)[3]) {
			require.Contains(t, exist, name, row)
		}
	}
}

// TestContractNamesEveryStepOfTheGuide holds the provider's table of endpoints to the same names.
func TestContractNamesEveryStepOfTheGuide(t *testing.T) {
	t.Parallel()
	endpoints := part(t, read(t, "reference/provider.md"), "## 2. ")
	for step, route := range steps() {
		require.Regexp(t, regexp.QuoteMeta(step)+"[`]? \\| `"+regexp.QuoteMeta(called(route))+"`", endpoints)
	}
}

// rules are the rows of the guide's index that say where a rule is kept, as cells.
func rules(t *testing.T) [][]string {
	t.Helper()
	var all [][]string
	for _, table := range strings.Split(read(t, "guide.md"), "\n| rule | implemented in | proved by |\n")[1:] {
		table, _, _ = strings.Cut(table, "\n\n")
		for _, row := range rowsOf(table) {
			all = append(all, cellsOf(row))
		}
	}
	require.NotEmpty(t, all)
	return all
}

// stepsOfLifecycle are the rows of the lifecycle's table of steps.
func stepsOfLifecycle(t *testing.T) []string {
	t.Helper()
	_, table, found := strings.Cut(read(t, "explanation/lifecycle.md"), "\n| step of the guide |")
	require.True(t, found)
	table, _, _ = strings.Cut(table, "\n\n")
	rows := rowsOf(table)
	require.NotEmpty(t, rows)
	return rows
}

func cellsOf(row string) []string { return strings.Split(strings.Trim(row, "|"), "|") }

// codes are the words that a text holds in backticks.
func codes(text string) []string {
	var all []string
	for _, code := range regexp.MustCompile("`(\\w+)`").FindAllStringSubmatch(text, -1) {
		all = append(all, code[1])
	}
	return all
}

// declaredIn are the functions, methods (as Type.Method), types and constants that a file declares.
func declaredIn(t *testing.T, path string) map[string]bool {
	t.Helper()
	declared := map[string]bool{}
	for _, declaration := range parsed(t, path).Decls {
		switch declaration := declaration.(type) {
		case *ast.FuncDecl:
			declared[receiver(declaration)+declaration.Name.Name] = true
		case *ast.GenDecl:
			for _, spec := range declaration.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					declared[spec.Name.Name] = true
				case *ast.ValueSpec:
					for _, name := range spec.Names {
						declared[name.Name] = true
					}
				}
			}
		}
	}
	return declared
}

// receiver is the type of a method with a dot behind it, and empty for a function.
func receiver(function *ast.FuncDecl) string {
	if function.Recv == nil {
		return ""
	}
	kind := function.Recv.List[0].Type
	if pointer, ok := kind.(*ast.StarExpr); ok {
		kind = pointer.X
	}
	if generic, ok := kind.(*ast.IndexExpr); ok {
		kind = generic.X
	}
	return kind.(*ast.Ident).Name + "."
}

// routesCalled are the routes of the client's methods that the worker's code calls.
func routesCalled(t *testing.T) []onmeta.Route {
	t.Helper()
	routes := routesOfMethods(t)
	made := map[onmeta.Route]bool{}
	walk(t, "..", ".go", func(path string) {
		if !isWorkersOwn(path) {
			return
		}
		ast.Inspect(parsed(t, path), func(node ast.Node) bool {
			if selector, ok := node.(*ast.SelectorExpr); ok && routes[selector.Sel.Name] != "" {
				made[routes[selector.Sel.Name]] = true
			}
			return true
		})
	})
	var all []onmeta.Route
	for _, route := range onmeta.Routes() {
		if made[route] {
			all = append(all, route)
		}
	}
	require.NotEmpty(t, all)
	return all
}

// isWorkersOwn reports whether a file is of the programs that call the provider, and not of the client itself, the sandbox,
// the tests or the comparison in bench.
func isWorkersOwn(path string) bool {
	others := regexp.MustCompile(`^\.\./(?:onmeta/[^/]+\.go|sandbox/|test/)|_test\.go$|/testdata/`)
	return !others.MatchString(filepath.ToSlash(path))
}

// routesOfMethods are the routes of the client's exported methods.
func routesOfMethods(t *testing.T) map[string]onmeta.Route {
	t.Helper()
	named := map[string]onmeta.Route{}
	for _, constant := range regexp.MustCompile(`(?m)^\s+(Route\w+)\s+Route = "([^"]+)"`).FindAllStringSubmatch(read(t, "../onmeta/routes.go"), -1) {
		named[constant[1]] = onmeta.Route(constant[2])
	}
	routes := map[string]onmeta.Route{}
	files, err := filepath.Glob("../onmeta/*.go")
	require.NoError(t, err)
	for _, file := range files {
		for _, declaration := range parsed(t, file).Decls {
			method, ok := declaration.(*ast.FuncDecl)
			if !ok || receiver(method) != "Client." || !method.Name.IsExported() {
				continue
			}
			ast.Inspect(method.Body, func(node ast.Node) bool {
				if word, ok := node.(*ast.Ident); ok && named[word.Name] != "" {
					routes[method.Name.Name] = named[word.Name]
				}
				return true
			})
		}
	}
	require.Len(t, routes, len(onmeta.Routes()))
	return routes
}

// activityNames are the activities, which are methods of their two receivers.
func activityNames(t *testing.T) []string {
	t.Helper()
	var names []string
	files, err := filepath.Glob("../activities/*.go")
	require.NoError(t, err)
	for _, file := range files {
		for name := range declaredIn(t, file) {
			if method, ok := strings.CutPrefix(name, "Calls."); ok {
				names = append(names, method)
			}
			if method, ok := strings.CutPrefix(name, "Watches."); ok {
				names = append(names, method)
			}
		}
	}
	return names
}

func parsed(t *testing.T, path string) *ast.File {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	require.NoError(t, err)
	return file
}
