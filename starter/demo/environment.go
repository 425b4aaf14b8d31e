package demo

import (
	"crypto/rand"
	"strings"

	"go.temporal.io/sdk/contrib/envconfig"
)

// without leaves out the variables whose names begin with one of the prefixes: what is set for real work must not reach the
// demo's programs.
func without(environment envconfig.EnvLookup, prefixes ...string) []string {
	var kept []string
	for _, variable := range environment.Environ() {
		if !beginsWithAny(variable, prefixes) {
			kept = append(kept, variable)
		}
	}
	return kept
}

func beginsWithAny(text string, prefixes []string) bool {
	for _, prefix := range prefixes {
		if strings.HasPrefix(text, prefix) {
			return true
		}
	}
	return false
}

// credentials are those of this run's sandbox. They are made up, and the worker gets the same.
func credentials() []string {
	return []string{
		"ONMETA_API_KEY=" + rand.Text(),
		"ONMETA_API_SECRET=" + rand.Text(),
		"ONMETA_KYC_SECRET=" + rand.Text(),
	}
}
