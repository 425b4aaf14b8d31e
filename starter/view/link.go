package view

import (
	"net/url"
	"strings"

	"rampart/ramp"
)

// WebUI is Temporal's Web UI. Its zero value is none.
type WebUI struct {
	// Base is its address, such as http://127.0.0.1:8233.
	Base      string
	Namespace string
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
