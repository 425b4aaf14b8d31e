// Command generate writes the tables of the documentation that repeat what the code says: settings, flags, statuses and
// packages. A table stands between two comments of a page:
//
//	<!-- generated: settings worker -->
//	<!-- /generated -->
//
// Run it by "go generate ./docs/..." after a change of a setting, a flag, a status or a package's comment. A test fails while a table is
// stale.
package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

//go:generate go run .

// root is the repository, seen from this directory.
const root = "../.."

// section is a generated part of a page. Its first group is the name of the table, with its arguments.
var section = regexp.MustCompile(`(?s)(<!-- generated: ([^>]*?) -->\n).*?(<!-- /generated -->)`)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

func run() error {
	pages, err := pagesWithTables()
	if err != nil {
		return err
	}
	for path, content := range pages {
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil { // #nosec G306 -- everybody may read the pages
			return err
		}
	}
	return nil
}

// pagesWithTables returns each page that has generated tables, by its path, with the tables made anew.
func pagesWithTables() (map[string]string, error) {
	pages := make(map[string]string)
	err := filepath.WalkDir(filepath.Join(root, "docs"), func(path string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".md" {
			return err
		}
		content, err := os.ReadFile(path) // #nosec G122 -- a page of this repository
		if err != nil || !section.Match(content) {
			return err
		}
		pages[path], err = filled(string(content))
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		return nil
	})
	return pages, err
}

// filled is a page with its tables made anew.
func filled(page string) (string, error) {
	var failure error
	made := section.ReplaceAllStringFunc(page, func(old string) string {
		parts := section.FindStringSubmatch(old)
		table, err := tableOf(strings.Fields(parts[2]))
		if err != nil && failure == nil {
			failure = fmt.Errorf("table %q: %w", parts[2], err)
		}
		return parts[1] + "\n" + table + "\n" + parts[3]
	})
	return made, failure
}

// tableOf makes the table that a comment names.
func tableOf(name []string) (string, error) {
	if len(name) == 0 {
		return "", fmt.Errorf("the comment names no table")
	}
	arguments := name[1:]
	switch {
	case name[0] == "settings" && len(arguments) == 1:
		return settings(arguments[0])
	case name[0] == "flags" && len(arguments) == 1:
		return flags(arguments[0])
	case name[0] == "constants" && len(arguments) == 2:
		return constants(arguments[0], arguments[1])
	case name[0] == "packages" && len(arguments) == 0:
		return packages()
	default:
		return "", fmt.Errorf("there is no such table")
	}
}

// table is a Markdown table.
func table(head []string, rows [][]string) string {
	var b strings.Builder
	line := func(cells []string) {
		for _, cell := range cells {
			b.WriteString("| " + strings.ReplaceAll(cell, "|", `\|`) + " ")
		}
		b.WriteString("|\n")
	}
	line(head)
	b.WriteString(strings.Repeat("| --- ", len(head)) + "|\n")
	for _, row := range rows {
		line(row)
	}
	return b.String()
}
