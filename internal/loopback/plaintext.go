package loopback

import (
	"fmt"
	"net/url"
	"strconv"
)

// AllowPlaintext is the environment variable that permits connections without TLS to other machines, where something else
// protects them, such as a service mesh.
const AllowPlaintext = "RAMP_ALLOW_PLAINTEXT"

// CheckTemporal returns an error for a connection to Temporal that is neither encrypted nor within this machine, unless the
// environment permits it. Payloads are encrypted, but whoever reads a connection without TLS also reads the API key, ids,
// statuses and amounts, and whoever changes it can answer in Temporal's place.
func CheckTemporal(address string, encrypted bool, lookup Lookup) error {
	if encrypted || Target(address) {
		return nil
	}
	return permitted(lookup, fmt.Errorf("the connection to Temporal at %s would be neither encrypted nor within this machine: set "+
		"TEMPORAL_TLS=true (with TEMPORAL_TLS_SERVER_CA_CERT_PATH, TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH as the server "+
		"requires) or TEMPORAL_API_KEY; if something else protects the connection, set %s=true", address, AllowPlaintext))
}

// CheckURL returns an error for a service that receives secrets, such as a codec server or a Vault, if its URL is neither
// https nor within this machine, unless the environment permits it. setting names the URL's setting.
func CheckURL(setting, address string, lookup Lookup) error {
	parsed, err := url.Parse(address)
	if err != nil {
		return fmt.Errorf("%s is not a URL", setting)
	}
	if parsed.Scheme == "https" || parsed.Scheme == "unix" || Host(parsed.Host) {
		return nil
	}
	return permitted(lookup, fmt.Errorf("the connection to %s would be neither encrypted nor within this machine: %s must be https; "+
		"if something else protects the connection, set %s=true", parsed.Redacted(), setting, AllowPlaintext))
}

// Lookup returns the value of an environment variable and whether it is set, as os.LookupEnv does.
type Lookup func(name string) (string, bool)

// permitted returns nil if the environment permits what problem describes.
func permitted(lookup Lookup, problem error) error {
	value, _ := lookup(AllowPlaintext)
	if value == "" {
		return problem
	}
	allowed, err := strconv.ParseBool(value)
	if err != nil {
		return fmt.Errorf("%s must be true or false", AllowPlaintext)
	}
	if !allowed {
		return problem
	}
	return nil
}
