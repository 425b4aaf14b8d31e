package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"io/fs"
)

const indexPage = "index.html"

// withIndex is a file system with another page to begin with.
type withIndex struct {
	fs.FS
	index []byte
}

// ReadFile implements fs.ReadFileFS.
func (w withIndex) ReadFile(name string) ([]byte, error) {
	if name == indexPage {
		return bytes.Clone(w.index), nil
	}
	return fs.ReadFile(w.FS, name)
}

// orderColumns chooses the columns of the list of workflows and saves views, as a person does, unless the browser has some already. The
// Web UI keeps both in the browser, under these names.
const orderColumns = `{
	const seed = (key, value) => localStorage.getItem(key) ?? localStorage.setItem(key, JSON.stringify({default: value}));
	seed("namespace-workflow-table-columns",
		["Workflow ID", "RampStatus", "RampAttention", "RampFiatAmount", "RampExpiresAt", "Start", "Status"].map(label => ({label})));
	seed("saved-workflow-queries", [
		["Needs attention", 'RampAttention = true'],
		["Waits for its user", 'RampStatus IN ("awaiting_kyc", "awaiting_account", "awaiting_confirmation", "awaiting_payment")'],
		["Ended without success", 'RampStatus IN ("expired", "cancelled", "rejected")'],
	].map(([name, query], i) => ({id: "ramp-" + i, name, query, type: "user"})));
}`

// withOrderColumns has the Web UI's page choose the columns before it starts. Its policy allows no script but those that it names by
// their hashes. A page that names none stays as it is.
func withOrderColumns(page []byte) []byte {
	const policy, head = `script-src 'strict-dynamic' `, `</head>`
	if !bytes.Contains(page, []byte(policy)) {
		return page
	}
	hash := sha256.Sum256([]byte(orderColumns))
	allowed := "'sha256-" + base64.StdEncoding.EncodeToString(hash[:]) + "' "
	page = bytes.Replace(page, []byte(policy), []byte(policy+allowed), 1)
	return bytes.Replace(page, []byte(head), []byte("<script>"+orderColumns+"</script>"+head), 1)
}
