// Command codec-server decrypts payloads for the Temporal Web UI and the Temporal CLI.
//
// Environment variables configure it: see config.go. On SIGINT and SIGTERM it finishes the requests in flight and stops.
// Without an OIDC issuer it serves requests from this machine only.
package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/caarlos0/env/v11"
	"go.uber.org/zap"

	"rampart/codec"
	"rampart/codec/server"
	"rampart/internal/bearer"
	"rampart/internal/httpserver"
	"rampart/internal/release"
)

const (
	// startTimeout bounds the calls to the KMS and to the OIDC issuer at start.
	startTimeout = 30 * time.Second
	// keysetInterval is how often the keyset is read again, so that a rotated one takes effect without a restart.
	keysetInterval = 30 * time.Second
	// requestTimeout bounds reading a request, and writing its response. A page of history takes milliseconds.
	requestTimeout = 30 * time.Second
	// stopTimeout is how long requests in flight may take to finish once the server stops.
	stopTimeout = 10 * time.Second
)

func main() {
	if release.Asked("codec-server", os.Args[1:], os.Stdout) {
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, env.ToMap(os.Environ()), os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, environment map[string]string, output io.Writer) error {
	c, err := loadConfig(environment)
	if err != nil {
		return err
	}
	log, audit := c.logs(output)
	keyring, err := open(ctx, c.Keyset)
	if err != nil {
		return err
	}
	go keyring.Follow(ctx, keysetInterval, reporter(keyring, log))
	handler, err := c.Server.handler(ctx, keyring, log, audit)
	if err != nil {
		return err
	}
	encryption, err := c.Server.encryption(log)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", c.Server.Listen)
	if err != nil {
		return fmt.Errorf("the codec server cannot listen on RAMP_CODEC_LISTEN: %w", err)
	}
	log.Info("codec server started",
		zap.Stringer("address", listener.Addr()),
		zap.Bool("tls", encryption != nil),
		zap.String("issuer", c.Server.Issuer),
		zap.Bool("encode", c.Server.Encode),
		zap.Strings("origins", c.Server.Origins),
	)
	connectionLog, err := zap.NewStdLogAt(log, zap.WarnLevel)
	if err != nil {
		return err
	}
	err = httpserver.Serve(ctx, listener, handler, httpserver.Options{
		TLS:         encryption,
		ReadTimeout: requestTimeout, WriteTimeout: requestTimeout, StopTimeout: stopTimeout,
		ErrorLog: connectionLog,
	})
	log.Info("codec server stopped")
	return err
}

func open(ctx context.Context, source codec.KeysetSource) (*codec.Keyring, error) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	return codec.OpenKeyring(ctx, source)
}

func (c serverConfig) handler(ctx context.Context, keyring *codec.Keyring, log, audit *zap.Logger) (http.Handler, error) {
	tokens, err := c.tokens(ctx, log)
	if err != nil {
		return nil, err
	}
	return server.New(server.Options{
		Keyring: keyring,
		Origins: c.Origins,
		Tokens:  tokens,
		Encode:  c.Encode,
		MaxBody: c.MaxBody,
		Audit:   audit,
	})
}

// tokens returns nil if no issuer is configured; only requests from this machine are served then.
func (c serverConfig) tokens(ctx context.Context, log *zap.Logger) (*bearer.OIDC, error) {
	if c.Issuer == "" {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	return bearer.OpenOIDC(ctx, bearer.OIDCOptions{
		Issuer:           c.Issuer,
		Audience:         c.Audience,
		PermissionsClaim: c.PermissionsClaim,
		Log:              log,
	})
}

// encryption returns nil if no certificate is configured.
func (c serverConfig) encryption(log *zap.Logger) (*tls.Config, error) {
	if c.TLSCert == "" {
		return nil, nil
	}
	return httpserver.TLS(c.TLSCert, c.TLSKey, log)
}

func reporter(keyring *codec.Keyring, log *zap.Logger) func(error) {
	return func(err error) {
		if err != nil {
			log.Error("the keyset cannot be reloaded; the previous keys stay in use", zap.Error(err))
			return
		}
		log.Info("keyset reloaded", zap.String("primary", keyring.Primary()))
	}
}
