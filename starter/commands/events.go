package commands

import (
	"github.com/spf13/cobra"
)

func (p *Program) events() *cobra.Command {
	return commandGroup(&cobra.Command{
		Use:   "events",
		Short: "Show and resend the events of orders, and receive them for development",
		Long: "Workers deliver the events of orders to the endpoints in their file of endpoints. These commands show the deliveries, send failed ones\n" +
			"again, and help to write the backend that receives them.",
		Example: `  starter events listen --forward-to http://localhost:3000/hook`,
	}, p.eventsListen(), p.eventsVerify())
}
