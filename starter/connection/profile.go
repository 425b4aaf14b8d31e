package connection

import (
	"maps"
	"slices"

	"go.temporal.io/sdk/contrib/envconfig"
)

const profileVariable = "TEMPORAL_PROFILE"

// WithProfile returns an environment that selects a profile of Temporal's configuration file, or the environment itself for an empty name.
// Variables such as TEMPORAL_ADDRESS take precedence over the profile, as for Temporal's own tools.
func WithProfile(environment envconfig.EnvLookup, name string) envconfig.EnvLookup {
	if name == "" {
		return environment
	}
	return profiled{environment, name}
}

// Profiles returns the names of the profiles in Temporal's configuration file, sorted.
func Profiles(environment envconfig.EnvLookup) ([]string, error) {
	config, err := envconfig.LoadClientConfig(envconfig.LoadClientConfigOptions{EnvLookup: environment})
	if err != nil {
		return nil, err
	}
	return slices.Sorted(maps.Keys(config.Profiles)), nil
}

// profiled is an environment with another TEMPORAL_PROFILE.
type profiled struct {
	envconfig.EnvLookup
	name string
}

// LookupEnv implements envconfig.EnvLookup.
func (p profiled) LookupEnv(name string) (string, bool) {
	if name == profileVariable {
		return p.name, true
	}
	return p.EnvLookup.LookupEnv(name)
}
