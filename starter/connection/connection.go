// Package connection connects the starter to Temporal, configured as for Temporal's own tools: by TEMPORAL_* variables or a profile of Temporal's
// configuration file. It turns Temporal's errors into errors that say what to do.
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
	"go.uber.org/zap"

	"rampart/codec"
	"rampart/codec/kms"
	"rampart/internal/connection"
	"rampart/internal/credential"
	"rampart/internal/loopback"
	"rampart/ramp"
)

// dialTimeout bounds the first call to a server.
const dialTimeout = 10 * time.Second

// Connection is an open connection to one namespace of a Temporal server.
type Connection struct {
	Temporal client.Client
	Orders   *ramp.Client
	// Data and Failures decode the payloads and failures of orders. Nil stands for Temporal's default converter.
	Data      converter.DataConverter
	Failures  converter.FailureConverter
	Address   string
	Namespace string

	environment envconfig.EnvLookup
	stopTraces  func()
}

// Dial connects as the environment configures it, with traces if OTEL_* variables name a collector. If no server answers, the error is an
// *UnreachableError.
func Dial(ctx context.Context, environment envconfig.EnvLookup) (*Connection, error) {
	store := credential.NewStore()
	options, err := optionsOf(ctx, environment, store)
	if err != nil {
		return nil, err
	}
	stop, err := trace(ctx, environment, store, &options)
	if err != nil {
		return nil, err
	}
	c, err := DialOptions(ctx, options)
	if err != nil {
		stop()
		return nil, err
	}
	go store.Follow(ctx, zap.NewNop())
	c.environment, c.stopTraces = environment, stop
	return c, nil
}

// Hasher returns what makes the hashes by which orders of the namespace are found. It needs the keyset itself: a codec server makes none.
func (c *Connection) Hasher(ctx context.Context) (ramp.Hasher, error) {
	source, err := Keyset(c.environment)
	if err != nil {
		return nil, err
	}
	keyring, err := codec.OpenKeyring(ctx, source)
	if err != nil {
		return nil, fmt.Errorf("orders are found by keyed hashes, which need the keyset of the workers: %w", err)
	}
	return codec.NewHasher(keyring, c.Namespace), nil
}

// Options returns the client options that the environment configures: TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE and the other variables of Temporal's
// own tools. Payloads are encrypted and decrypted with the keyset or, if Temporal's configuration names one, by a codec server. Without either,
// calls that need no payloads succeed and all others fail with an error that says what is missing. An unencrypted connection to another machine is
// an error unless RAMP_ALLOW_PLAINTEXT is true. Credentials in files are followed until ctx ends.
func Options(ctx context.Context, environment envconfig.EnvLookup) (client.Options, error) {
	store := credential.NewStore()
	options, err := optionsOf(ctx, environment, store)
	if err == nil {
		go store.Follow(ctx, zap.NewNop())
	}
	return options, err
}

func optionsOf(ctx context.Context, environment envconfig.EnvLookup, store *credential.Store) (client.Options, error) {
	options, err := temporalOptions(environment, store)
	if err != nil {
		return client.Options{}, fmt.Errorf("connection to Temporal: %w", err)
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

func temporalOptions(environment envconfig.EnvLookup, store *credential.Store) (client.Options, error) {
	options, codecEndpoint, err := connection.OptionsWithCodec(environment, store)
	if err != nil {
		return client.Options{}, err
	}
	address := cmp.Or(options.HostPort, client.DefaultHostPort)
	problem := loopback.CheckTemporal(address, options.ConnectionOptions.TLS != nil, environment.LookupEnv)
	if codecEndpoint != "" {
		problem = errors.Join(problem, loopback.CheckURL("TEMPORAL_CODEC_ENDPOINT", codecEndpoint, environment.LookupEnv))
	}
	return options, problem
}

// Keyset returns the source of the keyset that RAMP_KEYSET, RAMP_KEYSET_FILE and RAMP_KEYSET_KMS configure.
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

// DialOptions connects with client options. If no server answers, the error is an *UnreachableError.
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

// Close closes the connection and flushes traces.
func (c *Connection) Close() {
	c.Temporal.Close()
	if c.stopTraces != nil {
		c.stopTraces()
	}
}
