package loopback

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// forwarding are headers that proxies add, besides those that begin with X-Forwarded.
var forwarding = []string{
	"Forwarded", "Via", "X-Original-Forwarded-For", "X-Real-Ip", "X-Client-Ip", "X-Cluster-Client-Ip", "True-Client-Ip",
	"Cf-Connecting-Ip", "Fastly-Client-Ip",
}

// Check returns an error for the client unless a request comes directly from this machine and is addressed to a name of this machine.
func Check(r *http.Request) error {
	local, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if local != nil && !Host(local.String()) || !Host(r.RemoteAddr) {
		return errors.New("only requests from this machine are allowed, to 127.0.0.1, [::1] or localhost")
	}
	return checkName(r)
}

// checkName returns an error for a request that is addressed to a name of another machine, or that passed through a proxy. It ignores
// the client's address, for programs in a network of containers that a machine publishes on its loopback address.
func checkName(r *http.Request) error {
	if !Host(r.Host) {
		return fmt.Errorf("only requests to 127.0.0.1, [::1] or localhost are allowed, not to %q", r.Host)
	}
	for header := range r.Header {
		if strings.HasPrefix(header, "X-Forwarded") || slices.Contains(forwarding, header) {
			return fmt.Errorf("only direct requests from this machine are allowed, not through a proxy (%s)", header)
		}
	}
	return nil
}

// CheckPage returns an error for the client if a request comes from a page of another origin, even where the browser would withhold the response from
// the page. Links from other sites are allowed: a page cannot read a page that it opens.
func CheckPage(r *http.Request) error {
	if isNavigation(r) {
		return nil
	}
	own := "http://" + r.Host
	if r.TLS != nil {
		own = "https://" + r.Host
	}
	for _, origin := range r.Header.Values("Origin") {
		if origin != own {
			return fmt.Errorf("only requests from pages of %s are allowed, not from %q", own, origin)
		}
	}
	if from := r.Header.Get("Sec-Fetch-Site"); from != "" && from != "same-origin" && from != "none" {
		return fmt.Errorf("only requests from pages of %s are allowed, not from another site or port (Sec-Fetch-Site: %s)", own, from)
	}
	if referer := r.Header.Get("Referer"); referer != "" && originOf(referer) != own {
		return fmt.Errorf("only requests from pages of %s are allowed, not from %q", own, originOf(referer))
	}
	return nil
}

// isNavigation reports whether a user follows a link or types an address. Browsers do not let a page's scripts set these headers.
func isNavigation(r *http.Request) bool {
	return (r.Method == http.MethodGet || r.Method == http.MethodHead) && r.Header.Get("Origin") == "" &&
		r.Header.Get("Sec-Fetch-Mode") == "navigate" && r.Header.Get("Sec-Fetch-Dest") == "document"
}

func originOf(page string) string {
	parsed, err := url.Parse(page)
	if err != nil {
		return ""
	}
	return parsed.Scheme + "://" + parsed.Host
}

// Guard serves requests that pass Check and CheckPage, and answers others with 403 and the reason.
func Guard(next http.Handler) http.Handler { return guard(next, Check, CheckPage) }

// GuardPublished is Guard without a check of the client's address, for a program in a network of containers that a machine publishes on
// its loopback address: there every request comes from another address.
func GuardPublished(next http.Handler) http.Handler { return guard(next, checkName, CheckPage) }

func guard(next http.Handler, checks ...func(*http.Request) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, check := range checks {
			if err := check(r); err != nil {
				http.Error(w, err.Error(), http.StatusForbidden)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}
