package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// files are the parsed source files of a package, without its tests.
func files(directory string) ([]*ast.File, error) {
	entries, err := os.ReadDir(filepath.Join(root, directory))
	if err != nil {
		return nil, err
	}
	var all []*ast.File
	for _, entry := range entries {
		if filepath.Ext(entry.Name()) != ".go" || strings.HasSuffix(entry.Name(), "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, directory, entry.Name()), nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		all = append(all, file)
	}
	return all, nil
}

// settings are the variables that the struct config of a program reads, with what the comments of its fields say.
func settings(directory string) (string, error) {
	rows, err := settingsOf(directory, "config", "")
	if err != nil {
		return "", err
	}
	if len(rows) == 0 {
		return "", fmt.Errorf("%s has no settings", directory)
	}
	return table([]string{"variable", "meaning", "default"}, rows), nil
}

func settingsOf(directory, structure, prefix string) ([][]string, error) {
	all, err := files(directory)
	if err != nil {
		return nil, err
	}
	var rows [][]string
	for _, file := range all {
		fields, found := structOf(file, structure)
		if !found {
			continue
		}
		for _, field := range fields {
			if field.Tag == nil {
				continue
			}
			tag, err := strconv.Unquote(field.Tag.Value)
			if err != nil {
				return nil, err
			}
			tags := reflect.StructTag(tag)
			if nested, isNested := tags.Lookup("envPrefix"); isNested {
				below, err := nestedSettings(file, directory, field.Type, prefix+nested)
				if err != nil {
					return nil, err
				}
				rows = append(rows, below...)
				continue
			}
			variable, options, _ := strings.Cut(tags.Get("env"), ",")
			if variable == "" || variable == "-" {
				continue
			}
			row, err := setting(field, prefix+variable, options, tags)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", directory, err)
			}
			rows = append(rows, row)
		}
	}
	return rows, nil
}

// nestedSettings are those of a field whose type is another struct, of the same package or of one that the file imports.
func nestedSettings(file *ast.File, directory string, kind ast.Expr, prefix string) ([][]string, error) {
	switch kind := kind.(type) {
	case *ast.Ident:
		return settingsOf(directory, kind.Name, prefix)
	case *ast.SelectorExpr:
		name := kind.X.(*ast.Ident).Name
		for _, imported := range file.Imports {
			location, err := strconv.Unquote(imported.Path.Value)
			if own, found := strings.CutPrefix(location, "rampart/"); err == nil && found && path.Base(own) == name {
				return settingsOf(own, kind.Sel.Name, prefix)
			}
		}
	}
	return nil, fmt.Errorf("%s: the type of the settings %s* is not known", directory, prefix)
}

// setting is the row of a variable.
func setting(field *ast.Field, variable, options string, tags reflect.StructTag) ([]string, error) {
	if field.Doc == nil || len(field.Names) != 1 {
		return nil, fmt.Errorf("the field of %s has no comment of its own", variable)
	}
	meaning, standard := meaning(field.Names[0].Name, field.Doc)
	declared, hasDefault := tags.Lookup("envDefault")
	kind, _ := field.Type.(*ast.Ident)
	switch {
	case standard != "":
	case hasDefault:
		standard = "`" + declared + "`"
	case strings.Contains(options, "notEmpty") || strings.Contains(options, "required"):
		standard = "required"
	case kind != nil && kind.Name == "bool":
		standard = "`false`"
	default:
		return nil, fmt.Errorf("the comment of %s does not end in its default, and no tag has one", variable)
	}
	return []string{"`" + variable + "`", meaning, standard}, nil
}

// meaning is a comment without the name that it begins with, and what it says is the default.
func meaning(name string, comment *ast.CommentGroup) (text, standard string) {
	text = strings.Join(strings.Fields(comment.Text()), " ")
	for _, beginning := range []string{name + " is ", name + " are ", name + ": ", name + " "} {
		if rest, found := strings.CutPrefix(text, beginning); found {
			text = rest
			break
		}
	}
	text, standard, _ = strings.Cut(text, " Default: ")
	first, size := utf8.DecodeRuneInString(text)
	text = strings.TrimSuffix(string(unicode.ToUpper(first))+text[size:], ".")
	return places.ReplaceAllString(text, ""), strings.TrimSuffix(standard, ".")
}

// places are the sources of a rule, which are for readers of the code.
var places = regexp.MustCompile(` \((?:guide|provider)[^)]*\)`)

func structOf(file *ast.File, name string) ([]*ast.Field, bool) {
	for _, declaration := range file.Decls {
		general, ok := declaration.(*ast.GenDecl)
		if !ok {
			continue
		}
		for _, spec := range general.Specs {
			kind, ok := spec.(*ast.TypeSpec)
			if !ok || kind.Name.Name != name {
				continue
			}
			if structure, ok := kind.Type.(*ast.StructType); ok {
				return structure.Fields.List, true
			}
		}
	}
	return nil, false
}

// flagCall is a call that declares a flag, of package flag or pflag.
var flagCall = regexp.MustCompile(`^(?:Bool|Int64|Int|Uint16|Float64|Duration|String|StringSlice)(Var)?$`)

// flags are the flags that a program declares.
func flags(directory string) (string, error) {
	all, err := files(directory)
	if err != nil {
		return "", err
	}
	var rows [][]string
	for _, file := range all {
		ast.Inspect(file, func(node ast.Node) bool {
			call, ok := node.(*ast.CallExpr)
			if !ok {
				return true
			}
			method, ok := call.Fun.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			form := flagCall.FindStringSubmatch(method.Sel.Name)
			if form == nil {
				return true
			}
			arguments := call.Args
			if form[1] != "" && len(arguments) > 0 {
				arguments = arguments[1:]
			}
			if len(arguments) != 3 {
				return true
			}
			name, usage := text(arguments[0]), text(arguments[2])
			if name == "" || usage == "" {
				return true
			}
			rows = append(rows, []string{"`--" + name + "`", usage, value(arguments[1])})
			return true
		})
	}
	if len(rows) == 0 {
		return "", fmt.Errorf("%s declares no flags", directory)
	}
	return table([]string{"flag", "meaning", "default"}, rows), nil
}

// text is a string that is written in the source. Of a sum it has the parts that are strings, and the names of the others.
func text(expression ast.Expr) string {
	switch expression := expression.(type) {
	case *ast.BasicLit:
		unquoted, err := strconv.Unquote(expression.Value)
		if err != nil {
			return ""
		}
		return strings.ReplaceAll(unquoted, "`", "")
	case *ast.BinaryExpr:
		return text(expression.X) + text(expression.Y)
	case *ast.SelectorExpr:
		return expression.Sel.Name
	default:
		return ""
	}
}

// value is the default of a flag.
func value(expression ast.Expr) string {
	literal, isLiteral := expression.(*ast.BasicLit)
	if isLiteral && literal.Value == `""` {
		return "none"
	}
	switch expression := expression.(type) {
	case *ast.BasicLit:
		return "`" + strings.Trim(expression.Value, `"`) + "`"
	case *ast.Ident:
		return "`" + expression.Name + "`"
	default:
		return ""
	}
}

// constants are the constants of a type that are strings, with their comments.
func constants(directory, kind string) (string, error) {
	kind, prefix, _ := strings.Cut(kind, ":")
	all, err := files(directory)
	if err != nil {
		return "", err
	}
	var rows [][]string
	for _, file := range all {
		for _, declaration := range file.Decls {
			general, ok := declaration.(*ast.GenDecl)
			if !ok || general.Tok != token.CONST {
				continue
			}
			for _, spec := range general.Specs {
				constant := spec.(*ast.ValueSpec)
				of, ok := constant.Type.(*ast.Ident)
				if !ok || of.Name != kind || !strings.HasPrefix(constant.Names[0].Name, prefix) {
					continue
				}
				if constant.Doc == nil {
					return "", fmt.Errorf("%s has no comment", constant.Names[0].Name)
				}
				text := strings.Join(strings.Fields(constant.Doc.Text()), " ")
				if _, said, found := strings.Cut(text, ": "); found {
					text = said
				}
				text = places.ReplaceAllString(strings.TrimSuffix(text, "."), "")
				first, size := utf8.DecodeRuneInString(text)
				rows = append(rows, []string{
					"`" + strings.Trim(constant.Values[0].(*ast.BasicLit).Value, `"`) + "`", string(unicode.ToUpper(first)) + text[size:],
				})
			}
		}
	}
	if len(rows) == 0 {
		return "", fmt.Errorf("%s has no constants of type %s", directory, kind)
	}
	return table([]string{"name", "meaning"}, rows), nil
}
