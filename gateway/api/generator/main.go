// Command generator writes the OpenAPI document of the gateway's API. It runs at the module's root: `go generate ./gateway/api`.
package main

import (
	"fmt"
	"os"

	"rampart/gateway/api"
)

func main() {
	if err := os.WriteFile("gateway/api/openapi.json", api.Document(), 0o600); err != nil {
		fmt.Fprintln(os.Stderr, "generate the OpenAPI document:", err)
		os.Exit(1)
	}
}
