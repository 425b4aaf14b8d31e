package server

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"rampart/internal/loopback"
)

// CheckOrigin returns an error unless a string is the exact origin of a page as browsers send it: scheme, host and, if it is not the
// scheme's default, port, in lower case and with nothing after it. Patterns and "null" are invalid.
func CheckOrigin(origin string) error {
	page, err := url.Parse(origin)
	web := err == nil && (page.Scheme == "http" || page.Scheme == "https") && page.Hostname() != ""
	if !web || strings.HasSuffix(origin, ":") || strings.Contains(origin, "*") || origin != strings.ToLower(page.Scheme+"://"+page.Host) {
		return fmt.Errorf("%q is not an exact origin, such as https://temporal.example.test or http://127.0.0.1:8233: "+
			"in lower case, without a path, a slash at the end or *", origin)
	}
	if port := page.Port(); page.Scheme == "http" && port == "80" || page.Scheme == "https" && port == "443" {
		return fmt.Errorf("%q is not an origin that a browser sends: omit :%s", origin, port)
	}
	return nil
}

func (s *server) allowsOrigin(origin string) bool {
	_, listed := s.origins[origin]
	return listed
}

// admit refuses requests from pages of other origins, even where a browser would withhold the response from the page, and, without
// tokens, requests from other machines.
func (s *server) admit(r *http.Request) error {
	if s.tokens == nil {
		if err := loopback.Check(r); err != nil {
			return &refusal{Status: http.StatusForbidden, Reason: "without tokens this codec server serves its own machine only: " + err.Error()}
		}
	}
	for _, origin := range r.Header.Values("Origin") {
		if !s.allowsOrigin(origin) {
			return &refusal{Status: http.StatusForbidden, Reason: "the page's origin is not one of RAMP_CODEC_ORIGINS"}
		}
	}
	return nil
}
