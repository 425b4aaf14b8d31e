package api

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"rampart/ramp"
)

// preferredWait returns the wait of a Prefer header (RFC 7240), such as "wait=10", bounded by maxWait, and whether it has one. What
// cannot be read is ignored, as the RFC says.
func preferredWait(prefer string) (time.Duration, bool) {
	for _, preference := range strings.Split(prefer, ",") {
		token, _, _ := strings.Cut(preference, ";")
		name, value, _ := strings.Cut(token, "=")
		if !strings.EqualFold(strings.TrimSpace(name), "wait") {
			continue
		}
		seconds, err := strconv.ParseUint(strings.Trim(strings.TrimSpace(value), `"`), 10, 31)
		if err != nil {
			return 0, false
		}
		return min(time.Duration(seconds)*time.Second, maxWait), true
	}
	return 0, false
}

// parseWait parses the parameter wait: "30s", or seconds.
func parseWait(text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(text)
	if seconds, isNumber := strconv.ParseUint(text, 10, 31); isNumber == nil {
		d, err = time.Duration(seconds)*time.Second, nil
	}
	if err != nil || d < 0 || d > maxWait {
		return 0, errors.New("must be a duration of at most 60s, such as 30s")
	}
	return d, nil
}

// state names a state of an order: its version, and the millisecond of its last change. Versions begin again if an operator resets or rebuilds
// an order; the time goes on. The zero state is none.
type state struct {
	version int64
	changed int64 // Unix milliseconds; 0 if only the version is known
}

func stateOf(order *ramp.Order) state {
	if order.Version == 0 || order.UpdatedAt.IsZero() {
		return state{version: order.Version}
	}
	return state{order.Version, order.UpdatedAt.UnixMilli()}
}

// parseState parses a state as String returns it, or a version alone. Any other text is none of ours.
func parseState(text string) state {
	first, second, both := strings.Cut(text, "-")
	version, err := strconv.ParseInt(first, 10, 64)
	if err != nil {
		return state{}
	}
	if !both {
		return state{version: version}
	}
	changed, err := strconv.ParseInt(second, 10, 64)
	if err != nil || changed <= 0 {
		return state{}
	}
	return state{version, changed}
}

// String returns the state as clients get it, such as "12-1764230400123".
func (s state) String() string {
	if s.changed == 0 {
		return strconv.FormatInt(s.version, 10)
	}
	return fmt.Sprintf("%d-%d", s.version, s.changed)
}

// etag returns the entity tag of the state. An order of an earlier worker has no version, and no tag.
func (s state) etag() string {
	if s.version == 0 {
		return ""
	}
	return strconv.Quote(s.String())
}

// is reports whether the state is the one that a client names, by the version alone if the client knows no more.
func (s state) is(named state) bool {
	return s.version != 0 && s.version == named.version && (named.changed == 0 || s.changed == named.changed)
}

// newerThan reports whether the state is newer than the one that a client names.
func (s state) newerThan(named state) bool {
	return s.version > named.version || named.changed != 0 && s.changed > named.changed
}

// lackedBy reports whether a client that names a state has to get this one of an order that has ended, or has not.
func (s state) lackedBy(named state, ended bool) bool {
	return s.version == 0 || s.newerThan(named) || ended && !s.is(named)
}

// matchedVersion returns the greatest version among the tags of an If-None-Match header; 0 if there is none.
func matchedVersion(ifNoneMatch string) int64 {
	var greatest int64
	for _, tag := range strings.Split(ifNoneMatch, ",") {
		tag = strings.Trim(strings.TrimPrefix(strings.TrimSpace(tag), "W/"), `"`)
		greatest = max(greatest, parseState(tag).version)
	}
	return greatest
}

// unquoted returns the text of an entity tag of an If-None-Match header.
func unquoted(tag string) (text string, ok bool) {
	text, ok = strings.CutPrefix(strings.TrimPrefix(strings.TrimSpace(tag), "W/"), `"`)
	if !ok {
		return "", false
	}
	return strings.CutSuffix(text, `"`)
}

// matches reports whether If-None-Match names the state, or any.
func matches(ifNoneMatch string, s state) bool {
	for _, tag := range strings.Split(ifNoneMatch, ",") {
		if strings.TrimSpace(tag) == "*" {
			return true
		}
		if text, ok := unquoted(tag); ok && s.is(parseState(text)) {
			return true
		}
	}
	return false
}
