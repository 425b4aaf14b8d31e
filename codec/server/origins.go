package server

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"rampart/internal/loopback"
)

// CheckOrigin tells whether a text is the exact origin of a page as browsers send it: scheme, host and a port that is
// not the scheme's own, in lower case and with nothing after it. Patterns and "null" are none.
func CheckOrigin(origin string) error {
	page, err := url.Parse(origin)
	web := err == nil && (page.Scheme == "http" || page.Scheme == "https") && page.Hostname() != ""
	if !web || strings.HasSuffix(origin, ":") || strings.Contains(origin, "*") || origin != strings.ToLower(page.Scheme+"://"+page.Host) {
		return fmt.Errorf("%q is not an exact origin, such as https://temporal.example.test or http://127.0.0.1:8233: "+
			"in lower case, without a path, a slash at the end or *", origin)
	}
	if port := page.Port(); page.Scheme == "http" && port == "80" || page.Scheme == "https" && port == "443" {
		return fmt.Errorf("%q is no origin that a browser sends: leave out :%s", origin, port)
	}
	return nil
}

func (s *server) allowed(origin string) bool {
	_, listed := s.origins[origin]
	return listed
}

// admit refuses what comes from a foreign page, whether or not its browser would keep the answer from it, and without
// tokens everything that does not come from this machine.
func (s *server) admit(r *http.Request) error {
	if s.tokens == nil {
		if err := loopback.Check(r); err != nil {
			return &refusal{status: http.StatusForbidden, reason: "without tokens this codec server answers only its own machine: " + err.Error()}
		}
	}
	for _, origin := range r.Header.Values("Origin") {
		if !s.allowed(origin) {
			return &refusal{status: http.StatusForbidden, reason: "the page's origin is not one of RAMP_CODEC_ORIGINS"}
		}
	}
	return nil
}
