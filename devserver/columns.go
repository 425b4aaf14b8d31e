package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"io/fs"
)

const indexPage = "index.html"

// withIndex is a file system with a different index page.
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

// orderColumns is a script that sets the columns and the saved views of the list of workflows unless the browser has some already. The
// Web UI stores both in the browser, under these keys.
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

// withOrderColumns adds the script to the Web UI's page, and its hash to the page's content security policy. A page without such a
// policy is returned unchanged.
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
