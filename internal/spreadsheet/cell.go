// Package spreadsheet writes texts of others into tables that people open in a spreadsheet.
package spreadsheet

import "strings"

// Cell returns a cell that no spreadsheet takes for a formula: one that begins like a formula, also after white space, gets an apostrophe
// before it.
func Cell(text string) string {
	begins := strings.TrimLeft(text, " \t\r\n")
	if begins != text || strings.ContainsAny(firstOf(begins), "=+-@|%＝＋－＠") {
		return "'" + text
	}
	return text
}

// firstOf returns the first character of a text; empty if it has none.
func firstOf(text string) string {
	for _, character := range text {
		return string(character)
	}
	return ""
}
