package commands

import (
	"strings"

	"github.com/spf13/cobra"

	"rampart/internal/bearer"
)

// tokenResult is a new token as JSON.
type tokenResult struct {
	Token string `json:"token"`
	Line  string `json:"line"`
}

func (p *Program) token() *cobra.Command {
	var name string
	var scopes []string
	command := &cobra.Command{
		Use:   "token",
		Short: "Make a token with which a backend calls the gateway",
		Long: "Make a random token with which a backend calls the gateway, and the line that permits it. Give the token to the backend, and add the\n" +
			"line to the file that RAMP_GATEWAY_TOKENS_FILE of the gateways names. The line holds the token's hash only; nobody can show the\n" +
			"token again. Gateways read a changed file at once. Remove the line to revoke the token.\n\n" +
			"A token with the scope read reads orders, one with write also needs read to see them, and operate is for an operator's tools.",
		Example: `  starter token --name shop --scopes read,write
  starter token --name desk --scopes read -o json`,
		Args: arguments(),
		RunE: func(cmd *cobra.Command, _ []string) error { return p.newToken(cmd, name, scopes) },
	}
	command.Flags().StringVar(&name, "name", "", "`name` of the backend, for the gateway's log")
	command.Flags().StringSliceVar(&scopes, "scopes", nil, "`scopes` that the token permits, separated by commas: "+strings.Join(bearer.Scopes(), ", "))
	oneOf(command, "scopes", bearer.Scopes()...)
	return command
}

func (p *Program) newToken(cmd *cobra.Command, name string, scopes []string) error {
	token, entry, err := bearer.NewToken(name, scopes...)
	if err != nil {
		return misused(cmd, "--name and --scopes must be set: "+err.Error())
	}
	if p.output.json {
		return writeJSON(p.Stdout, tokenResult{Token: token, Line: entry.String()})
	}
	screen := p.screen()
	screen.Line("The token, which is not shown again:")
	screen.Line("  " + token)
	screen.Line("The line for the file in RAMP_GATEWAY_TOKENS_FILE:")
	screen.Line("  " + entry.String())
	return nil
}
