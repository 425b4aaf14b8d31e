package api

import (
	"errors"
	"strconv"
	"strings"
	"time"
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

// etag returns the entity tag of a version. An order of an earlier worker has no version, and no tag.
func etag(version int64) string {
	if version == 0 {
		return ""
	}
	return strconv.Quote(strconv.FormatInt(version, 10))
}

// matchedVersion returns the greatest version among the tags of an If-None-Match header; 0 if there is none.
func matchedVersion(ifNoneMatch string) int64 {
	var greatest int64
	for _, tag := range strings.Split(ifNoneMatch, ",") {
		tag = strings.Trim(strings.TrimPrefix(strings.TrimSpace(tag), "W/"), `"`)
		if version, err := strconv.ParseInt(tag, 10, 64); err == nil {
			greatest = max(greatest, version)
		}
	}
	return greatest
}

// matches reports whether If-None-Match names the version, or any.
func matches(ifNoneMatch string, version int64) bool {
	for _, tag := range strings.Split(ifNoneMatch, ",") {
		tag = strings.TrimPrefix(strings.TrimSpace(tag), "W/")
		if tag == "*" || tag != "" && tag == etag(version) {
			return true
		}
	}
	return false
}
