package demo

import (
	"context"
	"time"

	"rampart/ramp"
	"rampart/ramp/situation"
	"rampart/starter/stack"
	"rampart/starter/view"
)

// Speed is how many times faster than real time the sandbox's clock runs.
const Speed = 20

// Options configure a demo.
type Options struct {
	// Stack configures the stack. Run sets its purpose and speed.
	Stack stack.Options
	// Keep leaves the programs running at the end, until the context ends.
	Keep bool
	// Program is the name by which the command line was called, for the commands that the demo suggests.
	Program string
}

// Result is the final state of the two orders.
type Result struct {
	Onramp  *ramp.Order `json:"onramp"`
	Offramp *ramp.Order `json:"offramp"`
}

// run is a demo in progress.
type run struct {
	screen  *view.Screen
	program string
	keep    bool
	began   time.Time
}

// Run runs the demo. It returns once both orders are closed or a part has failed, and every process that it started has exited. Its
// errors are those of stack.Run.
func Run(ctx context.Context, options Options) (result Result, err error) {
	options.Stack.Purpose, options.Stack.Speed = "demo", Speed
	r := &run{screen: options.Stack.Screen, program: options.Program, keep: options.Keep, began: time.Now()}
	err = stack.Run(ctx, options.Stack, func(ctx context.Context, s *stack.Stack) (err error) {
		result, err = r.orders(ctx, s)
		if err != nil {
			return err
		}
		return r.end(ctx, s)
	})
	return result, err
}

// end says that both orders have completed and, if the programs keep running, how to use them.
func (r *run) end(ctx context.Context, s *stack.Stack) error {
	r.screen.Blank()
	r.screen.Linef("Both orders completed, %s after the start of the demo.", situation.Span(time.Since(r.began)))
	if !r.keep {
		if s.Own {
			r.screen.Line("All programs stop now. With --keep they keep running, and the links to the Web UI work.")
		}
		return nil
	}
	r.screen.Blank()
	r.screen.Line("All programs keep running until you press Ctrl-C. In another terminal:")
	r.screen.Linef("  TEMPORAL_ADDRESS=%s TEMPORAL_NAMESPACE=%s %s list", s.Addresses.Temporal, s.Addresses.Namespace, r.program)
	r.screen.Linef("  The logs are in %s.", s.Addresses.Logs)
	return stack.Wait(ctx)
}
