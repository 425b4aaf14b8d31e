// Command gateway serves orders to backends over HTTP, and receives the provider's webhooks.
//
// Environment variables configure it: see config.go. On SIGINT and SIGTERM it ends the requests that wait, finishes the others, and stops. It keeps
// no state, so that there may be any number of gateways.
package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/caarlos0/env/v11"
	"go.temporal.io/sdk/client"
	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"rampart/codec"
	"rampart/gateway/api"
	"rampart/internal/connection"
	"rampart/internal/loopback"
	"rampart/internal/redact"
	"rampart/internal/release"
	"rampart/internal/telemetry"
	"rampart/ramp"
)

const (
	// startTimeout bounds each call to a KMS and to the OIDC issuer at start.
	startTimeout = 30 * time.Second
	// defaultHTTPAddress serves metrics and health unless RAMP_HTTP_ADDRESS is set.
	defaultHTTPAddress = "127.0.0.1:9465"
)

func main() {
	if release.Asked("gateway", os.Args[1:], os.Stdout) {
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, env.ToMap(os.Environ())); err != nil {
		fmt.Fprintln(os.Stderr, redact.Text(err.Error()))
		os.Exit(1)
	}
}

func run(ctx context.Context, environment map[string]string) error {
	c, err := loadConfig(environment)
	if err != nil {
		return err
	}
	logger, err := c.logger()
	if err != nil {
		return err
	}
	defer func() { _ = logger.Sync() }() // syncing a terminal fails
	process, err := telemetry.Start(ctx, environment, "gateway", "", c.credentials, logger)
	if err != nil {
		return err
	}
	defer process.Stop()
	g := &gateway{config: c, process: process}
	keyring, err := g.openKeyring(ctx)
	if err != nil {
		return err
	}
	if err := g.connect(ctx, keyring); err != nil {
		return err
	}
	defer g.temporal.Close()
	return g.run(ctx)
}

// gateway is the program while it runs.
type gateway struct {
	config   config
	process  *telemetry.Process
	keyset   telemetry.KeysetHealth
	temporal client.Client
	hasher   *codec.Hasher
	// clear holds the connection settings without encryption.
	clear connection.Settings
}

// openKeyring opens the keyset and follows it, so that a rotated one takes effect without a restart.
func (g *gateway) openKeyring(ctx context.Context) (*codec.Keyring, error) {
	opening, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	keyring, err := codec.OpenKeyring(opening, g.config.Keyset)
	if err != nil {
		return nil, fmt.Errorf("the gateway cannot start without the worker's keyset: %w", err)
	}
	go keyring.Follow(ctx, telemetry.KeysetInterval, func(err error) {
		g.keyset.Note(err)
		if err != nil {
			g.process.Log.Error("the keyset cannot be reloaded; the previous keys stay in use", zap.Error(err))
			return
		}
		g.process.Log.Info("keyset reloaded", zap.String("primary", keyring.Primary()))
	})
	return keyring, nil
}

func (g *gateway) connect(ctx context.Context, keyring *codec.Keyring) error {
	g.clear = g.config.temporal
	g.hasher = codec.NewHasher(keyring, g.config.temporal.NamespaceName())
	codec.Secure(&g.config.temporal.Options, keyring)
	if err := g.process.Instrument(&g.config.temporal.Options); err != nil {
		return err
	}
	var err error
	g.temporal, err = g.config.temporal.Dial(ctx, g.process.Log)
	return err
}

// run serves both listeners, and metrics and health, until ctx ends.
func (g *gateway) run(ctx context.Context) error {
	callers, err := openCallers(ctx, g.config.Gateway, g.config.temporal.NamespaceName(), g.process.Log)
	if err != nil {
		return err
	}
	serving, stop := context.WithCancel(context.WithoutCancel(ctx)) // until the last request is answered
	defer stop()
	if err := g.serveHealth(serving, callers); err != nil {
		return err
	}
	server, err := newServer(g.config, g.process)
	if err != nil {
		return err
	}
	doors, err := g.open(ctx, server)
	if err != nil {
		return err
	}
	orders := ramp.NewClient(g.temporal, g.config.temporal.Options.DataConverter)
	listeners, ctx := errgroup.WithContext(ctx)
	listeners.Go(func() error { return server.serve(ctx, "api", doors.api, g.api(ctx, orders, callers)) })
	if doors.provider != nil {
		listeners.Go(func() error { return g.serveWebhooks(ctx, server, doors.provider, orders) })
	}
	if g.config.Gateway.Nexus {
		listeners.Go(func() error { return g.serveNexus(ctx) })
	}
	err = listeners.Wait()
	g.process.Log.Info("gateway stopped")
	return err
}

// doors are the gateway's listeners.
type doors struct {
	api      net.Listener
	provider net.Listener // nil if webhooks are not received
}

// open opens the listeners before any is served, so that a gateway that starts serves all of them.
func (g *gateway) open(ctx context.Context, server *server) (doors, error) {
	var d doors
	var err error
	if d.api, err = server.listen(ctx, "RAMP_GATEWAY_LISTEN", g.config.Gateway.Listen); err != nil {
		return doors{}, err
	}
	if address := g.config.Gateway.ProviderListen; address != "" {
		if d.provider, err = server.listen(ctx, "RAMP_GATEWAY_PROVIDER_LISTEN", address); err != nil {
			return doors{}, err
		}
	}
	return d, nil
}

// api returns the handler of the API. Without tokens, it serves requests from this machine only, and none of other sites' pages.
func (g *gateway) api(ctx context.Context, orders *ramp.Client, callers *callers) http.Handler {
	o := api.Options{
		Orders: orders, Temporal: g.temporal, Hasher: g.hasher, Namespace: g.config.temporal.NamespaceName(),
		Log: g.process.Log, Stopping: ctx.Done(),
	}
	if callers == nil {
		g.process.Log.Warn("callers need no token: requests from this machine may do everything")
		return loopback.Guard(api.New(o))
	}
	o.Authenticate = callers.authenticate
	return api.New(o)
}

func (g *gateway) serveHealth(ctx context.Context, callers *callers) error {
	listener, err := telemetry.Listen(ctx, g.config.Process.HTTPAddress, defaultHTTPAddress)
	if err != nil {
		return err
	}
	temporal := g.config.temporal
	checks := []telemetry.Check{
		telemetry.TemporalCheck(g.temporal, temporal.Address()),
		namespaceCheck(g.temporal, temporal.NamespaceName()),
		g.keyset.Check(),
		callers.tokensCheck(),
	}
	return g.process.Serve(ctx, listener, checks, g.config.Process.Pprof)
}
