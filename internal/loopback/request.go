package loopback

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// forwarding are the headers by which proxies say whom they ask for, beside those that begin with X-Forwarded.
var forwarding = []string{
	"Forwarded", "Via", "X-Original-Forwarded-For", "X-Real-Ip", "X-Client-Ip", "X-Cluster-Client-Ip", "True-Client-Ip",
	"Cf-Connecting-Ip", "Fastly-Client-Ip",
}

// Refusal is why a request is not answered, in words for who made it.
type Refusal struct{ Reason string }

// Error returns the reason.
func (r *Refusal) Error() string { return r.Reason }

func refuse(format string, args ...any) error { return &Refusal{Reason: fmt.Sprintf(format, args...)} }

// Check refuses what does not come from this machine, under a name of this machine, and directly. Its error is a *Refusal.
func Check(r *http.Request) error {
	local, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if local != nil && !Host(local.String()) || !Host(r.RemoteAddr) {
		return refuse("only this machine itself is answered, at 127.0.0.1, [::1] or localhost")
	}
	return CheckName(r)
}

// CheckName refuses what is asked under a name that is not this machine's, or through a proxy. It leaves out where a request comes from,
// for programs in a network of containers that a machine publishes on its loopback address. Its error is a *Refusal.
func CheckName(r *http.Request) error {
	if !Host(r.Host) {
		return refuse("only what is addressed to 127.0.0.1, [::1] or localhost is answered, not what is addressed to %q", r.Host)
	}
	for header := range r.Header {
		if strings.HasPrefix(header, "X-Forwarded") || slices.Contains(forwarding, header) {
			return refuse("only what comes directly from this machine is answered, not through a proxy (%s)", header)
		}
	}
	return nil
}

// CheckPage refuses what a page of another origin asks for, whether or not its browser would keep the answer from it. Links may be
// followed: a page that opens another does not see it. Its error is a *Refusal.
func CheckPage(r *http.Request) error {
	if follows(r) {
		return nil
	}
	own := "http://" + r.Host
	if r.TLS != nil {
		own = "https://" + r.Host
	}
	for _, origin := range r.Header.Values("Origin") {
		if origin != own {
			return refuse("only pages of %s are answered, not those of %q", own, origin)
		}
	}
	if from := r.Header.Get("Sec-Fetch-Site"); from != "" && from != "same-origin" && from != "none" {
		return refuse("only pages of %s are answered, not those of another site or port (Sec-Fetch-Site: %s)", own, from)
	}
	if referer := r.Header.Get("Referer"); referer != "" && originOf(referer) != own {
		return refuse("only pages of %s are answered, not those of %q", own, originOf(referer))
	}
	return nil
}

// follows tells whether a person follows a link or types an address: browsers let no page's program set these headers.
func follows(r *http.Request) bool {
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

// Guard lets through what Check and CheckPage let through, and answers everything else with 403 and the reason.
func Guard(next http.Handler) http.Handler { return guard(next, Check, CheckPage) }

// GuardPublished is Guard for a program that a machine publishes on its loopback address out of a network of containers, where
// everything seems to come from elsewhere: it leaves out where a request comes from.
func GuardPublished(next http.Handler) http.Handler { return guard(next, CheckName, CheckPage) }

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
