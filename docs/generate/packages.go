package main

import (
	"fmt"
	"go/doc"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// packages are all packages of the repository, those of its other modules included, each with the first sentence of its comment.
// Packages that have tests only are left out.
func packages() (string, error) {
	comments := make(map[string]string)
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && slices.Contains([]string{".git", "bin", "node_modules", "testdata"}, entry.Name()) {
			return fs.SkipDir
		}
		if filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.PackageClauseOnly|parser.ParseComments)
		if err != nil {
			return err
		}
		directory, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil {
			return err
		}
		if comments[directory] == "" {
			comments[directory] = file.Doc.Text()
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	var rows [][]string
	for _, directory := range slices.Sorted(maps.Keys(comments)) {
		job := jobOf(comments[directory])
		if job == "" {
			return "", fmt.Errorf("package %s has no comment", directory)
		}
		directory = filepath.ToSlash(directory)
		rows = append(rows, []string{"[`" + directory + "`](../../" + directory + ")", job})
	}
	return table([]string{"package", "job"}, rows), nil
}

// jobOf is the first sentence of a package's comment, without the package's name.
func jobOf(comment string) string {
	words := strings.Fields(new(doc.Package).Synopsis(comment))
	if len(words) > 2 && (words[0] == "Package" || words[0] == "Command") {
		words = words[2:]
	}
	if len(words) > 1 && words[0] == "is" {
		words = words[1:]
	}
	if len(words) == 0 {
		return ""
	}
	sentence := strings.TrimSuffix(strings.Join(words, " "), ".")
	first, size := utf8.DecodeRuneInString(sentence)
	return string(unicode.ToUpper(first)) + sentence[size:]
}
