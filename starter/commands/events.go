package commands

import (
	"github.com/spf13/cobra"
)

func (p *Program) events() *cobra.Command {
	return commandGroup(&cobra.Command{
		Use:   "events",
		Short: "Show and resend the events of orders, and receive them for development",
		Long: "Workers deliver the events of orders to the endpoints that RAMP_EVENTS_FILE names. These commands show the deliveries, send failed ones\n" +
			"again, and help to write the backend that receives them.",
		Example: `  starter events listen --forward-to http://localhost:3000/hook`,
	}, p.eventsList(), p.eventsResend(), p.eventsEnable(), p.eventsListen(), p.eventsVerify())
}
