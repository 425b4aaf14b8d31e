package sandbox

import (
	"fmt"
	"math"
	"net/http"
	"strconv"

	"golang.org/x/time/rate"
)

// maxRateLimit is more than the sandbox can answer.
const maxRateLimit = 1_000_000

// newLimiter returns a token bucket of one second's requests; nil means no limit.
func newLimiter(perSecond float64) (*rate.Limiter, error) {
	if perSecond == 0 {
		return nil, nil
	}
	if !(perSecond > 0 && perSecond <= maxRateLimit) {
		return nil, fmt.Errorf("the rate limit must be between 0 (none) and %d requests a second", maxRateLimit)
	}
	return rate.NewLimiter(rate.Limit(perSecond), int(math.Ceil(perSecond))), nil
}

// limited answers 429 to requests above the rate limit, which counts real time and all routes together, as the provider has one
// client. Retry-After is the time in whole seconds until a request would pass.
func (s *Server) limited(pattern string, next http.Handler) http.Handler {
	if s.limiter == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.limiter.Allow() {
			next.ServeHTTP(w, r)
			return
		}
		s.traffic.rateLimited(pattern)
		wait := math.Ceil((1 - s.limiter.Tokens()) / float64(s.limiter.Limit()))
		w.Header().Set("Retry-After", strconv.Itoa(max(int(wait), 1)))
		w.Header().Set(ReasonHeader, "more requests a second than the rate limit allows")
		writeJSON(w, http.StatusTooManyRequests, refuse(http.StatusTooManyRequests, "Too Many Requests", "").body)
	})
}
