// Package plaintext keeps what is sent to Temporal, and to what holds its secrets, from being sent in clear beyond this machine.
//
// Payloads are encrypted, but who reads a connection without TLS also reads an API key, ids, statuses and amounts, and who changes it
// answers in Temporal's place. A codec server is sent what is in payloads, and a Vault sends the keys.
package plaintext

import (
	"cmp"
	"fmt"
	"net/url"
	"strconv"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/envconfig"

	"rampart/internal/loopback"
)

// Variable is the setting that allows connections without TLS beyond this machine, where something else protects them, such as a
// service mesh.
const Variable = "RAMP_ALLOW_PLAINTEXT"

// Check refuses a connection to Temporal that is neither encrypted nor within this machine, unless the environment allows it. An API key
// in a profile or in TEMPORAL_API_KEY brings TLS along.
func Check(options client.Options, environment envconfig.EnvLookup) error {
	address := cmp.Or(options.HostPort, client.DefaultHostPort)
	if options.ConnectionOptions.TLS != nil || loopback.Target(address) {
		return nil
	}
	return allowed(environment, fmt.Errorf("the connection to Temporal at %s would be neither encrypted nor within this machine: set "+
		"TEMPORAL_TLS=true, with TEMPORAL_TLS_SERVER_CA_CERT_PATH and TEMPORAL_TLS_CLIENT_CERT_PATH and _KEY_PATH as the server asks, "+
		"or TEMPORAL_API_KEY; or, where something else protects it, %s=true", address, Variable))
}

// CheckCodec does the same for the codec server of Temporal's configuration, which is sent what is in payloads.
func CheckCodec(codec *envconfig.ClientConfigCodec, environment envconfig.EnvLookup) error {
	if codec == nil || codec.Endpoint == "" {
		return nil
	}
	return CheckURL("TEMPORAL_CODEC_ENDPOINT", codec.Endpoint, environment)
}

// CheckURL does the same for a service that is sent secrets: its URL, which a setting names, must be https, or within this machine.
func CheckURL(setting, address string, environment envconfig.EnvLookup) error {
	parsed, err := url.Parse(address)
	if err != nil {
		return fmt.Errorf("%s is no URL", setting)
	}
	if parsed.Scheme == "https" || parsed.Scheme == "unix" || loopback.Host(parsed.Host) {
		return nil
	}
	return allowed(environment, fmt.Errorf("what is sent to %s would be neither encrypted nor within this machine: %s must be https; or, "+
		"where something else protects it, set %s=true", parsed.Redacted(), setting, Variable))
}

func allowed(environment envconfig.EnvLookup, problem error) error {
	value, set := environment.LookupEnv(Variable)
	if !set || value == "" {
		return problem
	}
	allow, err := strconv.ParseBool(value)
	if err != nil {
		return fmt.Errorf("%s must be true or false", Variable)
	}
	if !allow {
		return problem
	}
	return nil
}
