package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"rampart/sandbox"
	"rampart/sandbox/fault"
)

// parseFaults parses the share of all calls that get a fault of the mix. An empty text means none.
func parseFaults(text string) ([]fault.Rule, error) {
	if text == "" {
		return nil, nil
	}
	share, err := parseShare(text)
	if err != nil || share == 0 {
		return nil, err
	}
	return []fault.Rule{fault.MixOf(share)}, nil
}

// parseCourses parses shares of orders such as "refunded=5%,slow=1%".
func parseCourses(text string) ([]sandbox.CourseShare, error) {
	var courses []sandbox.CourseShare
	err := eachShare(text, func(name string, share float64) {
		courses = append(courses, sandbox.CourseShare{Course: name, Share: share})
	})
	return courses, err
}

// parseWebhookFaults parses shares of webhooks such as "lost=5%,late=10%". The names are those of the kinds without "webhook-".
func parseWebhookFaults(text string) ([]fault.Rule, error) {
	var rules []fault.Rule
	err := eachShare(text, func(name string, share float64) {
		if share > 0 {
			rules = append(rules, fault.Rule{Fault: fault.Fault{Kind: fault.Kind("webhook-" + name)}, Share: share})
		}
	})
	return rules, err
}

// eachShare calls add with every share of a list such as "refunded=5%,slow=1%".
func eachShare(list string, add func(name string, share float64)) error {
	for item := range strings.SplitSeq(list, ",") {
		if item == "" {
			continue
		}
		name, text, _ := strings.Cut(item, "=")
		share, err := parseShare(text)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		add(strings.TrimSpace(name), share)
	}
	return nil
}

// parseShare parses "20%" or "0.2".
func parseShare(text string) (float64, error) {
	digits, percent := strings.CutSuffix(strings.TrimSpace(text), "%")
	share, err := strconv.ParseFloat(digits, 64)
	if percent {
		share /= 100
	}
	if err != nil || !(share >= 0 && share <= 1) {
		return 0, errors.New("a share is written as 20% or 0.2")
	}
	return share, nil
}
