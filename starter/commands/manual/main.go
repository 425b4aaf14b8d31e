// Command manual writes the help of the starter's commands to docs, from the root of the repository: go generate ./starter/commands.
package main

import (
	"log"
	"os"

	"rampart/starter/commands"
)

func main() {
	if err := os.WriteFile(commands.ManualPath, commands.Manual(), 0o644); err != nil { // #nosec G306 -- everybody may read the page
		log.Fatal(err)
	}
}
