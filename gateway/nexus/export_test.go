package nexus

import (
	"context"
	"encoding/json"

	"rampart/ramp"
)

// StartOnramp starts an order as the operation does, and returns the error that the operation's caller gets.
func StartOnramp(ctx context.Context, orders *ramp.Client, input json.RawMessage) error {
	_, _, err := (&service{orders: orders}).startOnramp(ctx, input)
	return refused(err)
}
