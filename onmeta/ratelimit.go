package onmeta

import (
	"context"
	"fmt"

	"golang.org/x/time/rate"
)

// WithRateLimit returns a Caller that waits for limiter before each call. A call whose context would end
// first fails at once with KindRateLimited, unsent; one whose context has ended fails with KindUnavailable.
// The provider publishes no limits (wire 1.6); its guide asks not to poll too frequently.
func WithRateLimit(next Caller, limiter *rate.Limiter) Caller {
	return rateLimited{next: next, limiter: limiter}
}

type rateLimited struct {
	next    Caller
	limiter *rate.Limiter
}

var _ Caller = rateLimited{}

func (r rateLimited) Call(ctx context.Context, call Call) (Answer, error) {
	err := r.limiter.Wait(ctx)
	if err == nil {
		return r.next.Call(ctx, call)
	}
	kind := KindRateLimited
	if ctx.Err() != nil {
		kind = KindUnavailable
	}
	message := fmt.Sprintf("waiting for this process's own rate limit: %v", err)
	return Answer{}, &Error{Route: call.Route, Kind: kind, Reached: NotSent, Message: message, err: err}
}
