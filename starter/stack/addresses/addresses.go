// Package addresses says where the parts of a stack are. It is separate from stack, so that tests of backends need not import what starts a stack.
package addresses

// Addresses is where the parts of a stack are, as starter dev prints it for scripts.
type Addresses struct {
	// Temporal is the host:port of the Temporal server, and Namespace that of the orders.
	Temporal  string `json:"temporal"`
	Namespace string `json:"namespace"`
	// WebUI and CodecServer are URLs; empty if the stack did not start them.
	WebUI       string `json:"webUI,omitempty"`
	CodecServer string `json:"codecServer,omitempty"`
	// Keyset is the file of the keys that encrypt payloads.
	Keyset string `json:"keyset"`
	// Sandbox is the URL of the provider's API and of the sandbox's control plane.
	Sandbox string `json:"sandbox"`
	// Gateway is the URL that backends call, with Token as their bearer token.
	Gateway string `json:"gateway"`
	Token   string `json:"token"`
	// Events is where the events of orders are delivered, and EventsSecret the secret that signs them.
	Events       string `json:"events"`
	EventsSecret string `json:"eventsSecret"`
	// Logs is the directory of the programs' logs.
	Logs string `json:"logs"`
}
