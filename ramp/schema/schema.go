// Package schema holds the contract as JSON Schema, draft 2020-12: one file for every request, message and answer. They are
// generated from the types of package ramp, which does not depend on this one, and each stands alone.
//
// Requests and messages are strict: a field that the schema does not name is refused, as workers refuse it. Answers, the order and
// the error, are open: later versions add fields, statuses and types of errors, and readers ignore what they do not know.
package schema

//go:generate go -C ../.. run ./ramp/schema/generator

import (
	"embed"
	"io/fs"
)

//go:embed *.schema.json
var files embed.FS

// Files are the schemas, such as onramp-request.schema.json.
func Files() fs.FS { return files }
