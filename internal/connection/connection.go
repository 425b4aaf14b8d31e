// Package connection connects a program to Temporal, configured as for Temporal's own tools: by TEMPORAL_* variables or a profile of Temporal's
// configuration file.
package connection

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"go.uber.org/zap"
	"go.uber.org/zap/exp/zapslog"

	"rampart/internal/credential"
	"rampart/internal/loopback"
)

// dialTimeout bounds connecting to Temporal at start.
const dialTimeout = 30 * time.Second

// Settings are the settings of a connection.
type Settings struct {
	client.Options
}

// Load reads the settings as Temporal's own tools do. Its credentials are followed by the store. An unencrypted connection to another machine is
// an error unless RAMP_ALLOW_PLAINTEXT is true.
func Load(environment map[string]string, store *credential.Store) (Settings, error) {
	variables := lookup(environment)
	options, err := Options(variables, store)
	if err != nil {
		return Settings{}, err
	}
	s := Settings{Options: options}
	return s, loopback.CheckTemporal(s.Address(), options.ConnectionOptions.TLS != nil, variables.LookupEnv)
}

// Address returns the host and port of the connection.
func (s Settings) Address() string { return cmp.Or(s.HostPort, client.DefaultHostPort) }

// NamespaceName returns the namespace of the connection.
func (s Settings) NamespaceName() string { return cmp.Or(s.Namespace, client.DefaultNamespace) }

// Dial connects, and returns once the server has responded.
func (s Settings) Dial(ctx context.Context, logger *zap.Logger) (client.Client, error) {
	s.Logger = log.NewStructuredLogger(slog.New(zapslog.NewHandler(logger.Core())))
	dialing, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	temporal, err := client.DialContext(dialing, s.Options)
	if err != nil {
		return nil, fmt.Errorf("cannot connect to Temporal at %s; check that the server runs, and TEMPORAL_ADDRESS: %w", s.Address(), err)
	}
	return temporal, nil
}

// lookup is an environment for Temporal's configuration loader.
type lookup map[string]string

// Environ implements envconfig.EnvLookup.
func (l lookup) Environ() []string {
	var all []string
	for key, value := range l {
		all = append(all, key+"="+value)
	}
	return all
}

// LookupEnv implements envconfig.EnvLookup.
func (l lookup) LookupEnv(key string) (string, bool) {
	value, found := l[key]
	return value, found
}
