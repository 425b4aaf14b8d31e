package view

import (
	"net/url"
	"strings"

	"rampart/ramp"
	"rampart/starter/explain"
)

// WebUI is the address of Temporal's Web UI. The zero value returns no links.
type WebUI struct {
	// Base is the URL, such as http://127.0.0.1:8233.
	Base      string
	Namespace string
}

// Run returns the link to the explained run; empty without a Web UI.
func (w WebUI) Run(explanation *explain.Explanation) string {
	page := w.Order(ramp.ID{Direction: explanation.Direction, Reference: explanation.Reference})
	if page == "" || len(explanation.Runs) == 0 {
		return page
	}
	return page + "/" + url.PathEscape(explanation.RunID) + "/history"
}

// Order returns the link to an order; empty without a Web UI. The page shows the newest run.
func (w WebUI) Order(id ramp.ID) string {
	if w.Base == "" {
		return ""
	}
	return strings.TrimRight(w.Base, "/") +
		"/namespaces/" + url.PathEscape(w.Namespace) +
		"/workflows/" + url.PathEscape(id.Direction.WorkflowID(id.Reference))
}
