// Package plaintext keeps what is said to Temporal from being said in clear beyond this machine.
//
// Payloads are encrypted, but who reads a connection without TLS also reads an API key, ids, statuses and amounts, and who changes it
// answers in Temporal's place.
package plaintext

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"strconv"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/envconfig"

	"rampart/loopback"
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
	endpoint, err := url.Parse(codec.Endpoint)
	if err != nil {
		return errors.New("TEMPORAL_CODEC_ENDPOINT is no URL")
	}
	if endpoint.Scheme == "https" || loopback.Host(endpoint.Host) {
		return nil
	}
	return allowed(environment, fmt.Errorf("the codec server at %s would be sent what orders hold, neither encrypted nor within this machine: "+
		"TEMPORAL_CODEC_ENDPOINT must be https; or, where something else protects it, set %s=true", endpoint.Redacted(), Variable))
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
