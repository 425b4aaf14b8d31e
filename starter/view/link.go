package view

import (
	"net/url"
	"strings"

	"rampart/ramp"
	"rampart/starter/explain"
)

// WebUI is Temporal's Web UI. Its zero value is none.
type WebUI struct {
	// Base is its address, such as http://127.0.0.1:8233.
	Base      string
	Namespace string
}

// Run is the address of the page of the run that is told of, or empty without a Web UI.
func (w WebUI) Run(explanation *explain.Explanation) string {
	page := w.Order(ramp.ID{Direction: explanation.Direction, Reference: explanation.Reference})
	if page == "" || len(explanation.Runs) == 0 {
		return page
	}
	return page + "/" + url.PathEscape(explanation.RunID) + "/history"
}

// Order is the address of an order's page, or empty without a Web UI. The page finds the order's run by itself.
func (w WebUI) Order(id ramp.ID) string {
	if w.Base == "" {
		return ""
	}
	return strings.TrimRight(w.Base, "/") +
		"/namespaces/" + url.PathEscape(w.Namespace) +
		"/workflows/" + url.PathEscape(id.Direction.WorkflowID(id.Reference))
}
