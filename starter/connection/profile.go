package connection

import (
	"maps"
	"slices"

	"go.temporal.io/sdk/contrib/envconfig"
)

const profileVariable = "TEMPORAL_PROFILE"

// WithProfile is an environment in which a profile of Temporal's configuration file is chosen. An empty name chooses none.
// Variables such as TEMPORAL_ADDRESS still go before what the profile says, as they do for Temporal's own tools.
func WithProfile(environment envconfig.EnvLookup, name string) envconfig.EnvLookup {
	if name == "" {
		return environment
	}
	return profiled{environment, name}
}

// Profiles are the names of the profiles in Temporal's configuration file, sorted.
func Profiles(environment envconfig.EnvLookup) ([]string, error) {
	config, err := envconfig.LoadClientConfig(envconfig.LoadClientConfigOptions{EnvLookup: environment})
	if err != nil {
		return nil, err
	}
	return slices.Sorted(maps.Keys(config.Profiles)), nil
}

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
