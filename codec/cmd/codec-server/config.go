package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"rampart/codec"
	"rampart/codec/kms"
	"rampart/codec/server"
	"rampart/internal/bearer"
	"rampart/internal/loopback"
	"rampart/internal/settings"
)

// config is the codec server's configuration. All of it comes from environment variables.
type config struct {
	Keyset codec.KeysetSource `envPrefix:"RAMP_"`
	Log    logConfig          `envPrefix:"RAMP_LOG_"`
	Server serverConfig       `envPrefix:"RAMP_CODEC_"`

	level zapcore.Level
}

// logConfig configures the log. The comments of the fields are the meanings in docs/reference/configuration.md; one that ends in
// "Default: …" says what holds when the variable is not set.
type logConfig struct {
	// Format is the format of the log: json or console.
	Format string `env:"FORMAT" envDefault:"json"`
	// Level is the lowest level that is logged: debug, info, warn or error. The audit log is written at every level.
	Level string `env:"LEVEL" envDefault:"info"`
}

type serverConfig struct {
	// Listen is the address to listen on. An address beyond loopback requires tokens and TLS.
	Listen string `env:"LISTEN" envDefault:"127.0.0.1:8234"`
	// Origins are the exact origins of the Web UIs that may send requests, separated by commas.
	Origins []string `env:"ORIGINS" envDefault:"http://127.0.0.1:8233,http://localhost:8233"`
	// Encode allows encoding as well as decoding.
	Encode bool `env:"ENCODE"`
	// MaxBody is the maximum size of a request body in bytes.
	MaxBody int64 `env:"MAX_BODY" envDefault:"8388608"`

	// Issuer is the https URL of the OpenID Connect provider whose tokens are accepted. Default: none; only requests from this machine
	// are answered.
	Issuer string `env:"OIDC_ISSUER"`
	// Audience is the audience that tokens must have. Default: none.
	Audience string `env:"OIDC_AUDIENCE"`
	// PermissionsClaim is the token's claim that lists permissions as "namespace:role".
	PermissionsClaim string `env:"PERMISSIONS_CLAIM" envDefault:"permissions"`

	// TLSCert is the PEM file of the certificate. A renewed file is loaded without a restart. Default: none.
	TLSCert string `env:"TLS_CERT"`
	// TLSKey is the PEM file of the certificate's private key. Default: none.
	TLSKey string `env:"TLS_KEY"`
}

// loadConfig reads and checks all settings. Its error lists every problem.
func loadConfig(environment map[string]string) (config, error) {
	var c config
	problems := settings.Parse(&c, environment)
	c.Keyset.OpenKMS = kms.Open
	problems = append(problems, c.checkLog()...)
	problems = append(problems, c.Server.check()...)
	if err := settings.NewError("codec server", problems); err != nil {
		return config{}, err
	}
	return c, nil
}

func (c *config) checkLog() []error {
	var problems []error
	if c.Log.Format != "json" && c.Log.Format != "console" {
		problems = append(problems, errors.New("RAMP_LOG_FORMAT must be json or console"))
	}
	if err := c.level.Set(c.Log.Level); err != nil {
		problems = append(problems, errors.New("RAMP_LOG_LEVEL must be debug, info, warn or error"))
	}
	return problems
}

func (c *serverConfig) check() []error {
	var problems []error
	add := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	for i := range c.Origins {
		c.Origins[i] = strings.TrimSpace(c.Origins[i])
		if err := server.CheckOrigin(c.Origins[i]); err != nil {
			add("RAMP_CODEC_ORIGINS: %w", err)
		}
	}
	if c.MaxBody < 1 {
		add("RAMP_CODEC_MAX_BODY must be above 0 bytes")
	}
	if c.PermissionsClaim == "" {
		add("RAMP_CODEC_PERMISSIONS_CLAIM must name a claim, such as permissions")
	}
	if (c.TLSCert == "") != (c.TLSKey == "") {
		add("RAMP_CODEC_TLS_CERT and RAMP_CODEC_TLS_KEY must be set together")
	}
	problems = append(problems, c.checkTokens()...)
	return append(problems, c.checkReach()...)
}

func (c *serverConfig) checkTokens() []error {
	var problems []error
	if (c.Issuer == "") != (c.Audience == "") {
		problems = append(problems, errors.New("RAMP_CODEC_OIDC_ISSUER and RAMP_CODEC_OIDC_AUDIENCE must be set together"))
	}
	if c.Issuer != "" {
		if err := bearer.CheckIssuer(c.Issuer); err != nil {
			problems = append(problems, fmt.Errorf("RAMP_CODEC_OIDC_ISSUER: %w", err))
		}
	}
	return problems
}

// checkReach requires tokens and TLS of a server that other machines can reach.
func (c *serverConfig) checkReach() []error {
	if _, _, err := net.SplitHostPort(c.Listen); err != nil {
		return []error{errors.New("RAMP_CODEC_LISTEN must be host:port, such as 127.0.0.1:8234")}
	}
	if loopback.Host(c.Listen) {
		return nil
	}
	var problems []error
	if c.Issuer == "" {
		problems = append(problems, fmt.Errorf("RAMP_CODEC_LISTEN=%s is reachable from other machines, which could decrypt payloads without a token: "+
			"set RAMP_CODEC_OIDC_ISSUER and RAMP_CODEC_OIDC_AUDIENCE, or listen on 127.0.0.1", c.Listen))
	}
	if c.TLSCert == "" {
		problems = append(problems, fmt.Errorf("RAMP_CODEC_LISTEN=%s is reachable from other machines, and decrypted payloads would cross the network in clear: "+
			"set RAMP_CODEC_TLS_CERT and RAMP_CODEC_TLS_KEY", c.Listen))
	}
	return problems
}

// logs returns the server's log and its audit log. Both write to output; the audit log ignores RAMP_LOG_LEVEL.
func (c config) logs(output io.Writer) (log, audit *zap.Logger) {
	encoder := zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig())
	if c.Log.Format == "console" {
		encoder = zapcore.NewConsoleEncoder(zap.NewDevelopmentEncoderConfig())
	}
	sink := zapcore.Lock(zapcore.AddSync(output))
	log = zap.New(zapcore.NewCore(encoder, sink, c.level))
	audit = zap.New(zapcore.NewCore(encoder, sink, zapcore.InfoLevel)).Named("audit")
	return log, audit
}
