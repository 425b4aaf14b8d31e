// Package connection reaches Temporal as its own tools do, by TEMPORAL_* variables or a profile of its configuration
// file, and says in words what keeps it from it.
package connection

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/caarlos0/env/v11"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/envconfig"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/log"

	"rampart/codec"
	"rampart/codec/kms"
	"rampart/internal/loopback"
	"rampart/ramp"
)

// dialTimeout bounds how long a server may take to answer at all.
const dialTimeout = 10 * time.Second

// Connection is an open connection to one namespace of a Temporal server.
type Connection struct {
	Temporal client.Client
	Orders   *ramp.Client
	// Data and Failures decode what orders leave in Temporal; nil for Temporal's own.
	Data      converter.DataConverter
	Failures  converter.FailureConverter
	Address   string
	Namespace string

	stopTraces func()
}

// Dial connects as the environment says. Its error is an *UnreachableError when there is no answer.
func Dial(ctx context.Context, environment envconfig.EnvLookup) (*Connection, error) {
	options, err := Options(ctx, environment)
	if err != nil {
		return nil, err
	}
	stop, err := trace(ctx, environment, &options)
	if err != nil {
		return nil, err
	}
	c, err := DialOptions(ctx, options)
	if err != nil {
		stop()
		return nil, err
	}
	c.stopTraces = stop
	return c, nil
}

// Options reads where Temporal is: TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, and the others of Temporal's own tools. What
// orders hold is encrypted and decrypted with the keyset, or by a codec server if Temporal's configuration names one.
// Without either, what needs no payloads works, and what does says what is missing. Neither is reached in clear beyond this machine:
// see package loopback.
func Options(ctx context.Context, environment envconfig.EnvLookup) (client.Options, error) {
	options, err := temporalOptions(environment)
	if err != nil {
		return client.Options{}, fmt.Errorf("the configuration of the connection to Temporal: %w", err)
	}
	options.HostPort = cmp.Or(options.HostPort, client.DefaultHostPort)
	options.Namespace = cmp.Or(options.Namespace, client.DefaultNamespace)
	if options.DataConverter != nil {
		return options, nil
	}
	source, err := Keyset(environment)
	if err != nil {
		return client.Options{}, err
	}
	keyring, err := codec.OpenKeyring(ctx, source)
	if err != nil {
		options.DataConverter = keyless{err}
		return options, nil
	}
	codec.Secure(&options, keyring)
	return options, nil
}

func temporalOptions(environment envconfig.EnvLookup) (client.Options, error) {
	profile, err := envconfig.LoadClientConfigProfile(envconfig.LoadClientConfigProfileOptions{EnvLookup: environment})
	if err != nil {
		return client.Options{}, err
	}
	options, err := profile.ToClientOptions(envconfig.ToClientOptionsRequest{IncludeRemoteCodec: true})
	if err != nil {
		return client.Options{}, err
	}
	address := cmp.Or(options.HostPort, client.DefaultHostPort)
	problem := loopback.CheckTemporal(address, options.ConnectionOptions.TLS != nil, environment.LookupEnv)
	if profile.Codec != nil && profile.Codec.Endpoint != "" {
		problem = errors.Join(problem, loopback.CheckURL("TEMPORAL_CODEC_ENDPOINT", profile.Codec.Endpoint, environment.LookupEnv))
	}
	return options, problem
}

// Keyset reads where the keyset is: RAMP_KEYSET, RAMP_KEYSET_FILE and RAMP_KEYSET_KMS.
func Keyset(environment envconfig.EnvLookup) (codec.KeysetSource, error) {
	variables := make(map[string]string)
	for _, name := range []string{"RAMP_KEYSET", "RAMP_KEYSET_FILE", "RAMP_KEYSET_KMS"} {
		if value, set := environment.LookupEnv(name); set {
			variables[name] = value
		}
	}
	source, err := env.ParseAsWithOptions[codec.KeysetSource](env.Options{Prefix: "RAMP_", Environment: variables})
	source.OpenKMS = kms.Open
	return source, err
}

// DialOptions connects as the options say, and fails unless the server answers.
func DialOptions(ctx context.Context, options client.Options) (*Connection, error) {
	options.Logger = log.NewStructuredLogger(slog.New(slog.DiscardHandler))
	dialing, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	temporal, err := client.DialContext(dialing, options)
	if err != nil {
		return nil, &UnreachableError{Address: options.HostPort, Cause: err}
	}
	return &Connection{
		Temporal:  temporal,
		Orders:    ramp.NewClient(temporal, options.DataConverter),
		Data:      options.DataConverter,
		Failures:  options.FailureConverter,
		Address:   options.HostPort,
		Namespace: options.Namespace,
	}, nil
}

// Close closes the connection, and sends the last spans.
func (c *Connection) Close() {
	c.Temporal.Close()
	if c.stopTraces != nil {
		c.stopTraces()
	}
}

// Loopback reports whether a Temporal address is on this machine.
func Loopback(address string) bool { return loopback.Target(address) }
