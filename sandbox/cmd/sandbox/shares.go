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
	for item := range strings.SplitSeq(text, ",") {
		if item == "" {
			continue
		}
		name, share, _ := strings.Cut(item, "=")
		part, err := parseShare(share)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		courses = append(courses, sandbox.CourseShare{Course: strings.TrimSpace(name), Share: part})
	}
	return courses, nil
}

// parseWebhookFaults parses shares of webhooks such as "lost=5%,late=10%". The names are those of the kinds without "webhook-".
func parseWebhookFaults(text string) ([]fault.Rule, error) {
	var rules []fault.Rule
	for item := range strings.SplitSeq(text, ",") {
		if item == "" {
			continue
		}
		name, share, _ := strings.Cut(item, "=")
		part, err := parseShare(share)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if part > 0 {
			rules = append(rules, fault.Rule{Fault: fault.Fault{Kind: fault.Kind("webhook-" + strings.TrimSpace(name))}, Share: part})
		}
	}
	return rules, nil
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
